//! The verdict of Moderation without the actor: its own code without a mailbox, so that `paths/` can count its instructions.

use std::sync::Arc;

use parlour_storage::{
    domain::user::Blocks,
    ids::{Timestamp, UserId},
    store::Write,
};

use super::{
    Deed, Moderation,
    person::{Concerns, Known, Person},
};
use crate::{
    command::{Action, Caller},
    error::Failure,
    policy::Receipts,
    system::Core,
};

/// A Moderation that nobody can ask but its owner.
#[derive(Debug)]
pub struct Judge(Moderation);

impl Judge {
    /// With the settings of a core.
    pub fn new(core: Arc<Core>) -> Self {
        Self(Moderation::new(core))
    }

    /// Makes somebody known, with whom they block.
    pub fn know(&mut self, user: UserId, blocks: Blocks) {
        let known = Known {
            blocks,
            ..Known::default()
        };
        let person = Person::new(known, Vec::new(), Receipts::default());
        self.0.people.know(user, person);
    }

    /// Whether somebody who is known may write to somebody. What is written is what the policy made of it.
    ///
    /// # Errors
    ///
    /// They may not.
    pub fn verdict(
        &mut self,
        caller: &Caller,
        to: UserId,
        write: Write,
        now: Timestamp,
    ) -> Result<Write, Failure> {
        let mut deed = Deed::Write(write);
        let concerns = Concerns::Peer(to);
        self.0
            .verdict(caller, Action::Send, &concerns, &mut deed, now)?;
        match deed {
            Deed::Write(write) => Ok(write),
            _ => Err(Failure::internal()),
        }
    }
}
