//! The store's face towards what notifies people.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::{
        notification::{DoNotDisturb, Mute, Notification, NotificationId, Notified},
        push::PushSubscription,
    },
    engine::{notifications, push},
    error::StoreError,
    ids::{ConversationId, Timestamp, UserId},
    notices::Notices,
};

/// Notifications forgotten in one batch, of three rows each.
const FORGET: usize = 16;

#[async_trait]
impl Notices for LocalStore {
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError> {
        let user = user.clone();
        self.read(move |view| notifications::page(view, &user, before, limit))
            .await
    }

    async fn notification(
        &self,
        user: &UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        let user = user.clone();
        self.read(move |view| notifications::one(view, &user, id))
            .await
    }

    async fn unread_notifications(&self, user: &UserId) -> Result<u64, StoreError> {
        let user = user.clone();
        self.read(move |view| notifications::n_unread(view, &user))
            .await
    }

    async fn notify(
        &self,
        conversation: ConversationId,
        users: &[UserId],
        at: Timestamp,
    ) -> Result<Vec<Notified>, StoreError> {
        let users = users.to_vec();
        self.small_chore(move |tx| notifications::notify(tx, conversation, &users, Some(at)))
            .await
    }

    async fn withdraw_notifications(
        &self,
        conversation: ConversationId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        let users = users.to_vec();
        self.chore(Box::new(move |tx| {
            notifications::notify(tx, conversation, &users, None)?;
            Ok(false)
        }))
        .await
    }

    async fn forget_notifications(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let forgotten = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&forgotten);
        let mut left = limit;
        self.chore(Box::new(move |tx| {
            let step = left.min(FORGET);
            let n = notifications::forget_before(tx, before, step)?;
            left -= n;
            count.fetch_add(n, Ordering::Relaxed);
            Ok(n == step && left > 0)
        }))
        .await?;
        Ok(forgotten.load(Ordering::Relaxed))
    }

    async fn mutes(&self, user: &UserId) -> Result<Vec<Mute>, StoreError> {
        let user = user.clone();
        self.read(move |view| notifications::mutes(view, &user))
            .await
    }

    async fn do_not_disturb(&self, user: &UserId) -> Result<DoNotDisturb, StoreError> {
        let user = user.clone();
        self.read(move |view| notifications::do_not_disturb(view, &user))
            .await
    }

    async fn push_targets(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        let user = user.clone();
        self.read(move |view| push::of(view, &user)).await
    }
}
