//! A client of the native protocol over REST.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use parlour::dialects::native::export::MEDIA_TYPE;

use super::{Node, token, within};

/// Somebody who asks over REST.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    /// `null` if there is none.
    pub(crate) body: Value,
}

impl Rest {
    /// Somebody with a good token.
    pub(crate) fn new(node: &Node, user: &str) -> Self {
        Self::with_token(node, &token(user))
    }

    /// Somebody with any token.
    pub(crate) fn with_token(node: &Node, token: &str) -> Self {
        // Shorter than the node's own: one it is about to close is not used again.
        let idle = Duration::from_secs(2);
        let http = reqwest::Client::builder().pool_idle_timeout(idle).build();
        Self {
            http: http.expect("a client"),
            base: node.url(""),
            token: token.to_owned(),
        }
    }

    /// Somebody else, over the same connections.
    pub(crate) fn to_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Sends a request, with a body unless it is `null`.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path);
        send(if body.is_null() {
            request
        } else {
            request.json(body)
        })
        .await
    }

    /// Reads something.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &Value::Null).await
    }

    /// Posts something.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &body).await
    }

    /// Puts something.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, &body).await
    }

    /// Takes something away.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, &Value::Null).await
    }

    /// All messages of a conversation, by pages of 100.
    pub(crate) async fn history(&self, conversation: &str) -> Vec<Value> {
        self.history_after(conversation, 0).await
    }

    /// All messages of a conversation above a place.
    pub(crate) async fn history_after(&self, conversation: &str, mut after: u64) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let path = format!("/v1/conversations/{conversation}/messages?limit=100&after={after}");
            let mut page = self.get(&path).await.ok();
            let page = page["messages"].as_array_mut().expect("a list");
            let Some(last) = page.last() else {
                return messages;
            };
            after = last["seq"].as_u64().expect("a place");
            messages.append(page);
        }
    }
}

/// Sends a request and reads all of its answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let answered = async {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|value| {
            let text = value.to_str().expect("text");
            text.parse().expect("whole seconds")
        });
        let kind = response.headers().get("content-type");
        let is_lines = kind.is_some_and(|kind| kind == MEDIA_TYPE);
        let text = response.text().await.expect("a body");
        let json = |text: &str| serde_json::from_str(text).expect("JSON");
        let body = match text.as_str() {
            "" => Value::Null,
            // An export; as a list of its lines.
            text if is_lines => text.lines().map(json).collect(),
            text => json(text),
        };
        Answer {
            status,
            retry_after,
            body,
        }
    };
    within("answer", answered).await
}

impl Answer {
    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// The label of a refusal.
    pub(crate) fn code(&self) -> &str {
        assert!(self.status >= 400, "{self:?}");
        self.body["code"].as_str().expect("a label")
    }
}
