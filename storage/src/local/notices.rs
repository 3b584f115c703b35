//! The store's face towards what notifies people.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::{
        notification::{DoNotDisturb, Mute, Notification, NotificationId, Notified},
        push::PushSubscription,
    },
    engine::{
        notifications::{self, Brought},
        push,
        view::View,
    },
    error::StoreError,
    ids::{ConversationId, Seq, Timestamp, UserId},
    notices::Notices,
};

/// Notifications forgotten in one batch, of three rows each.
const FORGET: usize = 16;

impl LocalStore {
    /// Writes what was found; nothing, if nothing was.
    async fn bring_in_line(
        &self,
        conversation: ConversationId,
        found: Vec<notifications::Found>,
        new: Option<Timestamp>,
    ) -> Result<Brought, StoreError> {
        if found.is_empty() {
            return Ok(Brought::default());
        }
        self.small_chore(move |tx| notifications::bring_in_line(tx, conversation, &found, new))
            .await
    }
}

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
        places: RangeInclusive<Seq>,
        users: &[UserId],
        at: Timestamp,
    ) -> Result<Vec<Notified>, StoreError> {
        let (mut told, mut users) = (Vec::new(), users.to_vec());
        while !users.is_empty() {
            let places = places.clone();
            let find = move |view: &View<'_>| {
                notifications::find_new(view, conversation, &places, &users, at)
            };
            let found = self.read(find).await?;
            let brought = self.bring_in_line(conversation, found, Some(at)).await?;
            told.extend(brought.told);
            users = brought.stale;
        }
        Ok(told)
    }

    async fn withdraw_notifications(
        &self,
        conversation: ConversationId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        let mut users = users.to_vec();
        while !users.is_empty() {
            let find =
                move |view: &View<'_>| notifications::find_withdrawn(view, conversation, &users);
            let found = self.read(find).await?;
            users = self.bring_in_line(conversation, found, None).await?.stale;
        }
        Ok(())
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
