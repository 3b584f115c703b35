//! Which conversation or message a request means, and whether its caller is in it.
//!
//! What they are not in looks to them as if it weren't there.

use std::sync::Arc;

use parlour_storage::{
    domain::message::Message,
    ids::{ConversationId, MessageId, Seq, UserId},
    store::Write,
};

use crate::{
    command::{Action, Caller, Mark, Reply, Target},
    error::Failure,
    moderation::{Concerns, Deed, Review},
    reply::ReplyTo,
    system::Core,
};

impl Core {
    /// Where a message goes; a direct conversation is opened if there is none.
    pub(crate) async fn conversation_for(
        &self,
        caller: &Arc<Caller>,
        to: Target,
    ) -> Result<ConversationId, Failure> {
        match to {
            // Its room looks who is in it.
            Target::Conversation(id) => Ok(id),
            Target::Either(id, _) if self.is_in(&caller.user, id).await? => Ok(id),
            Target::User(user) | Target::Either(_, user) => self.direct_with(caller, user).await,
        }
    }

    /// The conversation that is meant; none is opened.
    ///
    /// # Errors
    ///
    /// [`NoConversation`](crate::error::ErrorCode::NoConversation): there is none, or the user isn't in it.
    pub(crate) async fn conversation_at(
        &self,
        me: &UserId,
        target: Target,
    ) -> Result<ConversationId, Failure> {
        let found = match target {
            Target::Conversation(id) => self.is_in(me, id).await?.then_some(id),
            Target::Either(id, _) if self.is_in(me, id).await? => Some(id),
            Target::User(user) | Target::Either(_, user) => {
                self.store_ref().direct_between(me, &user).await?
            }
        };
        found.ok_or_else(Failure::no_conversation)
    }

    /// The direct conversation with somebody, opened if there is none.
    async fn direct_with(
        &self,
        caller: &Arc<Caller>,
        with: UserId,
    ) -> Result<ConversationId, Failure> {
        if let Some(id) = self.store_ref().direct_between(&caller.user, &with).await? {
            return Ok(id);
        }
        let (reply, answer) = ReplyTo::task();
        self.review(Review {
            caller: Arc::clone(caller),
            action: Action::Open,
            conversation: None,
            concerns: Concerns::Peer(with.clone()),
            deed: Deed::Write(Write::OpenDirect { with }),
            reply,
        });
        match answer.await.unwrap_or_else(|_| Err(Failure::internal()))? {
            Reply::Opened { conversation, .. } => Ok(conversation),
            _ => Err(Failure::internal()),
        }
    }

    /// Up to where a cursor is to be moved.
    pub(crate) async fn mark(
        &self,
        caller: &Caller,
        up_to: Mark,
    ) -> Result<(ConversationId, Seq), Failure> {
        match up_to {
            Mark::Seq(conversation, seq) => Ok((conversation, seq)),
            Mark::Message(message) => {
                let at = self.message_of(caller, message).await?;
                Ok((at.conversation, at.seq))
            }
        }
    }

    /// A message in a conversation that the caller is in.
    pub(crate) async fn message_of(
        &self,
        caller: &Caller,
        id: MessageId,
    ) -> Result<Message, Failure> {
        let message = self.store_ref().message(id).await?;
        match message {
            Some(message) if self.is_in(&caller.user, message.conversation).await? => Ok(message),
            _ => Err(Failure::no_message()),
        }
    }

    /// Refuses who isn't in a conversation.
    pub(crate) async fn must_be_in(
        &self,
        user: &UserId,
        id: ConversationId,
    ) -> Result<(), Failure> {
        let is_in = self.is_in(user, id).await?;
        is_in.then_some(()).ok_or_else(Failure::no_conversation)
    }

    async fn is_in(&self, user: &UserId, id: ConversationId) -> Result<bool, Failure> {
        Ok(self.store_ref().member(id, user).await?.is_some())
    }
}
