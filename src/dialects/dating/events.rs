//! What Socket.IO offers.

use std::slice;

use parlour_actors::{
    codec::View,
    command::{About, Card, Command, Mark, Reply, Request},
    error::Failure,
    push::{ContactNews, Hello, Push},
};
use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        contact::RequestStatus,
        message::Message,
    },
    ids::Seq,
};
use serde_json::{Value, json};

use super::shapes::{CONVERSATION, KIND, RECEIVER, matched, profile, request_shape, sent, success};
use crate::dialects::{
    Dialect,
    attachments::{self, uuid},
    fields::Fields,
    links::Links,
    shape::{conversation_uuid, hidden_because, is_for_two, maybe_time, message_uuid, time},
    socketio::{Asked, Emit, Events},
};

/// The events.
#[derive(Debug)]
pub struct Socket;

impl Events for Socket {
    fn dialect(&self) -> Dialect {
        Dialect::Dating
    }

    fn incoming(&self) -> &'static [&'static str] {
        &["send_message", "mark_read", "typing_start", "typing_stop"]
    }

    fn outgoing(&self) -> &'static [&'static str] {
        &[
            "authenticated",
            "new_message",
            "message_read",
            "user_typing",
            "user_online",
            "user_offline",
            "message_updated",
            "message_deleted",
            "message_request",
            "request_accepted",
            "request_closed",
            "match_created",
            "match_removed",
            "discovery_hidden",
            "warning",
        ]
    }

    /// `direct` has `send_message` too, in camelCase.
    fn claims(&self, _event: &str, payload: &Value) -> bool {
        let mut names = payload.as_object().into_iter().flat_map(|map| map.keys());
        names.any(|name| name.contains('_'))
    }

    fn decode(&self, event: &str, fields: &Fields) -> Result<Asked, Failure> {
        let typing = |on| -> Result<Command, Failure> {
            let to = fields.target(CONVERSATION, RECEIVER)?;
            Ok(Command::Type { to, on })
        };
        Ok(Asked::Request(Request::Do(match event {
            "send_message" => Command::Send {
                to: fields.target(CONVERSATION, RECEIVER)?,
                content: fields.content(KIND)?,
                attachments: fields.attachments()?,
                key: fields.key()?,
            },
            "typing_start" => typing(true)?,
            "typing_stop" => typing(false)?,
            _ => Command::Read {
                up_to: read_up_to(fields)?,
            },
        })))
    }

    /// Groups aren't told: this dialect doesn't know them (CONTRACT C-39).
    fn tell(&self, push: &Push, view: View, emit: &mut Emit<'_>) {
        if !is_for_two(push) {
            return;
        }
        match push {
            Push::Change(change, about) => tell_change(change, about, view, emit),
            Push::Typing { about, on } => emit.event(
                "user_typing",
                json!({
                    "conversation_id": conversation_uuid(about.conversation.id),
                    "user_id": about.by.user.as_str(),
                    "is_typing": on,
                }),
            ),
            Push::Presence {
                card, online: true, ..
            } => tell_online(slice::from_ref(card), emit),
            Push::Presence {
                card, last_seen, ..
            } => emit.event(
                "user_offline",
                json!({
                    "user_id": card.user.as_str(),
                    "last_active": maybe_time(*last_seen),
                }),
            ),
            Push::Online(cards) => tell_online(cards, emit),
            Push::Contact(news) => tell_news(news, emit),
            Push::Warned { reason, at } => emit.event(
                "warning",
                json!({ "reason": reason, "created_at": time(*at) }),
            ),
            // Stored notifications are of other dialects, as is sending later.
            Push::Veiled(..)
            | Push::Joined { .. }
            | Push::SendFailed(_)
            | Push::Notified { .. } => {}
        }
    }

    fn answer(&self, _event: &str, reply: &Reply, _emit: &mut Emit<'_>) -> Value {
        match reply {
            Reply::Sent { change, .. } => match &change.body {
                ChangeBody::Sent(message) => success(&sent(message)),
                _ => Value::Null,
            },
            _ => json!({ "success": true }),
        }
    }

    fn greet(&self, hello: &Hello<'_>, emit: &mut Emit<'_>) {
        let payload = json!({
            "success": true,
            "user_id": hello.user.as_str(),
            "recovered": hello.recovered == Some(true),
        });
        emit.event("authenticated", payload);
    }
}

/// A message; or else all of a conversation.
fn read_up_to(fields: &Fields) -> Result<Mark, Failure> {
    let message = fields.message(&["message_id"])?;
    match (message, fields.conversation(CONVERSATION)?) {
        (Some(message), _) => Ok(Mark::Message(message)),
        (None, Some(conversation)) => Ok(Mark::Seq(conversation, Seq(u64::MAX))),
        (None, None) => {
            let message = "give message_id or conversation_id";
            Err(Failure::bad_value("message_id", message))
        }
    }
}

fn tell_online(cards: &[std::sync::Arc<Card>], emit: &mut Emit<'_>) {
    for card in cards {
        emit.another("user_online", json!({ "user_id": card.user.as_str() }));
    }
}

fn tell_news(news: &ContactNews, emit: &mut Emit<'_>) {
    match news {
        ContactNews::Requested(request) => emit.event("message_request", request_shape(request)),
        ContactNews::Answered(request) => {
            let accepted = request.request.status == RequestStatus::Accepted;
            let name = if accepted {
                "request_accepted"
            } else {
                "request_closed"
            };
            emit.event(name, request_shape(request));
        }
        ContactNews::Matched(one) => emit.event("match_created", matched(one)),
        ContactNews::Unmatched(one) => emit.event("match_removed", matched(one)),
        ContactNews::Hidden { user, because } => emit.event(
            "discovery_hidden",
            json!({
                "user_id": user.as_str(),
                "hidden": because.is_some(),
                "reason": because.map(hidden_because),
            }),
        ),
    }
}

fn tell_change(change: &Change, about: &About, view: View, emit: &mut Emit<'_>) {
    match &change.body {
        ChangeBody::Sent(message) if message.deleted_at.is_none() => {
            emit.event("new_message", new_message(message, about, emit.links()));
        }
        ChangeBody::Edited(message) if message.deleted_at.is_none() => emit.event(
            "message_updated",
            json!({
                "message_id": message_uuid(message.id),
                "conversation_id": conversation_uuid(message.conversation),
                "content": message.content.text,
                "updated_at": time(change.at),
            }),
        ),
        ChangeBody::Deleted(message) => emit.event(
            "message_deleted",
            json!({
                "message_id": message_uuid(message.id),
                "conversation_id": conversation_uuid(message.conversation),
                "deleted_at": time(change.at),
            }),
        ),
        // For who wrote them, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own => {
            for message in messages {
                emit.another(
                    "message_read",
                    json!({
                        "message_id": message_uuid(*message),
                        "conversation_id": conversation_uuid(change.conversation),
                        "reader_id": change.by.as_str(),
                        "read_at": time(change.at),
                    }),
                );
            }
        }
        _ => {}
    }
}

/// `message_id` beside `id`: where all dialects speak at once, `id` is what `direct` makes of it.
fn new_message(message: &Message, about: &About, links: &Links) -> Value {
    let receiver = about.conversation.peer_of(&message.author);
    let mut shape = json!({
        "id": message_uuid(message.id),
        "message_id": message_uuid(message.id),
        "conversation_id": conversation_uuid(message.conversation),
        "sender_id": message.author.as_str(),
        "receiver_id": receiver.map(|user| user.as_str()),
        "sender": profile(&about.by),
        "content": message.content.text,
        "created_at": time(message.sent_at),
        "is_read": false,
    });
    attachments::add(&mut shape, &message.attachments, links, uuid);
    shape
}
