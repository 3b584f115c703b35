//! An event as JSON: `{"id","type","at","data"}`, the same for the feed, webhooks and the command line.
//!
//! Names of fields are those of CONTRACT S2-29 to S2-32. Ids and positions are texts, times RFC 3339 with milliseconds in
//! UTC; what has no value is left out.

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{ConversationKind, MemberRole},
        event::{Asked, Event, Happening},
        message::Message,
        safety::Sanction,
    },
    ids::{Epoch, Timestamp, UserId},
};
use serde_json::{Map, Value, json};

use super::Place;
use crate::dialects::{
    native::later::label,
    shape::{hidden_because, kind, match_kind},
};

/// An event as JSON.
pub fn event_json(epoch: Epoch, event: &Event) -> Value {
    let id = event.id;
    json!({
        "id": Place { epoch, id }.to_string(),
        "type": event.what.topic(),
        "at": time(event.at),
        "data": data(event),
    })
}

/// Fields in the making: those without a value are left out.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn text(self, name: &str, value: impl ToString) -> Self {
        self.with(name, value.to_string())
    }

    fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    fn user(self, name: &str, user: &UserId) -> Self {
        self.with(name, user.as_str())
    }

    /// Who caused it.
    fn by(self, name: &str, event: &Event) -> Self {
        match &event.by {
            Some(by) => self.user(name, by),
            None => self,
        }
    }

    fn pair(self, [a, b]: &[UserId; 2]) -> Self {
        self.with("user_ids", vec![a.as_str(), b.as_str()])
    }
}

pub(super) fn time(at: Timestamp) -> String {
    // Out of jiff's range (year 9999) is a clock gone wrong; the last moment it knows says so.
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn data(event: &Event) -> Value {
    let fields = Fields::default();
    let Fields(fields) = match &event.what {
        Happening::MessageSent(message) => sent(message),
        Happening::MessageEdited {
            conversation,
            message,
        }
        | Happening::MessageDeleted {
            conversation,
            message,
        } => fields
            .text("conversation_id", conversation)
            .text("message_id", message)
            .by("user_id", event),
        Happening::MessagesPurged {
            conversation,
            messages,
        } => fields
            .text("conversation_id", conversation)
            .with("message_ids", texts(messages)),
        Happening::MessageRead {
            conversation,
            seq,
            messages,
        } => fields
            .text("conversation_id", conversation)
            .maybe("message_id", messages.last())
            .with("message_ids", texts(messages))
            .with("seq", seq.0)
            .by("reader_id", event)
            .with("read_at", time(event.at)),
        Happening::MessageReacted {
            conversation,
            message,
            emoji,
            on,
        } => fields
            .text("conversation_id", conversation)
            .text("message_id", message)
            .by("user_id", event)
            .with("emoji", emoji.as_str())
            .with("on", *on),
        Happening::ConversationChanged(change) => changed(change),
        Happening::UserBlocked { user, conversation } => fields
            .by("user_id", event)
            .user("blocked_id", user)
            .maybe("conversation_id", conversation.as_ref()),
        Happening::UserUnblocked { user } => fields.by("user_id", event).user("blocked_id", user),
        Happening::UserReported {
            report,
            user,
            conversation,
            message,
            category,
            reason,
        } => fields
            .text("report_id", report)
            .by("user_id", event)
            .user("reported_id", user)
            .maybe("conversation_id", conversation.as_ref())
            .maybe("message_id", message.as_ref())
            .with("report_type", category.as_str())
            .maybe("reason", reason.as_ref()),
        Happening::Requested(of)
        | Happening::RequestDeclined(of)
        | Happening::RequestWithdrawn(of) => asked(of),
        Happening::RequestAccepted {
            asked: of,
            message,
            conversation,
        } => asked(of)
            .maybe("message_id", message.as_ref())
            .maybe("conversation_id", conversation.as_ref()),
        Happening::MatchCreated(matched) => fields
            .text("match_id", matched.id)
            .pair(&matched.pair)
            .with("kind", match_kind(matched.kind))
            .text("conversation_id", matched.conversation),
        Happening::MatchEnded {
            matched,
            pair,
            conversation,
        } => fields
            .text("match_id", matched)
            .pair(pair)
            .by("user_id", event)
            .text("conversation_id", conversation),
        Happening::DiscoveryHidden {
            from,
            user,
            because,
        } => fields
            .user("user_id", from)
            .user("hidden_id", user)
            .with("because", hidden_because(*because)),
        Happening::DiscoveryShown { to, user } => fields.user("user_id", to).user("shown_id", user),
        Happening::Sanctioned { user, sanction } => fields
            .user("user_id", user)
            .by("moderator_id", event)
            .maybe("until", until(*sanction).map(time)),
        Happening::SendFailed {
            user,
            scheduled,
            code,
        } => fields
            .user("user_id", user)
            .text("scheduled_id", scheduled)
            .with("code", label(*code)),
        Happening::UserOnline { user } | Happening::UserOffline { user } => {
            fields.user("user_id", user)
        }
    };
    Value::Object(fields)
}

fn texts(ids: &[impl ToString]) -> Vec<Value> {
    ids.iter().map(|id| Value::String(id.to_string())).collect()
}

fn sent(message: &Message) -> Fields {
    let content = &message.content;
    let metadata = content.metadata.as_deref();
    let fields = Fields::default()
        .text("conversation_id", message.conversation)
        .text("message_id", message.id)
        .with("seq", message.seq.0)
        .user("sender_id", &message.author)
        .with("kind", kind(content.kind))
        .with("content", content.text.as_str())
        .maybe("reply_to", content.reply_to)
        .with("sent_at", time(message.sent_at))
        .maybe("edited_at", message.edited_at.map(time))
        .maybe("deleted_at", message.deleted_at.map(time));
    // It was checked to be JSON when it came.
    match metadata.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        Some(metadata) => fields.with("metadata", metadata),
        None => fields,
    }
}

fn asked(Asked { request, from, to }: &Asked) -> Fields {
    Fields::default()
        .text("request_id", request)
        .user("from_id", from)
        .user("to_id", to)
}

fn until(sanction: Sanction) -> Option<Timestamp> {
    match sanction {
        Sanction::Mute(until) | Sanction::Suspend(until) => until,
        Sanction::Warn
        | Sanction::Ban
        | Sanction::ShadowBan
        | Sanction::Unmute
        | Sanction::Reinstate
        | Sanction::EndShadowBan => None,
    }
}

fn changed(change: &Change) -> Fields {
    let users = |users: &[UserId]| -> Vec<Value> {
        let users = users.iter();
        users.map(|user| user.as_str().into()).collect()
    };
    let fields = Fields::default()
        .text("conversation_id", change.conversation)
        .user("by_id", &change.by);
    match &change.body {
        ChangeBody::Created {
            conversation,
            members,
        } => {
            let (kind, name) = match &conversation.kind {
                ConversationKind::Direct { .. } => ("direct", None),
                ConversationKind::Group { name } => ("group", name.as_ref()),
            };
            fields
                .with("kind", kind)
                .maybe("name", name)
                .with("member_ids", users(members))
        }
        ChangeBody::Added { users: added } => fields.with("member_ids", users(added)),
        ChangeBody::Removed { user } => fields.user("member_id", user),
        ChangeBody::RoleSet { user, role } => {
            fields.user("member_id", user).with("role", of_role(*role))
        }
        ChangeBody::Renamed { name } => fields.with("name", name.clone()),
        // The topic says it all; the others have events of their own.
        ChangeBody::Archived { .. }
        | ChangeBody::Sent(_)
        | ChangeBody::Edited(_)
        | ChangeBody::Deleted(_)
        | ChangeBody::Reacted { .. }
        | ChangeBody::Read { .. }
        | ChangeBody::Delivered { .. } => fields,
    }
}

fn of_role(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "owner",
        MemberRole::Admin => "admin",
        MemberRole::Member => "member",
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::{
            event::EventId,
            message::{Content, MessageKind},
        },
        ids::{ConversationId, MessageId, Position, ReportId, Seq},
    };

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    fn event(what: Happening) -> Value {
        let event = Event {
            id: EventId {
                position: position(77),
                n: 2,
            },
            by: Some(user("ann")),
            at: Timestamp(1_800_000_000_123),
            what,
        };
        event_json(Epoch(7), &event)
    }

    #[test]
    fn a_sent_message_has_the_fields_of_the_contract() {
        let message = Message {
            id: MessageId::created_at(position(77)),
            conversation: ConversationId::created_at(position(5)),
            seq: Seq(3),
            author: user("ann"),
            content: Content {
                kind: MessageKind::Text,
                text: "hello".to_owned(),
                reply_to: None,
                metadata: Some(r#"{"a":[1]}"#.to_owned()),
            },
            key: None,
            sent_at: Timestamp(1_800_000_000_123),
            edited_at: None,
            deleted_at: None,
            reactions: Vec::new(),
            attachments: Vec::new(),
        };
        let expected = json!({
            "id": "00000007-77-2",
            "type": "message.sent",
            "at": "2027-01-15T08:00:00.123Z",
            "data": {
                "conversation_id": "5",
                "message_id": "77",
                "seq": 3,
                "sender_id": "ann",
                "kind": "TEXT",
                "content": "hello",
                "metadata": {"a": [1]},
                "sent_at": "2027-01-15T08:00:00.123Z",
            },
        });
        assert_eq!(event(Happening::MessageSent(message)), expected);
    }

    #[test]
    fn reading_blocking_and_reporting_have_those_of_the_contract() {
        let conversation = ConversationId::created_at(position(5));
        let [first, last] = [70, 71].map(|n| MessageId::created_at(position(n)));
        let read = event(Happening::MessageRead {
            conversation,
            seq: Seq(9),
            messages: vec![first, last],
        });
        let expected = json!({
            "conversation_id": "5",
            "message_id": "71",
            "message_ids": ["70", "71"],
            "seq": 9,
            "reader_id": "ann",
            "read_at": "2027-01-15T08:00:00.123Z",
        });
        assert_eq!(read["data"], expected);
        let blocked = event(Happening::UserBlocked {
            user: user("bob"),
            conversation: Some(conversation),
        });
        let expected = json!({"user_id": "ann", "blocked_id": "bob", "conversation_id": "5"});
        assert_eq!(blocked["data"], expected);
        let reported = event(Happening::UserReported {
            report: ReportId::created_at(position(80)),
            user: user("bob"),
            conversation: Some(conversation),
            message: None,
            category: "spam".to_owned(),
            reason: Some("because".to_owned()),
        });
        let expected = json!({
            "report_id": "80",
            "user_id": "ann",
            "reported_id": "bob",
            "conversation_id": "5",
            "report_type": "spam",
            "reason": "because",
        });
        assert_eq!(reported["data"], expected);
    }
}
