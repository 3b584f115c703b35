//! Reports, flags, what moderators decide, what people chose for themselves, and the audit log.

use crate::ids::{ConversationId, MessageId, Position, ReportId, Timestamp, UserId};

/// What is to be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDraft {
    /// Who.
    pub user: UserId,
    /// Of what sort: one of [`CATEGORIES`], or the app's own word.
    pub category: String,
    /// In the reporter's words.
    pub reason: Option<String>,
    /// Where it happened.
    pub conversation: Option<ConversationId>,
    /// Which message it is about.
    pub message: Option<MessageId>,
}

/// The categories that Parlour knows. Apps may have others.
pub const CATEGORIES: &[&str] = &[
    "spam",
    "scam",
    "harassment",
    "hate",
    "threat",
    "sexual_content",
    "inappropriate_content",
    "fake_profile",
    "underage",
    "self_harm",
    "other",
];

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which. Printed as `report_<n>` by `matched`.
    pub id: ReportId,
    /// Who reports.
    pub by: UserId,
    /// What.
    pub what: ReportDraft,
    /// How far it is.
    pub status: ReportStatus,
    /// When it was made.
    pub at: Timestamp,
    /// When its status last changed, and by which moderator.
    pub reviewed: Option<(Timestamp, UserId)>,
    /// What that moderator wrote about it; for moderators alone.
    pub note: Option<String>,
}

/// How far a report, or a flag, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportStatus {
    /// Nobody has looked yet.
    Pending,
    /// Somebody looks.
    Reviewing,
    /// Something was done.
    Actioned,
    /// Nothing had to be done.
    Dismissed,
}

/// Marks a message for review, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagDraft {
    /// What was found: short words such as `profanity`, `contact_details`.
    pub found: Vec<String>,
    /// What the author wrote, if something else is shown; for moderators alone.
    pub original: Option<String>,
}

/// A message marked for review. One a message: a later edit that is flagged replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Which message.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub author: UserId,
    /// What was found.
    pub what: FlagDraft,
    /// How far it is.
    pub status: ReportStatus,
    /// When it was flagged.
    pub at: Timestamp,
    /// When its status last changed, and by which moderator.
    pub reviewed: Option<(Timestamp, UserId)>,
}

/// What a moderator decides about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanction {
    /// They are told that they broke a rule; counted.
    Warn,
    /// They can't write until then; `None`: until it is lifted.
    Mute(Option<Timestamp>),
    /// Their tokens are refused until then; `None`: until it is lifted.
    Suspend(Option<Timestamp>),
    /// Their tokens are refused for good.
    Ban,
    /// What they write is shown to nobody else, and they aren't told.
    ShadowBan,
    /// Takes back a mute.
    Unmute,
    /// Takes back a suspension or a ban.
    Reinstate,
    /// Takes back a shadow ban: what was written meanwhile is shown.
    EndShadowBan,
}

/// How a person stands with the moderators. The default: well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How often they were warned.
    pub warnings: u32,
    /// They can't write until then.
    pub muted_until: Option<Timestamp>,
    /// Their tokens are refused until then. For a ban: [`Timestamp::MAX`].
    pub suspended_until: Option<Timestamp>,
    /// The suspension is a ban.
    pub banned: bool,
    /// What they write is shown to nobody else, since then.
    pub shadowed_since: Option<Timestamp>,
}

impl Standing {
    /// Whether they can't write at a time.
    pub fn is_muted(&self, at: Timestamp) -> bool {
        self.muted_until.is_some_and(|until| at < until)
    }

    /// Whether their tokens are refused at a time.
    pub fn is_suspended(&self, at: Timestamp) -> bool {
        self.suspended_until.is_some_and(|until| at < until)
    }

    /// How they stand after a moderator decided.
    #[must_use]
    pub fn after(self, sanction: Sanction, at: Timestamp) -> Self {
        let mut after = self;
        match sanction {
            Sanction::Warn => after.warnings = self.warnings.saturating_add(1),
            Sanction::Mute(until) => after.muted_until = Some(until.unwrap_or(Timestamp::MAX)),
            Sanction::Unmute => after.muted_until = None,
            // A ban outlasts any suspension: else who suspends somebody would, without knowing, let them in again.
            Sanction::Suspend(_) if self.banned => {}
            Sanction::Suspend(until) => {
                after.suspended_until = Some(until.unwrap_or(Timestamp::MAX))
            }
            Sanction::Ban => {
                after.banned = true;
                after.suspended_until = Some(Timestamp::MAX);
            }
            Sanction::Reinstate => {
                after.banned = false;
                after.suspended_until = None;
            }
            Sanction::ShadowBan => after.shadowed_since = self.shadowed_since.or(Some(at)),
            Sanction::EndShadowBan => after.shadowed_since = None,
        }
        after
    }
}

/// What a person chose for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Nobody is told what they have read and received.
    pub hide_receipts: bool,
}

/// A line for the audit log, as it is written. Never holds the text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDraft {
    /// What was done, for example `message.sent`, `user.blocked`, `user.suspended`.
    pub action: &'static str,
    /// To whom, if to a person.
    pub user: Option<UserId>,
    /// Where, if in a conversation.
    pub conversation: Option<ConversationId>,
    /// To which message. Of one that is sent, the line's position tells.
    pub message: Option<MessageId>,
    /// More of it: short, and safe to keep. A category, an end, a status.
    pub detail: Option<String>,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Counts from 1 without a gap.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: UserId,
    /// Where the change stands that was written with it, if one was.
    pub position: Option<Position>,
    /// What was done.
    pub action: String,
    /// To whom.
    pub user: Option<UserId>,
    /// Where.
    pub conversation: Option<ConversationId>,
    /// To which message.
    pub message: Option<MessageId>,
    /// More of it.
    pub detail: Option<String>,
    /// SHA-256 over the hash of the line before and all of the above: whoever changes, removes or inserts a line
    /// has to change every later one.
    pub hash: [u8; 32],
}
