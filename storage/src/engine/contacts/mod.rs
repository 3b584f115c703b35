//! First contact: who may write to whom, requests, likes, matches, and whom somebody need not be shown.
//!
//! Everything is decided here, in the transaction that writes, so that no race goes round it.

pub(crate) mod block;
pub(crate) mod calm;
pub(crate) mod discovery;
pub(crate) mod gate;
pub(crate) mod likes;
pub(crate) mod matches;
pub(crate) mod met;
pub(crate) mod reads;
pub(crate) mod requests;
pub(crate) mod ties;
