//! The store's face towards files that were uploaded.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    attachments::{Attachments, Doomed, Usage},
    domain::attachment::Attachment,
    engine::attachments,
    error::StoreError,
    ids::{AttachmentId, Timestamp, UserId},
};

/// Files forgotten in one batch, of some rows each.
const FORGET_FILES: usize = 8;

#[async_trait]
impl Attachments for LocalStore {
    async fn attachment(&self, id: AttachmentId) -> Result<Option<Attachment>, StoreError> {
        self.read(move |view| attachments::attachment(view, id))
            .await
    }

    async fn attachments_of(
        &self,
        user: &UserId,
        before: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<Attachment>, StoreError> {
        let user = user.clone();
        self.read(move |view| attachments::page(view, &user, before, limit))
            .await
    }

    async fn usage(&self, user: &UserId) -> Result<Usage, StoreError> {
        let user = user.clone();
        self.read(move |view| attachments::usage(view, &user)).await
    }

    async fn is_object_known(&self, object: &str) -> Result<bool, StoreError> {
        let object = object.to_owned();
        self.read(move |view| attachments::is_object_known(view, &object))
            .await
    }

    async fn give_up_unsent(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let forgotten = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&forgotten);
        let mut left = limit;
        self.chore(Box::new(move |tx| {
            let step = left.min(FORGET_FILES);
            let n = attachments::forget_unsent(tx, before, step)?;
            left -= n;
            count.fetch_add(n, Ordering::Relaxed);
            Ok(n == step && left > 0)
        }))
        .await?;
        Ok(forgotten.load(Ordering::Relaxed))
    }

    async fn doomed(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<Doomed>, StoreError> {
        self.read(move |view| attachments::doomed(view, after, limit))
            .await
    }

    async fn forget_doomed(&self, ids: &[AttachmentId]) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.chore(Box::new(move |tx| {
            attachments::forget_doomed(tx, &ids)?;
            Ok(false)
        }))
        .await
    }
}
