//! What a store tells of how people are notified: a part of [`Store`](crate::store::Store).

use async_trait::async_trait;

use crate::{domain::push::PushSubscription, error::StoreError, ids::UserId};

/// What a store tells of how people are notified. Errors are those of every read.
#[async_trait]
pub trait Notices {
    /// The devices that somebody wants to be reached on, oldest first.
    async fn push_targets(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError>;
}
