//! Where commands about files go: to Moderation, which knows what the policy allows, and how often.

use parlour_storage::store::Write;

use super::Routed;
use crate::{
    command::{Action, AttachmentCommand},
    error::Failure,
    moderation::Concerns,
    system::Core,
};

impl Core {
    /// Where a command goes.
    pub(super) fn route_attachment(&self, command: AttachmentCommand) -> Routed {
        let write = match command {
            // Nobody would take away what is given up.
            AttachmentCommand::Upload(_) if self.files().is_none() => {
                return Routed::Refused(Failure::no_attachments());
            }
            AttachmentCommand::Upload(draft) => Write::Upload(draft),
            AttachmentCommand::Drop(attachment) => Write::DropAttachment { attachment },
        };
        Routed::Moderation(Action::Upload, Concerns::Nobody, write)
    }
}
