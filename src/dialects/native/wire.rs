//! The objects of the native protocol, as JSON. The same over WebSocket and REST.
//!
//! Ids and positions are decimal strings, places (`seq`) numbers, times RFC 3339 with milliseconds in UTC.
//! Fields that have no value are left out, unless a client is likely to look for them.

use parlour_actors::{
    codec::Resume,
    command::{Presence, Receipt, Reply},
    error::Failure,
    push::Push,
};
use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{Conversation, ConversationKind, Cursor, Member, MemberRole, Summary},
        message::{Message, MessageKind, Revision},
        user::{Block, NodeRole, Plan, User},
    },
    ids::{ConversationId, Epoch, MessageId, Position, Timestamp, UserId},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::types::EventType;

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
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Out of jiff's range (year 9999) is a clock gone wrong; the last moment it knows says so.
        let moment = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or(jiff::Timestamp::MAX);
        serializer.collect_str(&moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "TEXT",
        MessageKind::File => "FILE",
        MessageKind::Image => "IMAGE",
        MessageKind::Video => "VIDEO",
        MessageKind::Audio => "AUDIO",
        MessageKind::System => "SYSTEM",
    }
}

fn member_role(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "owner",
        MemberRole::Admin => "admin",
        MemberRole::Member => "member",
    }
}

#[derive(Serialize)]
struct WireMessage<'a> {
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

fn message(message: &Message, veiled: bool) -> WireMessage<'_> {
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
struct WireConversation<'a> {
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
}

fn conversation(conversation: &Conversation) -> WireConversation<'_> {
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
    }
}

#[derive(Serialize)]
struct WireMember<'a> {
    user: &'a str,
    role: &'static str,
    joined_at: Time,
    #[serde(flatten)]
    cursor: WireCursor,
}

#[derive(Serialize)]
struct WireCursor {
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

fn member(member: &Member) -> WireMember<'_> {
    WireMember {
        user: member.user.as_str(),
        role: member_role(member.role),
        joined_at: Time(member.joined_at),
        cursor: cursor(&member.cursor),
    }
}

#[derive(Serialize)]
struct WireSummary<'a> {
    #[serde(flatten)]
    conversation: WireConversation<'a>,
    role: &'static str,
    #[serde(flatten)]
    cursor: WireCursor,
    head: u64,
    unread: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<WireMessage<'a>>,
}

fn summary(summary: &Summary) -> WireSummary<'_> {
    WireSummary {
        conversation: conversation(&summary.conversation),
        role: member_role(summary.member.role),
        cursor: cursor(&summary.member.cursor),
        head: summary.head.0,
        unread: summary.unread,
        last_message: summary.last_message.as_ref().map(|m| message(m, false)),
    }
}

#[derive(Serialize)]
struct WireUser<'a> {
    id: &'a str,
    name: Option<&'a str>,
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'static str>,
}

/// Role and plan are the user's own business.
fn user(user: &User, own: bool) -> WireUser<'_> {
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
struct WireRevision<'a> {
    text: &'a str,
    written_at: Time,
}

#[derive(Serialize)]
struct WireReceipt<'a> {
    user: &'a str,
    delivered: bool,
    read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Time>,
}

#[derive(Serialize)]
struct WireBlock<'a> {
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    at: Time,
}

#[derive(Serialize)]
struct WirePresence<'a> {
    user: &'a str,
    online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Time>,
}

#[derive(Serialize)]
struct WireUnread {
    conversation: Text<ConversationId>,
    unread: u64,
}

fn texts(users: &[UserId]) -> Vec<&str> {
    users.iter().map(UserId::as_str).collect()
}

/// What a reply says, without the frame or response around it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The reply.
    pub reply: &'a Reply,
    /// Which history positions belong to.
    pub epoch: Epoch,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.reply {
            Reply::Done => {}
            Reply::Opened {
                conversation,
                created,
            } => {
                map.serialize_entry("conversation", &Text(conversation))?;
                map.serialize_entry("created", created)?;
            }
            Reply::Sent { change, repeated } => {
                if let ChangeBody::Sent(sent) = &change.body {
                    map.serialize_entry("message", &message(sent, false))?;
                }
                map.serialize_entry("repeated", repeated)?;
            }
            Reply::User(who) => map.serialize_entry("user", &user(who, false))?,
            Reply::Me(who) => map.serialize_entry("user", &user(who, true))?,
            Reply::Conversations(summaries) => {
                let list: Vec<_> = summaries.iter().map(summary).collect();
                map.serialize_entry("conversations", &list)?;
                map.serialize_entry("next", &summaries.last().map(|s| Text(s.active)))?;
            }
            Reply::Conversation(one) => map.serialize_entry("conversation", &summary(one))?,
            Reply::Roster(roster) => {
                let list: Vec<_> = roster.members.iter().map(member).collect();
                map.serialize_entry("members", &list)?;
            }
            Reply::Messages(messages) => {
                let list: Vec<_> = messages
                    .iter()
                    .map(|m| message(&m.message, m.veiled))
                    .collect();
                map.serialize_entry("messages", &list)?;
            }
            Reply::Message(shown) => {
                map.serialize_entry("message", &message(&shown.message, shown.veiled))?;
            }
            Reply::Revisions(revisions) => {
                let list: Vec<_> = revisions.iter().map(revision).collect();
                map.serialize_entry("revisions", &list)?;
            }
            Reply::Receipts(receipts) => {
                let list: Vec<_> = receipts.iter().map(receipt).collect();
                map.serialize_entry("receipts", &list)?;
            }
            Reply::Unread(unread) => {
                let total: u64 = unread.iter().map(|(_, n)| n).sum();
                let list: Vec<_> = unread
                    .iter()
                    .map(|&(id, unread)| WireUnread {
                        conversation: Text(id),
                        unread,
                    })
                    .collect();
                map.serialize_entry("total", &total)?;
                map.serialize_entry("conversations", &list)?;
            }
            Reply::Blocks(blocks) => {
                let list: Vec<_> = blocks.iter().map(block).collect();
                map.serialize_entry("blocks", &list)?;
            }
            Reply::Presence(presence) => {
                let list: Vec<_> = presence.iter().map(wire_presence).collect();
                map.serialize_entry("presence", &list)?;
            }
            Reply::Changes {
                recovered,
                changes,
                through,
                more,
            } => {
                let list: Vec<_> = changes
                    .iter()
                    .map(|push| Event {
                        epoch: self.epoch,
                        push,
                    })
                    .collect();
                map.serialize_entry("recovered", recovered)?;
                map.serialize_entry("changes", &list)?;
                map.serialize_entry(
                    "resume",
                    &Text(Resume {
                        epoch: self.epoch,
                        position: *through,
                    }),
                )?;
                map.serialize_entry("more", more)?;
            }
        }
        map.end()
    }
}

fn revision(revision: &Revision) -> WireRevision<'_> {
    WireRevision {
        text: &revision.text,
        written_at: Time(revision.written_at),
    }
}

fn receipt(receipt: &Receipt) -> WireReceipt<'_> {
    WireReceipt {
        user: receipt.user.as_str(),
        delivered: receipt.delivered,
        read: receipt.read,
        read_at: receipt.read_at.map(Time),
    }
}

fn block(block: &Block) -> WireBlock<'_> {
    WireBlock {
        user: block.blocked.as_str(),
        reason: block.reason.as_deref(),
        at: Time(block.at),
    }
}

fn wire_presence(presence: &Presence) -> WirePresence<'_> {
    WirePresence {
        user: presence.user.as_str(),
        online: presence.online,
        last_seen: presence.last_seen.map(Time),
    }
}

/// What is told unasked.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) epoch: Epoch,
    pub(super) push: &'a Push,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", EventType::of(self.push).name())?;
        match self.push {
            Push::Change(change) => self.change::<S>(&mut map, change)?,
            Push::Veiled(change) => {
                self.place::<S>(&mut map, change)?;
                if let ChangeBody::Sent(sent) = &change.body {
                    map.serialize_entry("message", &message(sent, true))?;
                }
            }
            Push::Typing {
                conversation,
                user,
                on,
            } => {
                map.serialize_entry("conversation", &Text(conversation))?;
                map.serialize_entry("user", user.as_str())?;
                map.serialize_entry("on", on)?;
            }
            Push::Presence(presence) => {
                map.serialize_entry("user", presence.user.as_str())?;
                map.serialize_entry("online", &presence.online)?;
                if let Some(last_seen) = presence.last_seen {
                    map.serialize_entry("last_seen", &Time(last_seen))?;
                }
            }
            Push::Online(users) => {
                map.serialize_entry("users", &texts(users))?;
            }
        }
        map.end()
    }
}

impl Event<'_> {
    /// What every change carries.
    fn place<S: Serializer>(
        &self,
        map: &mut S::SerializeMap,
        change: &Change,
    ) -> Result<(), S::Error> {
        let resume = Resume {
            epoch: self.epoch,
            position: change.position,
        };
        map.serialize_entry("resume", &Text(resume))?;
        map.serialize_entry("conversation", &Text(change.conversation))?;
        map.serialize_entry("at", &Time(change.at))
    }

    fn change<S: Serializer>(
        &self,
        map: &mut S::SerializeMap,
        change: &Change,
    ) -> Result<(), S::Error> {
        self.place::<S>(map, change)?;
        map.serialize_entry("by", change.by.as_str())?;
        match &change.body {
            ChangeBody::Created {
                conversation: opened,
                members,
            } => {
                map.serialize_entry("opened", &conversation(opened))?;
                map.serialize_entry("users", &texts(members))
            }
            ChangeBody::Sent(one) | ChangeBody::Edited(one) | ChangeBody::Deleted(one) => {
                map.serialize_entry("message", &message(one, false))
            }
            ChangeBody::Reacted {
                message,
                seq,
                emoji,
                on,
            } => {
                map.serialize_entry("message", &Text(message))?;
                map.serialize_entry("seq", seq)?;
                map.serialize_entry("emoji", emoji)?;
                map.serialize_entry("on", on)
            }
            ChangeBody::Read { seq } | ChangeBody::Delivered { seq } => {
                map.serialize_entry("seq", &seq.0)
            }
            ChangeBody::Added { users } => map.serialize_entry("users", &texts(users)),
            ChangeBody::Removed { user } => map.serialize_entry("user", user.as_str()),
            ChangeBody::RoleSet { user, role } => {
                map.serialize_entry("user", user.as_str())?;
                map.serialize_entry("role", member_role(*role))
            }
            ChangeBody::Renamed { name } => map.serialize_entry("name", name),
        }
    }
}

/// What a refusal says: the body of a REST error (CONTRACT S2-52), and the middle of an error frame.
#[derive(Debug, Serialize)]
pub struct WireFailure<'a> {
    error: &'a str,
    code: &'static str,
    number: u16,
    retry: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    details: Details<'a>,
    timestamp: Time,
}

impl<'a> From<&'a Failure> for WireFailure<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            error: &failure.message,
            code: failure.code.label(),
            number: failure.code.number(),
            retry: failure.code.retry(),
            retry_after_ms: failure
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            details: Details(failure),
            timestamp: Time(Timestamp::now()),
        }
    }
}

/// Which field is at fault, and why.
#[derive(Debug)]
struct Details<'a>(&'a Failure);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(field) = self.0.field {
            map.serialize_entry(field, &self.0.message)?;
        }
        map.end()
    }
}

/// Where a client may go on.
pub(super) fn resume(epoch: Epoch, position: Position) -> Text<Resume> {
    Text(Resume { epoch, position })
}
