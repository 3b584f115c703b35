//! Events for the app behind the node: how they are written, how their places are spelled, and which topics one wants.
//! docs/events.md is the specification. What is told and when is the store's; who takes it is the feed's and the webhooks'.

mod json;
mod place;
mod topics;

pub use self::{json::event_json, place::Place, topics::Topics};
