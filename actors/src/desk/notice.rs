//! Where commands about notifications go: to Moderation, which knows how often.

use parlour_storage::store::Write;

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
            NoticeCommand::AddPushTarget(_) if self.pusher().is_none() => {
                return Routed::Refused(Failure::new(
                    ErrorCode::PushOff,
                    "this node reaches no devices; connect to be told",
                ));
            }
            NoticeCommand::AddPushTarget(target) => (Action::Prefer, Write::AddPushTarget(target)),
            NoticeCommand::DropPushTarget(target) => {
                (Action::Prefer, Write::DropPushTarget { target })
            }
        };
        Routed::Moderation(action, Concerns::Nobody, write)
    }
}
