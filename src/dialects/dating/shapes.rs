//! The objects that both transports write, and the names that both read.

use parlour_actors::command::{Card, Entry, Item, Person, ShownMatch, ShownRequest};
use parlour_storage::{
    domain::{
        contact::{Match, MessageRequest},
        message::Message,
    },
    ids::Timestamp,
};
use serde_json::{Value, json};

use crate::dialects::{
    attachments::{self, uuid},
    links::Links,
    shape::{
        conversation_uuid, last_activity, match_kind, match_uuid, maybe_time, message_uuid,
        receiver, request_status, request_uuid, time,
    },
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

/// The message that a request is or became: until it is accepted, it goes by the request's own id.
pub(super) fn request_message(request: &MessageRequest) -> Value {
    match request.message {
        Some(message) => message_uuid(message),
        None => request_uuid(request.id),
    }
}

/// A request, in lists and events (S0-06, S0-52, S0-54).
pub(super) fn request_shape(shown: &ShownRequest) -> Value {
    let ShownRequest {
        request,
        with,
        sent,
    } = shown;
    json!({
        "request_id": request_uuid(request.id),
        "message_id": request_message(request),
        "conversation_id": request.conversation.map(conversation_uuid),
        "sender_id": request.from.as_str(),
        "receiver_id": request.to.as_str(),
        "user": profile(with),
        "preview_text": request.text,
        "direction": if *sent { "sent" } else { "received" },
        "status": request_status(request.status),
        "is_request": true,
        "request_status": request_status(request.status),
        "created_at": time(request.created_at),
        "responded_at": maybe_time(request.answered_at),
    })
}

/// A match, in lists and events.
pub(super) fn matched(ShownMatch { matched, with }: &ShownMatch) -> Value {
    let mut shape = json!({ "user": profile(with), "created_at": time(matched.created_at) });
    if let Value::Object(shape) = &mut shape {
        shape.extend(match_fields(matched));
    }
    shape
}

/// What tells of a match (S0-43).
pub(super) fn match_fields(matched: &Match) -> [(String, Value); 3] {
    [
        ("match_id".into(), match_uuid(matched.id)),
        ("match_type".into(), match_kind(matched.kind).into()),
        (
            "conversation_id".into(),
            conversation_uuid(matched.conversation),
        ),
    ]
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
pub(super) fn message(item: &Item, links: &Links) -> Value {
    let mut message = last_message(item);
    message["conversation_id"] = conversation_uuid(item.message.conversation);
    message["receiver_id"] = receiver(item).map(|user| user.as_str()).into();
    message["read_at"] = maybe_time(item.read_at);
    attachments::add(&mut message, &item.message.attachments, links, uuid);
    message
}
