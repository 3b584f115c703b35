//! What `gateway` says over Socket.IO.

use parlour_actors::{
    codec::View,
    command::{Card, Command, Mark, Question, Reply, Request, Target},
    error::Failure,
    push::Push,
};
use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        message::Message,
    },
    ids::Seq,
};
use serde_json::{Value, json};

use super::{CONVERSATION, KIND, profile};
use crate::dialects::{
    Dialect,
    attachments::{camel, uuid},
    fields::Fields,
    links::Links,
    shape::{conversation_uuid, kind, maybe_time, message_uuid, time},
    socketio::{Asked, Emit, Events},
};

/// What Socket.IO offers.
#[derive(Debug)]
pub struct Socket;

impl Events for Socket {
    fn dialect(&self) -> Dialect {
        Dialect::Gateway
    }

    fn incoming(&self) -> &'static [&'static str] {
        &[
            "sendMessage",
            "typing",
            "stopTyping",
            "markAsRead",
            "getOnlineUsers",
        ]
    }

    fn outgoing(&self) -> &'static [&'static str] {
        &[
            "newMessage",
            "userTyping",
            "userStoppedTyping",
            "messageRead",
            "userOnline",
            "userOffline",
            "onlineUsers",
            "messageUpdated",
            "messageDeleted",
            "warning",
        ]
    }

    /// `typing` looks the same in `direct`.
    fn claims(&self, _event: &str, _payload: &Value) -> bool {
        false
    }

    fn decode(&self, event: &str, fields: &Fields) -> Result<Asked, Failure> {
        let conversation = || fields.need_conversation(CONVERSATION);
        let typing = |on| -> Result<Request, Failure> {
            let to = Target::Conversation(conversation()?);
            Ok(Request::Do(Command::Type { to, on }))
        };
        Ok(Asked::Request(match event {
            "sendMessage" => Request::Do(Command::Send {
                to: Target::Conversation(conversation()?),
                content: fields.content(KIND)?,
                attachments: fields.attachments()?,
                key: fields.key()?,
            }),
            "typing" => typing(true)?,
            "stopTyping" => typing(false)?,
            "markAsRead" => Request::Do(Command::Read {
                up_to: mark(fields)?,
            }),
            _ => Request::Ask(Question::Online),
        }))
    }

    fn tell(&self, push: &Push, view: View, emit: &mut Emit<'_>) {
        match push {
            Push::Change(change, about) => tell_change(change, &about.by, view, emit),
            Push::Typing { about, on } => emit.event(
                if *on {
                    "userTyping"
                } else {
                    "userStoppedTyping"
                },
                json!({
                    "conversationId": conversation_uuid(about.conversation.id),
                    "userId": about.by.user.as_str(),
                    "userName": about.by.shown_name(),
                }),
            ),
            Push::Presence {
                card, online: true, ..
            } => emit.event(
                "userOnline",
                json!({ "userId": card.user.as_str(), "userName": card.shown_name() }),
            ),
            Push::Presence {
                card, last_seen, ..
            } => emit.event(
                "userOffline",
                json!({
                    "userId": card.user.as_str(),
                    "userName": card.shown_name(),
                    "lastSeen": maybe_time(*last_seen),
                }),
            ),
            Push::Online(cards) => emit.event("onlineUsers", ids(cards)),
            Push::Warned { reason, at } => emit.event(
                "warning",
                json!({ "reason": reason, "createdAt": time(*at) }),
            ),
            // Requests, matches, stored notifications and sending later are of other dialects.
            Push::Veiled(..)
            | Push::Joined { .. }
            | Push::Contact(_)
            | Push::SendFailed(_)
            | Push::Notified { .. } => {}
        }
    }

    fn answer(&self, _event: &str, reply: &Reply, emit: &mut Emit<'_>) -> Value {
        match reply {
            // Everyone in the conversation is told, the sender too; a retry tells nobody again.
            Reply::Sent {
                change,
                about,
                repeated,
            } => {
                if !repeated {
                    tell_change(change, &about.by, View::default(), emit);
                }
                let sent = match &change.body {
                    ChangeBody::Sent(sent) => new_message(sent, &about.by, emit.links()),
                    _ => Value::Null,
                };
                json!({ "success": true, "data": sent })
            }
            Reply::Online(cards) => {
                emit.event("onlineUsers", ids(cards));
                json!({ "success": true, "data": ids(cards) })
            }
            _ => json!({ "success": true }),
        }
    }
}

/// Up to where a conversation is read: up to a message, or all of it.
fn mark(fields: &Fields) -> Result<Mark, Failure> {
    if let Some(message) = fields.message(&["messageId"])? {
        return Ok(Mark::Message(message));
    }
    let conversation = fields.need_conversation(CONVERSATION)?;
    Ok(Mark::Seq(conversation, Seq(u64::MAX)))
}

fn ids(cards: &[std::sync::Arc<Card>]) -> Value {
    cards.iter().map(|card| card.user.as_str()).collect()
}

fn new_message(message: &Message, by: &Card, links: &Links) -> Value {
    json!({
        "id": message_uuid(message.id),
        "conversationId": conversation_uuid(message.conversation),
        "sender": profile(by),
        "content": message.content.text,
        "type": kind(message.content.kind),
        "attachments": camel(&message.attachments, links, uuid),
        "createdAt": time(message.sent_at),
    })
}

fn tell_change(change: &Change, by: &Card, view: View, emit: &mut Emit<'_>) {
    match &change.body {
        ChangeBody::Sent(message) if message.deleted_at.is_none() => {
            emit.event("newMessage", new_message(message, by, emit.links()));
        }
        ChangeBody::Edited(message) if message.deleted_at.is_none() => emit.event(
            "messageUpdated",
            json!({
                "id": message_uuid(message.id),
                "conversationId": conversation_uuid(message.conversation),
                "content": message.content.text,
                "updatedAt": time(change.at),
            }),
        ),
        ChangeBody::Deleted(message) => emit.event(
            "messageDeleted",
            json!({
                "messageId": message_uuid(message.id),
                "conversationId": conversation_uuid(message.conversation),
                "deletedAt": time(change.at),
            }),
        ),
        // For those who wrote, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own => {
            for message in messages {
                emit.another(
                    "messageRead",
                    json!({
                        "messageId": message_uuid(*message),
                        "conversationId": conversation_uuid(change.conversation),
                        "userId": by.user.as_str(),
                        "userName": by.shown_name(),
                        "readAt": time(change.at),
                    }),
                );
            }
        }
        _ => {}
    }
}
