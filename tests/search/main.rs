//! Search from outside: what is found, by whom, how soon, and what is left of it after a crash.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;
mod crash;
mod finding;

use serde_json::{Value, json};

use common::{Node, Rest};

pub(crate) const FREELY: [&str; 2] = ["--policy-limits", "message.send=1000000 per 1s"];

/// The direct conversation of two.
pub(crate) async fn direct(rest: &Rest, with: &str) -> String {
    let opened = rest
        .post("/v1/conversations", json!({ "user": with }))
        .await;
    opened.ok()["conversation"].as_str().unwrap().to_owned()
}

/// Sends a message, and returns its id.
pub(crate) async fn send(rest: &Rest, conversation: &str, text: &str) -> String {
    let path = format!("/v1/conversations/{conversation}/messages");
    let sent = rest.post(&path, json!({ "text": text })).await.ok();
    sent["message"]["id"].as_str().unwrap().to_owned()
}

/// Waits until everything that was answered can be found.
pub(crate) async fn indexed(node: &Node) {
    node.metric_becomes("parlour_search_behind", |behind| behind == 0)
        .await;
}

/// What a search finds, as `query` of an address says.
pub(crate) async fn found(rest: &Rest, query: &str) -> Value {
    rest.get(&format!("/v1/search?{query}")).await.ok()
}

/// The texts of what was found.
pub(crate) fn texts(found: &Value) -> Vec<&str> {
    let found = found["found"].as_array().unwrap();
    let texts = found.iter().map(|found| &found["message"]["text"]);
    texts.map(|text| text.as_str().unwrap()).collect()
}
