//! Reports and preferences over REST, and what moderators do. Who is one is the core's to check.

use parlour_actors::command::{Question, SafetyQuestion};
use parlour_storage::ids::Timestamp;

use super::asked::{Answered, Asked};
use crate::dialects::native::{
    moderation::{Act, AuditPage, FlagsPage, ReportsPage, Review, Takedown},
    safety::{FileReport, Prefer},
};

pub(super) async fn report(asked: Asked) -> Answered {
    let report: FileReport = asked.body()?;
    asked.creation(report.into_command()?).await
}

pub(super) async fn preferences(asked: Asked) -> Answered {
    let question = SafetyQuestion::Preferences;
    asked.question(Question::Safety(question)).await
}

pub(super) async fn prefer(asked: Asked) -> Answered {
    let prefer: Prefer = asked.body()?;
    asked.command(prefer.into()).await
}

pub(super) async fn reports(asked: Asked) -> Answered {
    let page: ReportsPage = asked.query()?;
    asked.question(page.into_question()).await
}

pub(super) async fn case(asked: Asked) -> Answered {
    let question = SafetyQuestion::Report(asked.report()?);
    asked.question(Question::Safety(question)).await
}

pub(super) async fn review_report(asked: Asked) -> Answered {
    let (report, review): (_, Review) = (asked.report()?, asked.body()?);
    asked.command(review.of_report(report)).await
}

pub(super) async fn flags(asked: Asked) -> Answered {
    let page: FlagsPage = asked.query()?;
    asked.question(page.into_question()).await
}

pub(super) async fn review_flag(asked: Asked) -> Answered {
    let (message, review): (_, Review) = (asked.message()?, asked.body()?);
    asked.command(review.of_flag(message)?).await
}

pub(super) async fn standing(asked: Asked) -> Answered {
    let question = SafetyQuestion::Standing(asked.user()?);
    asked.question(Question::Safety(question)).await
}

pub(super) async fn act(asked: Asked) -> Answered {
    let (user, act): (_, Act) = (asked.user()?, asked.body()?);
    asked
        .command(act.into_command(user, Timestamp::now())?)
        .await
}

pub(super) async fn take_down(asked: Asked) -> Answered {
    let (message, takedown): (_, Takedown) = (asked.message()?, asked.body()?);
    asked.command(takedown.into_command(message)).await
}

pub(super) async fn audit(asked: Asked) -> Answered {
    let page: AuditPage = asked.query()?;
    asked.question(page.into_question()).await
}
