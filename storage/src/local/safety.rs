//! The store's face towards moderators, and towards what forgets.

use async_trait::async_trait;

use super::LocalStore;
use crate::{
    domain::safety::{AuditLine, Flag, Preferences, Report, ReportStatus, Standing},
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
        _: Retention,
        _: Timestamp,
        _: Option<ConversationId>,
        _: usize,
    ) -> Result<Purged, StoreError> {
        Ok(Purged {
            n_messages: 0,
            through: None,
        })
    }
}
