//! Who may have a file: its owner until it is sent, and then who may see its message.

use parlour_storage::{
    domain::{attachment::Attachment, conversation::ConversationKind},
    ids::{AttachmentId, ConversationId, MessageId},
};

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
            Some((conversation, message)) => match self.message_of(caller, message).await {
                Ok(message) if message.deleted_at.is_some() => false,
                Ok(message) => {
                    let eyes = self.eyes(caller).await?;
                    let may_meet = eyes.may_meet(&attachment.owner);
                    !eyes.view(message).veiled
                        && (may_meet || self.is_among_many(conversation).await?)
                }
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

    /// Between two people a block ends what they may fetch of each other's, however long ago it was sent: a text was read,
    /// a file would be fetched anew. In a group it goes with its message.
    async fn is_among_many(&self, id: ConversationId) -> Result<bool, Failure> {
        let conversation = self.store_ref().conversation(id).await?;
        let kind = conversation.map(|conversation| conversation.kind);
        Ok(matches!(kind, Some(ConversationKind::Group { .. })))
    }

    async fn stands(&self, id: MessageId) -> Result<bool, Failure> {
        let message = self.store_ref().message(id).await?;
        Ok(message.is_some_and(|message| message.deleted_at.is_none()))
    }
}
