//! Direct conversations in which a message needs no look at how its two people stand.
//!
//! Spares a read with every message between people who are matched, or who have nothing to do with each other under
//! an open gate. Whatever changes how two people stand makes their conversation forgotten here.

use std::cell::RefCell;

use crate::{engine::recent::Recent, ids::ConversationId};

/// What is known of the two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They are matched, and their conversation is not archived.
    Matched,
    /// They are not matched, no request is pending, and their conversation is not archived.
    Strangers,
}

/// The memory. Holds only what was read from outside the transaction that read it.
#[derive(Debug, Default)]
pub(crate) struct Calm(RefCell<Recent<Standing>>);

impl Calm {
    pub(crate) fn of(&self, conversation: ConversationId) -> Option<Standing> {
        self.0.borrow_mut().get(conversation)
    }

    pub(crate) fn set(&self, conversation: ConversationId, standing: Standing) {
        self.0.borrow_mut().set(conversation, standing);
    }

    /// Said before a change is written. If the change is refused after all, a read is all it costs.
    pub(crate) fn forget(&self, conversation: ConversationId) {
        self.0.borrow_mut().forget(conversation);
    }
}
