//! What `direct` says over Socket.IO.
//!
//! Whoever looks into a conversation (`join_conversation`) is told `new_message` of it, whoever doesn't
//! `message_notification`. One that was resumed may think that it looks, and is told both. Sending is looking.

use parlour_actors::{
    codec::{Joined, View},
    command::{About, Command, Mark, Reply, Request, Target},
    error::Failure,
    push::Push,
};
use parlour_storage::{
    domain::change::{Change, ChangeBody},
    ids::Seq,
};
use serde_json::{Value, json};

use super::{CONVERSATION, message, send};
use crate::dialects::{
    Dialect,
    fields::Fields,
    shape::{conversation_number, is_for_two, message_number, time, user_number},
    socketio::{Asked, Emit, Events},
};

/// What Socket.IO offers.
#[derive(Debug)]
pub struct Socket;

impl Events for Socket {
    fn dialect(&self) -> Dialect {
        Dialect::Direct
    }

    fn incoming(&self) -> &'static [&'static str] {
        &[
            "join_conversation",
            "send_message",
            "typing",
            "stop_typing",
            "mark_as_read",
            "join_personal_room",
            "leave_conversation",
        ]
    }

    fn outgoing(&self) -> &'static [&'static str] {
        &[
            "new_message",
            "message_notification",
            "user_typing",
            "user_stopped_typing",
            "messages_read",
            "user_joined",
            "user_left",
            "message_updated",
            "message_deleted",
            "warning",
        ]
    }

    /// `send_message` is of `dating` too, with other names. `typing` looks the same in `gateway`.
    fn claims(&self, event: &str, payload: &Value) -> bool {
        let is_camel = |name: &String| name.contains(char::is_uppercase);
        let fields = payload.as_object();
        event == "send_message" && fields.is_some_and(|fields| fields.keys().any(is_camel))
    }

    fn decode(&self, event: &str, fields: &Fields) -> Result<Asked, Failure> {
        let conversation = || fields.need_conversation(CONVERSATION);
        let typing = |on| -> Result<Command, Failure> {
            let to = Target::Conversation(conversation()?);
            Ok(Command::Type { to, on })
        };
        let join = |on| -> Result<Command, Failure> {
            let conversation = conversation()?;
            Ok(Command::Join { conversation, on })
        };
        let command = match event {
            "join_conversation" => join(true)?,
            "leave_conversation" => join(false)?,
            "send_message" => send(fields, fields.key()?)?,
            "typing" => typing(true)?,
            "stop_typing" => typing(false)?,
            "mark_as_read" => Command::Read {
                up_to: mark(fields)?,
            },
            // Everyone is in their own from the start.
            _ => {
                let user = fields.user(&["userId"])?;
                return Ok(user.map_or(Asked::Nothing, Asked::NothingBy));
            }
        };
        Ok(Asked::Request(Request::Do(command)))
    }

    fn tell(&self, push: &Push, view: View, emit: &mut Emit<'_>) {
        if !is_for_two(push) {
            return;
        }
        match push {
            Push::Change(change, about) => tell_change(change, about, view, emit),
            Push::Typing { about, on } if view.joined != Joined::No => {
                let name = if *on {
                    "user_typing"
                } else {
                    "user_stopped_typing"
                };
                emit.event(name, somebody(about));
            }
            Push::Joined { about, on } => {
                let name = if *on { "user_joined" } else { "user_left" };
                emit.event(name, somebody(about));
            }
            Push::Typing { .. }
            | Push::Veiled(..)
            | Push::Presence { .. }
            | Push::Online(_)
            // Requests and matches are of other dialects.
            | Push::Contact(_)
            | Push::SendFailed(_)
            // Stored notifications are of other dialects, too.
            | Push::Notified { .. } => {}
            Push::Warned { reason, at } => emit.event(
                "warning",
                json!({ "reason": reason, "createdAt": time(*at) }),
            ),
        }
    }

    fn answer(&self, _event: &str, reply: &Reply, emit: &mut Emit<'_>) -> Value {
        let Reply::Sent {
            change,
            about,
            repeated,
        } = reply
        else {
            return json!({ "success": true });
        };
        let ChangeBody::Sent(sent) = &change.body else {
            return json!({ "success": true });
        };
        let sent = message(sent, about, (false, None), emit.links());
        // A retry tells nobody again.
        if !repeated {
            emit.event("new_message", sent.clone());
        }
        json!({ "success": true, "data": sent })
    }
}

/// Up to where a conversation is read: up to the newest of some messages, or all of it.
fn mark(fields: &Fields) -> Result<Mark, Failure> {
    let named = fields.messages(&["messageIds"])?.unwrap_or_default();
    let named = named.into_iter().chain(fields.message(&["messageId"])?);
    match named.max() {
        Some(newest) => Ok(Mark::Message(newest)),
        None => {
            let conversation = fields.need_conversation(CONVERSATION)?;
            Ok(Mark::Seq(conversation, Seq(u64::MAX)))
        }
    }
}

fn somebody(about: &About) -> Value {
    json!({
        "conversationId": conversation_number(about.conversation.id),
        "userId": user_number(&about.by.user),
        "userName": about.by.shown_name(),
    })
}

fn tell_change(change: &Change, about: &About, view: View, emit: &mut Emit<'_>) {
    let conversation = conversation_number(change.conversation);
    match &change.body {
        ChangeBody::Sent(sent) if sent.deleted_at.is_none() => {
            let sent = message(sent, about, (false, None), emit.links());
            // Nobody is notified of what they said themselves.
            if view.joined != Joined::Yes && !view.own {
                emit.event("message_notification", sent.clone());
            }
            if view.joined != Joined::No {
                emit.event("new_message", sent);
            }
        }
        ChangeBody::Edited(edited) if edited.deleted_at.is_none() => emit.event(
            "message_updated",
            json!({
                "id": message_number(edited.id),
                "conversationId": conversation,
                "content": edited.content.text,
                "updatedAt": time(change.at),
            }),
        ),
        ChangeBody::Deleted(deleted) => emit.event(
            "message_deleted",
            json!({
                "messageId": message_number(deleted.id),
                "conversationId": conversation,
                "deletedAt": time(change.at),
            }),
        ),
        // For who wrote, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own && !messages.is_empty() => emit.event(
            "messages_read",
            json!({
                "conversationId": conversation,
                "readerId": user_number(&change.by),
                "messageIds": messages.iter().copied().map(message_number).collect::<Vec<_>>(),
                "readAt": time(change.at),
            }),
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_of_this_dialect_by_the_spelling_of_its_fields() {
        let claims = |event, payload: Value| Socket.claims(event, &payload);
        assert!(claims(
            "send_message",
            json!({ "receiverId": 2, "content": "Hi" })
        ));
        assert!(!claims(
            "send_message",
            json!({ "receiver_id": 2, "content": "Hi" })
        ));
        assert!(!claims("send_message", json!({ "content": "Hi" })));
        assert!(!claims("typing", json!({ "conversationId": 1 })));
    }

    #[test]
    fn a_conversation_is_read_up_to_the_newest_message_named_or_all_of_it() {
        let mark = |payload| mark(&Fields::of(payload).unwrap());
        let up_to = |number: &str| Ok(Mark::Message(number.parse().unwrap()));
        assert_eq!(mark(json!({ "messageIds": [7, 9, 8] })), up_to("9"));
        assert_eq!(
            mark(json!({ "conversationId": 1, "messageId": 3 })),
            up_to("3")
        );
        let all = Ok(Mark::Seq("1".parse().unwrap(), Seq(u64::MAX)));
        assert_eq!(mark(json!({ "conversationId": 1, "messageIds": [] })), all);
        assert_eq!(mark(json!({})).unwrap_err().field, Some("conversationId"));
    }
}
