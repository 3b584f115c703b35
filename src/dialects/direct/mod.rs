//! `direct` (CONTRACT S4): chats of two, over REST and Socket.IO with rooms to look into, camelCase, ids as integers.
//!
//! Knows no groups: they are not listed, not counted, and nothing is told of them.

mod events;
mod rest;

pub use self::{events::Socket, rest::ROUTES};

use parlour_actors::{
    command::{About, Card, Command, Target},
    error::Failure,
};
use parlour_storage::{
    domain::message::{Content, Message},
    ids::{IdempotencyKey, Timestamp},
};
use serde_json::{Value, json};

use super::{
    fields::Fields,
    shape::{conversation_number, maybe_time, message_number, not_yet, time, user_number},
};

const CONVERSATION: &[&str] = &["conversationId"];

/// Sends a message, to where REST and Socket.IO alike say: to a person, to a conversation, or to both, of which the
/// conversation counts if the sender is in it.
fn send(fields: &Fields, key: Option<IdempotencyKey>) -> Result<Command, Failure> {
    let has_files = fields
        .find(&["attachments"])
        .is_some_and(|(_, list)| list.as_array().is_none_or(|list| !list.is_empty()));
    if has_files {
        return Err(not_yet("sending files"));
    }
    let receiver = fields.user(&["receiverId"])?;
    let to = match (fields.conversation(CONVERSATION)?, receiver) {
        (Some(conversation), Some(receiver)) => Target::Either(conversation, receiver),
        (Some(conversation), None) => Target::Conversation(conversation),
        (None, Some(receiver)) => Target::User(receiver),
        (None, None) => {
            let message = "receiverId is missing, and so is conversationId; give one of them";
            return Err(Failure::bad_value("receiverId", message));
        }
    };
    Ok(Command::Send {
        to,
        content: Content {
            kind: fields.kind(&["type", "messageType"])?,
            text: fields.need_text(&["content", "text"])?,
            reply_to: fields.message(&["replyTo", "replyToId"])?,
            metadata: None,
        },
        key,
    })
}

fn profile(card: &Card) -> Value {
    json!({
        "id": user_number(&card.user),
        "name": card.shown_name(),
        "picture": card.picture,
    })
}

/// A message. `read_at`: when whom it is for read it, if they did.
fn message(message: &Message, about: &About, is_read: bool, read_at: Option<Timestamp>) -> Value {
    json!({
        "id": message_number(message.id),
        "conversationId": conversation_number(message.conversation),
        "senderId": user_number(&message.author),
        "receiverId": about.conversation.peer_of(&message.author).map(user_number),
        "sender": profile(&about.by),
        "content": message.content.text,
        "attachments": [],
        "isRead": is_read,
        "readAt": maybe_time(read_at),
        "createdAt": time(message.sent_at),
        "updatedAt": time(message.edited_at.unwrap_or(message.sent_at)),
    })
}
