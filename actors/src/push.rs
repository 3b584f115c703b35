//! What a client is told unasked, typed. The dialects encode from these.

use std::sync::Arc;

use parlour_storage::{
    domain::{change::Change, contact::HiddenBecause, scheduled::Scheduled},
    ids::{ConversationId, Epoch, Position, Timestamp, UserId},
};

use crate::{
    command::{About, Card, ShownMatch, ShownNotification, ShownRequest},
    limits::Settings,
    outbox::ConnectionId,
};

/// What a client is told unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A committed change of a conversation.
    Change(Arc<Change>, About),
    /// A committed change whose content the receiver must not see, since they block who made it. It is
    /// told at all so that the order shows no gap.
    Veiled(Arc<Change>, About),
    /// Somebody started or stopped typing. Not stored, not resumed.
    Typing {
        /// Where, and who.
        about: About,
        /// Started or stopped.
        on: bool,
    },
    /// Somebody began or ended to look at a conversation: told to those who look at it too. Not stored, not resumed.
    Joined {
        /// Where, and who.
        about: About,
        /// Began or ended.
        on: bool,
    },
    /// Somebody came or went. Not stored, not resumed.
    Presence {
        /// Who.
        card: Arc<Card>,
        /// They have a connection now.
        online: bool,
        /// When they last had one, if they went.
        last_seen: Option<Timestamp>,
    },
    /// Something about the receiver and somebody else. Not part of the order, not resumed: a client that was away
    /// asks for its requests and matches.
    Contact(ContactNews),
    /// A message that the receiver scheduled could not be sent.
    SendFailed(Box<Scheduled>),
    /// A moderator warned the receiver.
    Warned {
        /// Why.
        reason: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// The receiver is notified of something. Not resumed: notifications are stored, and a client that was away asks for
    /// them.
    Notified {
        /// Of what.
        notification: Box<ShownNotification>,
        /// How many of theirs are unread now.
        unread: u64,
    },
    /// Who is there, of those that the receiver shares a conversation with: once, after connecting.
    Online(Vec<Arc<Card>>),
}

/// What the receiver learns about themselves and somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactNews {
    /// They were asked, or asked somebody on another device.
    Requested(Box<ShownRequest>),
    /// A request was accepted; or, for who was asked, declined or withdrawn.
    Answered(Box<ShownRequest>),
    /// They are matched.
    Matched(Box<ShownMatch>),
    /// They no longer are.
    Unmatched(Box<ShownMatch>),
    /// Somebody need not be shown to them in discovery; `None`: they are again.
    Hidden {
        /// Who.
        user: UserId,
        /// Why.
        because: Option<HiddenBecause>,
    },
}

impl Push {
    /// Where it happened; `None` if in no conversation.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Change(_, about)
            | Self::Veiled(_, about)
            | Self::Typing { about, .. }
            | Self::Joined { about, .. } => Some(about.conversation.id),
            Self::Presence { .. }
            | Self::Online(_)
            | Self::Contact(_)
            | Self::SendFailed(_)
            | Self::Warned { .. }
            | Self::Notified { .. } => None,
        }
    }

    /// Who did it.
    pub fn by(&self) -> Option<&UserId> {
        match self {
            Self::Change(change, _) | Self::Veiled(change, _) => Some(&change.by),
            Self::Typing { about, .. } | Self::Joined { about, .. } => Some(&about.by.user),
            Self::Presence { card, .. } => Some(&card.user),
            Self::Online(_)
            | Self::Contact(_)
            | Self::SendFailed(_)
            | Self::Warned { .. }
            | Self::Notified { .. } => None,
        }
    }

    /// Where it stands in the order; `None` if it isn't part of it.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Change(change, _) | Self::Veiled(change, _) => Some(change.position),
            Self::Typing { .. }
            | Self::Joined { .. }
            | Self::Presence { .. }
            | Self::Online(_)
            | Self::Contact(_)
            | Self::SendFailed(_)
            | Self::Warned { .. }
            | Self::Notified { .. } => None,
        }
    }
}

/// The first thing a connection is told once its token was accepted.
#[derive(Clone, Debug)]
pub struct Hello<'a> {
    /// Who the node takes the client for.
    pub user: &'a UserId,
    /// The connection.
    pub connection: ConnectionId,
    /// Which history positions belong to.
    pub epoch: Epoch,
    /// Resume from here if the connection drops before anything else comes.
    pub position: Position,
    /// Whether what was missed follows. `None`: no resume was asked for.
    pub recovered: Option<bool>,
    /// Bounds and times worth knowing.
    pub settings: &'a Settings,
}
