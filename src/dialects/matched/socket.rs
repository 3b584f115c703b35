//! What `matched` says over its WebSocket: one JSON object a message, told apart by `type`.
//!
//! The seed has no answers. Whoever sends a message gets `{"type":"sent"}` with the message's id and time; marking as read
//! and typing are not answered; what is refused is, with `{"type":"error"}`. Answers carry the number that the request had
//! under `id`, if it had one.
//!
//! A client that asks for it is greeted, and told with what is part of the order where to go on from behind it.

use std::sync::Arc;

use bytestring::ByteString;
use parlour_actors::{
    codec::{ClientFrame, Codec, Minds, RequestId, Resume, View},
    command::{Command, Mark, Reply, Request, ShownMatch, Target},
    error::{ErrorCode, Failure},
    outbox::Frame,
    push::{ContactNews, Hello, Push},
};
use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        message::Message,
    },
    ids::{Epoch, Position},
};
use serde_json::{Value, json};

use super::{CONVERSATION, KIND, content_type, matched};
use crate::dialects::{
    Dialect,
    attachments::{self, number},
    fields::Fields,
    links::Links,
    native::input::bad_json,
    refusal::refusal,
    shape::{conversation_number, is_for_two, maybe_time, message_number, time, user_number},
};

/// What a client may send.
pub const INCOMING: &[&str] = &["message", "read", "typing", "ping"];

/// What a request is called in answers if its type isn't one of them.
const NO_TYPE: &str = "unknown";

/// The codec.
#[derive(Debug)]
pub struct Socket {
    /// The client wants to know where to go on from.
    pub resumes: bool,
    /// Addresses of files: the same for all connections, as frames are.
    pub links: Arc<Links>,
}

impl Socket {
    fn resume(&self, epoch: Epoch, position: Option<Position>) -> Option<Resume> {
        let position = position.filter(|_| self.resumes)?;
        Some(Resume { epoch, position })
    }
}

impl Codec for Socket {
    fn key(&self) -> u16 {
        Dialect::Matched as u16 | u16::from(self.resumes) << 8
    }

    fn paces(&self) -> bool {
        true
    }

    fn minds(&self) -> Minds {
        Minds {
            own: true,
            joined: false,
        }
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        let refused = |name, ack| move |failure| (RequestId::Event { name, ack }, failure);
        let value: Value =
            serde_json::from_str(text).map_err(|error| refused(NO_TYPE, None)(bad_json(&error)))?;
        let fields = Fields::of(value).map_err(refused(NO_TYPE, None))?;
        let ack = fields.find(&["id"]).and_then(|(_, id)| id.as_u64());
        let kind = fields.need_text(&["type"]).map_err(refused(NO_TYPE, ack))?;
        let Some(&name) = INCOMING.iter().find(|known| **known == kind) else {
            let message = format!("type takes {}", INCOMING.join(", "));
            return Err(refused(NO_TYPE, ack)(Failure::new(
                ErrorCode::UnknownCommand,
                message,
            )));
        };
        let id = RequestId::Event { name, ack };
        if name == "ping" {
            return Ok(ClientFrame::Ping(id));
        }
        let command = command(name, &fields).map_err(refused(name, ack))?;
        Ok(ClientFrame::Request {
            id,
            request: Box::new(Request::Do(command)),
        })
    }

    /// The seed has no greeting: who doesn't ask for one might take it for a message.
    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        let resume = self.resume(hello.epoch, Some(hello.position))?;
        let greeting = json!({
            "type": "connected",
            "user_id": user_number(hello.user),
            "recovered": hello.recovered == Some(true),
        });
        Some(frame(greeting, Some(resume)))
    }

    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame> {
        if !is_for_two(push) {
            return None;
        }
        let told = match push {
            Push::Change(change, _) => tell_change(change, view, &self.links),
            Push::Typing { about, on } => vec![json!({
                "type": "typing",
                "conversation_id": conversation_number(about.conversation.id),
                "user_id": user_number(&about.by.user),
                "is_typing": on,
            })],
            Push::Presence {
                card, online: true, ..
            } => vec![json!({ "type": "online", "user_id": user_number(&card.user) })],
            Push::Presence {
                card, last_seen, ..
            } => vec![json!({
                "type": "offline",
                "user_id": user_number(&card.user),
                "last_seen": maybe_time(*last_seen),
            })],
            // Who was there before is told like who comes.
            Push::Online(cards) => {
                let online = |user| json!({ "type": "online", "user_id": user_number(user) });
                cards.iter().map(|card| online(&card.user)).collect()
            }
            Push::Contact(ContactNews::Matched(one)) => vec![told_match("match", one)],
            Push::Contact(ContactNews::Unmatched(one)) => vec![told_match("unmatch", one)],
            Push::Warned { reason, at } => vec![json!({
                "type": "warning",
                "reason": reason,
                "warned_at": time(*at),
            })],
            // Asking before writing, stored notifications and sending later are of other dialects.
            Push::Contact(_)
            | Push::Veiled(..)
            | Push::Joined { .. }
            | Push::SendFailed(_)
            | Push::Notified { .. } => Vec::new(),
        };
        let resume = self.resume(epoch, push.position());
        let last = told.len().wrapping_sub(1);
        let frames = told.into_iter().enumerate();
        // A client that missed any of them gets all of them again.
        let frames = frames.map(|(n, told)| frame(told, resume.filter(|_| n == last)));
        Frame::many(frames.collect())
    }

    fn reply(
        &self,
        epoch: Epoch,
        request: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        let RequestId::Event { name, ack } = request else {
            return None;
        };
        let mut answer = match (result, *name) {
            (Ok(Reply::Sent { change, .. }), _) => match &change.body {
                ChangeBody::Sent(message) => sent(message),
                _ => return None,
            },
            (Ok(_), "ping") => json!({ "type": "pong" }),
            (Ok(_), _) => return None,
            (Err(failure), name) => {
                let mut answer = json!({ "type": "error", "event": name });
                extend(&mut answer, refusal(failure));
                answer
            }
        };
        if let Some(ack) = ack {
            answer["id"] = (*ack).into();
        }
        Some(frame(answer, self.resume(epoch, position)))
    }
}

fn command(name: &str, fields: &Fields) -> Result<Command, Failure> {
    let conversation = || {
        fields
            .need_conversation(CONVERSATION)
            .map(Target::Conversation)
    };
    Ok(match name {
        "message" => Command::Send {
            to: conversation()?,
            content: fields.content(KIND)?,
            attachments: fields.attachments()?,
            key: fields.key()?,
        },
        // The time that a client says is not looked at: the node's counts.
        "read" => Command::Read {
            up_to: Mark::Message(fields.need_message(&["message_id"])?),
        },
        _ => Command::Type {
            to: conversation()?,
            on: fields.flag(&["is_typing"])?.unwrap_or(true),
        },
    })
}

fn frame(mut value: Value, resume: Option<Resume>) -> Frame {
    if let Some(resume) = resume {
        value["resume"] = resume.to_string().into();
    }
    Frame::Text(ByteString::from(value.to_string()))
}

fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn sent(message: &Message) -> Value {
    let mut sent = json!({
        "type": "sent",
        "message_id": message_number(message.id),
        "conversation_id": conversation_number(message.conversation),
        "sent_at": time(message.sent_at),
    });
    if let Some(key) = &message.key {
        sent["client_id"] = key.as_str().into();
    }
    sent
}

fn told_match(kind: &str, one: &ShownMatch) -> Value {
    let mut told = json!({ "type": kind });
    extend(&mut told, matched(one));
    told
}

fn tell_change(change: &Change, view: View, links: &Links) -> Vec<Value> {
    let conversation = conversation_number(change.conversation);
    match &change.body {
        ChangeBody::Sent(message) if message.deleted_at.is_none() => {
            let mut told = json!({
                "type": "message",
                "message_id": message_number(message.id),
                "conversation_id": conversation,
                "sender_id": user_number(&message.author),
                "content": message.content.text,
                "content_type": content_type(message.content.kind),
                "sent_at": time(message.sent_at),
            });
            attachments::add(&mut told, &message.attachments, links, number);
            vec![told]
        }
        ChangeBody::Edited(message) if message.deleted_at.is_none() => vec![json!({
            "type": "message_updated",
            "message_id": message_number(message.id),
            "conversation_id": conversation,
            "content": message.content.text,
            "updated_at": time(change.at),
        })],
        ChangeBody::Deleted(message) => vec![json!({
            "type": "message_deleted",
            "message_id": message_number(message.id),
            "conversation_id": conversation,
            "deleted_at": time(change.at),
        })],
        // For who wrote, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own => {
            let read = messages.iter().map(|message| {
                json!({
                    "type": "read",
                    "message_id": message_number(*message),
                    "conversation_id": conversation,
                    "user_id": user_number(&change.by),
                    "read_at": time(change.at),
                })
            });
            read.collect()
        }
        _ => Vec::new(),
    }
}
