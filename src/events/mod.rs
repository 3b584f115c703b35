//! Events for the app behind the node: how they are written, and how their places are spelled. docs/events.md is the
//! specification.
//!
//! What is told and when is the store's; who takes it is the feed's, the webhooks' and the command line's.

mod json;
mod letter;
mod place;

pub use self::{
    json::event_json,
    letter::{letter_json, replayed_json},
    place::Place,
};
