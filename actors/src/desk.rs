//! The desk: takes a request of any transport, and hands it to whoever answers it.
//!
//! The one way into the core. Commands of a conversation go to its room, the rest to Moderation; questions
//! ask Moderation first, then the store. No rule stands here but who may see what.

use std::{future::Future, pin::Pin, sync::Arc};

use parlour_storage::{
    domain::{message::Message, user::User},
    ids::{ConversationId, MessageId, UserId},
    store::{MessagePage, Write},
};

use crate::{
    codec::Resume,
    command::{Action, Caller, Command, Mark, Presence, Question, Receipt, Reply, Request, Target},
    error::{ErrorCode, Failure},
    limits::{PAGE_MAX, PRESENCE_QUESTION_MAX},
    moderation::{Concerns, Deed, Review},
    presence::ListOnline,
    reply::ReplyTo,
    room::{Perform, What},
    system::Core,
    visibility::Eyes,
};

/// The rest of a request's way.
pub type Rest = Pin<Box<dyn Future<Output = ()>>>;

/// What is left to do of a request.
pub enum Begun {
    /// Nothing: it is on its way.
    Gone,
    /// This, before any later request of the same client.
    InOrder(Rest),
    /// This, whenever.
    Aside(Rest),
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gone => "Gone",
            Self::InOrder(_) => "InOrder",
            Self::Aside(_) => "Aside",
        })
    }
}

impl Core {
    /// Begins a request. The answer goes to `reply`, whatever happens.
    pub fn begin(self: &Arc<Self>, caller: Arc<Caller>, request: Request, reply: ReplyTo) -> Begun {
        let core = Arc::clone(self);
        match request {
            Request::Do(command) => match core.route(&caller, command) {
                Routed::Room(id, action, brings, what) => {
                    core.perform(
                        id,
                        Perform {
                            caller,
                            action,
                            brings,
                            what,
                            reply,
                        },
                    );
                    Begun::Gone
                }
                Routed::Moderation(action, concerns, write) => {
                    core.review(Review {
                        caller,
                        action,
                        concerns,
                        deed: Deed::Write(write),
                        reply,
                    });
                    Begun::Gone
                }
                Routed::LookUp(command) => Begun::InOrder(Box::pin(async move {
                    core.look_up(caller, command, reply).await;
                })),
            },
            Request::Ask(question) => Begun::Aside(Box::pin(async move {
                let answer = core.answer(&caller, question).await;
                reply.answer(answer);
            })),
        }
    }

    /// Does a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn ask(
        self: &Arc<Self>,
        caller: Arc<Caller>,
        request: Request,
    ) -> Result<Reply, Failure> {
        let (reply, answer) = ReplyTo::task();
        match self.begin(caller, request, reply) {
            Begun::Gone => {}
            Begun::InOrder(rest) | Begun::Aside(rest) => rest.await,
        }
        answer.await.unwrap_or_else(|_| Err(Failure::internal()))
    }

    /// Where a command goes.
    fn route(&self, caller: &Caller, command: Command) -> Routed {
        use Routed::{LookUp, Moderation, Room};
        let write = |id, action, write| Room(id, action, Vec::new(), What::Write(write));
        match command {
            Command::Send {
                to: Target::Conversation(conversation),
                content,
                key,
            } => write(
                conversation,
                Action::Send,
                Write::Send {
                    conversation,
                    content,
                    key,
                },
            ),
            Command::Read {
                up_to: Mark::Seq(conversation, seq),
            } => write(
                conversation,
                Action::Mark,
                Write::Read { conversation, seq },
            ),
            Command::Deliver {
                up_to: Mark::Seq(conversation, seq),
            } => write(
                conversation,
                Action::Mark,
                Write::Deliver { conversation, seq },
            ),
            Command::Type { conversation, on } => {
                Room(conversation, Action::Type, Vec::new(), What::Type(on))
            }
            Command::Add {
                conversation,
                users,
            } => {
                let brings = users.clone();
                Room(
                    conversation,
                    Action::Manage,
                    brings,
                    What::Write(Write::Add {
                        conversation,
                        users,
                    }),
                )
            }
            Command::Remove { conversation, user } => write(
                conversation,
                Action::Manage,
                Write::Remove { conversation, user },
            ),
            Command::SetRole {
                conversation,
                user,
                role,
            } => write(
                conversation,
                Action::Manage,
                Write::SetRole {
                    conversation,
                    user,
                    role,
                },
            ),
            Command::Rename { conversation, name } => write(
                conversation,
                Action::Manage,
                Write::Rename { conversation, name },
            ),
            Command::OpenDirect { with } => Moderation(
                Action::Open,
                Concerns::Peer(with.clone()),
                Write::OpenDirect { with },
            ),
            Command::OpenGroup { name, members, key } => {
                let others = members
                    .iter()
                    .filter(|m| **m != caller.user)
                    .cloned()
                    .collect();
                Moderation(
                    Action::Open,
                    Concerns::People(others),
                    Write::OpenGroup { name, members, key },
                )
            }
            Command::Block { user, reason } => Moderation(
                Action::Block,
                Concerns::Nobody,
                Write::Block { user, reason },
            ),
            Command::Unblock { user } => {
                Moderation(Action::Block, Concerns::Nobody, Write::Unblock { user })
            }
            command @ (Command::Send { .. }
            | Command::Read { .. }
            | Command::Deliver { .. }
            | Command::Edit { .. }
            | Command::Delete { .. }
            | Command::React { .. }) => LookUp(command),
        }
    }

    /// Finds out which conversation a command is about, then sends it there.
    async fn look_up(self: Arc<Self>, caller: Arc<Caller>, command: Command, reply: ReplyTo) {
        let found = match command {
            Command::Send {
                to: Target::User(user),
                content,
                key,
            } => {
                let direct = self.direct_with(&caller, user).await;
                direct.map(|conversation| {
                    (
                        conversation,
                        Action::Send,
                        Write::Send {
                            conversation,
                            content,
                            key,
                        },
                    )
                })
            }
            Command::Edit { message, text } => {
                let found = self.message_of(&caller, message).await;
                found.map(|m| (m.conversation, Action::Edit, Write::Edit { message, text }))
            }
            Command::Delete { message } => {
                let found = self.message_of(&caller, message).await;
                found.map(|m| (m.conversation, Action::Delete, Write::Delete { message }))
            }
            Command::React { message, emoji, on } => {
                let found = self.message_of(&caller, message).await;
                found.map(|m| {
                    (
                        m.conversation,
                        Action::React,
                        Write::React { message, emoji, on },
                    )
                })
            }
            Command::Read {
                up_to: Mark::Message(message),
            } => {
                let found = self.message_of(&caller, message).await;
                found.map(|m| {
                    let write = Write::Read {
                        conversation: m.conversation,
                        seq: m.seq,
                    };
                    (m.conversation, Action::Mark, write)
                })
            }
            Command::Deliver {
                up_to: Mark::Message(message),
            } => {
                let found = self.message_of(&caller, message).await;
                found.map(|m| {
                    let write = Write::Deliver {
                        conversation: m.conversation,
                        seq: m.seq,
                    };
                    (m.conversation, Action::Mark, write)
                })
            }
            // `route` sends no other command here.
            _ => Err(Failure::internal()),
        };
        match found {
            Ok((id, action, write)) => {
                let what = What::Write(write);
                self.perform(
                    id,
                    Perform {
                        caller,
                        action,
                        brings: Vec::new(),
                        what,
                        reply,
                    },
                );
            }
            Err(failure) => reply.answer(Err(failure)),
        }
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
            concerns: Concerns::Peer(with.clone()),
            deed: Deed::Write(Write::OpenDirect { with }),
            reply,
        });
        match answer.await.unwrap_or_else(|_| Err(Failure::internal()))? {
            Reply::Opened { conversation, .. } => Ok(conversation),
            _ => Err(Failure::internal()),
        }
    }

    /// A message in a conversation that the caller is in.
    async fn message_of(&self, caller: &Caller, id: MessageId) -> Result<Message, Failure> {
        let message = self
            .store_ref()
            .message(id)
            .await?
            .ok_or_else(Failure::no_message)?;
        self.must_be_in(caller, message.conversation)
            .await
            .map_err(|_| Failure::no_message())?;
        Ok(message)
    }

    async fn must_be_in(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<(), Failure> {
        let member = self.store_ref().member(conversation, &caller.user).await?;
        member.map(drop).ok_or_else(Failure::no_conversation)
    }

    /// Answers a question that Moderation lets pass.
    async fn answer(&self, caller: &Arc<Caller>, question: Question) -> Result<Reply, Failure> {
        let (reply, passed) = ReplyTo::task();
        self.review(Review {
            caller: Arc::clone(caller),
            action: Action::Read,
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
                if self.eyes(me).await?.blocked_by(&user) {
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
                Ok(Reply::Conversations { summaries, next })
            }
            Question::Conversation(id) => {
                let mut summary = store
                    .summary(id, me)
                    .await?
                    .ok_or_else(Failure::no_conversation)?;
                if let Some(message) = &mut summary.last_message {
                    self.eyes(me).await?.hide_reactions(message);
                }
                Ok(Reply::Conversation(Box::new(summary)))
            }
            Question::Members(id) => {
                self.must_be_in(caller, id).await?;
                let mut roster = store
                    .roster(id)
                    .await?
                    .ok_or_else(Failure::no_conversation)?;
                let eyes = self.eyes(me).await?;
                for member in roster
                    .members
                    .iter_mut()
                    .filter(|m| !eyes.may_meet(&m.user))
                {
                    member.cursor = Default::default();
                }
                Ok(Reply::Roster(Box::new(roster)))
            }
            Question::Messages {
                conversation,
                from,
                limit,
            } => {
                self.must_be_in(caller, conversation).await?;
                let eyes = self.eyes(me).await?;
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
                Ok(Reply::Message(Box::new(self.eyes(me).await?.view(message))))
            }
            Question::Revisions(id) => {
                let message = self.message_of(caller, id).await?;
                let veiled = self.eyes(me).await?.view(message).veiled;
                Ok(Reply::Revisions(if veiled {
                    Vec::new()
                } else {
                    store.revisions(id).await?
                }))
            }
            Question::Receipts(id) => self.receipts(caller, id).await,
            Question::Unread => Ok(Reply::Unread(store.unread(me).await?)),
            Question::Blocks => Ok(Reply::Blocks(store.blocks_of(me).await?.by_them)),
            Question::Presence(users) => self.presence_of(me, users).await,
            Question::Changes { since, limit } => self.changes(me, since, page(limit)?).await,
        }
    }

    async fn user(&self, user: &UserId) -> Result<User, Failure> {
        self.store_ref().user(user).await?.ok_or_else(no_user)
    }

    async fn eyes(&self, user: &UserId) -> Result<Eyes, Failure> {
        Ok(self.store_ref().blocks_of(user).await?.into())
    }

    async fn receipts(&self, caller: &Caller, id: MessageId) -> Result<Reply, Failure> {
        let message = self.message_of(caller, id).await?;
        let (at, seq) = (message.conversation, message.seq);
        let roster = self
            .store_ref()
            .roster(at)
            .await?
            .ok_or_else(Failure::no_conversation)?;
        let eyes = self.eyes(&caller.user).await?;
        let mut receipts = Vec::new();
        for member in roster.members {
            if member.user == message.author || !eyes.may_meet(&member.user) {
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

    async fn presence_of(&self, me: &UserId, users: Vec<UserId>) -> Result<Reply, Failure> {
        if users.len() > PRESENCE_QUESTION_MAX {
            let message = format!("at most {PRESENCE_QUESTION_MAX} people in one question");
            return Err(Failure::bad_value("users", message));
        }
        let eyes = self.eyes(me).await?;
        let mut known = Vec::new();
        for user in users {
            if user == *me || eyes.may_meet(&user) && self.store_ref().acquainted(me, &user).await?
            {
                known.push(user);
            }
        }
        let online = self
            .actors()
            .presence
            .send(ListOnline {
                users: known.clone(),
            })
            .await;
        let online = online.map_err(|_| Failure::unavailable())?;
        let mut users = self.store_ref().users(&known).await?.into_iter().peekable();
        let presence = known.into_iter().zip(online).map(|(user, online)| {
            // The store leaves out whom it doesn't know, and keeps the order.
            let last_seen = users.next_if(|u| u.id == user).and_then(|u| u.last_seen);
            Presence {
                user,
                online,
                last_seen: last_seen.filter(|_| !online),
            }
        });
        Ok(Reply::Presence(presence.collect()))
    }

    async fn changes(&self, me: &UserId, since: Resume, limit: usize) -> Result<Reply, Failure> {
        let store = self.store_ref();
        if since.epoch != self.epoch() || since.position > store.head() {
            let through = store.head();
            return Ok(Reply::Changes {
                recovered: false,
                changes: Vec::new(),
                through,
                more: false,
            });
        }
        let changes = store.changes_since(me, since.position, limit).await?;
        let eyes = self.eyes(me).await?;
        let changes_shown = changes
            .changes
            .into_iter()
            .filter_map(|change| eyes.push(change))
            .collect();
        Ok(Reply::Changes {
            recovered: true,
            changes: changes_shown,
            through: changes.through,
            more: changes.more,
        })
    }
}

/// Where a command goes.
enum Routed {
    Room(ConversationId, Action, Vec<UserId>, What),
    Moderation(Action, Concerns, Write),
    LookUp(Command),
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
