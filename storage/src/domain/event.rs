//! What happened on the node, as whoever follows it from outside is told.
//!
//! Mostly references: what an edited, deleted or erased message said is in no event. What is told of a message, a
//! report or a change of a conversation is looked up when the event is read, and is what stands there then.

use crate::{
    domain::{
        change::{Change, ChangeBody},
        contact::{HiddenBecause, Match},
        message::Message,
        safety::Sanction,
    },
    ids::{
        ConversationId, MatchId, MessageId, MessageRequestId, Position, ReportId, ScheduledId, Seq,
        Timestamp, UserId,
    },
};

/// A place in the order of events: the position of the transaction, and a number within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The last position that the transaction used.
    pub position: Position,
    /// 0: the message that was sent with that position. Everything else counts from 1.
    pub n: u16,
}

impl EventId {
    /// The place right before this one: what comes after it begins here.
    #[must_use]
    pub fn before(self) -> Self {
        match (self.n.checked_sub(1), self.position.get().checked_sub(1)) {
            (Some(n), _) => Self { n, ..self },
            (None, Some(position)) => Self::through(Position::new(position).unwrap_or_default()),
            (None, None) => self,
        }
    }

    /// After everything that happened up to a position.
    pub fn through(position: Position) -> Self {
        let n = u16::MAX;
        Self { position, n }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub id: EventId,
    /// Who caused it. `None`: nobody, the node did it.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A message was sent. As it stands now: edited, or a tombstone, if it was edited or deleted since.
    MessageSent(Message),
    /// The text of a message changed.
    MessageEdited {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// A message was deleted by its author, a manager of the group, a moderator or erasure.
    MessageDeleted {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// Retention took messages away for good.
    MessagesPurged {
        /// Where.
        conversation: ConversationId,
        /// Which.
        messages: Vec<MessageId>,
    },
    /// A member read: see [`ChangeBody::Read`].
    MessageRead {
        /// Where.
        conversation: ConversationId,
        /// The last message read.
        seq: Seq,
        /// The messages of others that this marked as read.
        messages: Vec<MessageId>,
    },
    /// A reaction was given or taken back.
    MessageReacted {
        /// Where.
        conversation: ConversationId,
        /// To which message.
        message: MessageId,
        /// Which reaction.
        emoji: String,
        /// Given (`true`) or taken back.
        on: bool,
    },
    /// A conversation was opened, renamed, archived or goes on, or its members changed.
    ConversationChanged(Change),
    /// Somebody blocks somebody.
    UserBlocked {
        /// Whom.
        user: UserId,
        /// The conversation of the two, if they have one.
        conversation: Option<ConversationId>,
    },
    /// Somebody no longer blocks somebody.
    UserUnblocked {
        /// Whom.
        user: UserId,
    },
    /// Somebody reported somebody.
    UserReported {
        /// Which report.
        report: ReportId,
        /// Whom.
        user: UserId,
        /// Where it happened.
        conversation: Option<ConversationId>,
        /// Which message it is about.
        message: Option<MessageId>,
        /// Of what sort.
        category: String,
        /// In the reporter's words.
        reason: Option<String>,
    },
    /// Somebody asked somebody for a first contact.
    Requested(Asked),
    /// A request was accepted, in whatever way.
    RequestAccepted {
        /// Which.
        asked: Asked,
        /// The message that its text became.
        message: Option<MessageId>,
        /// The conversation of the two.
        conversation: Option<ConversationId>,
    },
    /// A request was declined.
    RequestDeclined(Asked),
    /// A request was taken back.
    RequestWithdrawn(Asked),
    /// Two people were matched.
    MatchCreated(Match),
    /// Two people are matched no more.
    MatchEnded {
        /// Which match.
        matched: MatchId,
        /// Both, in the order of their ids.
        pair: [UserId; 2],
        /// Their conversation.
        conversation: ConversationId,
    },
    /// Somebody need not be shown to somebody in discovery.
    DiscoveryHidden {
        /// To whom.
        from: UserId,
        /// Who.
        user: UserId,
        /// Why.
        because: HiddenBecause,
    },
    /// Somebody may be shown to somebody in discovery again.
    DiscoveryShown {
        /// To whom.
        to: UserId,
        /// Who.
        user: UserId,
    },
    /// A moderator decided about a person.
    Sanctioned {
        /// About whom.
        user: UserId,
        /// What.
        sanction: Sanction,
    },
    /// A message that somebody scheduled could not be sent.
    SendFailed {
        /// Who scheduled it.
        user: UserId,
        /// Which.
        scheduled: ScheduledId,
        /// The number of the refusal.
        code: u16,
    },
    /// Somebody came.
    UserOnline {
        /// Who.
        user: UserId,
    },
    /// Somebody went.
    UserOffline {
        /// Who.
        user: UserId,
    },
}

/// A request for first contact, by its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub request: MessageRequestId,
    /// Who asked.
    pub from: UserId,
    /// Whom.
    pub to: UserId,
}

/// What keeps its order among others of the same lane, for who handles several events at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// What happens in one conversation.
    Conversation(ConversationId),
    /// What one person does elsewhere.
    User(UserId),
}

impl Event {
    /// The lane that it keeps its order in.
    pub fn lane(&self) -> Lane {
        let of = |user: &UserId| Lane::User(user.clone());
        match &self.what {
            Happening::MessageSent(message) => Lane::Conversation(message.conversation),
            Happening::ConversationChanged(change) => Lane::Conversation(change.conversation),
            Happening::MatchCreated(matched) => Lane::Conversation(matched.conversation),
            Happening::MessageEdited { conversation, .. }
            | Happening::MessageDeleted { conversation, .. }
            | Happening::MessagesPurged { conversation, .. }
            | Happening::MessageRead { conversation, .. }
            | Happening::MessageReacted { conversation, .. }
            | Happening::MatchEnded { conversation, .. } => Lane::Conversation(*conversation),
            Happening::Requested(asked)
            | Happening::RequestAccepted { asked, .. }
            | Happening::RequestDeclined(asked)
            | Happening::RequestWithdrawn(asked) => of(&asked.from),
            Happening::DiscoveryHidden { from: user, .. }
            | Happening::DiscoveryShown { to: user, .. }
            | Happening::Sanctioned { user, .. }
            | Happening::SendFailed { user, .. }
            | Happening::UserOnline { user }
            | Happening::UserOffline { user } => of(user),
            // In the lane of who blocks, also where the two have a conversation: else the end of a block could be told before it.
            Happening::UserBlocked { user, .. }
            | Happening::UserUnblocked { user }
            | Happening::UserReported { user, .. } => of(self.by.as_ref().unwrap_or(user)),
        }
    }
}

impl Happening {
    /// What it is called, for example `message.sent`. One of [`TOPICS`].
    pub fn topic(&self) -> &'static str {
        match self {
            Self::MessageSent(_) => "message.sent",
            Self::MessageEdited { .. } => "message.edited",
            Self::MessageDeleted { .. } => "message.deleted",
            Self::MessagesPurged { .. } => "message.purged",
            Self::MessageRead { .. } => "message.read",
            Self::MessageReacted { .. } => "message.reacted",
            Self::ConversationChanged(change) => of_change(&change.body),
            Self::UserBlocked { .. } => "user.blocked",
            Self::UserUnblocked { .. } => "user.unblocked",
            Self::UserReported { .. } => "user.reported",
            Self::Requested(_) => "request.sent",
            Self::RequestAccepted { .. } => "request.accepted",
            Self::RequestDeclined(_) => "request.declined",
            Self::RequestWithdrawn(_) => "request.withdrawn",
            Self::MatchCreated(_) => "match.created",
            Self::MatchEnded { .. } => "match.ended",
            Self::DiscoveryHidden { .. } => "discovery.hidden",
            Self::DiscoveryShown { .. } => "discovery.shown",
            Self::Sanctioned { sanction, .. } => of_sanction(*sanction),
            Self::SendFailed { .. } => "scheduled.failed",
            Self::UserOnline { .. } => "user.online",
            Self::UserOffline { .. } => "user.offline",
        }
    }

    /// Whether nobody but who caused it has a part in it: erasure takes such events of a person away. The others tell
    /// of what others share with them, or of what is gone, and are followed for it.
    pub fn is_private(&self) -> bool {
        matches!(
            self,
            Self::MessageRead { .. }
                | Self::MessageReacted { .. }
                | Self::UserBlocked { .. }
                | Self::UserUnblocked { .. }
                | Self::UserReported { .. }
                | Self::SendFailed { .. }
                | Self::UserOnline { .. }
                | Self::UserOffline { .. }
        )
    }
}

fn of_change(body: &ChangeBody) -> &'static str {
    match body {
        ChangeBody::Created { .. } => "conversation.created",
        ChangeBody::Added { .. } => "conversation.members_added",
        ChangeBody::Removed { .. } => "conversation.member_removed",
        ChangeBody::RoleSet { .. } => "conversation.role_set",
        ChangeBody::Renamed { .. } => "conversation.renamed",
        ChangeBody::Archived { on: true } => "conversation.archived",
        ChangeBody::Archived { on: false } => "conversation.resumed",
        // These have events of their own.
        ChangeBody::Sent(_)
        | ChangeBody::Edited(_)
        | ChangeBody::Deleted(_)
        | ChangeBody::Reacted { .. }
        | ChangeBody::Read { .. }
        | ChangeBody::Delivered { .. } => "conversation.changed",
    }
}

fn of_sanction(sanction: Sanction) -> &'static str {
    match sanction {
        Sanction::Warn => "user.warned",
        Sanction::Mute(_) => "user.muted",
        Sanction::Suspend(_) => "user.suspended",
        Sanction::Ban => "user.banned",
        Sanction::ShadowBan => "user.shadow_banned",
        Sanction::Unmute => "user.unmuted",
        Sanction::Reinstate => "user.reinstated",
        Sanction::EndShadowBan => "user.shadow_ban_ended",
    }
}

/// Every topic there is.
pub const TOPICS: &[&str] = &[
    "message.sent",
    "message.edited",
    "message.deleted",
    "message.purged",
    "message.read",
    "message.reacted",
    "scheduled.failed",
    "conversation.created",
    "conversation.members_added",
    "conversation.member_removed",
    "conversation.role_set",
    "conversation.renamed",
    "conversation.archived",
    "conversation.resumed",
    "user.blocked",
    "user.unblocked",
    "user.reported",
    "user.warned",
    "user.muted",
    "user.unmuted",
    "user.suspended",
    "user.banned",
    "user.reinstated",
    "user.shadow_banned",
    "user.shadow_ban_ended",
    "user.online",
    "user.offline",
    "request.sent",
    "request.accepted",
    "request.declined",
    "request.withdrawn",
    "match.created",
    "match.ended",
    "discovery.hidden",
    "discovery.shown",
];

/// What is written to the outbox beside a change, by who knows of it: it comes of no write of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventDraft {
    /// The transaction's user came.
    UserOnline,
    /// The transaction's user went.
    UserOffline,
}
