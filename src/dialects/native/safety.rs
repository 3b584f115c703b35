//! Safety in the native protocol: what everyone may ask, and all objects of it as JSON. What moderators ask is in
//! `moderation`.

use std::fmt::Write as _;

use parlour_actors::{
    command::{Case, Command, SafetyCommand, SafetyReply, Shown},
    error::Failure,
};
use parlour_storage::{
    domain::safety::{AuditLine, Flag, Preferences, Report, ReportDraft, Standing},
    ids::{ConversationId, MessageId, Position, ReportId, Timestamp, UserId},
};
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    contact::card,
    scalar::{Id, User},
    wire::{Text, Time, WireMessage, message},
};
use crate::dialects::shape::report_status;

/// Reports somebody, or the author of a message.
#[derive(Debug, Deserialize)]
pub struct FileReport {
    /// This person ...
    pub user: Option<User>,
    /// ... or the author of this message.
    pub message: Option<Id<MessageId>>,
    /// Of what sort.
    pub category: String,
    /// In the reporter's words.
    pub reason: Option<String>,
    /// Where it happened. A message tells by itself.
    pub conversation: Option<Id<ConversationId>>,
}

impl FileReport {
    /// The command.
    ///
    /// # Errors
    ///
    /// It names neither a person nor a message, or both; or a conversation beside a message.
    pub fn into_command(self) -> Result<Command, Failure> {
        let (category, reason) = (self.category, self.reason);
        let command = match (self.user, self.message, self.conversation) {
            (Some(user), None, conversation) => SafetyCommand::Report(ReportDraft {
                user: user.0,
                category,
                reason,
                conversation: conversation.map(|id| id.0),
                message: None,
            }),
            (None, Some(message), None) => SafetyCommand::ReportMessage {
                message: message.0,
                category,
                reason,
            },
            _ => {
                let words = "give either `user`, perhaps with `conversation`, or `message` alone";
                return Err(Failure::bad_value("user", words));
            }
        };
        Ok(Command::Safety(command))
    }
}

/// What a person chooses for themselves.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Prefer {
    /// Nobody is told what they have read and received.
    pub hide_receipts: bool,
}

impl From<Prefer> for Command {
    fn from(Prefer { hide_receipts }: Prefer) -> Self {
        Self::Safety(SafetyCommand::Prefer(Preferences { hide_receipts }))
    }
}

#[derive(Serialize)]
struct WireReport<'a> {
    id: Text<ReportId>,
    by: &'a str,
    user: &'a str,
    category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<MessageId>>,
    status: &'static str,
    at: Time,
    #[serde(flatten)]
    reviewed: WireReviewed<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct WireReviewed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_by: Option<&'a str>,
}

fn reviewed(reviewed: Option<&(Timestamp, UserId)>) -> WireReviewed<'_> {
    WireReviewed {
        reviewed_at: reviewed.map(|(at, _)| Time(*at)),
        reviewed_by: reviewed.map(|(_, by)| by.as_str()),
    }
}

fn report(report: &Report) -> WireReport<'_> {
    let what = &report.what;
    WireReport {
        id: Text(report.id),
        by: report.by.as_str(),
        user: what.user.as_str(),
        category: &what.category,
        reason: what.reason.as_deref(),
        conversation: what.conversation.map(Text),
        message: what.message.map(Text),
        status: report_status(report.status),
        at: Time(report.at),
        reviewed: reviewed(report.reviewed.as_ref()),
        note: report.note.as_deref(),
    }
}

#[derive(Serialize)]
struct WireFlag<'a> {
    message: Text<MessageId>,
    conversation: Text<ConversationId>,
    author: &'a str,
    found: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<&'a str>,
    status: &'static str,
    at: Time,
    #[serde(flatten)]
    reviewed: WireReviewed<'a>,
    shown: Option<WireMessage<'a>>,
}

fn flag((flag, now): &(Flag, Option<Shown>)) -> WireFlag<'_> {
    WireFlag {
        message: Text(flag.message),
        conversation: Text(flag.conversation),
        author: flag.author.as_str(),
        found: &flag.what.found,
        original: flag.what.original.as_deref(),
        status: report_status(flag.status),
        at: Time(flag.at),
        reviewed: reviewed(flag.reviewed.as_ref()),
        shown: now.as_ref().map(shown),
    }
}

fn shown(shown: &Shown) -> WireMessage<'_> {
    message(&shown.message, shown.veiled)
}

#[derive(Serialize)]
struct WireStanding {
    warnings: u32,
    muted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<Time>,
    suspended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_until: Option<Time>,
    banned: bool,
    shadow_banned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow_banned_since: Option<Time>,
}

/// What is over is not told, and what has no end has none here either.
fn standing(standing: &Standing, now: Timestamp) -> WireStanding {
    let (muted, suspended) = (standing.is_muted(now), standing.is_suspended(now));
    let end = |until: Option<Timestamp>, lasts: bool| {
        until
            .filter(|end| lasts && *end != Timestamp::MAX)
            .map(Time)
    };
    WireStanding {
        warnings: standing.warnings,
        muted,
        muted_until: end(standing.muted_until, muted),
        suspended,
        suspended_until: end(standing.suspended_until, suspended),
        banned: standing.banned,
        shadow_banned: standing.shadowed_since.is_some(),
        shadow_banned_since: standing.shadowed_since.map(Time),
    }
}

#[derive(Serialize)]
struct WireAuditLine<'a> {
    n: u64,
    at: Time,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Text<Position>>,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<MessageId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    hash: String,
}

fn audit_line(line: &AuditLine) -> WireAuditLine<'_> {
    let mut hash = String::with_capacity(2 * line.hash.len());
    for byte in line.hash {
        write!(hash, "{byte:02x}").expect("memory");
    }
    WireAuditLine {
        n: line.n,
        at: Time(line.at),
        by: line.by.as_str(),
        position: line.position.map(Text),
        action: &line.action,
        user: line.user.as_ref().map(UserId::as_str),
        conversation: line.conversation.map(Text),
        message: line.message.map(Text),
        detail: line.detail.as_deref(),
        hash,
    }
}

/// The entries of an answer.
pub(super) fn answer<M: SerializeMap>(map: &mut M, reply: &SafetyReply) -> Result<(), M::Error> {
    match reply {
        SafetyReply::Filed { report, at } => {
            map.serialize_entry("report", &Text(report))?;
            map.serialize_entry("at", &Time(*at))
        }
        SafetyReply::Preferences(Preferences { hide_receipts }) => {
            let chosen = serde_json::json!({ "hide_receipts": hide_receipts });
            map.serialize_entry("preferences", &chosen)
        }
        SafetyReply::Reports { reports, next } => {
            let list: Vec<_> = reports.iter().map(report).collect();
            map.serialize_entry("reports", &list)?;
            map.serialize_entry("next", &next.map(Text))
        }
        SafetyReply::Case(case) => {
            let Case {
                report: one,
                standing: of,
                context,
            } = &**case;
            let context: Vec<_> = context.iter().map(shown).collect();
            map.serialize_entry("report", &report(one))?;
            map.serialize_entry("standing", &standing(of, Timestamp::now()))?;
            map.serialize_entry("context", &context)
        }
        SafetyReply::Flags { flags, next } => {
            let list: Vec<_> = flags.iter().map(flag).collect();
            map.serialize_entry("flags", &list)?;
            map.serialize_entry("next", &next.map(Text))
        }
        SafetyReply::Standing {
            who,
            standing: of,
            reports,
        } => {
            let reports: Vec<_> = reports.iter().map(report).collect();
            map.serialize_entry("user", &card(who))?;
            map.serialize_entry("standing", &standing(of, Timestamp::now()))?;
            map.serialize_entry("reports", &reports)
        }
        SafetyReply::Audit(lines) => {
            let list: Vec<_> = lines.iter().map(audit_line).collect();
            map.serialize_entry("lines", &list)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    #[test]
    fn what_is_over_or_without_end_says_so() {
        let shown = |of: Standing| serde_json::to_value(standing(&of, NOW)).unwrap();
        let past = Standing {
            muted_until: Some(NOW),
            ..Standing::default()
        };
        assert_eq!(shown(past), shown(Standing::default()));
        let banned = shown(Standing {
            suspended_until: Some(Timestamp::MAX),
            banned: true,
            ..Standing::default()
        });
        assert_eq!(banned["suspended"], true);
        assert!(banned.get("suspended_until").is_none());
    }

    #[test]
    fn a_report_is_about_a_person_or_a_message() {
        let command = |body| {
            serde_json::from_str::<FileReport>(body)
                .unwrap()
                .into_command()
        };
        assert!(command(r#"{"user":"x","category":"spam","conversation":"7"}"#).is_ok());
        assert!(command(r#"{"message":7,"category":"spam"}"#).is_ok());
        for body in [
            r#"{"category":"spam"}"#,
            r#"{"user":"x","message":7,"category":"spam"}"#,
            r#"{"message":7,"conversation":7,"category":"spam"}"#,
        ] {
            assert_eq!(command(body).unwrap_err().field, Some("user"), "{body}");
        }
    }
}
