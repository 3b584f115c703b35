//! Moderation: the verdict on every action. What passes goes on to the archive, or back to the room.
//!
//! One actor for the node, so that its order is everyone's: whatever it reviews after a block meets the
//! block. What it knows of people is loaded from the store on demand; requests of a person who is being loaded wait,
//! in order, and hold up nobody else. Holds no conversation and touches no socket.

mod contact;
mod content;
mod gcra;
mod person;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WrapFuture};
use parlour_storage::{
    domain::{contact::ContactRules, conversation::Conversation, user::Blocks},
    error::StoreError,
    ids::UserId,
    store::{LimiterState, Transaction, Write},
};

pub(crate) use self::contact::rules;
pub use self::{
    content::{PLACEHOLDER, word_list},
    person::Concerns,
};
use self::{
    content::{Reviewed, Rules},
    person::{BlockChange, Person},
};
use crate::{
    archive::Submit,
    command::{Action, Caller, Reply},
    error::{ErrorCode, Failure},
    limits::{MODERATION_MAILBOX, PARKED_PER_USER_MAX},
    policy::Finding,
    presence::SetBlock,
    reply::ReplyTo,
    room::{Passed, Passing},
    system::Core,
    visibility::Audience,
};

/// People who did nothing for so long are forgotten, to be loaded again on demand.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// The actor.
#[derive(Debug)]
pub struct Moderation {
    core: Arc<Core>,
    /// What may be said.
    rules: Rules,
    people: HashMap<UserId, Slot>,
    /// Blocks on their way to the store, in the order they were reviewed in: whoever is loaded now may not find
    /// them there yet.
    unsettled: BTreeMap<u64, BlockChange>,
    /// Number of the next load or unsettled block.
    next: u64,
}

#[derive(Debug)]
enum Slot {
    Loading(Loading),
    Known(Box<Person>),
}

#[derive(Debug)]
struct Loading {
    /// Which load is waited for. The answer to an earlier one is out of date.
    number: u64,
    /// Requests that came meanwhile.
    parked: Vec<Review>,
    /// Blocks that the answer may not know of yet, in order.
    changes: Vec<BlockChange>,
    /// The person as known so far, if a block that was noted of them was not written.
    before: Option<Box<Person>>,
}

impl Moderation {
    /// A Moderation that knows nobody yet.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            rules: Rules::new(&core.settings),
            core,
            people: HashMap::new(),
            unsettled: BTreeMap::new(),
            next: 0,
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
    /// Where, if a room asks.
    pub conversation: Option<Arc<Conversation>>,
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
    /// The room tells something that isn't stored, and answers.
    Pass {
        /// Which room.
        room: Recipient<Passed>,
        /// What.
        passing: Passing,
    },
    /// The caller is told [`Reply::Done`], and does the rest.
    Nothing,
}

/// What a request that passes takes along.
struct Verdict {
    conversation: Option<Arc<Conversation>>,
    audience: Audience,
    limits: Vec<LimiterState>,
    reviewed: Reviewed,
    contact: ContactRules,
}

impl Handler<Review> for Moderation {
    type Result = ();

    fn handle(&mut self, review: Review, ctx: &mut Self::Context) {
        let user = review.caller.user.clone();
        match self.people.get_mut(&user) {
            Some(Slot::Known(_)) => self.review(review, ctx),
            Some(Slot::Loading(loading)) if loading.parked.len() < PARKED_PER_USER_MAX => {
                loading.parked.push(review)
            }
            Some(Slot::Loading(_)) => review.reply.answer(Err(Failure::busy())),
            None => self.load(user, vec![review], None, ctx),
        }
    }
}

impl Moderation {
    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn load(
        &mut self,
        user: UserId,
        parked: Vec<Review>,
        before: Option<Box<Person>>,
        ctx: &mut Context<Self>,
    ) {
        let number = self.number();
        let changes = self.unsettled.values();
        let loading = Loading {
            number,
            parked,
            changes: changes.filter(|c| c.concerns(&user)).cloned().collect(),
            before,
        };
        self.people.insert(user.clone(), Slot::Loading(loading));
        let store = self.core.store();
        let of = user.clone();
        let load = async move { Ok((store.blocks_of(&of).await?, store.limits_of(&of).await?)) };
        ctx.spawn(
            load.into_actor(self)
                .map(move |loaded, this, ctx| this.loaded(user, number, loaded, ctx)),
        );
    }

    fn loaded(
        &mut self,
        user: UserId,
        number: u64,
        loaded: Result<(Blocks, Vec<LimiterState>), StoreError>,
        ctx: &mut Context<Self>,
    ) {
        let loading = match self.people.remove(&user) {
            Some(Slot::Loading(loading)) if loading.number == number => loading,
            Some(other) => {
                self.people.insert(user, other);
                return;
            }
            None => return,
        };
        match loaded {
            Ok((blocks, limits)) => {
                let person = self.person(&user, blocks, limits, loading.before, &loading.changes);
                self.people.insert(user, Slot::Known(person));
                for review in loading.parked {
                    self.review(review, ctx);
                }
            }
            Err(error) => {
                let failure = Failure::from(error);
                for review in loading.parked {
                    review.reply.answer(Err(failure.clone()));
                }
            }
        }
    }

    /// Puts together what is stored of a person and what is on its way there.
    fn person(
        &self,
        user: &UserId,
        blocks: Blocks,
        limits: Vec<LimiterState>,
        before: Option<Box<Person>>,
        changes: &[BlockChange],
    ) -> Box<Person> {
        let Some(mut person) = before else {
            let mut person = Box::new(Person::new(blocks, limits));
            changes.iter().for_each(|change| person.note(user, change));
            return person;
        };
        let told = Arc::clone(&person.audience().blocks);
        person.reload(blocks);
        changes.iter().for_each(|change| person.note(user, change));
        // Presence was told of a block that did not come to be, or to end.
        for other in told.symmetric_difference(&person.audience().blocks) {
            self.core.tell_presence(SetBlock {
                by: user.clone(),
                other: other.clone(),
                on: !told.contains(other),
            });
        }
        person
    }

    /// Reviews a request of somebody who is known.
    fn review(&mut self, review: Review, ctx: &mut Context<Self>) {
        let Review {
            caller,
            conversation,
            action,
            concerns,
            mut deed,
            reply,
        } = review;
        let policy = &self.core.settings.policy;
        let contact = contact::rules_in(&caller, policy, conversation.as_deref(), &concerns);
        let passes = contact::check_passing(&contact, conversation.as_deref(), &deed);
        match passes.and_then(|()| self.verdict(&caller, action, &concerns, &mut deed)) {
            Ok((audience, limits, reviewed)) => {
                let passed = Verdict {
                    conversation,
                    audience,
                    limits,
                    reviewed,
                    contact,
                };
                self.go_on(&caller, passed, deed, reply, ctx)
            }
            Err(failure) => {
                match failure.code {
                    ErrorCode::RateLimited => self.core.counters.rate_limited.add_one(),
                    ErrorCode::NotReachable | ErrorCode::BlockedByYou => {
                        self.core.counters.blocked.add_one()
                    }
                    ErrorCode::ContentRefused => self.core.counters.found(Finding::Reject),
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
    ) -> Result<(Audience, Vec<LimiterState>, Reviewed), Failure> {
        let Some(Slot::Known(person)) = self.people.get_mut(&caller.user) else {
            return Err(Failure::internal());
        };
        person.check_blocks(action, concerns)?;
        let mut reviewed = Reviewed::default();
        if let Deed::Write(write) = deed {
            let direct = matches!(concerns, Concerns::Peer(_));
            reviewed = self.rules.review(caller, write, direct)?;
        }
        let now = self.core.now();
        person.used_at = now;
        let limits = match deed {
            Deed::Pass { passing, .. } if passing.ends() => Vec::new(),
            _ => person.charge(&caller.user, action, &self.core.settings.rates, now)?,
        };
        Ok((person.audience().clone(), limits, reviewed))
    }

    fn go_on(
        &mut self,
        caller: &Caller,
        Verdict {
            conversation,
            audience,
            limits,
            reviewed,
            contact,
        }: Verdict,
        deed: Deed,
        reply: ReplyTo,
        ctx: &mut Context<Self>,
    ) {
        let by = Arc::clone(&caller.card);
        match deed {
            Deed::Nothing => reply.answer(Ok(Reply::Done)),
            Deed::Pass { room, passing } => {
                // What a full room can't take is refused, by the reply itself.
                let _refused = room.try_send(Passed {
                    by,
                    passing,
                    audience,
                    reply,
                });
            }
            Deed::Write(write) => {
                let reply = self.note_block(&caller.user, &write, reply, ctx);
                self.core.counters.found(reviewed.finding);
                let mut transaction = Transaction {
                    limits,
                    original: reviewed.original,
                    flag: reviewed.flag,
                    contact,
                    ..Transaction::new(self.core.now(), caller.user.clone(), write)
                };
                transaction.contact.masked = reviewed.masked;
                self.core.submit(Submit {
                    transaction,
                    by,
                    conversation,
                    audience,
                    reply,
                });
            }
        }
    }

    /// Makes a block hold from here on: what is reviewed after it meets it, what was reviewed before is
    /// ahead of it on the way to the store. Returns whom the archive is to answer.
    fn note_block(
        &mut self,
        by: &UserId,
        write: &Write,
        reply: ReplyTo,
        ctx: &mut Context<Self>,
    ) -> ReplyTo {
        let (other, on) = match write {
            Write::Block { user, .. } => (user, true),
            Write::Unblock { user } => (user, false),
            _ => return reply,
        };
        if other == by {
            return reply;
        }
        let change = BlockChange {
            by: by.clone(),
            other: other.clone(),
            on,
        };
        for user in [by, other] {
            match self.people.get_mut(user) {
                Some(Slot::Known(person)) => person.note(user, &change),
                Some(Slot::Loading(loading)) => loading.changes.push(change.clone()),
                None => {}
            }
        }
        self.core.tell_presence(SetBlock {
            by: by.clone(),
            other: other.clone(),
            on,
        });
        let number = self.number();
        self.unsettled.insert(number, change);
        let (to_us, answer) = ReplyTo::task();
        ctx.spawn(answer.into_actor(self).map(move |answer, this, ctx| {
            let result = answer.unwrap_or_else(|_| Err(Failure::internal()));
            this.settle(number, result.is_ok(), ctx);
            reply.answer(result);
        }));
        to_us
    }

    /// The archive is done with a block. From here on the store tells whether it holds.
    fn settle(&mut self, number: u64, written: bool, ctx: &mut Context<Self>) {
        let Some(change) = self.unsettled.remove(&number) else {
            return;
        };
        if written {
            return;
        }
        for user in [change.by, change.other] {
            match self.people.remove(&user) {
                Some(Slot::Known(person)) => self.load(user, Vec::new(), Some(person), ctx),
                Some(Slot::Loading(Loading { parked, before, .. })) => {
                    self.load(user, parked, before, ctx)
                }
                None => {}
            }
        }
    }
}
