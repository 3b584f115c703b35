//! `gateway` (CONTRACT S3): direct and group conversations, over REST and Socket.IO, camelCase, ids as UUIDs.

mod events;
mod rest;

pub use self::{events::Socket, rest::ROUTES};

use parlour_actors::command::Card;
use serde_json::{Value, json};

const CONVERSATION: &[&str] = &["conversationId"];
/// What sort of message it is.
const KIND: &[&str] = &["type"];

fn profile(card: &Card) -> Value {
    json!({
        "id": card.user.as_str(),
        "fullName": card.shown_name(),
        "profilePhoto": card.picture,
    })
}
