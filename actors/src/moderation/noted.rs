//! What holds from its review on, although the store doesn't have it yet: blocks, sanctions, choices.
//!
//! What is reviewed after one of these meets it, and what was reviewed before is ahead of it on the way to the store.

use parlour_storage::{
    domain::safety::{Preferences, Sanction},
    ids::{Timestamp, UserId},
    store::Write,
};

use crate::{error::CloseCode, presence::SetBlock, push::Push, system::Core};

/// Something of the kind.
#[derive(Clone, Debug)]
pub(super) enum Noted {
    /// One person blocks another, or no longer does.
    Block { by: UserId, other: UserId, on: bool },
    /// A moderator decided about somebody.
    Sanction {
        user: UserId,
        sanction: Sanction,
        at: Timestamp,
        reason: Option<String>,
    },
    /// Somebody chose for themselves.
    Prefer {
        user: UserId,
        preferences: Preferences,
    },
}

impl Noted {
    /// What there is to note of a write, if anything.
    pub(super) fn of(
        by: &UserId,
        write: &Write,
        at: Timestamp,
        reason: Option<&str>,
    ) -> Option<Self> {
        let block = |other: &UserId, on| {
            // With oneself: the store refuses it.
            (other != by).then(|| Self::Block {
                by: by.clone(),
                other: other.clone(),
                on,
            })
        };
        match write {
            Write::Block { user, .. } => block(user, true),
            Write::Unblock { user } => block(user, false),
            Write::Sanction { user, sanction } => Some(Self::Sanction {
                user: user.clone(),
                sanction: *sanction,
                at,
                reason: reason.map(str::to_owned),
            }),
            Write::Prefer(preferences) => Some(Self::Prefer {
                user: by.clone(),
                preferences: *preferences,
            }),
            _ => None,
        }
    }

    /// Whom it concerns.
    pub(super) fn people(&self) -> Vec<&UserId> {
        match self {
            Self::Block { by, other, .. } => vec![by, other],
            Self::Sanction { user, .. } | Self::Prefer { user, .. } => vec![user],
        }
    }

    /// What follows at once, before it is written.
    pub(super) fn begin(&self, core: &Core) {
        if let Self::Block { by, other, on } = self {
            core.tell_presence(SetBlock {
                by: by.clone(),
                other: other.clone(),
                on: *on,
            });
        }
    }

    /// What follows once it is durable.
    pub(super) fn take_effect(&self, core: &Core) {
        let Self::Sanction {
            user,
            sanction,
            at,
            reason,
        } = self
        else {
            return;
        };
        match sanction {
            Sanction::Suspend(_) | Sanction::Ban => {
                // Whoever is not in the registry yet is reviewed after they came into it, and so after this.
                for connection in core.registry.connections_of(user) {
                    connection.outbox.close(CloseCode::Suspended);
                }
            }
            Sanction::ShadowBan => core.shadows.add(user, *at),
            Sanction::EndShadowBan => core.shadows.remove(user),
            Sanction::Warn => {
                let push = Push::Warned {
                    reason: reason.clone(),
                    at: *at,
                };
                core.tell_connections(user, &push);
            }
            Sanction::Mute(_) | Sanction::Unmute | Sanction::Reinstate => {}
        }
    }
}
