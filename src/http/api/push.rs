//! Devices over REST: where somebody is reached who is not connected.

use parlour_actors::command::{Command, NoticeCommand};

use super::asked::{Answered, Asked};
use crate::dialects::native::push::{self, AddPushTarget};

pub(super) async fn key(asked: Asked) -> Answered {
    asked.question(push::push_key()).await
}

pub(super) async fn targets(asked: Asked) -> Answered {
    asked.question(push::push_targets()).await
}

pub(super) async fn add(asked: Asked) -> Answered {
    let target: AddPushTarget = asked.body()?;
    asked.creation(target.into()).await
}

pub(super) async fn give_up(asked: Asked) -> Answered {
    let command = NoticeCommand::DropPushTarget(asked.push_target()?);
    asked.command(Command::Notice(command)).await
}
