//! `matched` (CONTRACT S2): matched users, over REST with flat bodies and a plain WebSocket, snake_case, ids as integers.
//!
//! Knows no groups: they are not listed, and nothing is told of them. Whoever names one by its id reaches it all the
//! same, if they are in it: membership is the core's to check, and is all that protects a conversation.

mod rest;
mod socket;

pub use self::{
    rest::ROUTES,
    socket::{INCOMING, Socket},
};

use parlour_actors::command::ShownMatch;
use parlour_storage::domain::message::MessageKind;
use serde_json::{Value, json};

use super::shape::{conversation_number, match_kind, time, user_number};

const CONVERSATION: &[&str] = &["conversation_id"];
/// What sort of message it is.
const KIND: &[&str] = &["content_type"];

fn content_type(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::File => "file",
        MessageKind::Image => "image",
        MessageKind::Video => "video",
        MessageKind::Audio => "audio",
        MessageKind::System => "system",
    }
}

/// A match, in the list and in frames.
fn matched(ShownMatch { matched, with }: &ShownMatch) -> Value {
    json!({
        "match_id": matched.id.get(),
        "user_id": user_number(&with.user),
        "user_name": with.shown_name(),
        "user_photo": with.picture,
        "match_type": match_kind(matched.kind),
        "conversation_id": conversation_number(matched.conversation),
        "created_at": time(matched.created_at),
    })
}
