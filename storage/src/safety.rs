//! What a store tells moderators, and how it forgets: a part of [`Store`](crate::store::Store).

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    domain::safety::{AuditLine, Flag, Preferences, Report, ReportStatus, Standing},
    error::StoreError,
    ids::{ConversationId, MessageId, ReportId, Timestamp, UserId},
};

/// Which reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportPage {
    /// Only those this far.
    pub status: Option<ReportStatus>,
    /// Only those about this person.
    pub about: Option<UserId>,
    /// Only those made before this one.
    pub before: Option<ReportId>,
    /// At most so many.
    pub limit: usize,
}

/// What is kept for how long. The default: everything, for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Messages older than this go.
    pub age: Option<Duration>,
    /// Of each conversation only so many messages stay, the newest; a deleted one takes up its place.
    pub messages_max: Option<u64>,
}

/// One small step of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// So many messages went.
    pub n_messages: u64,
    /// Go on with the conversation after this one. `None`: all were looked at.
    pub through: Option<ConversationId>,
}

/// What a store tells moderators, and how it forgets. Errors are those of every read.
#[async_trait]
pub trait Safety {
    /// A report.
    async fn report(&self, report: ReportId) -> Result<Option<Report>, StoreError>;

    /// A page of reports, newest first.
    async fn reports(&self, page: ReportPage) -> Result<Vec<Report>, StoreError>;

    /// The flag of a message.
    async fn flag(&self, message: MessageId) -> Result<Option<Flag>, StoreError>;

    /// A page of flags, of the newest messages first, of messages before one.
    async fn flags(
        &self,
        status: Option<ReportStatus>,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Flag>, StoreError>;

    /// How a person stands with the moderators.
    async fn standing(&self, user: &UserId) -> Result<Standing, StoreError>;

    /// Everyone whose writing is shown to nobody else, and since when.
    async fn shadowed(&self) -> Result<Vec<(UserId, Timestamp)>, StoreError>;

    /// What people chose for themselves, in the order of the argument.
    async fn preferences(&self, users: &[UserId]) -> Result<Vec<Preferences>, StoreError>;

    /// Lines of the audit log after a number, oldest first.
    async fn audit_after(&self, n: u64, limit: usize) -> Result<Vec<AuditLine>, StoreError>;

    /// Lets go, for good, of the lines of the audit log that were written before a time, at most `limit` of them, and
    /// tells how many went. What is left can be verified still.
    async fn forget_audit(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError>;

    /// Takes away, for good, what retention doesn't keep, oldest first, in one small step: at most `limit` messages,
    /// beginning with the conversation after `after`. Nobody is told: the places of a conversation begin later, no
    /// place is given out twice, and changes about what is gone aren't told any more. What is newer looks as before.
    async fn purge(
        &self,
        retention: Retention,
        at: Timestamp,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Purged, StoreError>;
}
