//! Moderation: the verdict on every action. What passes goes on to the archive, or back to the room.
//!
//! One actor for the node, so that its order is everyone's: whatever it reviews after a block meets the
//! block. What it knows of people is loaded from the store on demand; requests of a person who is being loaded wait,
//! in order, and hold up nobody else. Holds no conversation and touches no socket.

mod content;
mod gcra;
mod person;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WrapFuture};
use parlour_storage::{
    domain::user::Blocks,
    error::StoreError,
    ids::UserId,
    store::{LimiterState, Transaction, Write},
};

pub use self::person::Concerns;
use self::person::Person;
use crate::{
    archive::Submit,
    command::{Action, Caller, Reply},
    error::{ErrorCode, Failure},
    limits::{MODERATION_MAILBOX, PARKED_PER_USER_MAX},
    presence::SetBlock,
    reply::ReplyTo,
    room::Typed,
    system::Core,
    visibility::Audience,
};

/// People who did nothing for so long are forgotten, to be loaded again on demand.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// The actor.
#[derive(Debug)]
pub struct Moderation {
    core: Arc<Core>,
    people: HashMap<UserId, Slot>,
}

#[derive(Debug)]
enum Slot {
    /// Requests that came meanwhile, and blocks that the answer may not know of yet.
    Loading {
        parked: Vec<Review>,
        blocked_by: Vec<(UserId, bool)>,
    },
    Known(Box<Person>),
}

impl Moderation {
    /// A Moderation that knows nobody yet.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            people: HashMap::new(),
        }
    }
}

impl Actor for Moderation {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MODERATION_MAILBOX);
        ctx.run_interval(FORGET_AFTER / 10, |this, _ctx| {
            let now = this.core.now();
            this.people.retain(
                |_, slot| !matches!(slot, Slot::Known(person) if person.is_idle(now, FORGET_AFTER)),
            );
        });
    }
}

/// Asks for a verdict, and for what follows from it.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Review {
    /// Who acts.
    pub caller: Arc<Caller>,
    /// What they do, for limits.
    pub action: Action,
    /// To whom.
    pub concerns: Concerns,
    /// What happens if it passes.
    pub deed: Deed,
    /// Who is told what came of it.
    pub reply: ReplyTo,
}

/// What happens if a request passes.
#[derive(Debug)]
pub enum Deed {
    /// It is written.
    Write(Write),
    /// The room tells that the caller types, or stopped.
    Type {
        /// Which room.
        room: Recipient<Typed>,
        /// Started or stopped.
        on: bool,
    },
    /// The caller is told [`Reply::Done`], and does the rest.
    Nothing,
}

impl Handler<Review> for Moderation {
    type Result = ();

    fn handle(&mut self, review: Review, ctx: &mut Self::Context) {
        let user = review.caller.user.clone();
        match self.people.get_mut(&user) {
            Some(Slot::Known(_)) => self.review(review),
            Some(Slot::Loading { parked, .. }) if parked.len() < PARKED_PER_USER_MAX => {
                parked.push(review)
            }
            Some(Slot::Loading { .. }) => review.reply.answer(Err(Failure::busy())),
            None => {
                let slot = Slot::Loading {
                    parked: vec![review],
                    blocked_by: Vec::new(),
                };
                self.people.insert(user.clone(), slot);
                self.load(user, ctx);
            }
        }
    }
}

impl Moderation {
    fn load(&mut self, user: UserId, ctx: &mut Context<Self>) {
        let store = self.core.store();
        let of = user.clone();
        let load = async move { Ok((store.blocks_of(&of).await?, store.limits_of(&of).await?)) };
        ctx.spawn(
            load.into_actor(self)
                .map(move |loaded, this, _ctx| this.loaded(user, loaded)),
        );
    }

    fn loaded(&mut self, user: UserId, loaded: Result<(Blocks, Vec<LimiterState>), StoreError>) {
        let Some(Slot::Loading { parked, blocked_by }) = self.people.remove(&user) else {
            return;
        };
        match loaded {
            Ok((blocks, limits)) => {
                let mut person = Person::new(blocks, limits);
                for (other, on) in blocked_by {
                    person.set_blocked_by(&other, on);
                }
                self.people.insert(user, Slot::Known(Box::new(person)));
                for review in parked {
                    self.review(review);
                }
            }
            Err(error) => {
                let failure = Failure::from(error);
                for review in parked {
                    review.reply.answer(Err(failure.clone()));
                }
            }
        }
    }

    /// Reviews a request of somebody who is known.
    fn review(&mut self, review: Review) {
        let Review {
            caller,
            action,
            concerns,
            mut deed,
            reply,
        } = review;
        match self.verdict(&caller, action, &concerns, &mut deed) {
            Ok((audience, limits)) => self.go_on(caller, audience, limits, deed, reply),
            Err(failure) => {
                match failure.code {
                    ErrorCode::RateLimited => self.core.counters.rate_limited.add_one(),
                    ErrorCode::NotReachable | ErrorCode::BlockedByYou => {
                        self.core.counters.blocked.add_one()
                    }
                    _ => {}
                }
                reply.answer(Err(failure));
            }
        }
    }

    fn verdict(
        &mut self,
        caller: &Caller,
        action: Action,
        concerns: &Concerns,
        deed: &mut Deed,
    ) -> Result<(Audience, Vec<LimiterState>), Failure> {
        let Some(Slot::Known(person)) = self.people.get_mut(&caller.user) else {
            return Err(Failure::internal());
        };
        person.check_blocks(action, concerns)?;
        if let Deed::Write(write) = deed {
            content::review(caller, write, self.core.settings.message_length_max)?;
        }
        let now = self.core.now();
        person.used_at = now;
        let limits = person.charge(&caller.user, action, &self.core.settings.rates, now)?;
        Ok((person.audience().clone(), limits))
    }

    fn go_on(
        &mut self,
        caller: Arc<Caller>,
        audience: Audience,
        limits: Vec<LimiterState>,
        deed: Deed,
        reply: ReplyTo,
    ) {
        match deed {
            Deed::Nothing => reply.answer(Ok(Reply::Done)),
            Deed::Type { room, on } => {
                let user = caller.user.clone();
                // A typing notice that a full room can't take is out of date before it could.
                let _best_effort = room.try_send(Typed { user, on, audience });
                reply.answer(Ok(Reply::Done));
            }
            Deed::Write(write) => {
                self.note_block(&caller.user, &write);
                let transaction = Transaction {
                    limits,
                    ..Transaction::new(self.core.now(), caller.user.clone(), write)
                };
                self.core.submit(Submit {
                    transaction,
                    audience,
                    reply,
                });
            }
        }
    }

    /// Makes a block hold from here on: what is reviewed after it meets it, what was reviewed before is
    /// ahead of it on the way to the store.
    fn note_block(&mut self, by: &UserId, write: &Write) {
        let (other, on) = match write {
            Write::Block { user, .. } => (user, true),
            Write::Unblock { user } => (user, false),
            _ => return,
        };
        if other == by {
            return;
        }
        if let Some(Slot::Known(person)) = self.people.get_mut(by) {
            person.set_blocks(other, on);
        }
        match self.people.get_mut(other) {
            Some(Slot::Known(person)) => person.set_blocked_by(by, on),
            Some(Slot::Loading { blocked_by, .. }) => blocked_by.push((by.clone(), on)),
            None => {}
        }
        self.core.tell_presence(SetBlock {
            by: by.clone(),
            other: other.clone(),
            on,
        });
    }
}
