//! One signed-in connection, as rooms and presence hold it: whose it is, and where its frames go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use parlour_storage::ids::{ConversationId, Epoch, Timestamp, UserId};

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
    /// Conversations that it began or ended to look at.
    joined: Mutex<BTreeMap<ConversationId, bool>>,
    resumed: AtomicBool,
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
        match self.lock_joined().get(&conversation) {
            Some(true) => Joined::Yes,
            Some(false) => Joined::No,
            None if self.resumed.load(Ordering::Relaxed) => Joined::Unknown,
            None => Joined::No,
        }
    }

    /// It begins or ends to look at a conversation. `false`: it looks at as many as it may.
    pub(crate) fn join(&self, conversation: ConversationId, on: bool) -> bool {
        let mut joined = self.lock_joined();
        if on {
            let n = joined.values().filter(|on| **on).count();
            if n >= JOINED_MAX && joined.get(&conversation) != Some(&true) {
                return false;
            }
        } else if !self.resumed.load(Ordering::Relaxed) {
            // Not looking is what an unknown one means too.
            joined.remove(&conversation);
            return true;
        }
        joined.insert(conversation, on);
        true
    }

    /// What it looks at.
    pub(crate) fn all_joined(&self) -> Vec<ConversationId> {
        let joined = self.lock_joined();
        joined
            .iter()
            .filter(|(_, on)| **on)
            .map(|(id, _)| *id)
            .collect()
    }

    fn lock_joined(&self) -> MutexGuard<'_, BTreeMap<ConversationId, bool>> {
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

    /// A newer token was shown.
    pub fn renew(&self, expires_at: Timestamp) {
        self.expires_at_ms.store(expires_at.0, Ordering::Relaxed);
    }
}
