//! `gateway` (CONTRACT S3): direct and group conversations, over REST and Socket.IO, camelCase, ids as UUIDs.

mod events;
mod rest;

pub use self::{events::Socket, rest::ROUTES};

use parlour_actors::{command::Card, error::Failure};
use parlour_storage::domain::message::{Content, MessageKind};
use serde_json::{Value, json};

use super::{fields::Fields, shape::not_yet};

const CONVERSATION: &[&str] = &["conversationId"];
const CONTENT: &[&str] = &["content", "text"];

/// What a message says, over REST and Socket.IO alike.
fn content(fields: &Fields) -> Result<Content, Failure> {
    let has_files = fields
        .find(&["attachments"])
        .is_some_and(|(_, list)| list.as_array().is_none_or(|list| !list.is_empty()));
    if has_files {
        return Err(not_yet("sending files"));
    }
    Ok(Content {
        kind: fields.kind(&["type"])?,
        text: fields.need_text(CONTENT)?,
        reply_to: fields.message(&["replyTo", "replyToId"])?,
        metadata: None,
    })
}

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
