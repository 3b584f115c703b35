//! The objects that both transports write, and the names that both read.

use parlour_actors::command::{Card, Entry, Item, Person};
use parlour_storage::{domain::message::Message, ids::Timestamp};
use serde_json::{Value, json};

use crate::dialects::shape::{
    conversation_uuid, last_activity, maybe_time, message_uuid, receiver, time,
};

pub(super) const CONVERSATION: &[&str] = &["conversation_id"];
pub(super) const RECEIVER: &[&str] = &["receiver_id"];
pub(super) const KIND: &[&str] = &["content_type"];

/// An answer.
pub(super) fn success(data: &Value) -> Value {
    json!({ "success": true, "data": data })
}

/// What the sender is told (S0-03).
pub(super) fn sent(message: &Message) -> Value {
    json!({
        "message_id": message_uuid(message.id),
        "conversation_id": conversation_uuid(message.conversation),
        "message": "Message sent successfully",
        "created_at": time(message.sent_at),
    })
}

/// A conversation in the list (S0-04).
pub(super) fn conversation(entry: &Entry) -> Value {
    json!({
        "id": conversation_uuid(entry.summary.conversation.id),
        "user": entry.others.first().map(user),
        "last_message": entry.last.as_ref().map(last_message),
        "unread_count": entry.summary.unread,
        "last_activity": time(last_activity(entry)),
    })
}

/// The other one. Who is there was active just now.
fn user(person: &Person) -> Value {
    let Person {
        card,
        online,
        last_seen,
    } = person;
    let last_active = if *online {
        Some(Timestamp::now())
    } else {
        *last_seen
    };
    let mut user = profile(card);
    user["is_online"] = (*online).into();
    user["last_active"] = maybe_time(last_active);
    user
}

/// A person, as far as their messages tell.
pub(super) fn profile(card: &Card) -> Value {
    json!({
        "id": card.user.as_str(),
        "name": card.shown_name(),
        "profile_photos": card.picture.iter().collect::<Vec<_>>(),
    })
}

fn last_message(item: &Item) -> Value {
    json!({
        "id": message_uuid(item.message.id),
        "content": item.message.content.text,
        "sender_id": item.message.author.as_str(),
        "created_at": time(item.message.sent_at),
        "is_read": item.is_read(),
    })
}

/// A message in a history (S0-05): as above, and where and for whom it is.
pub(super) fn message(item: &Item) -> Value {
    let mut message = last_message(item);
    message["conversation_id"] = conversation_uuid(item.message.conversation);
    message["receiver_id"] = receiver(item).map(|user| user.as_str()).into();
    message["read_at"] = maybe_time(item.read_at);
    message
}
