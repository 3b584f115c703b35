//! What moderators ask in the native protocol, over REST alone. The answers are in `safety`.

use jiff::{Span, SpanRelativeTo, Unit};
use parlour_actors::{
    command::{Command, Question, SafetyCommand, SafetyQuestion},
    error::Failure,
};
use parlour_storage::{
    domain::safety::{ReportStatus, Sanction},
    ids::{MessageId, ReportId, Timestamp, UserId},
};
use serde::Deserialize;

use super::{
    fields::PAGE_DEFAULT,
    scalar::{Id, Number, User},
};

/// How far a report or a flag is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum WireStatus {
    Pending,
    Reviewing,
    Actioned,
    Dismissed,
}

impl From<WireStatus> for ReportStatus {
    fn from(status: WireStatus) -> Self {
        match status {
            WireStatus::Pending => Self::Pending,
            WireStatus::Reviewing => Self::Reviewing,
            WireStatus::Actioned => Self::Actioned,
            WireStatus::Dismissed => Self::Dismissed,
        }
    }
}

/// Moves a report or a flag on.
#[derive(Debug, Deserialize)]
pub struct Review {
    /// How far it is now.
    pub status: WireStatus,
    /// For other moderators; of reports alone.
    pub note: Option<String>,
}

impl Review {
    /// The command that moves a report on.
    pub fn of_report(self, report: ReportId) -> Command {
        Command::Safety(SafetyCommand::ReviewReport {
            report,
            status: self.status.into(),
            note: self.note,
        })
    }

    /// The command that moves a flag on.
    ///
    /// # Errors
    ///
    /// There is a note: flags have none.
    pub fn of_flag(self, message: MessageId) -> Result<Command, Failure> {
        if self.note.is_some() {
            return Err(Failure::bad_value(
                "note",
                "a flag has no note; reports have",
            ));
        }
        Ok(Command::Safety(SafetyCommand::ReviewFlag {
            message,
            status: self.status.into(),
        }))
    }
}

/// A page of reports.
#[derive(Debug, Deserialize)]
pub struct ReportsPage {
    /// Only those this far.
    pub status: Option<WireStatus>,
    /// Only those about this person.
    pub user: Option<User>,
    /// The `next` of the page before.
    pub before: Option<Id<ReportId>>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl ReportsPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Safety(SafetyQuestion::Reports {
            status: self.status.map(Into::into),
            about: self.user.map(|user| user.0),
            before: self.before.map(|id| id.0),
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// A page of flags.
#[derive(Debug, Deserialize)]
pub struct FlagsPage {
    /// Only those this far.
    pub status: Option<WireStatus>,
    /// The `next` of the page before.
    pub before: Option<Id<MessageId>>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl FlagsPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Safety(SafetyQuestion::Flags {
            status: self.status.map(Into::into),
            before: self.before.map(|id| id.0),
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// A page of the audit log.
#[derive(Debug, Deserialize)]
pub struct AuditPage {
    /// Only lines after this number.
    pub after: Option<Number>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl AuditPage {
    /// The question.
    pub fn into_question(self) -> Question {
        Question::Safety(SafetyQuestion::Audit {
            after: self.after.map_or(0, |n| n.0 as u64),
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// What a moderator may do about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "docs/protocol.md describes each")]
pub enum WireAction {
    Warn,
    Mute,
    Unmute,
    Suspend,
    Ban,
    Reinstate,
    ShadowBan,
    EndShadowBan,
}

/// What a moderator does about a person.
#[derive(Debug, Deserialize)]
pub struct Act {
    /// What.
    pub action: WireAction,
    /// Until when a mute or suspension lasts ...
    pub until: Option<String>,
    /// ... or for how long. Neither: until it is taken back.
    #[serde(rename = "for")]
    pub lasting: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Act {
    /// The command, as of `now`.
    ///
    /// # Errors
    ///
    /// The end is none, is past, is given twice, or for what has no end.
    pub fn into_command(self, user: UserId, now: Timestamp) -> Result<Command, Failure> {
        use WireAction as A;
        let end = self.end(now)?;
        if end.is_some() && !matches!(self.action, A::Mute | A::Suspend) {
            let words = "mute and suspend alone have an end; leave out `until` and `for`";
            return Err(Failure::bad_value("until", words));
        }
        let sanction = match self.action {
            A::Warn => Sanction::Warn,
            A::Mute => Sanction::Mute(end),
            A::Unmute => Sanction::Unmute,
            A::Suspend => Sanction::Suspend(end),
            A::Ban => Sanction::Ban,
            A::Reinstate => Sanction::Reinstate,
            A::ShadowBan => Sanction::ShadowBan,
            A::EndShadowBan => Sanction::EndShadowBan,
        };
        Ok(Command::Safety(SafetyCommand::Sanction {
            user,
            sanction,
            reason: self.reason,
        }))
    }

    fn end(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        end(self.until.as_deref(), self.lasting.as_deref(), now)
    }
}

/// When something is to end: at a moment, after a time, or, with neither, never.
pub(super) fn end(
    until: Option<&str>,
    lasting: Option<&str>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let end = match (until, lasting) {
        (None, None) => return Ok(None),
        (Some(text), None) => moment(text)?,
        (None, Some(text)) => now.plus_ms(lasting_ms(text)?),
        (Some(_), Some(_)) => {
            let words = "give either `until` or `for`, or neither for no end";
            return Err(Failure::bad_value("until", words));
        }
    };
    if end <= now {
        let words = "the end has to be in the future";
        return Err(Failure::bad_value("until", words));
    }
    Ok(Some(end))
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let moment: Option<jiff::Timestamp> = text.parse().ok();
    let wrong = || Failure::bad_value("until", "until takes a moment such as 2026-11-21T12:00:00Z");
    moment
        .map(|moment| Timestamp(moment.as_millisecond()))
        .ok_or_else(wrong)
}

/// A time such as `30m`, `24h`, `7d` or `P7D`, in milliseconds.
fn lasting_ms(text: &str) -> Result<i64, Failure> {
    let span: Option<Span> = text.parse().ok();
    let ms = span.and_then(|span| {
        let days = SpanRelativeTo::days_are_24_hours();
        span.total((Unit::Millisecond, days)).ok()
    });
    let wrong = || Failure::bad_value("for", "for takes a time such as 30m, 24h or 7d");
    // Exact far beyond all that a span can hold; `as` saturates.
    ms.map(|ms| ms as i64).ok_or_else(wrong)
}

/// Why a message is taken down.
#[derive(Debug, Deserialize)]
pub struct Takedown {
    /// Kept in the audit log.
    pub reason: Option<String>,
}

impl Takedown {
    /// The command.
    pub fn into_command(self, message: MessageId) -> Command {
        Command::Safety(SafetyCommand::Takedown {
            message,
            reason: self.reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn act(body: &str) -> Result<Sanction, &'static str> {
        let act: Act = serde_json::from_str(body).unwrap();
        let user = UserId::new("x").unwrap();
        match act.into_command(user, NOW) {
            Ok(Command::Safety(SafetyCommand::Sanction { sanction, .. })) => Ok(sanction),
            Ok(other) => panic!("{other:?}"),
            Err(failure) => Err(failure.field.unwrap()),
        }
    }

    #[test]
    fn a_sanction_ends_at_a_moment_or_after_a_time_or_not_at_all() {
        let hour = Sanction::Mute(Some(NOW.plus_ms(3_600_000)));
        assert_eq!(act(r#"{"action":"mute","for":"1h"}"#), Ok(hour));
        assert_eq!(act(r#"{"action":"mute","for":"PT60M"}"#), Ok(hour));
        let until = r#"{"action":"mute","until":"2001-09-09T02:46:40Z"}"#;
        assert_eq!(act(until), Ok(hour));
        let week = Sanction::Suspend(Some(NOW.plus_ms(7 * 86_400_000)));
        assert_eq!(act(r#"{"action":"suspend","for":"7d"}"#), Ok(week));
        assert_eq!(act(r#"{"action":"mute"}"#), Ok(Sanction::Mute(None)));
        assert_eq!(act(r#"{"action":"ban"}"#), Ok(Sanction::Ban));
        for (body, field) in [
            (r#"{"action":"ban","for":"1h"}"#, "until"),
            (
                r#"{"action":"warn","until":"2100-01-01T00:00:00Z"}"#,
                "until",
            ),
            (
                r#"{"action":"mute","until":"2000-01-01T00:00:00Z"}"#,
                "until",
            ),
            (r#"{"action":"mute","for":"-1h"}"#, "until"),
            (r#"{"action":"mute","for":"soon"}"#, "for"),
            (r#"{"action":"mute","for":"1mo"}"#, "for"),
            (
                r#"{"action":"mute","for":"1h","until":"2100-01-01T00:00:00Z"}"#,
                "until",
            ),
        ] {
            assert_eq!(act(body), Err(field), "{body}");
        }
    }
}
