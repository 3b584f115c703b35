//! Where commands of first contact go: all to Moderation, which has to know whom they concern.
//!
//! Whether a request may be answered, or a match ended, is decided by the store; what is looked up here is only who
//! the other one is, so that a block between the two is met on the way.

use parlour_storage::{ids::UserId, store::Write};

use super::Routed;
use crate::{
    command::{Action, Command, ContactCommand},
    error::Failure,
    moderation::Concerns,
    system::Core,
};

/// Where a command goes.
pub(super) fn route(command: ContactCommand) -> Routed {
    match command {
        ContactCommand::Ask { user, text, key } => Routed::Moderation(
            Action::Ask,
            Concerns::Peer(user.clone()),
            Write::Ask {
                user,
                text,
                masked: None,
                key,
            },
        ),
        ContactCommand::Like { user, on } => {
            // Taking something back is no contact, and passes a block.
            let concerns = if on {
                Concerns::Peer(user.clone())
            } else {
                Concerns::Nobody
            };
            Routed::Moderation(Action::Like, concerns, Write::Like { user, on })
        }
        ContactCommand::Withdraw { request } => Routed::Moderation(
            Action::Answer,
            Concerns::Nobody,
            Write::Withdraw { request },
        ),
        command @ (ContactCommand::Answer { .. } | ContactCommand::Unmatch { .. }) => {
            Routed::LookUp(Command::Contact(command))
        }
    }
}

impl Core {
    /// Where a command goes that names a request or a match, once it is known between whom.
    pub(super) async fn found_contact(
        &self,
        me: &UserId,
        command: ContactCommand,
    ) -> Result<Routed, Failure> {
        let store = self.store_ref();
        let (other, write) = match command {
            ContactCommand::Answer { request, accept } => {
                let found = store.message_request(request, self.lifetime()).await?;
                let found = found.filter(|found| {
                    // What somebody asks who is shadow-banned is nobody else's to answer, also by guessing its id.
                    found.to == *me && !self.shadows.veil(&found.from, found.created_at)
                });
                let from = found.ok_or_else(Failure::no_request)?.from;
                (from, Write::Answer { request, accept })
            }
            ContactCommand::Unmatch { matched } => {
                let found = store.matched(matched).await?;
                let other = found.as_ref().and_then(|found| found.other(me));
                let other = other.ok_or_else(Failure::no_match)?.clone();
                (other, Write::Unmatch { matched })
            }
            // What names a person goes on at once.
            other => return Ok(route(other)),
        };
        Ok(Routed::Moderation(
            Action::Answer,
            Concerns::Peer(other),
            write,
        ))
    }
}
