//! One signed-in connection, as rooms and presence hold it: whose it is, and where its frames go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use parlour_storage::{
    domain::user::Plan,
    ids::{ConversationId, Epoch, Timestamp, UserId},
};

use crate::{
    codec::{Codec, Joined, View},
    command::{Card, Identity},
    limits::JOINED_MAX,
    outbox::{Frame, Outbox},
    push::Push,
};

/// One signed-in connection.
#[derive(Debug)]
pub struct Connection {
    /// Whose it is.
    pub user: UserId,
    /// What it speaks.
    pub codec: Arc<dyn Codec>,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// Whose it is, as others see them.
    pub card: Arc<Card>,
    expires_at_ms: AtomicI64,
    premium: AtomicBool,
    joined: Mutex<Looked>,
    resumed: AtomicBool,
}

/// What a connection looks at.
#[derive(Debug, Default)]
struct Looked {
    /// Conversations that it began or ended to look at.
    at: BTreeMap<ConversationId, bool>,
    /// It is gone, and looks at nothing any more.
    ended: bool,
}

/// What came of a wish to begin or end to look at a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// It begins, or ends.
    Changed,
    /// It did, or didn't, already.
    AsBefore,
    /// It looks at as many as it may.
    TooMany,
    /// It is gone.
    Gone,
}

impl Connection {
    /// A connection of the owner of a token.
    pub fn new(identity: &Identity, codec: Arc<dyn Codec>, outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self {
            user: identity.user.clone(),
            codec,
            outbox,
            card: Arc::new(identity.into()),
            expires_at_ms: AtomicI64::new(identity.expires_at.0),
            premium: AtomicBool::new(identity.profile.plan == Plan::Premium),
            joined: Mutex::default(),
            resumed: AtomicBool::new(false),
        })
    }

    /// It goes on from an earlier connection, of which what it looked at isn't known.
    pub(crate) fn set_resumed(&self) {
        self.resumed.store(true, Ordering::Relaxed);
    }

    /// Whether it looks at a conversation.
    pub fn joined(&self, conversation: ConversationId) -> Joined {
        match self.lock_joined().at.get(&conversation) {
            Some(true) => Joined::Yes,
            Some(false) => Joined::No,
            None if self.resumed.load(Ordering::Relaxed) => Joined::Unknown,
            None => Joined::No,
        }
    }

    /// It begins or ends to look at a conversation.
    pub(crate) fn join(&self, conversation: ConversationId, on: bool) -> Looks {
        let mut joined = self.lock_joined();
        if joined.ended {
            return Looks::Gone;
        }
        if (joined.at.get(&conversation) == Some(&true)) == on {
            // One that was resumed may think that it looks, and is told from here on that it doesn't.
            if self.resumed.load(Ordering::Relaxed) {
                joined.at.insert(conversation, on);
            }
            return Looks::AsBefore;
        }
        if on && joined.at.values().filter(|on| **on).count() >= JOINED_MAX {
            return Looks::TooMany;
        }
        if on || self.resumed.load(Ordering::Relaxed) {
            joined.at.insert(conversation, on);
        } else {
            // Not looking is what an unknown one means too.
            joined.at.remove(&conversation);
        }
        Looks::Changed
    }

    /// It is gone. Returns what it looked at; it begins nothing any more.
    pub(crate) fn end_looking(&self) -> Vec<ConversationId> {
        let mut joined = self.lock_joined();
        joined.ended = true;
        let at = std::mem::take(&mut joined.at);
        at.into_iter()
            .filter_map(|(id, on)| on.then_some(id))
            .collect()
    }

    fn lock_joined(&self) -> MutexGuard<'_, Looked> {
        // Each change of it is one step: a panic leaves nothing half done.
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes something for this connection alone.
    pub(crate) fn encode(&self, epoch: Epoch, push: &Push) -> Option<Frame> {
        self.codec.push(epoch, push, self.view(push))
    }

    /// How it stands to something it is told, as far as its dialect minds.
    pub(crate) fn view(&self, push: &Push) -> View {
        let minds = self.codec.minds();
        let mut view = View::default();
        if minds.own {
            view.own = push.by() == Some(&self.user);
        }
        if minds.joined
            && let Some(conversation) = push.conversation()
        {
            view.joined = self.joined(conversation);
        }
        view
    }

    /// When its token runs out.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.expires_at_ms.load(Ordering::Relaxed))
    }

    /// What its user pays for.
    pub fn plan(&self) -> Plan {
        match self.premium.load(Ordering::Relaxed) {
            true => Plan::Premium,
            false => Plan::Free,
        }
    }

    /// A newer token was shown.
    pub fn renew(&self, identity: &Identity) {
        let premium = identity.profile.plan == Plan::Premium;
        self.premium.store(premium, Ordering::Relaxed);
        let expires_at = identity.expires_at.0;
        self.expires_at_ms.store(expires_at, Ordering::Relaxed);
    }
}
