//! What goes over the WebSocket: `{"type":"...","data":{...}}` both ways (S1-12).

use std::sync::Arc;

use parlour_actors::{
    codec::{ClientFrame, Codec, Minds, RequestId, Resume, View},
    command::{About, Command, Mark, Reply, Request},
    error::{ErrorCode, Failure},
    outbox::Frame,
    push::{Hello, Push},
};
use parlour_storage::{
    domain::change::{Change, ChangeBody},
    ids::{Epoch, Position, UserId},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    pair,
    shapes::{content, message, notified},
};
use crate::dialects::{
    Dialect,
    fields::Fields,
    links::Links,
    native::input::{bad_json, resume_token},
    refusal::refusal,
    shape::{is_for_two, maybe_time, message_number, time, user_number},
};

/// The frames that a client may send.
pub const INCOMING: &[&str] = &["auth", "typing", "read_receipt", "message", "ping"];

/// What a frame is called in answers if it is none of them.
const NO_FRAME: &str = "unknown";

/// The codec of one connection.
#[derive(Debug)]
pub struct Marketplace {
    /// Whose the address says it is; the token has to say so too. Conversation ids mean the other one of a pair.
    me: UserId,
    /// Addresses of files: the same for all connections, as frames are.
    links: Arc<Links>,
}

impl Marketplace {
    /// The codec of somebody's connection.
    pub fn new(me: UserId, links: Arc<Links>) -> Self {
        Self { me, links }
    }

    fn frame(
        &self,
        name: &'static str,
        data: &Fields,
        id: RequestId,
    ) -> Result<ClientFrame, Failure> {
        let command = match name {
            "ping" => return Ok(ClientFrame::Ping(id)),
            "auth" => {
                let resume = data.text(&["resume"])?;
                return Ok(ClientFrame::Auth {
                    id,
                    token: data.need_text(&["token"])?,
                    resume: resume.map(|token| resume_token(&token)).transpose()?,
                });
            }
            "typing" => Command::Type {
                to: pair::place(data, "receiver_id", &self.me)?,
                on: data.flag(&["is_typing"])?.unwrap_or(true),
            },
            "read_receipt" => Command::Read {
                up_to: Mark::Message(data.need_message(&["message_id"])?),
            },
            _ => Command::Send {
                to: pair::place(data, "receiver_id", &self.me)?,
                content: content(data)?,
                attachments: data.attachments()?,
                key: data.key()?,
            },
        };
        Ok(ClientFrame::Request {
            id,
            request: Box::new(Request::Do(command)),
        })
    }
}

/// A frame of the client's.
#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

fn named(name: &'static str) -> RequestId {
    RequestId::Event { name, ack: None }
}

fn no_frame() -> Failure {
    Failure {
        field: Some("type"),
        ..Failure::new(
            ErrorCode::UnknownCommand,
            format!("there is no such frame; type takes {}", INCOMING.join(", ")),
        )
    }
}

impl Codec for Marketplace {
    fn key(&self) -> u16 {
        Dialect::Marketplace as u16
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
        let unknown = |failure| (named(NO_FRAME), failure);
        let Incoming { kind, data } =
            serde_json::from_str(text).map_err(|error| unknown(bad_json(&error)))?;
        let name = INCOMING.iter().copied().find(|name| *name == kind);
        let name = name.ok_or_else(|| unknown(no_frame()))?;
        Fields::of(data)
            .and_then(|data| self.frame(name, &data, named(name)))
            .map_err(|failure| (named(name), failure))
    }

    /// Says who was let in, and where to go on from after a drop (S1-19).
    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        let data = json!({
            "user_id": user_number(hello.user),
            "recovered": hello.recovered == Some(true),
        });
        let resume = Resume {
            epoch: hello.epoch,
            position: hello.position,
        };
        Some(frame("connected", data, Some(resume)))
    }

    /// Groups aren't told: this dialect doesn't know them (CONTRACT C-39).
    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame> {
        if !is_for_two(push) {
            return None;
        }
        let resume = push.position().map(|position| Resume { epoch, position });
        let told = match push {
            Push::Change(change, about) => change_told(change, about, view, &self.links)?,
            Push::Typing { about, on } => {
                let data = json!({
                    "conversation_id": pair::id(&about.conversation),
                    "user_id": user_number(&about.by.user),
                    "is_typing": on,
                });
                vec![("typing", data)]
            }
            Push::Presence {
                card,
                online,
                last_seen,
            } => {
                let data = json!({
                    "user_id": user_number(&card.user),
                    "is_online": online,
                    "last_seen": maybe_time(*last_seen),
                });
                vec![("online_status", data)]
            }
            Push::Online(cards) => cards.iter().map(|card| is_there(&card.user)).collect(),
            Push::Warned { reason, at } => {
                let data = json!({ "reason": reason, "created_at": time(*at) });
                vec![("warning", data)]
            }
            Push::Notified {
                notification,
                unread,
            } => vec![("notification", notified(notification, *unread))],
            // Requests and matches are of other dialects.
            Push::Veiled(..) | Push::Joined { .. } | Push::Contact(_) | Push::SendFailed(_) => {
                return None;
            }
        };
        let last = told.len().wrapping_sub(1);
        let frames = told.into_iter().enumerate();
        // A client that missed any of them gets all of them again.
        let frames =
            frames.map(|(n, (kind, data))| frame(kind, data, resume.filter(|_| n == last)));
        Frame::many(frames.collect())
    }

    /// Typing and receipts are answered only if they were refused.
    fn reply(
        &self,
        epoch: Epoch,
        request: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        let RequestId::Event { name, .. } = request else {
            return None;
        };
        let resume = position.map(|position| Resume { epoch, position });
        match (*name, result) {
            (name, Err(failure)) => {
                let mut data = refusal(failure);
                data["event"] = name.into();
                Some(frame("error", data, None))
            }
            ("ping", _) => Some(frame("pong", json!({}), None)),
            ("auth", _) => {
                let data = json!({ "user_id": user_number(&self.me) });
                Some(frame("authenticated", data, None))
            }
            (_, Ok(Reply::Sent { change, about, .. })) => {
                let ChangeBody::Sent(sent) = &change.body else {
                    return None;
                };
                let mut data = message(sent, &about.conversation, false, &self.links);
                data["client_id"] = sent.key.as_ref().map(|key| key.as_str()).into();
                Some(frame("message_sent", data, resume))
            }
            _ => None,
        }
    }
}

fn is_there(user: &UserId) -> (&'static str, Value) {
    let data = json!({ "user_id": user_number(user), "is_online": true, "last_seen": null });
    ("online_status", data)
}

fn change_told(
    change: &Change,
    about: &About,
    view: View,
    links: &Links,
) -> Option<Vec<(&'static str, Value)>> {
    let at = &about.conversation;
    let conversation = pair::id(at);
    let one = match &change.body {
        ChangeBody::Sent(sent) if sent.deleted_at.is_none() => {
            ("new_message", message(sent, at, false, links))
        }
        ChangeBody::Edited(edited) if edited.deleted_at.is_none() => {
            let data = json!({
                "message_id": message_number(edited.id),
                "conversation_id": conversation,
                "content": edited.content.text,
                "updated_at": time(change.at),
            });
            ("message_updated", data)
        }
        ChangeBody::Deleted(deleted) => {
            let data = json!({
                "message_id": message_number(deleted.id),
                "conversation_id": conversation,
                "deleted_at": time(change.at),
            });
            ("message_deleted", data)
        }
        // For who wrote them, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own => {
            let receipt = |id| {
                let data = json!({
                    "message_id": message_number(id),
                    "conversation_id": conversation,
                    "reader_id": user_number(&change.by),
                    "read_at": time(change.at),
                });
                ("read_receipt", data)
            };
            return Some(messages.iter().copied().map(receipt).collect());
        }
        _ => return None,
    };
    Some(vec![one])
}

/// A frame; with `resume`, which says where to go on from behind it, if it is part of the order.
fn frame(kind: &str, data: Value, resume: Option<Resume>) -> Frame {
    let mut frame = json!({ "type": kind, "data": data });
    if let Some(resume) = resume {
        frame["resume"] = resume.to_string().into();
    }
    Frame::Text(frame.to_string().into())
}
