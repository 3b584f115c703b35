//! The dialects of existing chat systems, spoken to a real node by their own sample requests and clients.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod contact;
mod dating;
mod direct;
mod gateway;
mod marketplace;
mod matched;
mod people;
mod v1;
