//! Who may have a file: its owner until it is sent, and then who may see its message.

use parlour_storage::{domain::attachment::Attachment, ids::AttachmentId};

use crate::{
    command::{AttachmentQuestion, AttachmentReply, Caller, Reply},
    error::{ErrorCode, Failure},
    system::Core,
};

impl Core {
    pub(super) async fn attachment_answer(
        &self,
        caller: &Caller,
        question: AttachmentQuestion,
    ) -> Result<Reply, Failure> {
        let reply = match question {
            AttachmentQuestion::One(id) => {
                let attachment = self.attachment(caller, id).await?;
                AttachmentReply::Attachment(Box::new(attachment))
            }
            AttachmentQuestion::Usage => AttachmentReply::Usage {
                usage: self.store_ref().usage(&caller.user).await?,
                quota: self.settings.policy.attachments.quota,
            },
        };
        Ok(Reply::Attachment(reply))
    }

    /// Whoever may not have it isn't told that it is there.
    async fn attachment(&self, caller: &Caller, id: AttachmentId) -> Result<Attachment, Failure> {
        let attachment = self.store_ref().attachment(id).await?;
        let attachment = attachment.ok_or_else(Failure::no_attachment)?;
        let may_have = match attachment.bound {
            None => attachment.owner == caller.user,
            Some((_, message)) => match self.message_of(caller, message).await {
                Ok(message) if message.deleted_at.is_some() => false,
                Ok(message) => !self.eyes(caller).await?.view(message).veiled,
                // Who wrote it and has left has it still, as they have in an export.
                Err(failure) if failure.code == ErrorCode::NoMessage => {
                    attachment.owner == caller.user && self.stands(message).await?
                }
                Err(failure) => return Err(failure),
            },
        };
        may_have
            .then_some(attachment)
            .ok_or_else(Failure::no_attachment)
    }

    async fn stands(&self, id: parlour_storage::ids::MessageId) -> Result<bool, Failure> {
        let message = self.store_ref().message(id).await?;
        Ok(message.is_some_and(|message| message.deleted_at.is_none()))
    }
}
