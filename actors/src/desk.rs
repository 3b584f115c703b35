//! The desk: takes a request of any transport, and hands it to whoever answers it.
//!
//! The one way into the core. Commands of a conversation go to its room, the rest to Moderation; questions
//! ask Moderation first, then the store. No rule stands here.

mod attachment;
mod contact;
mod later;
mod notice;

use std::{future::Future, pin::Pin, sync::Arc};

use parlour_storage::{
    ids::{ConversationId, UserId},
    store::Write,
};

use crate::{
    command::{Action, Caller, Command, Mark, Reply, Request, SafetyCommand, Target},
    error::{ErrorCode, Failure},
    moderation::{Concerns, Deed, Review},
    reply::ReplyTo,
    room::{Passing, Perform, What},
    system::Core,
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
                Routed::Safety(command) => Begun::InOrder(Box::pin(async move {
                    core.safety(caller, command, reply).await;
                })),
                Routed::LookUp(command) => Begun::InOrder(Box::pin(async move {
                    let found = core.found(&caller, command).await;
                    core.hand_on(caller, found.unwrap_or_else(Routed::Refused), reply);
                })),
                routed => {
                    core.hand_on(caller, routed, reply);
                    Begun::Gone
                }
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

    /// Hands a command to whom it was routed.
    fn hand_on(self: &Arc<Self>, caller: Arc<Caller>, routed: Routed, reply: ReplyTo) {
        match routed {
            Routed::Room(id, action, brings, what) => self.perform(
                id,
                Perform {
                    caller,
                    action,
                    brings,
                    what,
                    reply,
                },
            ),
            Routed::Moderation(action, concerns, write) => self.review(Review {
                caller,
                conversation: None,
                action,
                concerns,
                deed: Deed::Write(write),
                reply,
            }),
            Routed::Refused(failure) => reply.answer(Err(failure)),
            // What was looked up is found, or refused.
            Routed::LookUp(_) | Routed::Safety(_) => reply.answer(Err(Failure::internal())),
        }
    }

    /// Where a command goes.
    fn route(&self, caller: &Caller, command: Command) -> Routed {
        use Routed::{LookUp, Moderation, Refused, Room, Safety};
        let write = |id, action, write| Room(id, action, Vec::new(), What::Write(write));
        match command {
            Command::Send {
                to: Target::Conversation(conversation),
                content,
                attachments,
                key,
            } => write(
                conversation,
                Action::Send,
                Write::Send {
                    conversation,
                    content,
                    attachments,
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
            Command::Type {
                to: Target::Conversation(conversation),
                on,
            } => {
                let what = What::Pass(Passing::Type(on));
                Room(conversation, Action::Type, Vec::new(), what)
            }
            Command::Join { conversation, on } => {
                let Some(connection) = caller.connection else {
                    return Refused(no_connection());
                };
                // Looking at it is reading it.
                let what = What::Pass(Passing::Join(connection, on));
                Room(conversation, Action::Read, Vec::new(), what)
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
            Command::Contact(command) => contact::route(command),
            Command::Safety(command) => Safety(command),
            Command::Attachment(command) => self.route_attachment(command),
            Command::Later(command) => later::route(command),
            Command::Notice(command) => self.route_notice(command),
            command @ (Command::Send { .. }
            | Command::Type { .. }
            | Command::Read { .. }
            | Command::Deliver { .. }
            | Command::Edit { .. }
            | Command::Delete { .. }
            | Command::React { .. }) => LookUp(command),
        }
    }

    /// Where a command goes, once it is known what it is about.
    async fn found(&self, caller: &Arc<Caller>, command: Command) -> Result<Routed, Failure> {
        let (conversation, action, write) = match command {
            Command::Send {
                to,
                content,
                attachments,
                key,
            } => {
                let conversation = self.conversation_for(caller, to).await?;
                let write = Write::Send {
                    conversation,
                    content,
                    attachments,
                    key,
                };
                (conversation, Action::Send, write)
            }
            Command::Type { to, on } => {
                let conversation = self.conversation_at(&caller.user, to).await?;
                let what = What::Pass(Passing::Type(on));
                return Ok(Routed::Room(conversation, Action::Type, Vec::new(), what));
            }
            Command::Edit { message, text } => {
                let at = self.message_of(caller, message).await?;
                (at.conversation, Action::Edit, Write::Edit { message, text })
            }
            Command::Delete { message } => {
                let at = self.message_of(caller, message).await?;
                (at.conversation, Action::Delete, Write::Delete { message })
            }
            Command::React { message, emoji, on } => {
                let at = self.message_of(caller, message).await?;
                let write = Write::React { message, emoji, on };
                (at.conversation, Action::React, write)
            }
            Command::Read { up_to } => {
                let (conversation, seq) = self.mark(caller, up_to).await?;
                (
                    conversation,
                    Action::Mark,
                    Write::Read { conversation, seq },
                )
            }
            Command::Deliver { up_to } => {
                let (conversation, seq) = self.mark(caller, up_to).await?;
                let write = Write::Deliver { conversation, seq };
                (conversation, Action::Mark, write)
            }
            Command::Contact(command) => return self.found_contact(&caller.user, command).await,
            // `route` sends no other command here.
            _ => return Err(Failure::internal()),
        };
        let what = What::Write(write);
        Ok(Routed::Room(conversation, action, Vec::new(), what))
    }
}

/// Where a command goes.
enum Routed {
    Room(ConversationId, Action, Vec<UserId>, What),
    Moderation(Action, Concerns, Write),
    LookUp(Command),
    Safety(SafetyCommand),
    Refused(Failure),
}

fn no_connection() -> Failure {
    Failure::new(
        ErrorCode::BadRequest,
        "this is about a connection, and works over one only",
    )
}
