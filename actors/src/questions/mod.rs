//! Answers questions: asks Moderation, reads the store, and leaves out what the asker may not see.
//!
//! What is hidden from whom is decided by [`crate::visibility`]; no other rule stands here but who may see what.

mod attachments;
mod contacts;
mod history;
mod inbox;
mod items;
mod later;
mod notices;
mod people;
mod safety;
mod search;
mod walk;

use std::{collections::HashSet, sync::Arc};

use parlour_storage::{
    domain::{conversation::Summary, user::User},
    ids::{MessageId, UserId},
    store::MessagePage,
};

use crate::{
    codec::Resume,
    command::{Action, Caller, Question, Receipt, Reply, Unread},
    error::{ErrorCode, Failure},
    limits::PAGE_MAX,
    moderation::{Concerns, Deed, Review},
    reply::ReplyTo,
    resume::is_known,
    system::Core,
    visibility::Eyes,
};

impl Core {
    /// Answers a question that Moderation lets pass.
    pub(crate) async fn answer(
        &self,
        caller: &Arc<Caller>,
        question: Question,
    ) -> Result<Reply, Failure> {
        let (reply, passed) = ReplyTo::task();
        self.review(Review {
            caller: Arc::clone(caller),
            action: match question {
                Question::Changes { .. } => Action::Resume,
                Question::Search(_) => Action::Search,
                _ => Action::Read,
            },
            conversation: None,
            concerns: Concerns::Nobody,
            deed: Deed::Nothing,
            reply,
        });
        passed.await.unwrap_or_else(|_| Err(Failure::internal()))?;
        let store = self.store_ref();
        let me = &caller.user;
        match question {
            Question::Me => {
                // What the token says of them may still be on its way to the store.
                self.flush().await;
                Ok(Reply::Me(Box::new(self.user(me).await?)))
            }
            Question::User(user) => {
                if self.eyes(caller).await?.blocked_by(&user) {
                    return Err(no_user());
                }
                Ok(Reply::User(Box::new(self.user(&user).await?)))
            }
            Question::Conversations { before, limit } => {
                let limit = page(limit)?;
                // One more than asked for tells whether there is more.
                let mut summaries = store.conversations_of(me, before, limit + 1).await?;
                let more = summaries.len() > limit;
                summaries.truncate(limit);
                let next = summaries.last().filter(|_| more).map(|last| last.active);
                let eyes = self.eyes(caller).await?;
                for summary in &mut summaries {
                    self.show_as_is_now(summary, &eyes);
                }
                Ok(Reply::Conversations { summaries, next })
            }
            Question::Conversation(id) => {
                let mut summary = store
                    .summary(id, me)
                    .await?
                    .ok_or_else(Failure::no_conversation)?;
                self.show_as_is_now(&mut summary, &self.eyes(caller).await?);
                Ok(Reply::Conversation(Box::new(summary)))
            }
            Question::Members(id) => {
                self.must_be_in(&caller.user, id).await?;
                let mut roster = store
                    .roster(id)
                    .await?
                    .ok_or_else(Failure::no_conversation)?;
                let eyes = self.eyes(caller).await?;
                let readers = self.readers(&eyes, roster.members.clone()).await?;
                let readers: HashSet<_> = readers.into_iter().map(|m| m.user).collect();
                for member in &mut roster.members {
                    if !readers.contains(&member.user) {
                        member.cursor = Default::default();
                    }
                }
                Ok(Reply::Roster(Box::new(roster)))
            }
            Question::Messages {
                conversation,
                from,
                limit,
            } => {
                self.must_be_in(&caller.user, conversation).await?;
                let eyes = self.eyes(caller).await?;
                let messages = store
                    .messages(
                        conversation,
                        MessagePage {
                            from,
                            limit: page(limit)?,
                        },
                    )
                    .await?;
                Ok(Reply::Messages(
                    messages
                        .into_iter()
                        .map(|message| eyes.view(message))
                        .collect(),
                ))
            }
            Question::Message(id) => {
                let message = self.message_of(caller, id).await?;
                let eyes = self.eyes(caller).await?;
                Ok(Reply::Message(Box::new(eyes.view(message))))
            }
            Question::Revisions(id) => {
                let message = self.message_of(caller, id).await?;
                let veiled = self.eyes(caller).await?.view(message).veiled;
                Ok(Reply::Revisions(if veiled {
                    Vec::new()
                } else {
                    store.revisions(id).await?
                }))
            }
            Question::Receipts(id) => self.receipts(caller, id).await,
            Question::Inbox {
                matching,
                offset,
                limit,
            } => self.inbox(caller, matching, offset, page(limit)?).await,
            Question::Entry(target) => self.entry(caller, target).await,
            Question::History {
                of,
                matching,
                offset,
                limit,
            } => {
                self.history(caller, of, matching, offset, page(limit)?)
                    .await
            }
            Question::Search(search) => {
                page(search.limit)?;
                self.look_for(caller, search).await
            }
            Question::Item(id) => {
                let message = self.message_of(caller, id).await?;
                self.item(caller, message).await
            }
            Question::People(of) => self.people(caller, of).await,
            Question::Online => self.online(caller).await,
            Question::Unread => self.unread(me).await,
            Question::Blocks => Ok(Reply::Blocks(store.blocks_of(me).await?.by_them)),
            Question::Presence(users) => self.presence_of(caller, users).await,
            Question::Contact(question) => self.contact(caller, question).await,
            Question::Safety(question) => self.safety_answer(caller, question).await,
            Question::Attachment(question) => self.attachment_answer(caller, question).await,
            Question::Later(question) => self.later_answer(caller, question).await,
            Question::Notice(question) => self.notice_answer(caller, question).await,
            Question::Changes { since, limit } => self.changes(caller, since, page(limit)?).await,
        }
    }

    /// Takes out of a summary what its reader isn't shown, and what is over.
    pub(super) fn show_as_is_now(&self, summary: &mut Summary, eyes: &Eyes) {
        if let Some(message) = &mut summary.last_message {
            eyes.hide_reactions(message);
        }
        let now = self.now();
        summary.muted_until = summary.muted_until.filter(|until| now < *until);
    }

    async fn user(&self, user: &UserId) -> Result<User, Failure> {
        self.store_ref().user(user).await?.ok_or_else(no_user)
    }

    async fn unread(&self, me: &UserId) -> Result<Reply, Failure> {
        let store = self.store_ref();
        let mut counts = Vec::new();
        for (id, unread) in store.unread(me).await? {
            // Its only member may have left meanwhile.
            let conversation = store.conversation(id).await?.map(Arc::new);
            counts.extend(conversation.map(|conversation| Unread {
                conversation,
                unread,
            }));
        }
        Ok(Reply::Unread(counts))
    }

    async fn receipts(&self, caller: &Caller, id: MessageId) -> Result<Reply, Failure> {
        let message = self.message_of(caller, id).await?;
        let (at, seq) = (message.conversation, message.seq);
        let roster = self
            .store_ref()
            .roster(at)
            .await?
            .ok_or_else(Failure::no_conversation)?;
        let eyes = self.eyes(caller).await?;
        let mut receipts = Vec::new();
        for member in self.readers(&eyes, roster.members).await? {
            if member.user == message.author {
                continue;
            }
            let read = member.cursor.read >= seq;
            let marks = match (read, roster.conversation.peer_of(&member.user)) {
                (true, Some(_)) => {
                    self.store_ref()
                        .read_marks(at, &member.user, seq, seq)
                        .await?
                }
                _ => Vec::new(),
            };
            receipts.push(Receipt {
                delivered: member.cursor.delivered >= seq,
                read,
                read_at: marks
                    .iter()
                    .find(|mark| mark.up_to >= seq)
                    .map(|mark| mark.at),
                user: member.user,
            });
        }
        Ok(Reply::Receipts(receipts))
    }

    async fn changes(
        &self,
        caller: &Caller,
        since: Resume,
        limit: usize,
    ) -> Result<Reply, Failure> {
        let store = self.store_ref();
        if !is_known(self, since) {
            let through = store.head();
            return Ok(Reply::Changes {
                recovered: false,
                changes: Vec::new(),
                through,
                more: false,
            });
        }
        let changes = store
            .changes_since(&caller.user, since.position, limit)
            .await?;
        let eyes = self.eyes(caller).await?;
        Ok(Reply::Changes {
            recovered: true,
            changes: self.shown(&eyes, changes.changes).await?,
            through: changes.through,
            more: changes.more,
        })
    }
}

fn page(limit: usize) -> Result<usize, Failure> {
    let fits = (1..=PAGE_MAX).contains(&limit);
    fits.then_some(limit)
        .ok_or_else(|| Failure::bad_value("limit", format!("limit takes 1 to {PAGE_MAX}")))
}

fn no_user() -> Failure {
    Failure::new(
        ErrorCode::NoUser,
        "there is no such person, or they never signed in",
    )
}
