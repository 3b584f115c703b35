//! The store's face towards moderators, and towards what forgets.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;

use super::{LocalStore, writer::Chore};
use crate::{
    domain::safety::{AuditLine, Flag, Preferences, Report, ReportStatus, Standing},
    engine::{
        audit, events, flags, preferences,
        purge::{self, Plan},
        reports, standing,
    },
    error::StoreError,
    ids::{ConversationId, MessageId, ReportId, Timestamp, UserId},
    safety::{Purged, ReportPage, Retention, Safety},
};

/// Lines of the audit log removed in one batch.
const FORGET_LINES: usize = 32;

#[async_trait]
impl Safety for LocalStore {
    async fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.read(move |view| reports::report(view, id)).await
    }

    async fn reports(&self, page: ReportPage) -> Result<Vec<Report>, StoreError> {
        self.read(move |view| reports::page(view, &page)).await
    }

    async fn flag(&self, id: MessageId) -> Result<Option<Flag>, StoreError> {
        self.read(move |view| flags::flag(view, id)).await
    }

    async fn flags(
        &self,
        status: Option<ReportStatus>,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Flag>, StoreError> {
        self.read(move |view| flags::page(view, status, before, limit))
            .await
    }

    async fn standing(&self, user: &UserId) -> Result<Standing, StoreError> {
        let user = user.clone();
        self.read(move |view| standing::standing(view, &user)).await
    }

    async fn shadowed(&self) -> Result<Vec<(UserId, Timestamp)>, StoreError> {
        self.read(|view| standing::shadowed(view)).await
    }

    async fn preferences(&self, users: &[UserId]) -> Result<Vec<Preferences>, StoreError> {
        let users = users.to_vec();
        self.read(move |view| preferences::of_all(view, &users))
            .await
    }

    async fn audit_after(&self, n: u64, limit: usize) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |view| audit::after(view, n).take(limit).collect())
            .await
    }

    async fn forget_audit(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let forgotten = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&forgotten);
        let mut left = limit;
        self.chore(Box::new(move |tx| {
            let step = left.min(FORGET_LINES);
            let n = audit::forget(tx, before, step)?;
            left -= n;
            count.fetch_add(n as u64, Ordering::Relaxed);
            Ok(n == step && left > 0)
        }))
        .await?;
        Ok(forgotten.load(Ordering::Relaxed))
    }

    async fn purge(
        &self,
        retention: Retention,
        at: Timestamp,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Purged, StoreError> {
        let plan = self.read(move |view| purge::plan(view, retention, at, after, limit));
        let Plan { mut due, through } = plan.await?;
        let n_messages = Arc::new(AtomicU64::new(0));
        if !due.is_empty() {
            let n_messages = Arc::clone(&n_messages);
            let chore: Chore = Box::new(move |tx| {
                tx.at = at;
                n_messages.fetch_add(purge::step(tx, &mut due)?, Ordering::Relaxed);
                events::write_house(tx)?;
                Ok(!due.is_empty())
            });
            self.chore(chore).await?;
        }
        Ok(Purged {
            n_messages: n_messages.load(Ordering::Relaxed),
            through,
        })
    }
}
