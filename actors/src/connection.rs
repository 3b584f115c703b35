//! One signed-in connection, as rooms and presence hold it: whose it is, and where its frames go.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use parlour_storage::ids::{Timestamp, UserId};

use crate::{codec::Codec, outbox::Outbox};

/// One signed-in connection.
#[derive(Debug)]
pub struct Connection {
    /// Whose it is.
    pub user: UserId,
    /// What it speaks.
    pub codec: Arc<dyn Codec>,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    expires_at_ms: AtomicI64,
}

impl Connection {
    /// A connection whose token runs out at `expires_at`.
    pub fn new(
        user: UserId,
        codec: Arc<dyn Codec>,
        outbox: Arc<Outbox>,
        expires_at: Timestamp,
    ) -> Arc<Self> {
        Arc::new(Self {
            user,
            codec,
            outbox,
            expires_at_ms: AtomicI64::new(expires_at.0),
        })
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
