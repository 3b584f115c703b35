//! G10: no input panics a worker, and a broken client costs one connection at most: its own.
//!
//! That the node did not panic is asked at the end of every test, when it is dropped (`common::Node`).

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod frames;
mod http;
mod json;
mod socketio;
mod strangers;
mod strings;
mod tokens;
