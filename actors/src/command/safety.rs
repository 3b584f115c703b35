//! What can be asked about safety: reports, and what moderators do.

use std::sync::Arc;

use parlour_storage::{
    domain::safety::{
        AuditLine, Flag, Preferences, Report, ReportDraft, ReportStatus, Sanction, Standing,
    },
    ids::{AttachmentId, MessageId, ReportId, Timestamp, UserId},
};

use super::{Card, Shown};

/// A request that reports, chooses or decides.
#[derive(Clone, Debug)]
pub enum SafetyCommand {
    /// Reports somebody. Answered by [`SafetyReply::Filed`].
    Report(ReportDraft),
    /// Reports the author of a message, with the message. Answered by [`SafetyReply::Filed`].
    ReportMessage {
        /// Which message.
        message: MessageId,
        /// Of what sort.
        category: String,
        /// In the reporter's words.
        reason: Option<String>,
    },
    /// Keeps what the caller chooses for themselves. Answered by [`Reply::Done`](super::Reply::Done), as everything below.
    Prefer(Preferences),
    /// Moves a report on. For moderators, as everything below.
    ReviewReport {
        /// Which.
        report: ReportId,
        /// How far it is now.
        status: ReportStatus,
        /// For other moderators.
        note: Option<String>,
    },
    /// Moves a flag on.
    ReviewFlag {
        /// Of which message.
        message: MessageId,
        /// How far it is now.
        status: ReportStatus,
    },
    /// Decides about a person.
    Sanction {
        /// About whom.
        user: UserId,
        /// What.
        sanction: Sanction,
        /// Why: kept in the audit log, and told to the person by a warning.
        reason: Option<String>,
    },
    /// Deletes anybody's message.
    Takedown {
        /// Which.
        message: MessageId,
        /// Why: kept in the audit log.
        reason: Option<String>,
    },
}

impl SafetyCommand {
    /// Whether it takes the role moderator or admin.
    pub fn is_for_moderators(&self) -> bool {
        !matches!(
            self,
            Self::Report(_) | Self::ReportMessage { .. } | Self::Prefer(_)
        )
    }
}

/// A request that reads what moderators see. All but the first are for moderators.
#[derive(Clone, Debug)]
pub enum SafetyQuestion {
    /// What the caller chose for themselves. [`SafetyReply::Preferences`].
    Preferences,
    /// Reports, newest first. [`SafetyReply::Reports`].
    Reports {
        /// Only those this far.
        status: Option<ReportStatus>,
        /// Only those about this person.
        about: Option<UserId>,
        /// Only those made before this one.
        before: Option<ReportId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// One report, with what was said around it. [`SafetyReply::Case`].
    Report(ReportId),
    /// A file of a message that a report shows. That it was looked at is in the audit log first.
    /// [`AttachmentReply::Attachment`](super::AttachmentReply::Attachment).
    ReportedFile {
        /// The report.
        report: ReportId,
        /// The file.
        file: AttachmentId,
    },
    /// Flagged messages, newest first. [`SafetyReply::Flags`].
    Flags {
        /// Only those this far.
        status: Option<ReportStatus>,
        /// Only those of messages before this one.
        before: Option<MessageId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// How a person stands. [`SafetyReply::Standing`].
    Standing(UserId),
    /// The audit log, oldest first. [`SafetyReply::Audit`].
    Audit {
        /// Only lines after this number.
        after: u64,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
}

impl SafetyQuestion {
    /// Whether it takes the role moderator or admin.
    pub fn is_for_moderators(&self) -> bool {
        !matches!(self, Self::Preferences)
    }
}

/// The answer to one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafetyReply {
    /// The report was taken.
    Filed {
        /// Its number.
        report: ReportId,
        /// When.
        at: Timestamp,
    },
    /// What the caller chose.
    Preferences(Preferences),
    /// A page of reports.
    Reports {
        /// Newest first.
        reports: Vec<Report>,
        /// Ask for those before this one to go on; `None` at the end.
        next: Option<ReportId>,
    },
    /// A report, and what belongs to it.
    Case(Box<Case>),
    /// A page of flags, each with its message as it stands.
    Flags {
        /// Of the newest messages first.
        flags: Vec<(Flag, Option<Shown>)>,
        /// Ask for those before this one to go on; `None` at the end.
        next: Option<MessageId>,
    },
    /// How a person stands.
    Standing {
        /// Who.
        who: Arc<Card>,
        /// How.
        standing: Standing,
        /// The newest reports about them.
        reports: Vec<Report>,
    },
    /// A page of the audit log, oldest first.
    Audit(Vec<AuditLine>),
}

/// A report, and what a moderator needs to decide about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The report.
    pub report: Report,
    /// How the person stands who is reported.
    pub standing: Standing,
    /// What was said around the message, or last in the conversation, oldest first: at most
    /// [`CONTEXT_MESSAGES`](crate::limits::CONTEXT_MESSAGES). Texts are as their authors wrote them, where that was kept.
    pub context: Vec<Shown>,
}
