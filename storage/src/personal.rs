//! What a store tells of one person alone, and what it can be made to forget of them: a part of
//! [`Store`](crate::store::Store).
//!
//! For export and erasure. What others may see of somebody is told elsewhere; here is also what they can't.

use async_trait::async_trait;

use crate::{
    domain::{
        event::EventId,
        message::{Message, Revision},
        safety::Report,
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Position, ReportId, Seq, Timestamp, UserId},
};

/// One stay of a person in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Where.
    pub conversation: ConversationId,
    /// The change that brought them.
    pub joined: Position,
    /// The change that ended it. `None`: they are there now.
    pub left: Option<Position>,
}

/// A message, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The message. Of a deleted one what was written, as long as that is kept.
    pub message: Message,
    /// What it said before, oldest first.
    pub revisions: Vec<Revision>,
    /// It is an empty tombstone, and nothing hangs on it.
    pub is_erased: bool,
}

/// A reaction that was given or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reacted {
    /// Its place in the order.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// To which message.
    pub message: MessageId,
    /// Which reaction.
    pub emoji: String,
    /// Given, or taken back.
    pub on: bool,
    /// It stands now.
    pub stands: bool,
}

/// A part of a list that is too long, or takes too long to look for, to be told at once. May be empty before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T, P> {
    /// What was found.
    pub items: Vec<T>,
    /// Ask again from here. `None`: that was all.
    pub next: Option<P>,
}

/// How much the store keeps of a person, beside what they did in conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Name, picture, role, plan: 1, or 0.
    pub profile: u64,
    /// What they chose for themselves: 1, or 0.
    pub preferences: u64,
    /// Blocks that they gave.
    pub blocks: u64,
    /// States of rate limits.
    pub limits: u64,
    /// Notifications, and how far they read them.
    pub notifications: u64,
    /// Requests for first contact that they made.
    pub requests: u64,
    /// Whom they like.
    pub likes: u64,
    /// Who need not be shown to them in discovery, beside those they block.
    pub hidden: u64,
    /// Files that they sent with no message. Those that they did go with their messages.
    pub attachments: u64,
    /// Messages that they scheduled and that weren't sent.
    pub scheduled: u64,
    /// Texts that they keep for their messages.
    pub templates: u64,
    /// Conversations that they want no notifications of.
    pub mutes: u64,
    /// When they want to be left alone: 1, or 0.
    pub do_not_disturb: u64,
    /// Devices that they are reached on.
    pub push_targets: u64,
    /// Idempotency keys of requests whose messages are gone, and of groups that they opened.
    pub keys: u64,
}

impl Holdings {
    /// All of them with their names.
    pub fn all(&self) -> [(&'static str, u64); 15] {
        let Self {
            profile,
            preferences,
            blocks,
            limits,
            notifications,
            requests,
            likes,
            hidden,
            attachments,
            scheduled,
            templates,
            mutes,
            do_not_disturb,
            push_targets,
            keys,
        } = *self;
        [
            ("profile", profile),
            ("preferences", preferences),
            ("blocks", blocks),
            ("limits", limits),
            ("notifications", notifications),
            ("requests", requests),
            ("likes", likes),
            ("hidden", hidden),
            ("attachments", attachments),
            ("scheduled", scheduled),
            ("templates", templates),
            ("mutes", mutes),
            ("do_not_disturb", do_not_disturb),
            ("push_targets", push_targets),
            ("keys", keys),
        ]
    }

    /// How many rows that is.
    pub fn total(&self) -> u64 {
        self.all().iter().map(|(_, n)| n).sum()
    }
}

/// What rows of others, or of a pair, name a person. Erasure leaves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// People they had to do with: that there was a request, a match or an unmatched message.
    pub ties: u64,
    /// People who like them.
    pub liked_by: u64,
    /// People whom they need not be shown to in discovery, blocks aside.
    pub hidden_from: u64,
}

/// Something of a person that is taken away for good. The transaction's own user is meant, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erase {
    /// Makes a message of theirs an empty tombstone: text, metadata, files, key, revisions and reactions go. One with very
    /// much hanging on it takes several. Readers are told if it wasn't deleted before. Empty already: `Unchanged`.
    Message(MessageId),
    /// Takes back a reaction of theirs, also where they no longer are. There is none: `Unchanged`.
    Reaction {
        /// To which message.
        message: MessageId,
        /// Which reaction.
        emoji: String,
    },
    /// Forgets that they gave reactions, where they took them back since. The taking back stays, for devices that
    /// haven't heard of it.
    Given {
        /// In which conversation.
        conversation: ConversationId,
        /// By which changes.
        positions: Vec<Position>,
    },
    /// Takes away events that they caused.
    Events(Vec<EventId>),
    /// Takes away a batch of what they scheduled. `Unchanged`: there is nothing left.
    Scheduled,
    /// Takes away a batch of what [`Holdings`] counts; the profile last. `Unchanged`: there is nothing left.
    Rows,
}

/// So many rows [`Erase::Rows`] and [`Erase::Scheduled`] take away at once.
pub const ROWS_AT_ONCE: u64 = 32;

/// What a store tells of one person alone. Errors are those of every read.
#[async_trait]
pub trait Personal {
    /// Every stay of a person in a conversation, also those that ended, by conversation, then time.
    async fn stays(&self, user: &UserId) -> Result<Vec<Stay>, StoreError>;

    /// What they wrote in a conversation, from a place on.
    async fn written_by(
        &self,
        user: &UserId,
        conversation: ConversationId,
        from: Seq,
    ) -> Result<Part<Written, Seq>, StoreError>;

    /// Their reactions in a conversation, given and taken back, from a position on.
    async fn reacted_by(
        &self,
        user: &UserId,
        conversation: ConversationId,
        from: Position,
    ) -> Result<Part<Reacted, Position>, StoreError>;

    /// Events that they caused and nobody else has a part in, after a place: see [`is_private`](crate::domain::event::Happening::is_private).
    async fn events_by(
        &self,
        user: &UserId,
        after: EventId,
    ) -> Result<Part<EventId, EventId>, StoreError>;

    /// Reports that they made, newest first, before one.
    async fn reports_by(
        &self,
        user: &UserId,
        before: Option<ReportId>,
    ) -> Result<Part<Report, ReportId>, StoreError>;

    /// How much is kept of them beside that.
    async fn holdings(&self, user: &UserId) -> Result<Holdings, StoreError>;

    /// How often others' rows name them. Looks through everybody's.
    async fn mentions(&self, user: &UserId) -> Result<Mentions, StoreError>;
}
