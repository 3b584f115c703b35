//! What is stored, as it is stored.
//!
//! Looks like the domain today and needn't tomorrow: these structs only change by a new version beside the
//! old one (see [`codec`](crate::codec)). A stored enum may get new cases, at its end and with a new format:
//! an older version can't read them. What a record's key says is not said again inside.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::{
        attachment::Attached,
        conversation::{Conversation, ConversationKind, Cursor, Member, MemberRole},
        message::{Content, Message, MessageKind, Revision},
        user::{Block, NodeRole, Plan, User},
    },
    ids::{
        ConversationId, IdempotencyKey, MessageId, MessageRequestId, Position, Seq, Timestamp,
        UserId,
    },
};

macro_rules! record {
    ($name:ident, $kind:literal, $version:literal $(, LARGE: $large:literal)?) => {
        impl Record for $name {
            const KIND: u8 = $kind;
            const VERSION: u8 = $version;
            $(const LARGE: bool = $large;)?
        }
    };
}

/// An enum of the domain as it is stored: by the order of its cases.
macro_rules! stored_enum {
    ($stored:ident = $domain:ident { $($case:ident),* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $stored { $($case),* }

        impl From<$domain> for $stored {
            fn from(domain: $domain) -> Self {
                match domain { $($domain::$case => Self::$case),* }
            }
        }

        impl From<$stored> for $domain {
            fn from(stored: $stored) -> Self {
                match stored { $($stored::$case => Self::$case),* }
            }
        }
    };
}

stored_enum!(
    NodeRoleV1 = NodeRole {
        User,
        Moderator,
        Admin
    }
);
stored_enum!(PlanV1 = Plan { Free, Premium });
stored_enum!(
    MemberRoleV1 = MemberRole {
        Member,
        Admin,
        Owner
    }
);
stored_enum!(
    MessageKindV1 = MessageKind {
        Text,
        File,
        Image,
        Video,
        Audio,
        System
    }
);

record!(FormatV1, 1, 1);
/// Which layout of keys and records the store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormatV1 {
    pub(crate) number: u32,
}

record!(EpochV1, 2, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochV1 {
    pub(crate) epoch: u32,
}

record!(CeilingV1, 3, 1);
/// No position above this one was ever given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CeilingV1 {
    pub(crate) position: Position,
}

record!(UserV1, 16, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserV1 {
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) role: NodeRoleV1,
    pub(crate) plan: PlanV1,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen: Option<Timestamp>,
}

impl UserV1 {
    pub(crate) fn into_domain(self, id: UserId) -> User {
        User {
            id,
            name: self.name,
            picture: self.picture,
            role: self.role.into(),
            plan: self.plan.into(),
            created_at: self.created_at,
            last_seen: self.last_seen,
        }
    }
}

record!(BlockV1, 17, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockV1 {
    pub(crate) reason: Option<String>,
    pub(crate) at: Timestamp,
}

impl BlockV1 {
    pub(crate) fn into_domain(self, blocked: UserId) -> Block {
        Block {
            blocked,
            reason: self.reason,
            at: self.at,
        }
    }
}

record!(BlockedByV1, 18, 1);
/// The other side of a block, to find it from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockedByV1;

record!(LimitV1, 19, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LimitV1 {
    pub(crate) tat_us: i64,
}

record!(ConversationV1, 32, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConversationV1 {
    pub(crate) kind: ConversationKindV1,
    pub(crate) created_by: UserId,
    pub(crate) created_at: Timestamp,
    /// Present members.
    pub(crate) n_members: u32,
    /// The ordinal of the next one who was never in it before.
    pub(crate) next_ordinal: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ConversationKindV1 {
    Direct {
        pair: [UserId; 2],
    },
    Group {
        name: Option<String>,
    },
    /// Since format 3. A direct one whose two people were matched and no longer are.
    Archived {
        pair: [UserId; 2],
    },
}

impl ConversationV1 {
    pub(crate) fn into_domain(self, id: ConversationId) -> Conversation {
        let archived = self.is_archived();
        Conversation {
            id,
            kind: match self.kind {
                ConversationKindV1::Direct { pair } | ConversationKindV1::Archived { pair } => {
                    ConversationKind::Direct { pair }
                }
                ConversationKindV1::Group { name } => ConversationKind::Group { name },
            },
            created_by: self.created_by,
            created_at: self.created_at,
            n_members: self.n_members,
            archived,
        }
    }

    /// The two people of a direct conversation, archived or not.
    pub(crate) fn pair(&self) -> Option<&[UserId; 2]> {
        match &self.kind {
            ConversationKindV1::Direct { pair } | ConversationKindV1::Archived { pair } => {
                Some(pair)
            }
            ConversationKindV1::Group { .. } => None,
        }
    }

    pub(crate) fn is_archived(&self) -> bool {
        matches!(self.kind, ConversationKindV1::Archived { .. })
    }

    pub(crate) fn is_group(&self) -> bool {
        matches!(self.kind, ConversationKindV1::Group { .. })
    }
}

record!(PairV1, 33, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PairV1 {
    pub(crate) conversation: ConversationId,
}

record!(MemberV1, 34, 1);
/// Stays when its member leaves: what they wrote keeps pointing to their ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberV1 {
    /// Stands for the user in the places of messages.
    pub(crate) ordinal: u32,
    pub(crate) present: bool,
    pub(crate) role: MemberRoleV1,
    /// When and with which change they came, the last time.
    pub(crate) joined_at: Timestamp,
    pub(crate) joined: Position,
    pub(crate) read: Seq,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) delivered: Seq,
    pub(crate) delivered_at: Option<Timestamp>,
}

impl MemberV1 {
    pub(crate) fn to_domain(self, user: UserId) -> Member {
        Member {
            user,
            role: self.role.into(),
            joined_at: self.joined_at,
            cursor: Cursor {
                read: self.read,
                read_at: self.read_at,
                delivered: self.delivered,
                delivered_at: self.delivered_at,
            },
        }
    }

    pub(crate) fn role(&self) -> MemberRole {
        self.role.into()
    }
}

record!(StintV1, 35, 1);
/// One stay of a user in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StintV1 {
    /// The change that ended it.
    pub(crate) left: Option<Position>,
}

/// Version 2 has files. What is sent without any is written as version 1 for good: most messages are.
impl Record for MessageV2 {
    const KIND: u8 = 48;
    const VERSION: u8 = 2;
    const LARGE: bool = true;

    fn version(&self) -> u8 {
        if self.attachments.is_empty() { 1 } else { 2 }
    }

    fn since(version: u8) -> Option<&'static [u8]> {
        // The length of an empty list.
        (version == 1).then_some(&[0; 8])
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MessageV2 {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) author: UserId,
    pub(crate) kind: MessageKindV1,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) metadata: Option<String>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) sent_at: Timestamp,
    pub(crate) edited_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    /// It had a reaction once, so they have to be looked for.
    pub(crate) reacted: bool,
    /// Since version 2; the last field, since version 1 ends without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<AttachedV1>,
}

impl MessageV2 {
    /// Nothing is left of what was written.
    pub(crate) fn is_erased(&self) -> bool {
        let Self {
            text,
            reply_to,
            metadata,
            key,
            deleted_at,
            reacted,
            attachments,
            ..
        } = self;
        let is_empty = text.is_empty() && metadata.is_none() && !reacted && attachments.is_empty();
        deleted_at.is_some() && is_empty && reply_to.is_none() && key.is_none()
    }

    /// Without reactions, and a tombstone if it was deleted.
    pub(crate) fn into_domain(self, id: MessageId) -> Message {
        let is_deleted = self.deleted_at.is_some();
        let mut message = self.into_whole(id);
        if is_deleted {
            message.content = Content::default();
            message.attachments.clear();
        }
        message
    }

    /// Without reactions, and with what was written even if it was deleted.
    pub(crate) fn into_whole(self, id: MessageId) -> Message {
        Message {
            id,
            conversation: self.conversation,
            seq: self.seq,
            author: self.author,
            content: Content {
                kind: self.kind.into(),
                text: self.text,
                reply_to: self.reply_to,
                metadata: self.metadata,
            },
            attachments: self.attachments.into_iter().map(Attached::from).collect(),
            key: self.key,
            sent_at: self.sent_at,
            edited_at: self.edited_at,
            deleted_at: self.deleted_at,
            reactions: Vec::new(),
        }
    }
}

record!(PlaceV1, 49, 1);
/// What stands at a place of a conversation: enough to count unread messages without reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlaceV1 {
    pub(crate) message: MessageId,
    /// The author's ordinal.
    pub(crate) author: u32,
    pub(crate) deleted: bool,
}

record!(RequestV1, 50, 1);
/// What came of a request with an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestV1 {
    pub(crate) fingerprint: u64,
    pub(crate) made: MadeV1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MadeV1 {
    Message(MessageId),
    Group(ConversationId),
    /// Since format 3.
    Asked(MessageRequestId),
}

record!(RevisionV1, 51, 1, LARGE: true);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RevisionV1 {
    pub(crate) text: String,
    pub(crate) written_at: Timestamp,
}

impl RevisionV1 {
    pub(crate) fn into_domain(self) -> Revision {
        Revision {
            text: self.text,
            written_at: self.written_at,
        }
    }
}

record!(ReactionV1, 52, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReactionV1 {
    pub(crate) at: Timestamp,
}

record!(ReadMarkV1, 53, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadMarkV1 {
    pub(crate) at: Timestamp,
}

record!(TombstoneV1, 54, 1);
/// Stands beside the place of a deleted message, so that those can be counted without the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TombstoneV1;

record!(FloorV1, 55, 1);
/// Where a conversation begins, since retention took away what stood below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FloorV1 {
    /// The newest place that was taken away.
    pub(crate) seq: Seq,
    /// Of the message that stood there.
    pub(crate) position: Position,
    /// Changes up to here were looked through for those about messages that are gone.
    pub(crate) swept: Position,
}

record!(ChangeV1, 64, 1, LARGE: true);
/// Every change but a sent message, which is its own record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeV1 {
    pub(crate) by: UserId,
    pub(crate) at: Timestamp,
    pub(crate) body: ChangeBodyV1,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeBodyV1 {
    Created {
        members: Vec<UserId>,
    },
    Edited {
        message: MessageId,
    },
    Deleted {
        message: MessageId,
    },
    Reacted {
        message: MessageId,
        seq: Seq,
        emoji: String,
        on: bool,
    },
    /// Of format 1: where the cursor came from was not kept.
    Read {
        seq: Seq,
    },
    Delivered {
        seq: Seq,
    },
    Added {
        users: Vec<UserId>,
    },
    Removed {
        user: UserId,
    },
    RoleSet {
        user: UserId,
        role: MemberRoleV1,
    },
    Renamed {
        name: Option<String>,
    },
    /// Since format 2. The mark newly covers the places from `from` to `seq`.
    ReadFrom {
        from: Seq,
        seq: Seq,
    },
    /// Since format 3.
    Archived {
        on: bool,
    },
}

mod attachment;
mod contact;
mod event;
mod notice;
mod safety;
mod scheduled;

pub(crate) use attachment::*;
pub(crate) use contact::*;
pub(crate) use event::*;
pub(crate) use notice::*;
pub(crate) use safety::*;
pub(crate) use scheduled::*;

#[cfg(test)]
mod golden;
