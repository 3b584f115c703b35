//! What a write leaves for two people to learn.

use crate::{
    domain::{change::Change, contact::Notice},
    store::Outcome,
};

/// What two people learn, and what changes in their conversation, in the making.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) notices: Vec<Notice>,
    pub(crate) changes: Vec<Change>,
}

impl Met {
    /// The outcome, or `otherwise` if there is nothing to learn.
    pub(crate) fn or(self, otherwise: Outcome) -> Outcome {
        if self.notices.is_empty() && self.changes.is_empty() {
            return otherwise;
        }
        Outcome::Met {
            notices: self.notices,
            changes: self.changes,
        }
    }
}
