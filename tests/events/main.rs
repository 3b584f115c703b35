//! Events from outside: the feed over real sockets, and the command line on a node that is stopped.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod feed;
mod follower;
mod lasting;

use common::{Node, Rest, token_with};
use follower::Follower;
use serde_json::Value;

/// Flags of a node that tells everything.
const TOLD: [&str; 4] = [
    "--events-feed",
    "--policy-limits",
    "message.send=1000000 per 1s",
    "--presence-offline-grace=0s",
];

async fn node(flags: &[&str]) -> Node {
    let flags: Vec<_> = TOLD.iter().chain(flags).copied().collect();
    Node::start(&flags).await
}

fn admin_token() -> String {
    token_with("root", |claims| claims.role = Some("admin".to_owned()))
}

fn admin(node: &Node) -> Rest {
    Rest::with_token(node, &admin_token())
}

fn topics(events: &[Value]) -> Vec<&str> {
    events.iter().map(|e| e["type"].as_str().unwrap()).collect()
}

/// What the messages among them say.
fn texts(events: &[Value]) -> Vec<&str> {
    let texts = events.iter().map(|e| e["data"]["content"].as_str());
    texts.map(|text| text.unwrap()).collect()
}
