//! What reporters and moderators ask to be done: what it is about is looked up here, and all of it goes to Moderation.
//!
//! Who may do what is decided there, so that whoever may not learns nothing by asking.

use std::sync::Arc;

use parlour_storage::{
    domain::{message::Message, safety::ReportDraft, user::NodeRole},
    ids::{MessageId, UserId},
    store::Write,
};

use crate::{
    command::{Action, Caller, SafetyCommand},
    error::Failure,
    moderation::{Concerns, Decision, Deed, Review},
    reply::ReplyTo,
    system::Core,
};

impl Core {
    /// Does what a reporter or a moderator asks for.
    pub(crate) async fn safety(&self, caller: Arc<Caller>, command: SafetyCommand, reply: ReplyTo) {
        match self.asked(&caller, command).await {
            Ok((action, deed)) => self.review(Review {
                caller,
                conversation: None,
                action,
                concerns: Concerns::Nobody,
                deed,
                reply,
            }),
            Err(failure) => reply.answer(Err(failure)),
        }
    }

    /// What a command comes to, once it is known about what and whom.
    async fn asked(
        &self,
        caller: &Caller,
        command: SafetyCommand,
    ) -> Result<(Action, Deed), Failure> {
        let decide = |write, reason, about| {
            let decision = Decision {
                write,
                reason,
                about,
            };
            (Action::Moderate, Deed::Decide(decision))
        };
        Ok(match command {
            SafetyCommand::Report(draft) => {
                let draft = self.checked(caller, draft).await?;
                (Action::Report, Deed::Write(Write::Report(draft)))
            }
            SafetyCommand::ReportMessage {
                message,
                category,
                reason,
            } => {
                let reported = self.visible(caller, message).await?;
                let draft = ReportDraft {
                    user: reported.author,
                    category,
                    reason,
                    conversation: Some(reported.conversation),
                    message: Some(message),
                };
                (Action::Report, Deed::Write(Write::Report(draft)))
            }
            SafetyCommand::Prefer(preferences) => {
                (Action::Prefer, Deed::Write(Write::Prefer(preferences)))
            }
            SafetyCommand::ReviewReport {
                report,
                status,
                note,
            } => {
                let write = Write::ReviewReport {
                    report,
                    status,
                    note,
                };
                decide(write, None, None)
            }
            SafetyCommand::ReviewFlag { message, status } => {
                decide(Write::ReviewFlag { message, status }, None, None)
            }
            SafetyCommand::Sanction {
                user,
                sanction,
                reason,
            } => {
                let about = self.role_of(caller, &user).await?;
                decide(Write::Sanction { user, sanction }, reason, about)
            }
            SafetyCommand::Takedown { message, reason } => {
                decide(Write::Takedown { message }, reason, None)
            }
        })
    }

    /// A report whose place and message, if it names them, are such that the reporter could see them.
    async fn checked(
        &self,
        caller: &Caller,
        mut draft: ReportDraft,
    ) -> Result<ReportDraft, Failure> {
        if let Some(id) = draft.message {
            let message = self.visible(caller, id).await?;
            if message.author != draft.user {
                let why = "this message is by somebody else; report its author";
                return Err(Failure::bad_value("message", why));
            }
            draft.conversation = Some(message.conversation);
        } else if let Some(conversation) = draft.conversation {
            self.must_be_in(&caller.user, conversation).await?;
        }
        Ok(draft)
    }

    /// A message that the caller may see. One that was deleted counts: who takes their words back is not rid of them.
    async fn visible(&self, caller: &Caller, id: MessageId) -> Result<Message, Failure> {
        let message = self.message_of(caller, id).await?;
        let shown = self.eyes(caller).await?.view(message);
        if shown.veiled {
            return Err(Failure::no_message());
        }
        Ok(shown.message)
    }

    /// What somebody may do on the node, as far as it matters to a moderator.
    async fn role_of(&self, caller: &Caller, user: &UserId) -> Result<Option<NodeRole>, Failure> {
        if caller.role < NodeRole::Moderator {
            return Ok(None);
        }
        // What their token says of them may still be on its way to the store.
        self.flush().await;
        let user = self.store_ref().user(user).await?;
        Ok(user.map(|user| user.role))
    }
}
