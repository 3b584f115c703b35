//! Reports, flags, standings, preferences and lines of the audit log, as they are stored.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::safety::{
        AuditLine, Flag, FlagDraft, Preferences, Report, ReportDraft, ReportStatus, Standing,
    },
    ids::{ConversationId, MessageId, Position, ReportId, Timestamp, UserId},
};

stored_enum!(
    ReportStatusV1 = ReportStatus {
        Pending,
        Reviewing,
        Actioned,
        Dismissed
    }
);

record!(ReportV1, 120, 1, LARGE: true);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportV1 {
    pub(crate) by: UserId,
    pub(crate) user: UserId,
    pub(crate) category: String,
    pub(crate) reason: Option<String>,
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) message: Option<MessageId>,
    pub(crate) status: ReportStatusV1,
    pub(crate) at: Timestamp,
    pub(crate) reviewed: Option<(Timestamp, UserId)>,
    pub(crate) note: Option<String>,
}

impl ReportV1 {
    pub(crate) fn into_domain(self, id: ReportId) -> Report {
        Report {
            id,
            by: self.by,
            what: ReportDraft {
                user: self.user,
                category: self.category,
                reason: self.reason,
                conversation: self.conversation,
                message: self.message,
            },
            status: self.status.into(),
            at: self.at,
            reviewed: self.reviewed,
            note: self.note,
        }
    }
}

record!(FlagV1, 121, 1, LARGE: true);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlagV1 {
    pub(crate) conversation: ConversationId,
    pub(crate) author: UserId,
    pub(crate) found: Vec<String>,
    pub(crate) original: Option<String>,
    pub(crate) status: ReportStatusV1,
    pub(crate) at: Timestamp,
    pub(crate) reviewed: Option<(Timestamp, UserId)>,
}

impl FlagV1 {
    pub(crate) fn into_domain(self, message: MessageId) -> Flag {
        Flag {
            message,
            conversation: self.conversation,
            author: self.author,
            what: FlagDraft {
                found: self.found,
                original: self.original,
            },
            status: self.status.into(),
            at: self.at,
            reviewed: self.reviewed,
        }
    }
}

record!(StandingV1, 122, 1);
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingV1 {
    pub(crate) warnings: u32,
    pub(crate) muted_until: Option<Timestamp>,
    pub(crate) suspended_until: Option<Timestamp>,
    pub(crate) banned: bool,
    pub(crate) shadowed_since: Option<Timestamp>,
}

impl From<StandingV1> for Standing {
    fn from(stored: StandingV1) -> Self {
        Self {
            warnings: stored.warnings,
            muted_until: stored.muted_until,
            suspended_until: stored.suspended_until,
            banned: stored.banned,
            shadowed_since: stored.shadowed_since,
        }
    }
}

record!(ShadowedV1, 123, 1);
/// Stands for each person whose standing has a `shadowed_since`, to find them among all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShadowedV1 {
    pub(crate) since: Timestamp,
}

record!(AuditV1, 124, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditV1 {
    pub(crate) at: Timestamp,
    pub(crate) by: UserId,
    pub(crate) position: Option<Position>,
    pub(crate) action: String,
    pub(crate) user: Option<UserId>,
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) message: Option<MessageId>,
    pub(crate) detail: Option<String>,
    pub(crate) hash: [u8; 32],
}

impl From<AuditLine> for AuditV1 {
    fn from(line: AuditLine) -> Self {
        Self {
            at: line.at,
            by: line.by,
            position: line.position,
            action: line.action,
            user: line.user,
            conversation: line.conversation,
            message: line.message,
            detail: line.detail,
            hash: line.hash,
        }
    }
}

impl AuditV1 {
    pub(crate) fn into_domain(self, n: u64) -> AuditLine {
        AuditLine {
            n,
            at: self.at,
            by: self.by,
            position: self.position,
            action: self.action,
            user: self.user,
            conversation: self.conversation,
            message: self.message,
            detail: self.detail,
            hash: self.hash,
        }
    }
}

record!(AuditMarkV1, 125, 1);
/// A line of the audit log, by which the chain goes on from it, or is known to end there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditMarkV1 {
    pub(crate) n: u64,
    pub(crate) hash: [u8; 32],
}

record!(PreferencesV1, 126, 1);
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreferencesV1 {
    pub(crate) hide_receipts: bool,
}

impl From<Preferences> for PreferencesV1 {
    fn from(Preferences { hide_receipts }: Preferences) -> Self {
        Self { hide_receipts }
    }
}

impl From<PreferencesV1> for Preferences {
    fn from(PreferencesV1 { hide_receipts }: PreferencesV1) -> Self {
        Self { hide_receipts }
    }
}

record!(ShelvedV1, 127, 1);
/// A report or flag stands on this shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShelvedV1;
