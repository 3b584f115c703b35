//! Over REST: how somebody is reached who is not connected.

use parlour_actors::command::{Command, NoticeCommand};

use super::asked::{Answered, Asked};
use crate::dialects::native::notice::{self, AddPushTarget};

pub(super) async fn push_key(asked: Asked) -> Answered {
    asked.question(notice::push_key()).await
}

pub(super) async fn push_targets(asked: Asked) -> Answered {
    asked.question(notice::push_targets()).await
}

pub(super) async fn add_push_target(asked: Asked) -> Answered {
    let target: AddPushTarget = asked.body()?;
    asked.creation(target.into()).await
}

pub(super) async fn drop_push_target(asked: Asked) -> Answered {
    let command = NoticeCommand::DropPushTarget(asked.push_target()?);
    asked.command(Command::Notice(command)).await
}
