//! Two people, and more, chat through a real node: every command and question, over both transports.

#[path = "../common/mod.rs"]
mod common;

mod groups;
mod idempotency;
mod messages;
mod order;
mod presence;
mod receipts;
mod transports;
