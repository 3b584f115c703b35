//! The store's face towards moderators, and towards what forgets.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;

use super::{LocalStore, writer::Chore};
use crate::{
    domain::safety::{AuditLine, Flag, Preferences, Report, ReportStatus, Standing},
    engine::purge::{self, Plan},
    error::StoreError,
    ids::{ConversationId, MessageId, ReportId, Timestamp, UserId},
    safety::{Purged, ReportPage, Retention, Safety},
};

#[async_trait]
impl Safety for LocalStore {
    async fn report(&self, _: ReportId) -> Result<Option<Report>, StoreError> {
        Ok(None)
    }

    async fn reports(&self, _: ReportPage) -> Result<Vec<Report>, StoreError> {
        Ok(Vec::new())
    }

    async fn flag(&self, _: MessageId) -> Result<Option<Flag>, StoreError> {
        Ok(None)
    }

    async fn flags(
        &self,
        _: Option<ReportStatus>,
        _: Option<MessageId>,
        _: usize,
    ) -> Result<Vec<Flag>, StoreError> {
        Ok(Vec::new())
    }

    async fn standing(&self, _: &UserId) -> Result<Standing, StoreError> {
        Ok(Standing::default())
    }

    async fn shadowed(&self) -> Result<Vec<(UserId, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }

    async fn preferences(&self, users: &[UserId]) -> Result<Vec<Preferences>, StoreError> {
        Ok(vec![Preferences::default(); users.len()])
    }

    async fn audit_after(&self, _: u64, _: usize) -> Result<Vec<AuditLine>, StoreError> {
        Ok(Vec::new())
    }

    async fn forget_audit(&self, _: Timestamp, _: usize) -> Result<u64, StoreError> {
        Ok(0)
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
                n_messages.fetch_add(purge::step(tx, &mut due)?, Ordering::Relaxed);
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
