//! Socket.IO from outside: the protocol's rules against the server of the suites, and chat against a real node.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/protocol_suites/server.rs"]
mod server;

mod bugs;
mod chat;
mod client;
mod engine;
mod events;
mod frozen;
