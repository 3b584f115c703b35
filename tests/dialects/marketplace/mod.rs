//! `marketplace` (CONTRACT S1): who talks in its tests.

mod frames;
mod rest;

use serde_json::Value;

use crate::common::{Node, Plain, Rest, token};

const MESSAGES: &str = "/api/v1/messages/";

/// Sends a message over REST.
async fn create(rest: &Rest, body: Value) -> Value {
    let answer = rest.post(MESSAGES, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Connects somebody as their browser does, and reads the greeting.
async fn connect(node: &Node, user: &str) -> Plain {
    connect_with(node, user, &token(user)).await
}

/// The same, with any token of theirs.
async fn connect_with(node: &Node, user: &str, token: &str) -> Plain {
    let path = format!("/api/v1/messages/ws/{user}?token={token}");
    let mut socket = Plain::dial(node, &path).await;
    let greeting = socket.take("connected").await;
    assert_eq!(greeting["data"]["recovered"], false);
    socket
}

/// What the messages of a list say.
fn contents(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a bare list").iter();
    list.map(|message| message["content"].as_str().unwrap())
        .collect()
}
