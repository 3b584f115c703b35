//! What a store tells of how people are notified: a part of [`Store`](crate::store::Store).
//!
//! What concerns two people is notified of in the transaction that brings it about. Of messages people are notified by
//! somebody who follows the events and knows who is there: [`notify`](Notices::notify).

use async_trait::async_trait;

use crate::{
    domain::{
        notification::{DoNotDisturb, Mute, Notification, NotificationId, Notified},
        push::PushSubscription,
    },
    error::StoreError,
    ids::{ConversationId, Timestamp, UserId},
};

/// What a store tells of how people are notified. Errors are those of every read.
#[async_trait]
pub trait Notices {
    /// A page of the user's notifications, newest first, below `before`.
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError>;

    /// One of the user's notifications. `None`: there is none; of messages, a newer one may have taken its place.
    async fn notification(
        &self,
        user: &UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError>;

    /// How many of the user's notifications are unread; counted each time.
    async fn unread_notifications(&self, user: &UserId) -> Result<u64, StoreError>;

    /// Brings what people are notified of in a conversation in line with what waits for them there, durably: the newest
    /// message that they haven't read and that counts as unread for them. Whoever is in it no longer, has read all, or
    /// has muted it, is notified of nothing; what was withdrawn is told of no longer. Doing it again changes nothing.
    /// Tells what is new, at most one of each user.
    async fn notify(
        &self,
        conversation: ConversationId,
        users: &[UserId],
        at: Timestamp,
    ) -> Result<Vec<Notified>, StoreError>;

    /// The same, after something was withdrawn or hidden: nobody is notified of anything new.
    async fn withdraw_notifications(
        &self,
        conversation: ConversationId,
        users: &[UserId],
    ) -> Result<(), StoreError>;

    /// Forgets, durably, notifications from before a time, the oldest first, at most about `limit` of them, and tells how
    /// many.
    async fn forget_notifications(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Which conversations somebody wants no notifications of, also those of which they want them again by now.
    async fn mutes(&self, user: &UserId) -> Result<Vec<Mute>, StoreError>;

    /// When somebody's devices are to be left alone.
    async fn do_not_disturb(&self, user: &UserId) -> Result<DoNotDisturb, StoreError>;

    /// The devices that somebody wants to be reached on, oldest first.
    async fn push_targets(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError>;
}
