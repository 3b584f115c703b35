//! Where commands about what people keep for later go: to Moderation, since they concern nobody else yet.

use parlour_storage::{
    domain::scheduled::{Destination, Keep},
    store::Write,
};

use super::Routed;
use crate::{
    command::{Action, LaterCommand},
    moderation::Concerns,
};

/// Where a command goes.
pub(super) fn route(command: LaterCommand) -> Routed {
    let (concerns, keep) = match command {
        LaterCommand::Schedule(draft) => {
            let concerns = match &draft.to {
                Destination::User(user) => Concerns::Peer(user.clone()),
                Destination::Conversation(_) => Concerns::Nobody,
            };
            (concerns, Keep::Schedule(draft))
        }
        LaterCommand::Reschedule {
            scheduled,
            text,
            at,
        } => {
            let keep = Keep::Reschedule {
                scheduled,
                text,
                at,
            };
            (Concerns::Nobody, keep)
        }
        LaterCommand::Cancel(scheduled) => (Concerns::Nobody, Keep::Cancel { scheduled }),
        LaterCommand::AddTemplate { name, text } => {
            (Concerns::Nobody, Keep::AddTemplate { name, text })
        }
        LaterCommand::ChangeTemplate {
            template,
            name,
            text,
        } => {
            let keep = Keep::ChangeTemplate {
                template,
                name,
                text,
            };
            (Concerns::Nobody, keep)
        }
        LaterCommand::DropTemplate(template) => (Concerns::Nobody, Keep::DropTemplate { template }),
    };
    Routed::Moderation(Action::Schedule, concerns, Write::Keep(keep))
}
