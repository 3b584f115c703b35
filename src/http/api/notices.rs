//! Notifications over REST: what somebody is notified of, and when they don't want to be.

use parlour_actors::command::{NoticeQuestion, Question};
use parlour_storage::ids::Timestamp;

use super::asked::{Answered, Asked};
use crate::dialects::native::notice::{
    LeaveAlone, NotificationsPage, ReadNotifications, Silence, unmute,
};

pub(super) async fn list(asked: Asked) -> Answered {
    let page: NotificationsPage = asked.query()?;
    asked.question(page.into_question()).await
}

pub(super) async fn unread(asked: Asked) -> Answered {
    let question = NoticeQuestion::Unread;
    asked.question(Question::Notice(question)).await
}

pub(super) async fn read(asked: Asked) -> Answered {
    let read: ReadNotifications = asked.body()?;
    asked.command(read.into()).await
}

pub(super) async fn mute(asked: Asked) -> Answered {
    let (conversation, silence): (_, Silence) = (asked.conversation()?, asked.body()?);
    let command = silence.of(conversation, Timestamp::now())?;
    asked.command(command).await
}

pub(super) async fn lift(asked: Asked) -> Answered {
    let command = unmute(asked.conversation()?);
    asked.command(command).await
}

pub(super) async fn do_not_disturb(asked: Asked) -> Answered {
    let question = NoticeQuestion::DoNotDisturb;
    asked.question(Question::Notice(question)).await
}

pub(super) async fn leave_alone(asked: Asked) -> Answered {
    let choice: LeaveAlone = asked.body()?;
    asked.command(choice.into_command()?).await
}
