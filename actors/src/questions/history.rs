//! A page of messages by number, newest first, and single messages with what dialects tell of them.

use parlour_storage::{
    domain::message::Message,
    ids::{ConversationId, Position, UserId},
    store::PageFrom,
};

use super::{
    items::seen,
    walk::{Start, Walk},
};
use crate::{
    command::{Caller, HistoryFilter, Reply, Scope},
    error::{ErrorCode, Failure},
    limits::{LOOKED_AT_MAX, OFFSET_MAX},
    system::Core,
    visibility::Eyes,
};

impl Core {
    pub(super) async fn history(
        &self,
        caller: &Caller,
        of: Scope,
        matching: HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Reply, Failure> {
        if offset > OFFSET_MAX {
            let message = format!(
                "a page by number skips {OFFSET_MAX} messages at most; ask for older ones by time, with `before`"
            );
            return Err(Failure::bad_value("offset", message));
        }
        let me = &caller.user;
        let eyes = self.eyes(caller).await?;
        let (mut starts, mut skip, mut total) = (Vec::new(), offset, None);
        match of {
            Scope::Direct => {
                let listed = self.store_ref().listing(me).await?;
                let direct = listed.into_iter().filter(|listed| listed.peer.is_some());
                starts.extend(direct.map(|listed| Start {
                    conversation: listed.conversation,
                    newest: listed.active,
                    from: PageFrom::End,
                }));
            }
            Scope::In(target) => {
                let conversation = self.conversation_at(me, target).await?;
                // Where the page begins makes no difference.
                let whole = HistoryFilter {
                    before: matching.before,
                    below: matching.below,
                    ..HistoryFilter::default()
                };
                if matching == whole {
                    total = Some(self.store_ref().n_messages(conversation).await?);
                }
                let from = self.start(me, &eyes, conversation, &matching, &mut skip);
                starts.extend(from.await?.map(|from| Start {
                    conversation,
                    newest: Position::MAX,
                    from,
                }));
            }
        }
        let mut walk = Walk::new(self, me, &eyes, &matching, starts, skip + limit + 1);
        let mut found = Vec::with_capacity(limit + 1);
        // One more than asked for tells whether there is more.
        while found.len() <= limit
            && let Some(message) = walk.next().await?
        {
            if skip > 0 {
                skip -= 1;
            } else {
                found.push(message);
            }
        }
        if walk.gave_up() && found.len() < limit {
            let message = format!(
                "the {LOOKED_AT_MAX} messages that one request looks at don't complete this page; ask for older ones by time, with `before`, or for one conversation"
            );
            return Err(Failure::new(ErrorCode::TooLarge, message));
        }
        let more = found.len() > limit || walk.gave_up();
        found.truncate(limit);
        let items = self.items(me, &eyes, found).await?;
        Ok(Reply::History { items, total, more })
    }

    /// Where to begin in one conversation, as far as the store can tell without a look at each message. What it
    /// skips is taken off `skip`. `None`: it skips all there is.
    async fn start(
        &self,
        me: &UserId,
        eyes: &Eyes,
        id: ConversationId,
        matching: &HistoryFilter,
        skip: &mut usize,
    ) -> Result<Option<PageFrom>, Failure> {
        let conversation = self.store_ref().conversation(id).await?;
        let conversation = conversation.ok_or_else(Failure::no_conversation)?;
        let peer = conversation.peer_of(me);
        if matching.read.is_some() && peer.is_none() {
            let message =
                "messages of a group have many readers; ask for all of them, without `read`";
            return Err(Failure::bad_value("read", message));
        }
        // The store counts what isn't deleted, from the newest on. That is what is to be skipped if nothing
        // else is left out.
        let HistoryFilter {
            before,
            below,
            after: _,
            read,
            received,
            metadata,
        } = matching;
        let unfiltered = before.is_none()
            && below.is_none()
            && read.is_none()
            && !received
            && metadata.is_none();
        let unveiled = eyes.hide_nobody() || peer.is_some_and(|peer| eyes.may_hear(peer));
        if *skip == 0 || !unfiltered || !unveiled {
            return Ok(Some(PageFrom::End));
        }
        let n = u64::try_from(std::mem::take(skip)).unwrap_or(u64::MAX);
        let seq = self.store_ref().skip_newest(id, n).await?;
        Ok(seq.map(PageFrom::Before))
    }

    pub(super) async fn item(&self, caller: &Caller, message: Message) -> Result<Reply, Failure> {
        if message.deleted_at.is_some() {
            return Err(Failure::new(ErrorCode::Deleted, "the message was deleted"));
        }
        let eyes = self.eyes(caller).await?;
        let message = seen(&eyes, message).ok_or_else(Failure::no_message)?;
        let mut items = self.items(&caller.user, &eyes, vec![message]).await?;
        let item = items.pop().ok_or_else(Failure::no_message)?;
        Ok(Reply::Item(Box::new(item)))
    }
}
