//! What is known of files, over REST. Their bytes come and go elsewhere: those aren't JSON.

use parlour_actors::command::{AttachmentCommand, AttachmentQuestion, Command, Question};

use super::asked::{Answered, Asked};

pub(super) async fn info(asked: Asked) -> Answered {
    let question = AttachmentQuestion::One(asked.attachment()?);
    asked.question(Question::Attachment(question)).await
}

pub(super) async fn give_up(asked: Asked) -> Answered {
    let command = AttachmentCommand::Drop(asked.attachment()?);
    asked.command(Command::Attachment(command)).await
}

pub(super) async fn usage(asked: Asked) -> Answered {
    let question = AttachmentQuestion::Usage;
    asked.question(Question::Attachment(question)).await
}
