//! Webhooks, as a service receives them from the real node.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod again;
mod crash;
mod delivery;
mod receiver;
mod refusals;

use serde_json::Value;

use crate::{common::Node, receiver::Receiver};

/// A node that posts to a service.
async fn node(receiver: &Receiver, more: &[&str]) -> Node {
    let flags = receiver.flags();
    let flags: Vec<_> = flags
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    Node::start(&flags).await
}

/// What the messages among events say, in order.
fn texts(events: &[Value]) -> Vec<&str> {
    let sent = events
        .iter()
        .filter(|event| event["type"] == "message.sent");
    sent.map(|event| event["data"]["content"].as_str().unwrap())
        .collect()
}
