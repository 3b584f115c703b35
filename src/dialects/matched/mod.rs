//! `matched` (CONTRACT S2): matched users, over REST with flat bodies and a plain WebSocket, snake_case, ids as integers.
//!
//! Knows no groups: they are not listed, and nothing is told of them.

mod rest;
mod socket;

pub use self::{rest::ROUTES, socket::Socket};

use parlour_actors::error::Failure;
use parlour_storage::domain::message::{Content, MessageKind};

use super::fields::Fields;

const CONVERSATION: &[&str] = &["conversation_id"];
const CONTENT: &[&str] = &["content", "text"];

/// What a message says, over REST and WebSocket alike.
fn content(fields: &Fields) -> Result<Content, Failure> {
    Ok(Content {
        kind: fields.kind(&["content_type"])?,
        text: fields.need_text(CONTENT)?,
        reply_to: fields.message(&["reply_to"])?,
        metadata: None,
    })
}

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
