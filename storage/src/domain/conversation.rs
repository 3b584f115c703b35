//! Conversations, who is in them, and how far each has read.

use crate::{
    domain::message::Message,
    ids::{ConversationId, Position, Seq, Timestamp, UserId},
};

/// A conversation, without its members and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Who opened it.
    pub created_by: UserId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// How many members it has now.
    pub n_members: u32,
    /// Its two people were matched and no longer are: lists of what goes on leave it out. Always `false` for groups.
    pub archived: bool,
}

/// What sort of conversation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationKind {
    /// Two people, for good. There is one such conversation per pair.
    Direct {
        /// Both, in the order of their ids.
        pair: [UserId; 2],
    },
    /// Any number of people up to [`GROUP_MEMBERS_MAX`].
    Group {
        /// What it is called.
        name: Option<String>,
    },
}

/// Most members of a group.
pub const GROUP_MEMBERS_MAX: u32 = 10_000;

impl Conversation {
    /// The other one of a direct conversation.
    pub fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        match &self.kind {
            ConversationKind::Direct { pair: [a, b] } if a == user => Some(b),
            ConversationKind::Direct { pair: [a, b] } if b == user => Some(a),
            _ => None,
        }
    }
}

/// What a member may do in a conversation. Both people of a direct one are [`Member`](Self::Member).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Reads, writes, leaves.
    Member,
    /// Also adds, removes members, and renames.
    Admin,
    /// Also gives and takes roles. A group with members has an owner.
    Owner,
}

impl MemberRole {
    /// Whether members of this role may add people and rename the group.
    pub fn may_manage(self) -> bool {
        self >= Self::Admin
    }

    /// Whether members of this role may remove one of role `other`.
    pub fn may_remove(self, other: Self) -> bool {
        self.may_manage() && self > other
    }

    /// Whether members of this role may change the roles of others.
    pub fn may_set_roles(self) -> bool {
        self == Self::Owner
    }
}

/// One person in one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: MemberRole,
    /// When they came (the last time).
    pub joined_at: Timestamp,
    /// How far they have read and received.
    pub cursor: Cursor,
}

/// How far one member has come. Both places only move forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Last message read.
    pub read: Seq,
    /// When `read` was reached.
    pub read_at: Option<Timestamp>,
    /// Last message that reached one of their devices; at least `read`.
    pub delivered: Seq,
    /// When `delivered` was reached.
    pub delivered_at: Option<Timestamp>,
}

/// A conversation as one member's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The conversation.
    pub conversation: Conversation,
    /// The member's own part.
    pub member: Member,
    /// The newest message that is not deleted and not by someone whom the reader hides.
    pub last_message: Option<Message>,
    /// Place of the newest message.
    pub head: Seq,
    /// Messages above the read cursor that count: not their own, not deleted, not by someone they hide.
    pub unread: u64,
    /// Position of the newest message, or of the opening if there is none: what the list is sorted by.
    pub active: Position,
    /// The member wants no notifications of it until then, a time that may be over; [`Timestamp::MAX`]: until they say so.
    pub muted_until: Option<Timestamp>,
}
