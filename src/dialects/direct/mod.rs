//! `direct` (CONTRACT S4): chats of two, over REST and Socket.IO with rooms to look into, camelCase, ids as integers.
//!
//! Knows no groups: they are not listed, not counted, and nothing is told of them. Whoever names one by its id reaches it all the
//! same, if they are in it: membership is the core's to check, and is all that protects a conversation.

mod events;
mod rest;

pub use self::{events::Socket, rest::ROUTES};

use parlour_actors::{
    command::{About, Card, Command},
    error::Failure,
};
use parlour_storage::{
    domain::message::Message,
    ids::{IdempotencyKey, Timestamp},
};
use serde_json::{Value, json};

use super::{
    attachments::{camel, number},
    fields::Fields,
    links::Links,
    shape::{conversation_number, maybe_time, message_number, time, user_number},
};

const CONVERSATION: &[&str] = &["conversationId"];

/// Sends a message, to where REST and Socket.IO alike say: to a person, to a conversation, or to both, of which the
/// conversation counts if the sender is in it.
fn send(fields: &Fields, key: Option<IdempotencyKey>) -> Result<Command, Failure> {
    Ok(Command::Send {
        to: fields.target(CONVERSATION, &["receiverId"])?,
        content: fields.content(&["type", "messageType"])?,
        attachments: fields.attachments()?,
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

/// A message: whether whom it is for has read it, and when.
fn message(
    message: &Message,
    about: &About,
    (is_read, read_at): (bool, Option<Timestamp>),
    links: &Links,
) -> Value {
    json!({
        "id": message_number(message.id),
        "conversationId": conversation_number(message.conversation),
        "senderId": user_number(&message.author),
        "receiverId": about.conversation.peer_of(&message.author).map(user_number),
        "sender": profile(&about.by),
        "content": message.content.text,
        "attachments": camel(&message.attachments, links, number),
        "isRead": is_read,
        "readAt": maybe_time(read_at),
        "createdAt": time(message.sent_at),
        "updatedAt": time(message.edited_at.unwrap_or(message.sent_at)),
    })
}
