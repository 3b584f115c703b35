//! What a store tells of messages that are to be sent later, and of templates: a part of
//! [`Store`](crate::store::Store).
//!
//! The message and the end of its row are one transaction ([`Write::SendDue`](crate::store::Write::SendDue)), so it is
//! sent once, whatever ends the process.

use async_trait::async_trait;

use crate::{
    domain::scheduled::{Scheduled, Template},
    error::StoreError,
    ids::{ScheduledId, Timestamp, UserId},
};

/// The place of a message among those that wait.
pub type DuePlace = (Timestamp, ScheduledId);

/// What a store tells of what people keep for later. Errors are those of every read.
#[async_trait]
pub trait Later {
    /// What somebody scheduled and wasn't sent, the next one first.
    async fn scheduled_of(&self, user: &UserId) -> Result<Vec<Scheduled>, StoreError>;

    /// One that somebody scheduled and wasn't sent.
    async fn scheduled(
        &self,
        user: &UserId,
        id: ScheduledId,
    ) -> Result<Option<Scheduled>, StoreError>;

    /// Messages that wait, everybody's, the one that is due first before all, after a place. One that can't be read is
    /// left out, and logged.
    async fn due(
        &self,
        after: Option<DuePlace>,
        limit: usize,
    ) -> Result<Vec<Scheduled>, StoreError>;

    /// How many messages wait. Counts them.
    async fn n_scheduled(&self) -> Result<u64, StoreError>;

    /// Somebody's templates, in the order of their names.
    async fn templates_of(&self, user: &UserId) -> Result<Vec<Template>, StoreError>;
}
