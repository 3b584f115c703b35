//! Events for whoever follows the node from outside: written with what they tell of, read, and forgotten; and how far
//! each follower has come.

mod consumers;
mod forget;
mod letters;
mod read;
mod write;

pub(crate) use consumers::{consumer, consumers, forget_consumer, move_consumer, rewind};
pub(crate) use forget::{floor, forget, put_floor};
pub(crate) use letters::{bury, drop_letter, letters, revive};
pub(crate) use read::{after, by, one};
pub(crate) use write::{tell, write_house};
