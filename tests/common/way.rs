//! The same request over either transport: what a frame of the WebSocket is called, and where REST has it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, Node, Rest};

/// Somebody's way to the node.
#[derive(Debug)]
pub(crate) enum Way {
    Socket(Box<Client>),
    Rest(Rest),
}

/// What a refusal says to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) retry_after_ms: Option<u64>,
}

impl PartialEq<&str> for Refusal {
    fn eq(&self, code: &&str) -> bool {
        self.code == *code
    }
}

impl Way {
    /// Over WebSocket.
    pub(crate) async fn socket(node: &Node, user: &str) -> Self {
        Self::Socket(Box::new(Client::connect(node, user).await))
    }

    /// Over REST.
    pub(crate) fn rest(node: &Node, user: &str) -> Self {
        Self::Rest(Rest::new(node, user))
    }

    /// Both of them.
    pub(crate) async fn both(node: &Node, user: &str) -> [Self; 2] {
        [Self::socket(node, user).await, Self::rest(node, user)]
    }

    /// Makes a request. A result without fields is `{}` over both.
    pub(crate) async fn try_ask(&mut self, kind: &str, fields: Value) -> Result<Value, Refusal> {
        let (refused, body) = match self {
            Self::Socket(client) => {
                let mut reply = client.request(kind, fields).await;
                match reply["type"] == "error" {
                    true => (true, reply),
                    false => (false, reply["result"].take()),
                }
            }
            Self::Rest(rest) => {
                let (method, path, body) = route(kind, fields);
                let answer = rest.ask(method, &path, &body).await;
                (answer.status >= 400, answer.body)
            }
        };
        if refused {
            return Err(Refusal {
                code: body["code"].as_str().expect("a label").to_owned(),
                retry_after_ms: body["retry_after_ms"].as_u64(),
            });
        }
        Ok(if body.is_null() { json!({}) } else { body })
    }

    /// Makes a request that has to succeed.
    pub(crate) async fn ask(&mut self, kind: &str, fields: Value) -> Value {
        let answer = self.try_ask(kind, fields.clone()).await;
        answer.unwrap_or_else(|refusal| panic!("{kind} {fields}: {refusal:?}"))
    }

    /// Makes a request that has to be refused. Returns the label of the error.
    pub(crate) async fn refused(&mut self, kind: &str, fields: Value) -> String {
        match self.try_ask(kind, fields.clone()).await {
            Ok(result) => panic!("{kind} {fields} was not refused: {result}"),
            Err(refusal) => refusal.code,
        }
    }
}

/// Takes a field out, as it stands in a path.
fn part(fields: &mut Value, name: &str) -> String {
    match fields
        .as_object_mut()
        .and_then(|fields| fields.remove(name))
    {
        Some(Value::String(text)) => encode(&text),
        Some(other) => other.to_string(),
        None => panic!("no {name} in {fields}"),
    }
}

/// Percent-encodes all but what RFC 3986 never needs encoded.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// The query that the remaining fields make.
fn query(fields: &Value) -> String {
    let fields = fields.as_object().expect("an object").iter();
    let text = |value: &Value| match value {
        Value::String(text) => encode(text),
        Value::Array(list) => {
            let list: Vec<_> = list.iter().filter_map(Value::as_str).map(encode).collect();
            list.join(",")
        }
        other => other.to_string(),
    };
    let pairs: Vec<_> = fields
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

/// Where REST has a request: method, path with query, body.
fn route(kind: &str, mut fields: Value) -> (Method, String, Value) {
    let f = &mut fields;
    let (method, path) = match kind {
        "me" => (Method::GET, "me".into()),
        "user" => (Method::GET, format!("users/{}", part(f, "user"))),
        "conversations" => (Method::GET, "conversations".into()),
        "open_direct" | "open_group" => (Method::POST, "conversations".into()),
        "conversation" => (
            Method::GET,
            format!("conversations/{}", part(f, "conversation")),
        ),
        "rename" => (
            Method::PATCH,
            format!("conversations/{}", part(f, "conversation")),
        ),
        "messages" => (
            Method::GET,
            format!("conversations/{}/messages", part(f, "conversation")),
        ),
        "send" if f["conversation"].is_null() => (Method::POST, "messages".into()),
        "send" => (
            Method::POST,
            format!("conversations/{}/messages", part(f, "conversation")),
        ),
        "members" => (
            Method::GET,
            format!("conversations/{}/members", part(f, "conversation")),
        ),
        "add_members" => (
            Method::POST,
            format!("conversations/{}/members", part(f, "conversation")),
        ),
        "set_role" => (Method::PATCH, member(f)),
        "remove_member" => (Method::DELETE, member(f)),
        "read" | "delivered" if f["message"].is_null() => (
            Method::POST,
            format!("conversations/{}/{kind}", part(f, "conversation")),
        ),
        "read" | "delivered" => (
            Method::POST,
            format!("messages/{}/{kind}", part(f, "message")),
        ),
        "typing" => (
            Method::POST,
            format!("conversations/{}/typing", part(f, "conversation")),
        ),
        "message" => (Method::GET, format!("messages/{}", part(f, "message"))),
        "edit" => (Method::PATCH, format!("messages/{}", part(f, "message"))),
        "delete" => (Method::DELETE, format!("messages/{}", part(f, "message"))),
        "revisions" | "receipts" => (
            Method::GET,
            format!("messages/{}/{kind}", part(f, "message")),
        ),
        "react" => {
            let on = f.as_object_mut().and_then(|fields| fields.remove("on"));
            let method = match on == Some(Value::Bool(false)) {
                true => Method::DELETE,
                false => Method::PUT,
            };
            let message = part(f, "message");
            (
                method,
                format!("messages/{message}/reactions/{}", part(f, "emoji")),
            )
        }
        "unread" | "changes" | "presence" | "blocks" => (Method::GET, kind.into()),
        "block" => (Method::PUT, format!("blocks/{}", part(f, "user"))),
        "unblock" => (Method::DELETE, format!("blocks/{}", part(f, "user"))),
        "ask" => (Method::POST, "requests".into()),
        "requests" | "likes" | "matches" => (Method::GET, kind.into()),
        "request" => (Method::GET, format!("requests/{}", part(f, "request"))),
        "accept" | "decline" => (
            Method::POST,
            format!("requests/{}/{kind}", part(f, "request")),
        ),
        "withdraw" => (Method::DELETE, format!("requests/{}", part(f, "request"))),
        "like" => (Method::PUT, format!("users/{}/like", part(f, "user"))),
        "unlike" => (Method::DELETE, format!("users/{}/like", part(f, "user"))),
        "relation" => (Method::GET, format!("users/{}/relation", part(f, "user"))),
        "unmatch" => (Method::DELETE, format!("matches/{}", part(f, "match"))),
        "hidden" => (Method::GET, "discovery/hidden".into()),
        "report" => (Method::POST, "reports".into()),
        "preferences" => (Method::GET, "me/preferences".into()),
        "prefer" => (Method::PUT, "me/preferences".into()),
        "push_key" => (Method::GET, "push/key".into()),
        "push_targets" => (Method::GET, "push/targets".into()),
        "add_push_target" => (Method::POST, "push/targets".into()),
        "drop_push_target" => (
            Method::DELETE,
            format!("push/targets/{}", part(f, "target")),
        ),
        "search" => (Method::GET, kind.into()),
        "usage" => (Method::GET, "me/usage".into()),
        "attachment" => (
            Method::GET,
            format!("attachments/{}/info", part(f, "attachment")),
        ),
        "drop_attachment" => (
            Method::DELETE,
            format!("attachments/{}", part(f, "attachment")),
        ),
        _ => panic!("REST has no {kind}"),
    };
    match method == Method::GET {
        true => (method, format!("/v1/{path}{}", query(&fields)), Value::Null),
        false => (method, format!("/v1/{path}"), fields),
    }
}

fn member(fields: &mut Value) -> String {
    let conversation = part(fields, "conversation");
    format!(
        "conversations/{conversation}/members/{}",
        part(fields, "user")
    )
}
