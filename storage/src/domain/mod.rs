//! What Parlour talks about: people, conversations, messages and what happens to them.
//!
//! Domain types only. How they are stored is `record.rs`'s, how they go over a wire is a dialect's.

pub mod attachment;
pub mod change;
pub mod contact;
pub mod conversation;
pub mod event;
pub mod message;
pub mod notification;
pub mod push;
pub mod safety;
pub mod scheduled;
pub mod user;
