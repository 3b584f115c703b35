//! The objects of the native protocol, as JSON. The same over WebSocket and REST.
//!
//! Ids and positions are decimal strings, places (`seq`) numbers, times RFC 3339 with milliseconds in UTC.
//! Fields that have no value are left out, unless a client is likely to look for them.

use parlour_actors::{
    codec::Resume,
    command::{Presence, Receipt},
};
use parlour_storage::{
    domain::{
        conversation::{Conversation, ConversationKind, Cursor, Member, MemberRole, Summary},
        message::{Message, Revision},
        user::{Block, NodeRole, Plan, User},
    },
    ids::{ConversationId, Epoch, MessageId, Position, Timestamp, UserId},
};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    attachment::{WireAttached, attached},
    notice::{WireMute, muted},
};
use crate::dialects::shape::kind;

/// Something that is written as text: an id, a position, a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Out of jiff's range (year 9999) is a clock gone wrong; the last moment it knows says so.
        let moment = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or(jiff::Timestamp::MAX);
        serializer.collect_str(&moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

pub(super) fn member_role(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "owner",
        MemberRole::Admin => "admin",
        MemberRole::Member => "member",
    }
}

#[derive(Serialize)]
pub(super) struct WireMessage<'a> {
    id: Text<MessageId>,
    conversation: Text<ConversationId>,
    seq: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    veiled: bool,
    #[serde(flatten)]
    seen: Option<SeenMessage<'a>>,
}

#[derive(Serialize)]
struct SeenMessage<'a> {
    author: &'a str,
    kind: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Text<MessageId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<WireAttached<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    sent_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Time>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reactions<'a>>,
}

#[derive(Serialize)]
struct Reactions<'a> {
    emoji: &'a str,
    users: Vec<&'a str>,
}

pub(super) fn message(message: &Message, veiled: bool) -> WireMessage<'_> {
    let mut reactions: Vec<Reactions<'_>> = Vec::new();
    for reaction in &message.reactions {
        match reactions.last_mut() {
            Some(last) if last.emoji == reaction.emoji => last.users.push(reaction.user.as_str()),
            _ => reactions.push(Reactions {
                emoji: &reaction.emoji,
                users: vec![reaction.user.as_str()],
            }),
        }
    }
    let seen = SeenMessage {
        author: message.author.as_str(),
        kind: kind(message.content.kind),
        text: &message.content.text,
        reply_to: message.content.reply_to.map(Text),
        // It was checked to be JSON when it came.
        metadata: message
            .content
            .metadata
            .as_deref()
            .and_then(|m| serde_json::from_str(m).ok()),
        attachments: message.attachments.iter().map(attached).collect(),
        key: message.key.as_ref().map(|key| key.as_str()),
        sent_at: Time(message.sent_at),
        edited_at: message.edited_at.map(Time),
        deleted_at: message.deleted_at.map(Time),
        reactions,
    };
    WireMessage {
        id: Text(message.id),
        conversation: Text(message.conversation),
        seq: message.seq.0,
        veiled,
        seen: (!veiled).then_some(seen),
    }
}

#[derive(Serialize)]
pub(super) struct WireConversation<'a> {
    id: Text<ConversationId>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<[&'a str; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    n_members: u32,
    created_by: &'a str,
    created_at: Time,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
}

pub(super) fn conversation(conversation: &Conversation) -> WireConversation<'_> {
    let (kind, users, name) = match &conversation.kind {
        ConversationKind::Direct { pair: [a, b] } => {
            ("direct", Some([a.as_str(), b.as_str()]), None)
        }
        ConversationKind::Group { name } => ("group", None, name.as_deref()),
    };
    WireConversation {
        id: Text(conversation.id),
        kind,
        users,
        name,
        n_members: conversation.n_members,
        created_by: conversation.created_by.as_str(),
        created_at: Time(conversation.created_at),
        archived: conversation.archived,
    }
}

#[derive(Serialize)]
pub(super) struct WireMember<'a> {
    user: &'a str,
    role: &'static str,
    joined_at: Time,
    #[serde(flatten)]
    cursor: WireCursor,
}

#[derive(Serialize)]
pub(super) struct WireCursor {
    read: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Time>,
    delivered: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Time>,
}

fn cursor(cursor: &Cursor) -> WireCursor {
    WireCursor {
        read: cursor.read.0,
        read_at: cursor.read_at.map(Time),
        delivered: cursor.delivered.0,
        delivered_at: cursor.delivered_at.map(Time),
    }
}

pub(super) fn member(member: &Member) -> WireMember<'_> {
    WireMember {
        user: member.user.as_str(),
        role: member_role(member.role),
        joined_at: Time(member.joined_at),
        cursor: cursor(&member.cursor),
    }
}

#[derive(Serialize)]
pub(super) struct WireSummary<'a> {
    #[serde(flatten)]
    conversation: WireConversation<'a>,
    role: &'static str,
    #[serde(flatten)]
    cursor: WireCursor,
    head: u64,
    unread: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<WireMute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<WireMessage<'a>>,
}

pub(super) fn summary(summary: &Summary) -> WireSummary<'_> {
    WireSummary {
        conversation: conversation(&summary.conversation),
        role: member_role(summary.member.role),
        cursor: cursor(&summary.member.cursor),
        head: summary.head.0,
        unread: summary.unread,
        muted: summary.muted_until.map(muted),
        last_message: summary.last_message.as_ref().map(|m| message(m, false)),
    }
}

#[derive(Serialize)]
pub(super) struct WireUser<'a> {
    id: &'a str,
    name: Option<&'a str>,
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'static str>,
}

/// Role and plan are the user's own business.
pub(super) fn user(user: &User, own: bool) -> WireUser<'_> {
    let role = match user.role {
        NodeRole::User => "user",
        NodeRole::Moderator => "moderator",
        NodeRole::Admin => "admin",
    };
    let plan = match user.plan {
        Plan::Free => "free",
        Plan::Premium => "premium",
    };
    WireUser {
        id: user.id.as_str(),
        name: user.name.as_deref(),
        picture: user.picture.as_deref(),
        role: own.then_some(role),
        plan: own.then_some(plan),
    }
}

#[derive(Serialize)]
pub(super) struct WireRevision<'a> {
    text: &'a str,
    written_at: Time,
}

#[derive(Serialize)]
pub(super) struct WireReceipt<'a> {
    user: &'a str,
    delivered: bool,
    read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Time>,
}

#[derive(Serialize)]
pub(super) struct WireBlock<'a> {
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    at: Time,
}

#[derive(Serialize)]
pub(super) struct WirePresence<'a> {
    user: &'a str,
    online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Time>,
}

#[derive(Serialize)]
pub(super) struct WireUnread {
    pub(super) conversation: Text<ConversationId>,
    pub(super) unread: u64,
}

pub(super) fn texts(users: &[UserId]) -> Vec<&str> {
    users.iter().map(UserId::as_str).collect()
}

pub(super) fn revision(revision: &Revision) -> WireRevision<'_> {
    WireRevision {
        text: &revision.text,
        written_at: Time(revision.written_at),
    }
}

pub(super) fn receipt(receipt: &Receipt) -> WireReceipt<'_> {
    WireReceipt {
        user: receipt.user.as_str(),
        delivered: receipt.delivered,
        read: receipt.read,
        read_at: receipt.read_at.map(Time),
    }
}

pub(super) fn block(block: &Block) -> WireBlock<'_> {
    WireBlock {
        user: block.blocked.as_str(),
        reason: block.reason.as_deref(),
        at: Time(block.at),
    }
}

pub(super) fn wire_presence(presence: &Presence) -> WirePresence<'_> {
    WirePresence {
        user: presence.user.as_str(),
        online: presence.online,
        last_seen: presence.last_seen.map(Time),
    }
}

/// Where a client may go on.
pub(super) fn resume(epoch: Epoch, position: Position) -> Text<Resume> {
    Text(Resume { epoch, position })
}
