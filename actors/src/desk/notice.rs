//! Where commands about notifications go: to Moderation, which knows how often.

use parlour_storage::{domain::notification::NotificationId, ids::Position, store::Write};

use super::Routed;
use crate::{
    command::{Action, NoticeCommand},
    error::{ErrorCode, Failure},
    moderation::Concerns,
    system::Core,
};

impl Core {
    /// Where a command goes.
    pub(super) fn route_notice(&self, command: NoticeCommand) -> Routed {
        let (action, write) = match command {
            NoticeCommand::Read { through } => {
                let through = through.unwrap_or(NotificationId(Position::MAX));
                (Action::Mark, Write::ReadNotifications { through })
            }
            NoticeCommand::Mute {
                conversation,
                until,
            } => {
                let write = Write::Mute {
                    conversation,
                    until,
                };
                (Action::Prefer, write)
            }
            NoticeCommand::DoNotDisturb(choice) => (Action::Prefer, Write::DoNotDisturb(choice)),
            NoticeCommand::AddPushTarget(target) => {
                let checked = match self.pusher() {
                    Some(pusher) => pusher.check(&target),
                    None => return Routed::Refused(Failure::push_off()),
                };
                if let Err(why) = checked {
                    return Routed::Refused(Failure::new(ErrorCode::BadValue, why));
                }
                (Action::Prefer, Write::AddPushTarget(target))
            }
            NoticeCommand::DropPushTarget(target) => {
                (Action::Prefer, Write::DropPushTarget { target })
            }
        };
        Routed::Moderation(action, Concerns::Nobody, write)
    }
}
