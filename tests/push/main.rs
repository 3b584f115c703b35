//! Push, as push services and devices meet it: what is sent, what becomes of their answers, and who is told.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod fcm;
mod format;
mod server;
mod service;
mod subscriber;
mod targets;

use crate::common::Node;

/// A node that may call this machine.
async fn node(more: &[&str]) -> Node {
    let flags = [&["--outbound-allow", "127.0.0.1"], more].concat();
    Node::start(&flags).await
}
