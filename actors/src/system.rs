//! Who starts whom, who stops whom, and how the actors reach each other.
//!
//! Archive, Moderation, Presence, Sweeper, Notifier, Scheduler, Janitor and Collector live from start to stop; rooms come
//! and go with their conversations, sessions with their transports. A request goes one way (session, room, moderation,
//! archive, store) and its effects the other; nobody waits for an actor that may be waiting for them.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix::{Actor, Addr, Arbiter, ArbiterHandle, Handler, Message};
use dashmap::DashMap;
use parlour_storage::{
    contacts::Lifetime,
    error::StoreError,
    ids::{ConversationId, Epoch, Timestamp, UserId},
    store::{Profile, Store, Transaction, Write},
};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

use crate::{
    archive::{Archive, Flush, Submit},
    clock::Clock,
    collector::Collector,
    command::{Action, Caller, Identity},
    counters::Counters,
    error::{CloseCode, Failure},
    export::EXPORTS_AT_ONCE,
    feed::FEEDS_AT_ONCE,
    files::Files,
    janitor::Janitor,
    limits::Settings,
    moderation::{AllBack, Concerns, Deed, Moderation, Review, audit},
    notifier::{Behind, Notifier},
    presence::{Farewell, Presence},
    push::Push,
    pusher::Pusher,
    registry::Registry,
    reply::ReplyTo,
    reviewer::Reviewer,
    room::{Committed, Perform, Room},
    scheduler::Scheduler,
    searcher::Searcher,
    shadows::Shadows,
    sweeper::Sweeper,
    visibility::Audience,
};

/// What every actor shares.
#[derive(Debug)]
pub struct Core {
    /// What an operator can set.
    pub settings: Settings,
    /// What is counted.
    pub counters: Counters,
    /// Who is where.
    pub registry: Registry,
    /// Whose writing is shown to nobody else.
    pub shadows: Shadows,
    /// How far people are not notified yet.
    pub notifier_behind: Behind,
    store: Arc<dyn Store>,
    services: Services,
    actors: OnceLock<Actors>,
    /// What was last kept of people, so that a profile is written when it changes and not with each request.
    profiles: DashMap<UserId, Profile>,
    room_arbiters: Vec<ArbiterHandle>,
    /// Wakes who sends scheduled messages: there is another one, or another time.
    pub(crate) scheduled: Notify,
    /// Who may export, of those who want to.
    pub(crate) exports: Arc<Semaphore>,
    /// Who may follow events, of those who want to.
    pub(crate) feeds: Arc<Semaphore>,
}

/// What the embedder brings along, for what the core can't do by itself. Each may be missing.
#[derive(Clone, Debug, Default)]
pub struct Services {
    /// Who is asked about texts before they go out.
    pub reviewer: Option<Arc<dyn Reviewer>>,
    /// Who finds messages by their words.
    pub searcher: Option<Arc<dyn Searcher>>,
    /// Where files lie that people send. `None`: they send none.
    pub files: Option<Arc<dyn Files>>,
    /// What time it is.
    pub clock: Clock,
    /// Who reaches people whose devices are not connected. `None`: nobody.
    pub pusher: Option<Arc<dyn Pusher>>,
}

/// The actors of which there is one.
#[derive(Debug)]
pub struct Actors {
    /// The verdict on every action.
    pub moderation: Addr<Moderation>,
    /// The way to the store.
    pub archive: Addr<Archive>,
    /// Who is there.
    pub presence: Addr<Presence>,
}

/// Profiles remembered at most. Beyond it they are written again, which does no harm.
const PROFILES_MAX: usize = 100_000;

impl Core {
    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The store, for as long as the core is borrowed.
    pub fn store_ref(&self) -> &dyn Store {
        &*self.store
    }

    /// Who is asked about texts before they go out, if anybody.
    pub(crate) fn reviewer(&self) -> Option<Arc<dyn Reviewer>> {
        self.services.reviewer.clone()
    }

    /// Who finds messages by their words, if anybody.
    pub fn searcher(&self) -> Option<Arc<dyn Searcher>> {
        self.services.searcher.clone()
    }

    /// Where files lie that people send, if they may send any.
    pub(crate) fn files(&self) -> Option<Arc<dyn Files>> {
        self.services.files.clone()
    }

    /// Who reaches people whose devices are not connected, if anybody.
    pub fn pusher(&self) -> Option<Arc<dyn Pusher>> {
        self.services.pusher.clone()
    }

    /// Which history this node is in.
    pub fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    /// The clock of what is stored.
    pub fn now(&self) -> Timestamp {
        self.services.clock.now()
    }

    /// Sets that clock ahead, and wakes who waits for a time.
    #[cfg(test)]
    pub(crate) fn set_clock_ahead(&self, by: Duration) {
        self.services.clock.advance(by);
        self.scheduled.notify_one();
    }

    /// At what time requests for first contact are looked at, and how long they last.
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime {
            at: self.now(),
            ttl: self.settings.policy.request_ttl,
        }
    }

    /// The actors of which there is one.
    pub(crate) fn actors(&self) -> &Actors {
        self.actors
            .get()
            .expect("set by System::start before anything can ask")
    }

    /// Hands a request to the room of a conversation.
    pub(crate) fn perform(self: &Arc<Self>, id: ConversationId, perform: Perform) {
        let Some(room) = self.room(id, self.settings.rooms_max) else {
            self.counters.room_mailbox_full.add_one();
            return perform.reply.answer(Err(Failure::busy()));
        };
        match room.try_send(perform) {
            Ok(()) => {}
            Err(actix::prelude::SendError::Full(perform)) => {
                self.counters.room_mailbox_full.add_one();
                perform.reply.answer(Err(Failure::busy()));
            }
            // It stopped since we looked it up: the next one takes it.
            Err(actix::prelude::SendError::Closed(perform)) => {
                match self.room(id, self.settings.rooms_max) {
                    Some(room) => self.tell(&room, perform),
                    None => perform.reply.answer(Err(Failure::busy())),
                }
            }
        }
    }

    /// Waits until every write submitted so far has come to its end.
    pub(crate) async fn flush(&self) {
        // What Moderation has still to submit comes first.
        let _died = self.actors().moderation.send(AllBack).await;
        // An archive that died has written all it ever will.
        let _died = self.actors().archive.send(Flush).await;
    }

    /// Asks Moderation for a verdict.
    pub(crate) fn review(&self, review: Review) {
        if let Err(error) = self.actors().moderation.try_send(review) {
            let (review, failure) = match error {
                actix::prelude::SendError::Full(review) => {
                    self.counters.moderation_mailbox_full.add_one();
                    (review, Failure::busy())
                }
                actix::prelude::SendError::Closed(review) => (review, Failure::unavailable()),
            };
            review.reply.answer(Err(failure));
        }
    }

    /// Hands a write to the archive.
    pub(crate) fn submit(&self, submit: Submit) {
        if let Err(error) = self.actors().archive.try_send(submit) {
            let (submit, failure) = match error {
                actix::prelude::SendError::Full(submit) => {
                    self.counters.archive_full.add_one();
                    (submit, Failure::busy())
                }
                actix::prelude::SendError::Closed(submit) => (submit, Failure::unavailable()),
            };
            submit.reply.answer(Err(failure));
        }
    }

    /// Writes into the audit log that a connection ended, if the policy wants it.
    pub(crate) fn note_leaving(&self, caller: &Caller) {
        let Some(line) = audit::of_leaving(self.settings.policy.audit) else {
            return;
        };
        let transaction = Transaction {
            audit: Some(line),
            ..Transaction::new(self.now(), caller.user.clone(), Write::Note)
        };
        self.submit(Submit {
            by: Arc::clone(&caller.card),
            conversation: None,
            transaction,
            audience: Audience::default(),
            reply: ReplyTo::nobody(),
        });
    }

    /// Tells a room what was committed. The room is started if need be, beyond the bound too: those who
    /// are connected must not miss it.
    pub(crate) fn tell_room(self: &Arc<Self>, id: ConversationId, committed: Committed) {
        if let Some(room) = self.room(id, usize::MAX) {
            self.tell(&room, committed);
        }
    }

    /// Tells somebody something over all of their connections. Not resumed: one that is still being brought up to date
    /// asks for itself.
    pub(crate) fn tell_connections(&self, user: &UserId, push: &Push) {
        for connection in self.registry.connections_of(user) {
            if let Some(frame) = connection.encode(self.epoch(), push) {
                connection.outbox.push_live(frame);
            }
        }
    }

    /// Tells Presence something, which must arrive: it can't know what it was not told, and would show people who
    /// are gone, or to whom they must not be shown.
    pub fn tell_presence<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        Presence: Handler<M>,
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "bounded elsewhere: by the connections that come and go, and by the writes the archive takes"
        )]
        self.actors().presence.do_send(message);
    }

    /// Tells a room something that must arrive, however full its mailbox is.
    pub(crate) fn tell<M>(&self, room: &Addr<Room>, message: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        Room: Handler<M>,
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "bounded elsewhere: committed changes by the groups in commit, attachments by the connections"
        )]
        room.do_send(message);
    }

    /// The room of a conversation, started if it isn't active. `None`: there are `max` already.
    pub(crate) fn room(self: &Arc<Self>, id: ConversationId, max: usize) -> Option<Addr<Room>> {
        self.registry.room(id, max, || {
            let core = Arc::clone(self);
            // Ids are times and counters: their low bits spread well.
            let arbiter = &self.room_arbiters
                [usize::try_from(id.get()).unwrap_or(0) % self.room_arbiters.len()];
            Room::start_in_arbiter(arbiter, move |_| Room::new(core, id))
        })
    }

    /// Has what a token says of its user kept anew.
    pub(crate) fn forget_profile(&self, user: &UserId) {
        self.profiles.remove(user);
    }

    /// Keeps what a token says of its user, if it is new.
    pub fn keep_profile(self: &Arc<Self>, identity: &Identity) {
        let user = &identity.user;
        if self
            .profiles
            .get(user)
            .is_some_and(|known| *known == identity.profile)
        {
            return;
        }
        if self.profiles.len() >= PROFILES_MAX {
            self.profiles.clear();
        }
        self.profiles.insert(user.clone(), identity.profile.clone());
        let (reply, kept) = ReplyTo::task();
        // Others see it: who is suspended changes it no more.
        self.review(Review {
            caller: Caller::new(identity, None),
            conversation: None,
            action: Action::Connect,
            concerns: Concerns::Nobody,
            deed: Deed::Write(Write::SaveUser(identity.profile.clone())),
            reply,
        });
        let (core, user) = (Arc::clone(self), user.clone());
        actix_rt::spawn(async move {
            if !matches!(kept.await, Ok(Ok(_))) {
                // To be tried again with the next request.
                core.profiles.remove(&user);
            }
        });
    }
}

/// The running actors.
#[derive(Debug)]
pub struct System {
    core: Arc<Core>,
    arbiters: Vec<Arbiter>,
}

impl System {
    /// Starts the actors on threads of their own. Needs a running actix system.
    ///
    /// # Panics
    ///
    /// The policy has gigabytes of words.
    pub fn start(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self::start_with(store, settings, Services::default())
    }

    /// The same, with what the embedder brings along.
    ///
    /// # Panics
    ///
    /// The policy has gigabytes of words.
    pub fn start_with(store: Arc<dyn Store>, settings: Settings, services: Services) -> Self {
        let arbiters: Vec<Arbiter> = (0..settings.room_arbiters.max(1))
            .map(|_| Arbiter::new())
            .collect();
        let core = Arc::new(Core {
            settings,
            counters: Counters::default(),
            registry: Registry::default(),
            shadows: Shadows::default(),
            notifier_behind: Behind::default(),
            store,
            services,
            actors: OnceLock::new(),
            profiles: DashMap::new(),
            scheduled: Notify::new(),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            feeds: Arc::new(Semaphore::new(FEEDS_AT_ONCE)),
            room_arbiters: arbiters.iter().map(Arbiter::handle).collect(),
        });
        // Together on the first thread: a request passes all of them, and a hop between threads costs
        // more than the work.
        let home = arbiters[0].handle();
        let (for_moderation, for_archive) = (Arc::clone(&core), Arc::clone(&core));
        let (for_presence, for_sweeper) = (Arc::clone(&core), Arc::clone(&core));
        let for_scheduler = Arc::clone(&core);
        let actors = Actors {
            moderation: Moderation::start_in_arbiter(&home, move |_| {
                Moderation::new(for_moderation)
            }),
            archive: Archive::start_in_arbiter(&home, move |_| Archive::new(for_archive)),
            presence: Presence::start_in_arbiter(&home, move |_| Presence::new(for_presence)),
        };
        core.actors.set(actors).expect("set once");
        Sweeper::start_in_arbiter(&home, move |_| Sweeper::new(for_sweeper));
        Scheduler::start_in_arbiter(&home, move |_| Scheduler::new(for_scheduler));
        if core.settings.notify {
            let notifier = Notifier::new(Arc::clone(&core));
            Notifier::start_in_arbiter(&home, move |_| notifier);
        }
        if let Some(janitor) = Janitor::new(Arc::clone(&core)) {
            Janitor::start_in_arbiter(&home, move |_| janitor);
        }
        if let Some(files) = core.files() {
            let collector = Collector::new(Arc::clone(&core), files);
            Collector::start_in_arbiter(&home, move |_| collector);
        }
        Self { core, arbiters }
    }

    /// What every actor shares.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Takes no new connection, tells clients to come back, and gives them until the deadline to go.
    pub async fn drain(&self, deadline: Duration) {
        let until = Instant::now() + deadline;
        let core = &self.core;
        core.registry.close();
        // What has been taken from clients is answered before they are told to go.
        core.flush().await;
        for outbox in core.registry.outboxes() {
            outbox.close(CloseCode::Restart);
        }
        let _stopped_already = core.actors().presence.send(Farewell).await;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while core.registry.n_outboxes() > 0 && Instant::now() < until {
            tick.tick().await;
        }
        for outbox in core.registry.outboxes() {
            outbox.kill();
        }
    }

    /// Writes what is left, closes the store and ends the actors.
    ///
    /// # Errors
    ///
    /// The store's, if it could not make its last writes durable.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.core.flush().await;
        let closed = self.core.store.close().await;
        for arbiter in self.arbiters {
            arbiter.stop();
            let _panicked = arbiter.join();
        }
        closed
    }
}
