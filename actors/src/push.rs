//! What a client is told unasked, typed. The dialects encode from these.

use std::sync::Arc;

use parlour_storage::{
    domain::change::Change,
    ids::{ConversationId, Epoch, Position, UserId},
};

use crate::{command::Presence, limits::Settings, outbox::ConnectionId};

/// What a client is told unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A committed change of a conversation.
    Change(Arc<Change>),
    /// A committed change whose content the receiver must not see, since they block who made it. It is
    /// told at all so that the order shows no gap.
    Veiled(Arc<Change>),
    /// Somebody started or stopped typing. Not stored, not resumed.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// Started or stopped.
        on: bool,
    },
    /// Somebody came or went. Not stored, not resumed.
    Presence(Presence),
    /// Who is there, of those that the receiver shares a conversation with: once, after connecting.
    Online(Vec<UserId>),
}

impl Push {
    /// Where it stands in the order; `None` if it isn't part of it.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Change(change) | Self::Veiled(change) => Some(change.position),
            Self::Typing { .. } | Self::Presence(_) | Self::Online(_) => None,
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
