//! People on six protocols at once, and the stock client on a bad network: all see the same, once, in order.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod pairs;
mod play;
mod recovery;
mod seat;
mod tongues;
mod transports;
mod without_recovery;
