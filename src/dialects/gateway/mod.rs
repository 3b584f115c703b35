//! `gateway` (CONTRACT S3): direct and group conversations, over REST and Socket.IO, camelCase, ids as UUIDs.

mod events;
mod rest;

pub use self::{events::Socket, rest::ROUTES};

use parlour_actors::command::Card;
use parlour_storage::domain::message::MessageKind;
use serde_json::{Value, json};

const CONVERSATION: &[&str] = &["conversationId"];
/// What sort of message it is.
const KIND: &[&str] = &["type"];

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "TEXT",
        MessageKind::File => "FILE",
        MessageKind::Image => "IMAGE",
        MessageKind::Video => "VIDEO",
        MessageKind::Audio => "AUDIO",
        MessageKind::System => "SYSTEM",
    }
}

fn profile(card: &Card) -> Value {
    json!({
        "id": card.user.as_str(),
        "fullName": card.shown_name(),
        "profilePhoto": card.picture,
    })
}
