//! Every command and every question exists over both transports, and says the same over both.

use std::collections::BTreeSet;

use parlour::dialects::native::types::RequestType;
use serde_json::{Value, json};

use crate::common::{Client, Node, Way};

/// All that a client can ask but `ping` and `auth`, which are about the connection itself.
fn kinds() -> BTreeSet<&'static str> {
    let all = RequestType::ALL.iter().map(|kind| kind.name());
    all.filter(|name| !["ping", "auth"].contains(name))
        .collect()
}

/// The same requests on two fresh nodes, one over WebSocket and one over REST, have the same answers.
#[tokio::test]
async fn both_transports_give_the_same_answers() {
    let (one, other) = (Node::start(&[]).await, Node::start(&[]).await);
    let over_socket = script(&one, Way::socket(&one, "alice").await).await;
    let over_rest = script(&other, Way::rest(&other, "alice")).await;
    assert_eq!(over_socket.len(), over_rest.len());
    for (socket, rest) in over_socket.iter().zip(&over_rest) {
        assert_eq!(socket, rest);
    }
    let asked: BTreeSet<_> = over_rest.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(asked, kinds(), "every kind was asked");
}

/// Asks everything once at least. Returns what was asked and what was answered, ids and times made alike.
async fn script(node: &Node, mut alice: Way) -> Vec<(&'static str, Value)> {
    // She is online over both, so that presence is the same.
    let device = Client::connect(node, "alice").await;
    let mut bob = Client::connect(node, "bob").await;
    let start = device.resume.clone();
    let (mut answers, mut ids) = (Vec::new(), Vec::new());
    let mut ask = async |kind: &'static str, fields: Value| {
        let answer = match alice.try_ask(kind, fields).await {
            Ok(answer) => answer,
            Err(refusal) => json!({ "refused": refusal.code }),
        };
        answers.push((kind, alike(answer.clone(), &mut ids)));
        answer
    };

    let direct = ask("open_direct", json!({ "user": "bob" })).await["conversation"].take();
    let fields = json!({ "name": "g", "members": ["bob", "carol"], "key": "g" });
    let group = ask("open_group", fields).await["conversation"].take();
    let fields =
        json!({ "conversation": direct, "text": "hello", "key": "k", "metadata": { "a": 1 } });
    ask("send", fields.clone()).await;
    let message = ask("send", fields).await["message"]["id"].take();
    let fields = json!({ "user": "bob", "text": "again", "reply_to": message, "kind": "IMAGE" });
    let reply = ask("send", fields).await["message"]["id"].take();
    ask("edit", json!({ "message": message, "text": "hello!" })).await;
    ask("react", json!({ "message": message, "emoji": "+1" })).await;
    ask("react", json!({ "message": message, "emoji": "-1" })).await;
    ask(
        "react",
        json!({ "message": message, "emoji": "-1", "on": false }),
    )
    .await;
    ask("delete", json!({ "message": reply })).await;
    let from_bob = bob
        .ok("send", json!({ "user": "alice", "text": "hi" }))
        .await["message"]["id"]
        .take();
    ask("unread", json!({})).await;
    ask("delivered", json!({ "message": from_bob })).await;
    ask("read", json!({ "message": from_bob })).await;
    ask("read", json!({ "conversation": direct, "seq": 3 })).await;
    ask("delivered", json!({ "conversation": direct, "seq": 3 })).await;
    bob.ok("read", json!({ "conversation": direct, "seq": 2 }))
        .await;
    ask("typing", json!({ "conversation": direct })).await;
    ask("typing", json!({ "conversation": direct, "on": false })).await;
    ask(
        "add_members",
        json!({ "conversation": group, "users": ["dave"] }),
    )
    .await;
    ask(
        "set_role",
        json!({ "conversation": group, "user": "dave", "role": "admin" }),
    )
    .await;
    ask("rename", json!({ "conversation": group, "name": "h" })).await;
    ask(
        "remove_member",
        json!({ "conversation": group, "user": "carol" }),
    )
    .await;
    ask("block", json!({ "user": "eve", "reason": "spam" })).await;
    ask("block", json!({ "user": "mallory" })).await;
    ask("unblock", json!({ "user": "mallory" })).await;
    ask("me", json!({})).await;
    ask("user", json!({ "user": "bob" })).await;
    ask("user", json!({ "user": "nobody" })).await;
    ask("conversations", json!({ "limit": 10 })).await;
    ask("conversation", json!({ "conversation": direct })).await;
    ask("members", json!({ "conversation": group })).await;
    ask(
        "messages",
        json!({ "conversation": direct, "after": 0, "limit": 2 }),
    )
    .await;
    ask("messages", json!({ "conversation": group })).await;
    ask("message", json!({ "message": message })).await;
    ask("revisions", json!({ "message": message })).await;
    ask("receipts", json!({ "message": message })).await;
    ask("unread", json!({})).await;
    ask("blocks", json!({})).await;
    ask("presence", json!({ "users": ["alice", "nobody"] })).await;
    ask("changes", json!({ "since": start, "limit": 100 })).await;
    ask("changes", json!({ "since": start, "limit": 3 })).await;
    ask("changes", json!({ "since": "00000000:1" })).await;
    ask("changes", json!({ "since": "rubbish" })).await;
    ask("message", json!({ "message": "1" })).await;

    let fields = json!({ "user": "carol", "text": "Shall we talk?", "key": "q" });
    let asked = ask("ask", fields.clone()).await["request"]["id"].take();
    ask("ask", fields).await;
    ask("ask", json!({ "user": "carol", "text": "Again?" })).await;
    ask("request", json!({ "request": asked })).await;
    ask("request", json!({ "request": message })).await;
    ask("requests", json!({ "direction": "sent", "pending": true })).await;
    ask("accept", json!({ "request": asked })).await;
    ask("withdraw", json!({ "request": asked })).await;
    let asked_by = async |bob: &mut Client, text: &str| {
        let fields = json!({ "user": "alice", "text": text });
        bob.ok("ask", fields).await["request"]["id"].take()
    };
    let first = asked_by(&mut bob, "May I?").await;
    ask("decline", json!({ "request": first })).await;
    bob.ok("withdraw", json!({ "request": first })).await;
    let second = asked_by(&mut bob, "Please?").await;
    let led_to = ask("accept", json!({ "request": second })).await["match"].take();
    ask("matches", json!({ "limit": 10 })).await;
    ask("relation", json!({ "user": "bob" })).await;
    ask("unmatch", json!({ "match": led_to["id"] })).await;
    ask("unmatch", json!({ "match": led_to["id"] })).await;
    ask("conversation", json!({ "conversation": direct })).await;
    ask("hidden", json!({ "limit": 1 })).await;
    ask("hidden", json!({ "after": "bob" })).await;
    ask("like", json!({ "user": "carol" })).await;
    ask("like", json!({ "user": "alice" })).await;
    ask("likes", json!({})).await;
    ask("unlike", json!({ "user": "carol" })).await;
    ask("prefer", json!({ "hide_receipts": true })).await;
    ask("preferences", json!({})).await;
    let fields = json!({ "message": from_bob, "category": "spam", "reason": "hi" });
    ask("report", fields).await;
    ask("report", json!({ "user": "bob", "category": "" })).await;
    ask("usage", json!({})).await;
    ask("attachment", json!({ "attachment": "1" })).await;
    ask("drop_attachment", json!({ "attachment": "1" })).await;
    node.metric_becomes("parlour_search_behind", |behind| behind == 0)
        .await;
    ask("search", json!({ "query": "hello", "limit": 1 })).await;
    ask("search", json!({ "query": "" })).await;
    ask("push_key", json!({})).await;
    let target = json!({ "kind": "unifiedpush", "endpoint": "https://push.example/1" });
    ask("add_push_target", target).await;
    ask("add_push_target", json!({ "kind": "pigeon" })).await;
    ask("push_targets", json!({})).await;
    ask("drop_push_target", json!({ "target": "1" })).await;
    answers
}

/// Replaces ids by numbers in the order they appear, and times and the node's own key by a word.
fn alike(value: Value, ids: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => {
            let is_id = text.len() > 10 && text.bytes().all(|byte| byte.is_ascii_digit());
            let is_resume =
                text.len() > 15 && text.split_once(':').is_some_and(|(e, _)| e.len() == 8);
            let is_time = text.len() == 24 && text.ends_with('Z');
            if is_time {
                return json!("time");
            }
            let is_key = text.len() == 87 && text.starts_with('B');
            if is_key {
                return json!("key");
            }
            if is_resume {
                return json!("resume");
            }
            if !is_id {
                return json!(text);
            }
            let known = ids.iter().position(|id| *id == text);
            let number = known.unwrap_or_else(|| {
                ids.push(text);
                ids.len() - 1
            });
            json!(format!("id {number}"))
        }
        Value::Array(list) => list.into_iter().map(|value| alike(value, ids)).collect(),
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, alike(value, ids)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}
