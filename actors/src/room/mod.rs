//! One conversation while it is active: who is in it and connected, who types, and the fan-out.
//!
//! Started by [`Core::room`](crate::system::Core::room) on first use; goes when nothing was asked of it for a while. Holds no order (the
//! store gives it) and no history, so that two rooms of one conversation for a moment do no harm.
//! Never touches a socket.

mod crowd;
#[cfg(feature = "paths")]
pub mod paths;

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WeakAddr,
    WrapFuture,
};
use parlour_storage::{
    domain::change::{Change, ChangeBody},
    error::{StoreError, StoreErrorKind},
    ids::{ConversationId, UserId},
    store::{Roster, Write},
};

use self::crowd::{Crowd, Told, Who};
use crate::{
    archive::answer,
    command::{Action, Caller, Card, Reply},
    connection::{Connection, Looks},
    error::{CloseCode, ErrorCode, Failure},
    group::Group,
    limits::{JOINED_MAX, RUN_MAX},
    moderation::{Concerns, Deed, Review},
    outbox::{ConnectionId, clock_ms},
    presence::{Acquaint, Part},
    reply::ReplyTo,
    system::Core,
    visibility::Audience,
};

/// How long a room that was forgotten still answers those who have its address.
const LINGER: Duration = Duration::from_secs(2);

/// How long a room waits before it asks a store that is busy again.
const LOAD_AGAIN: Duration = Duration::from_millis(20);

/// The actor.
#[derive(Debug)]
pub struct Room {
    core: Arc<Core>,
    id: ConversationId,
    /// `None` while it is loaded, or if it can't be.
    crowd: Option<Crowd>,
    /// Why there is no crowd.
    missing: Failure,
    /// The registry knows another room by now, or will.
    left: bool,
    /// When it was last of use, by [`clock_ms`].
    used_ms: u64,
    /// Runs while anyone types.
    typing_watch: Option<SpawnHandle>,
    /// Its own, known once started. Weak: a room must not keep itself.
    address: Option<WeakAddr<Self>>,
}

impl Room {
    /// A room that loads itself from the store when it starts.
    pub fn new(core: Arc<Core>, id: ConversationId) -> Self {
        Self {
            core,
            id,
            crowd: None,
            missing: Failure::no_conversation(),
            left: false,
            used_ms: clock_ms(),
            typing_watch: None,
            address: None,
        }
    }
}

impl Actor for Room {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.core.settings.room_mailbox);
        self.address = Some(ctx.address().downgrade());
        let (store, id) = (self.core.store(), self.id);
        let load = async move {
            loop {
                match store.roster(id).await {
                    // What is asked of the room can't be answered without, and what it is told must not be
                    // lost, so it waits for its turn.
                    Err(error) if error.kind == StoreErrorKind::Busy => {
                        tokio::time::sleep(LOAD_AGAIN).await
                    }
                    loaded => return loaded,
                }
            }
        };
        // Whatever comes meanwhile waits in the mailbox.
        ctx.wait(
            load.into_actor(self)
                .map(|roster, this, ctx| this.loaded(roster, ctx)),
        );
    }
}

impl Drop for Room {
    /// A panic may have cost changes that were about to be told. Its connections get them by resuming.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.core.counters.room_panics.add_one();
            // First, so that whoever acts on the close finds a new room.
            if let Some(address) = self.address.as_ref().and_then(WeakAddr::upgrade) {
                self.core.registry.forget_room(self.id, &address);
            }
            for connection in self.crowd.iter().flat_map(Crowd::connections) {
                connection.outbox.close(CloseCode::Resync);
            }
        }
    }
}

/// Asks for something to be done in the conversation.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Perform {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// What it is, for limits.
    pub action: Action,
    /// Who is brought in by it.
    pub brings: Vec<UserId>,
    /// What is to be done.
    pub what: What,
    /// Who is told what came of it.
    pub reply: ReplyTo,
}

/// What is to be done in a conversation.
#[derive(Debug)]
pub enum What {
    /// Something is written.
    Write(Write),
    /// Something is told that isn't stored.
    Pass(Passing),
}

/// Tells the room a commit group's changes of its conversation.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Committed {
    /// Let go of when all is told.
    pub group: Arc<Group>,
    /// In the order of positions.
    pub news: Vec<News>,
}

/// One committed change.
#[derive(Debug)]
pub struct News {
    /// What.
    pub change: Arc<Change>,
    /// Who did it.
    pub by: Arc<Card>,
    /// Who is told less of it.
    pub audience: Audience,
    /// Who asked for it.
    pub reply: ReplyTo,
}

/// Moderation let somebody do something that isn't stored.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Passed {
    /// Who.
    pub by: Arc<Card>,
    /// What.
    pub passing: Passing,
    /// Who isn't told.
    pub audience: Audience,
    /// Who is told that it is done.
    pub reply: ReplyTo,
}

/// What is told once and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Typing started (or goes on), or stopped.
    Type(bool),
    /// A connection began or ended to look at the conversation.
    Join(ConnectionId, bool),
}

impl Passing {
    /// Whether it ends what was begun before. That costs nothing: refused by a limit, others would go on seeing
    /// what is over.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Type(false) | Self::Join(_, false))
    }
}

/// A member's new connection is to be told what happens here. Others are ignored; twice does no harm.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Attach(pub Arc<Connection>);

impl Handler<Perform> for Room {
    type Result = ();

    fn handle(&mut self, perform: Perform, ctx: &mut Self::Context) {
        // It may not know the newest members any more: the room that came after it does.
        if self.left && self.crowd.is_some() {
            return self.core.perform(self.id, perform);
        }
        self.used_ms = clock_ms();
        let Perform {
            caller,
            action,
            brings,
            what,
            reply,
        } = perform;
        let crowd = self.crowd.as_ref().filter(|crowd| crowd.has(&caller.user));
        let Some(crowd) = crowd else {
            let is_there = self.crowd.is_some();
            let failure = if is_there {
                Failure::no_conversation()
            } else {
                self.missing.clone()
            };
            return reply.answer(Err(failure));
        };
        let concerns = match crowd.peer_of(&caller.user) {
            Some(peer) => Concerns::Peer(peer.clone()),
            None if brings.is_empty() => Concerns::Nobody,
            None => Concerns::People(brings),
        };
        let deed = match what {
            What::Write(write) => Deed::Write(write),
            What::Pass(passing) => Deed::Pass {
                room: ctx.address().recipient(),
                passing,
            },
        };
        self.core.review(Review {
            conversation: Some(Arc::clone(crowd.conversation())),
            caller,
            action,
            concerns,
            deed,
            reply,
        });
    }
}

impl Handler<Committed> for Room {
    type Result = ();

    fn handle(&mut self, Committed { group, news }: Committed, _ctx: &mut Self::Context) {
        self.used_ms = clock_ms();
        let mut gathered = Vec::with_capacity(news.len().min(RUN_MAX));
        for News {
            change,
            by,
            audience,
            reply,
        } in news
        {
            let who = Who { card: by, audience };
            let asked_by = reply.connection_id();
            self.answer(&group, &change, &who, reply);
            let told = Told {
                change,
                who,
                asked_by,
            };
            if is_of_messages(&told.change.body) {
                gathered.push(told);
                if gathered.len() == RUN_MAX {
                    self.tell(&group, &mut gathered);
                }
                continue;
            }
            // Who is here may be others after it.
            self.tell(&group, &mut gathered);
            gathered.push(told);
            self.tell(&group, &mut gathered);
        }
        self.tell(&group, &mut gathered);
    }
}

impl Handler<Passed> for Room {
    type Result = ();

    fn handle(&mut self, passed: Passed, ctx: &mut Self::Context) {
        let Passed {
            by: card,
            passing,
            audience,
            reply,
        } = passed;
        let who = Who { card, audience };
        let done = match passing {
            Passing::Type(true) => {
                self.start_typing(who, ctx);
                Ok(Reply::Done)
            }
            Passing::Type(false) => {
                self.stop_typing(&who.card.user);
                Ok(Reply::Done)
            }
            Passing::Join(connection, on) => self.join(&who, connection, on),
        };
        reply.answer(done);
    }
}

impl Handler<Attach> for Room {
    type Result = ();

    fn handle(&mut self, Attach(connection): Attach, _ctx: &mut Self::Context) {
        if let Some(crowd) = &mut self.crowd {
            crowd.attach(&connection);
        }
    }
}

impl Room {
    fn loaded(&mut self, roster: Result<Option<Roster>, StoreError>, ctx: &mut Context<Self>) {
        match roster {
            Ok(Some(roster)) => {
                let mut crowd = Crowd::new(roster);
                // The registry knows this room by now, so whoever connects from here on attaches by
                // themselves; those who were there before are found here.
                crowd.attach_members(|user| self.core.registry.connections_of(user));
                self.crowd = Some(crowd);
                self.watch_idle(ctx);
            }
            Ok(None) => self.leave(ctx),
            Err(error) => {
                tracing::error!(%error, room = %self.id, "a room could not be loaded");
                self.missing = error.into();
                self.leave(ctx);
            }
        }
    }

    fn watch_idle(&self, ctx: &mut Context<Self>) {
        let idle = self.core.settings.room_idle;
        ctx.run_interval(idle.max(Duration::from_millis(10)), move |this, ctx| {
            if clock_ms().saturating_sub(this.used_ms) >= millis(idle) {
                this.leave(ctx);
            }
        });
    }

    /// Ends typing that nobody ended. One timer for all, while anyone types.
    fn watch_typing(&mut self, ctx: &mut Context<Self>) {
        let every = (self.core.settings.typing_timeout / 8).max(Duration::from_millis(10));
        self.typing_watch.get_or_insert_with(|| {
            ctx.run_interval(every, |this, ctx| {
                let overdue = this
                    .crowd
                    .as_mut()
                    .map(|crowd| crowd.typing_overdue(clock_ms()))
                    .unwrap_or_default();
                for who in overdue {
                    this.tell_typing(&who, false);
                }
                if this.crowd.as_ref().is_none_or(Crowd::nobody_types)
                    && let Some(watch) = this.typing_watch.take()
                {
                    ctx.cancel_future(watch);
                }
            })
        });
    }

    /// Leaves the registry at once, and stops when whoever took the address before has been served.
    fn leave(&mut self, ctx: &mut Context<Self>) {
        self.left = true;
        self.core.registry.forget_room(self.id, &ctx.address());
        ctx.run_later(LINGER, |_this, ctx| ctx.stop());
    }

    /// Answers who asked for a change, and ends what it ends.
    fn answer(&mut self, group: &Group, change: &Arc<Change>, who: &Who, reply: ReplyTo) {
        let asked_by = reply.connection_id();
        let about = self.crowd.as_ref().map(|crowd| crowd.about(&who.card));
        match answer(Arc::clone(change), about, false) {
            Ok(done) => reply.answer_in(group, change.position, done),
            Err(failure) => reply.answer(Err(failure)),
        }
        let Some(crowd) = &mut self.crowd else { return };
        match &change.body {
            ChangeBody::Sent(_) if crowd.is_typing(&change.by) => self.stop_typing(&change.by),
            // They may not begin any more, and what was begun isn't to be seen for longer.
            ChangeBody::Archived { on: true } => {
                for user in crowd.typing() {
                    self.stop_typing(&user);
                }
            }
            _ => {}
        }
        if let (ChangeBody::Sent(_), Some(id)) = (&change.body, asked_by) {
            self.look_along(who, id);
        }
    }

    /// Tells what was gathered to everyone who may know of it. What isn't of messages stands alone.
    fn tell(&mut self, group: &Group, gathered: &mut Vec<Told>) {
        let Some(crowd) = &mut self.crowd else { return };
        let Some(Told { change, .. }) = gathered.last() else {
            return;
        };
        let change = Arc::clone(change);
        crowd.arrive(&change, |user| self.core.registry.connections_of(user));
        crowd.tell(group, self.core.epoch(), gathered);
        gathered.clear();
        crowd.depart(&change);
        let members_max = self.core.settings.presence_group_members_max as usize;
        let acquaints = match &change.body {
            ChangeBody::Created { .. }
            | ChangeBody::Added { .. }
            | ChangeBody::Archived { on: false } => crowd.n_members() <= members_max,
            ChangeBody::Archived { on: true } => {
                for user in crowd.members() {
                    self.core.tell_presence(Part { user: user.clone() });
                }
                false
            }
            ChangeBody::Removed { user } => {
                self.core.tell_presence(Part { user: user.clone() });
                // It was too large for presence, and is no longer.
                crowd.n_members() == members_max
            }
            _ => false,
        };
        if acquaints {
            self.core.tell_presence(Acquaint {
                members: crowd.members().cloned().collect(),
            });
        }
    }

    fn start_typing(&mut self, who: Who, ctx: &mut Context<Self>) {
        let until_ms = clock_ms() + millis(self.core.settings.typing_timeout);
        let Some(crowd) = &mut self.crowd else { return };
        if crowd.start_typing(who.clone(), until_ms) {
            self.tell_typing(&who, true);
            self.watch_typing(ctx);
        }
    }

    fn stop_typing(&mut self, user: &UserId) {
        if let Some(who) = self
            .crowd
            .as_mut()
            .and_then(|crowd| crowd.stop_typing(user))
        {
            self.tell_typing(&who, false);
        }
    }

    fn tell_typing(&mut self, who: &Who, on: bool) {
        if let Some(crowd) = &mut self.crowd {
            crowd.tell_typing(self.core.epoch(), who, on);
        }
    }

    /// Whoever speaks looks, where looking means anything: some clients send to a person, and learn only from the answer
    /// which conversation it is.
    fn look_along(&mut self, who: &Who, id: ConnectionId) {
        let connection = self.crowd.as_ref().and_then(|crowd| crowd.connection(id));
        if connection.is_some_and(|connection| connection.codec.minds().joined) {
            // One that looks at too many conversations already is notified of this one.
            let _or_not = self.join(who, id, true);
        }
    }

    /// Notes that a connection looks here, or no longer does, and tells the others who do.
    fn join(&mut self, who: &Who, id: ConnectionId, on: bool) -> Result<Reply, Failure> {
        let Some(crowd) = &mut self.crowd else {
            return Err(self.missing.clone());
        };
        let connection = crowd.connection(id);
        match connection.map_or(Looks::Gone, |connection| connection.join(self.id, on)) {
            Looks::TooMany => {
                let message = format!(
                    "a connection looks at {JOINED_MAX} conversations at most; leave one first"
                );
                return Err(Failure::new(ErrorCode::NotAllowed, message));
            }
            // Told twice, others would count twice.
            Looks::AsBefore => {}
            // Its session ends for it what it looked at, and nobody would end what begins now.
            Looks::Gone if on => {}
            Looks::Changed | Looks::Gone => crowd.tell_joined(self.core.epoch(), who, id, on),
        }
        Ok(Reply::Done)
    }
}

/// Whether a change leaves the conversation itself, and who is in it, as they were.
fn is_of_messages(body: &ChangeBody) -> bool {
    matches!(
        body,
        ChangeBody::Sent(_)
            | ChangeBody::Edited(_)
            | ChangeBody::Deleted(_)
            | ChangeBody::Reacted { .. }
            | ChangeBody::Read { .. }
            | ChangeBody::Delivered { .. }
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

/// Makes the room panic.
#[cfg(test)]
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) struct Crash;

#[cfg(test)]
impl Handler<Crash> for Room {
    type Result = ();

    fn handle(&mut self, _: Crash, _ctx: &mut Self::Context) {
        panic!("a room was told to crash");
    }
}
