//! Stored notifications: what becomes one, and when it is no longer unread.
//!
//! Each has a row, found by its user and by its age. What waits in a conversation, and a request that is pending, has
//! one at a time, found by what it is about. A person's rows are read up to a mark; some of those above it by themselves.

mod choices;
mod contact;
mod messages;
mod rows;

pub(crate) use choices::{do_not_disturb, forget_mutes, leave_alone, mute, muted_until, mutes};
pub(crate) use contact::tell;
pub(crate) use messages::{notify, seen};
pub(crate) use rows::{forget_before, forget_own, n_unread, one, page, read, write};
