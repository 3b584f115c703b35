//! Each ready-made policy in flags/, given to the real node: what its system asks for happens, by its own numbers.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod dating;
mod gateway_direct;
mod marketplace;
mod matched;
mod scene;
