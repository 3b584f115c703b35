//! Scheduled messages and templates over REST.

use parlour_actors::command::{Command, LaterCommand, LaterQuestion, Question};

use super::asked::{Answered, Asked};
use crate::dialects::native::{
    fields::Send,
    later::{AddTemplate, At, ChangeTemplate, Reschedule},
};

pub(super) async fn all_scheduled(asked: Asked) -> Answered {
    let question = LaterQuestion::AllScheduled;
    asked.question(Question::Later(question)).await
}

pub(super) async fn schedule(asked: Asked) -> Answered {
    let mut message: Send = asked.body()?;
    message.key = asked.key(message.key)?;
    let at: At = asked.body()?;
    let command = at.schedule(message)?;
    asked.creation(command).await
}

pub(super) async fn scheduled(asked: Asked) -> Answered {
    let question = LaterQuestion::Scheduled(asked.scheduled()?);
    asked.question(Question::Later(question)).await
}

pub(super) async fn reschedule(asked: Asked) -> Answered {
    let change: Reschedule = asked.body()?;
    let command = change.of(asked.scheduled()?);
    asked.command(command).await
}

pub(super) async fn cancel(asked: Asked) -> Answered {
    let command = LaterCommand::Cancel(asked.scheduled()?);
    asked.command(Command::Later(command)).await
}

pub(super) async fn templates(asked: Asked) -> Answered {
    let question = LaterQuestion::Templates;
    asked.question(Question::Later(question)).await
}

pub(super) async fn add_template(asked: Asked) -> Answered {
    let template: AddTemplate = asked.body()?;
    asked.creation(template.into()).await
}

pub(super) async fn change_template(asked: Asked) -> Answered {
    let change: ChangeTemplate = asked.body()?;
    let command = change.of(asked.template()?);
    asked.command(command).await
}

pub(super) async fn drop_template(asked: Asked) -> Answered {
    let command = LaterCommand::DropTemplate(asked.template()?);
    asked.command(Command::Later(command)).await
}
