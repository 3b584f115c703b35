//! Two people, and more, chat through a real node: every command and question, over both transports.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod groups;
mod idempotency;
mod messages;
mod order;
mod presence;
mod receipts;
mod transports;
