//! Moderation: the verdict on every action. What passes goes on to the archive, or back to the room.
//!
//! One actor for the node, so that its order is everyone's: whatever it reviews after a block meets the
//! block, and so with sanctions. What it knows of people is loaded from the store on demand; requests of a person who
//! is being loaded wait, in order, and hold up nobody else. Holds no conversation and touches no socket.

pub(crate) mod audit;
mod budget;
mod contact;
mod content;
mod gcra;
mod hook;
mod line;
mod noted;
mod oversight;
#[cfg(feature = "paths")]
pub mod paths;
mod people;
mod person;

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Recipient, WrapFuture};
use parlour_storage::{
    domain::{
        contact::ContactRules,
        conversation::Conversation,
        notification::{NotificationBody, NotificationDraft},
        safety::Sanction,
        scheduled::Keep,
        user::NodeRole,
    },
    error::StoreErrorKind,
    ids::{Timestamp, UserId},
    store::{LimiterState, Transaction, Write},
};
use tokio::sync::oneshot;

pub(crate) use self::{contact::rules, hook::AllBack, oversight::must_moderate};
pub use self::{
    content::{PLACEHOLDER, Reviewed, Rules, word_list},
    person::Concerns,
};
use self::{
    hook::{Held, Judged},
    line::Lines,
    noted::Noted,
    people::People,
};
use crate::{
    archive::Submit,
    command::{Action, Caller, Reply},
    error::Failure,
    limits::MODERATION_MAILBOX,
    reply::ReplyTo,
    room::{Passed, Passing},
    system::Core,
    visibility::Audience,
};

/// People who did nothing for so long are forgotten, to be loaded again on demand.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// How long it waits before it asks a store that is busy again.
const LOAD_AGAIN: Duration = Duration::from_millis(20);

/// The actor.
#[derive(Debug)]
pub struct Moderation {
    core: Arc<Core>,
    /// What may be said.
    rules: Rules,
    /// Texts that the operator's service is asked about, and what waits behind them.
    lines: Lines<Judged, Review>,
    /// Who waits until all texts that were out at a time are back.
    wait_for_back: Vec<(u64, oneshot::Sender<()>)>,
    people: People,
    /// Why nobody is served: what has to be known of everyone could not be read.
    closed: Option<Failure>,
}

impl Moderation {
    /// A Moderation that knows nobody yet.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            rules: Rules::new(&core.settings),
            lines: Lines::default(),
            wait_for_back: Vec::new(),
            core,
            people: People::default(),
            closed: None,
        }
    }
}

impl Actor for Moderation {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MODERATION_MAILBOX);
        ctx.run_interval(FORGET_AFTER / 10, |this, _ctx| {
            this.people.forget(this.core.now(), FORGET_AFTER);
        });
        self.load_shadows(ctx);
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

/// Says that what is stored of people changed past Moderation.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) struct Reload {
    /// Whom.
    pub(crate) users: Vec<UserId>,
}

impl Handler<Reload> for Moderation {
    type Result = ();

    fn handle(&mut self, Reload { users }: Reload, ctx: &mut Self::Context) {
        self.load_again(&users, ctx);
    }
}

/// What happens if a request passes.
#[derive(Debug)]
pub enum Deed {
    /// It is written.
    Write(Write),
    /// A moderator decides: it is written, with the reason.
    Decide(Decision),
    /// The room tells something that isn't stored, and answers.
    Pass {
        /// Which room.
        room: Recipient<Passed>,
        /// What.
        passing: Passing,
    },
    /// A connection is let in: the caller is told [`Reply::Done`], and does the rest.
    Enter {
        /// It goes on where an earlier one was: that is exempt from limits.
        resumes: bool,
    },
    /// The caller is told [`Reply::Done`], and does the rest.
    Nothing,
}

/// What a moderator decides.
#[derive(Debug)]
pub struct Decision {
    /// What is written.
    pub write: Write,
    /// Why.
    pub reason: Option<String>,
    /// What the person may do on the node about whom it is decided, if about a person.
    pub about: Option<NodeRole>,
}

/// What a request that passes takes along.
#[derive(Debug)]
struct Verdict {
    conversation: Option<Arc<Conversation>>,
    audience: Audience,
    limits: Vec<LimiterState>,
    reviewed: Reviewed,
    contact: ContactRules,
    at: Timestamp,
}

/// Who is warned is notified of it, wherever they are.
fn warning(write: &Write, reason: Option<&str>) -> Vec<NotificationDraft> {
    let Write::Sanction {
        user,
        sanction: Sanction::Warn,
    } = write
    else {
        return Vec::new();
    };
    let body = NotificationBody::Warned {
        reason: reason.map(str::to_owned),
    };
    vec![NotificationDraft {
        user: user.clone(),
        body,
    }]
}

impl Handler<Review> for Moderation {
    type Result = ();

    fn handle(&mut self, review: Review, ctx: &mut Self::Context) {
        if let Some(failure) = &self.closed {
            review.reply.answer(Err(failure.clone()));
        } else if let Some(review) = self.line_up(review) {
            self.receive(review, ctx);
        }
    }
}

impl Moderation {
    /// Reads whose writing is shown to nobody else. Whatever is asked meanwhile waits in the mailbox, so nobody is
    /// served before.
    fn load_shadows(&mut self, ctx: &mut Context<Self>) {
        let store = self.core.store();
        let load = async move {
            loop {
                match store.shadowed().await {
                    Err(error) if error.kind == StoreErrorKind::Busy => {
                        tokio::time::sleep(LOAD_AGAIN).await
                    }
                    loaded => return loaded,
                }
            }
        };
        ctx.wait(
            load.into_actor(self)
                .map(|shadowed, this, _ctx| match shadowed {
                    Ok(people) => this.core.shadows.load(people),
                    Err(error) => {
                        tracing::error!(%error, "shadow bans could not be read; nobody is served");
                        this.closed = Some(error.into());
                    }
                }),
        );
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
        let at = self.core.now();
        let policy = &self.core.settings.policy;
        let contact = contact::rules_in(&caller, policy, conversation.as_deref(), &concerns);
        let passes = contact::check_passing(&contact, conversation.as_deref(), &deed);
        let verdict = self.verdict(&caller, action, &concerns, &mut deed, at);
        match verdict.and_then(|verdict| passes.map(|()| verdict)) {
            Ok((audience, limits, reviewed)) => {
                let passed = Verdict {
                    conversation,
                    audience,
                    limits,
                    reviewed,
                    contact,
                    at,
                };
                match deed {
                    Deed::Write(write) => {
                        let held = Held::new(caller, action, concerns, passed, write, reply);
                        self.consult(held, ctx)
                    }
                    deed => self.go_on(&caller, passed, deed, reply, ctx),
                }
            }
            Err(failure) => {
                self.core.counters.refused(&failure);
                reply.answer(Err(failure));
            }
        }
    }

    /// First how the caller stands, then whom it concerns, then what it says, then how often they did it.
    fn verdict(
        &mut self,
        caller: &Caller,
        action: Action,
        concerns: &Concerns,
        deed: &mut Deed,
        now: Timestamp,
    ) -> Result<(Audience, Vec<LimiterState>, Reviewed), Failure> {
        let Some(person) = self.people.known(&caller.user) else {
            return Err(Failure::internal());
        };
        person.used_at = now;
        // What ends something others were told of is free to everyone, however they stand.
        let ends = matches!(deed, Deed::Pass { passing, .. } if passing.ends());
        if !ends {
            person.check_standing(writes(action, deed), now)?;
        }
        person.check_blocks(action, concerns)?;
        let mut reviewed = Reviewed::default();
        match deed {
            Deed::Write(write) => {
                let direct = matches!(concerns, Concerns::Peer(_));
                reviewed = self.rules.review(caller, write, direct)?;
                oversight::review_report(caller, write)?;
            }
            Deed::Decide(decision) => oversight::review_decision(caller, decision)?,
            Deed::Pass { .. } | Deed::Enter { .. } | Deed::Nothing => {}
        }
        if ends {
            return Ok((person.audience().clone(), Vec::new(), reviewed));
        }
        let rates = &self.core.settings.rates;
        let actions = counted(caller, action, deed);
        let charged = person.budget.charge(&caller.user, &actions, rates, now)?;
        if let Some(quota) = charged.quota {
            caller.quota.set(quota);
        }
        Ok((person.audience().clone(), charged.states, reviewed))
    }

    fn go_on(
        &mut self,
        caller: &Arc<Caller>,
        passed: Verdict,
        deed: Deed,
        reply: ReplyTo,
        ctx: &mut Context<Self>,
    ) {
        let audit = self.core.settings.policy.audit;
        let (write, reason) = match deed {
            Deed::Write(write) => (write, None),
            Deed::Decide(Decision { write, reason, .. }) => (write, reason),
            Deed::Pass { room, passing } => {
                let by = Arc::clone(&caller.card);
                // What a full room can't take is refused, by the reply itself.
                let _refused = room.try_send(Passed {
                    by,
                    passing,
                    audience: passed.audience.clone(),
                    reply,
                });
                // Not waited for: what ends the same must not overtake it.
                return self.note_down(caller, passed, None, ReplyTo::nobody());
            }
            Deed::Enter { .. } => {
                let line = audit::of_connecting(audit);
                return self.note_down(caller, passed, line, reply);
            }
            Deed::Nothing => return self.note_down(caller, passed, None, reply),
        };
        let noted = Noted::of(&caller.user, &write, passed.at, reason.as_deref());
        let reply = match noted {
            Some(noted) => self.note(noted, reply, ctx),
            None => reply,
        };
        let Verdict {
            conversation,
            audience,
            limits,
            reviewed,
            mut contact,
            at,
        } = passed;
        self.core.counters.found(reviewed.finding);
        contact.masked = reviewed.masked;
        let place = conversation.as_ref().map(|conversation| conversation.id);
        let transaction = Transaction {
            notifications: warning(&write, reason.as_deref()),
            limits,
            contact,
            original: reviewed.original,
            flag: reviewed.flag,
            audit: audit::of_write(audit, &write, place, reason.as_deref()),
            ..Transaction::new(at, caller.user.clone(), write)
        };
        self.core.submit(Submit {
            transaction,
            by: Arc::clone(&caller.card),
            conversation,
            audience,
            reply,
        });
    }

    /// Keeps what has to be kept of something that writes nothing by itself; then it is [`Reply::Done`].
    fn note_down(
        &self,
        caller: &Caller,
        passed: Verdict,
        audit: Option<parlour_storage::domain::safety::AuditDraft>,
        reply: ReplyTo,
    ) {
        if passed.limits.is_empty() && audit.is_none() {
            return reply.answer(Ok(Reply::Done));
        }
        let transaction = Transaction {
            limits: passed.limits,
            audit,
            ..Transaction::new(passed.at, caller.user.clone(), Write::Note)
        };
        self.core.submit(Submit {
            transaction,
            by: Arc::clone(&caller.card),
            conversation: None,
            audience: passed.audience,
            reply,
        });
    }
}

/// Whether others would be shown something new of the caller's.
fn writes(action: Action, deed: &Deed) -> bool {
    match action {
        Action::Send
        | Action::Edit
        | Action::React
        | Action::Type
        | Action::Open
        | Action::Ask
        | Action::Like => true,
        Action::Schedule => matches!(
            deed,
            Deed::Write(Write::Keep(Keep::Schedule(_) | Keep::Reschedule { .. }))
        ),
        // Leaving and roles are no words.
        Action::Manage => matches!(deed, Deed::Write(Write::Add { .. } | Write::Rename { .. })),
        _ => false,
    }
}

/// Under which actions a request counts.
fn counted(caller: &Caller, action: Action, deed: &Deed) -> Vec<Action> {
    let also = match (action, deed) {
        // An upload was counted when it was let in, before its bytes were read.
        (Action::Resume, _)
        | (_, Deed::Enter { resumes: true } | Deed::Write(Write::SaveUser(_) | Write::Upload(_))) =>
        {
            return Vec::new();
        }
        (Action::Send, _) if caller.connection.is_some() => Some(Action::SocketSend),
        (Action::Ask | Action::Open, _) | (_, Deed::Write(Write::Add { .. })) => {
            Some(Action::ColdContact)
        }
        _ => None,
    };
    std::iter::once(action).chain(also).collect()
}
