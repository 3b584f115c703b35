//! Follows the events for one endpoint: reads, sends, tries again, gives up, and keeps the place.
//!
//! The place in the store never passes an event that isn't done with, so what was on its way when the node ended is sent
//! again. What an event says is read when it is sent: what was deleted meanwhile goes nowhere.

use std::{sync::Arc, time::Duration};

use parlour_actors::system::Core;
use parlour_storage::{
    domain::event::EventId,
    error::{StoreError, StoreErrorKind},
    events::{self, DeadLetter},
    ids::Timestamp,
    store::Store,
};
use rand::RngExt;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::{
    Lag,
    endpoint::Endpoint,
    lanes::{Failed, Lanes, Next},
};
use crate::{
    events::{Place, event_json},
    outbound::Verdict,
};

/// Events read at a time.
const PAGE: usize = 256;

/// Dead letters read at a time.
const LETTERS: usize = 256;

/// The place is written at most so often. What lies between is sent again after a crash.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// Dead letters that were revived while nobody could be told of it are looked for so often.
const LOOK_FOR_REVIVED_EVERY: Duration = Duration::from_secs(60);

/// How long what is on its way may take when the node stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a store that is busy is left alone.
const BUSY: Duration = Duration::from_millis(200);

/// An endpoint, and where it is.
#[derive(Debug)]
pub(super) struct Follower {
    endpoint: Arc<Endpoint>,
    /// Which of the configuration's.
    number: usize,
    core: Arc<Core>,
    store: Arc<dyn Store>,
    lag: Arc<Lag>,
    /// Where the store says that it is.
    place: EventId,
    feed: events::Follower,
    /// There may be more to read.
    behind: bool,
    /// It was said that no more is read, since too much is open.
    said_full: bool,
    lanes: Lanes,
    attempts: JoinSet<(EventId, Tried)>,
    /// Something was read or done with since the place was written last.
    moved: bool,
    save_at: Instant,
    /// Since when it follows. Whatever happened before has its full time from here on: nobody tried it meanwhile.
    since: (Timestamp, Instant),
    revived: Revived,
}

/// When to look for dead letters that were revived.
#[derive(Debug)]
struct Revived {
    moves: watch::Receiver<events::Moved>,
    /// How often somebody had asked something of a consumer when it was looked last.
    n_asked: u64,
    look_at: Instant,
}

impl Revived {
    /// Waits until somebody asks something of a consumer. Not lost among what happens at the same time: it is counted.
    async fn asked(&mut self) {
        let before = self.n_asked;
        let asked = self.moves.wait_for(|moved| moved.n_asked != before);
        if asked.await.is_err() {
            // The store is gone; whoever reads from it is told.
            std::future::pending().await
        }
    }
}

/// What became of an attempt.
#[derive(Debug)]
enum Tried {
    /// It was sent.
    Sent(Verdict),
    /// There is nothing to tell any more.
    Gone,
    /// It could not be read.
    Unread(StoreError),
}

impl Follower {
    /// Finds the endpoint's place. One that is new begins with what happens from now on.
    pub(super) async fn new(
        endpoint: Endpoint,
        number: usize,
        core: Arc<Core>,
        lag: Arc<Lag>,
    ) -> Result<Self, StoreError> {
        let store = core.store();
        let place = place(&*store, &endpoint.name).await?;
        let now = Instant::now();
        let moves = store.moves();
        let n_asked = moves.borrow().n_asked;
        Ok(Self {
            feed: events::Follower::new(Arc::clone(&store), place),
            lanes: Lanes::new(place, endpoint.at_once_max),
            endpoint: Arc::new(endpoint),
            number,
            core,
            lag,
            place,
            behind: true,
            said_full: false,
            attempts: JoinSet::new(),
            moved: false,
            save_at: now,
            since: (Timestamp::now(), now),
            revived: Revived {
                moves,
                n_asked,
                look_at: now,
            },
            store,
        })
    }

    /// Follows until it is told to stop, or the store ends.
    pub(super) async fn run(mut self, stopped: watch::Receiver<bool>) {
        match self.follow(stopped).await {
            Err(error) if error.kind != StoreErrorKind::Closed => {
                let endpoint = self.endpoint.host();
                tracing::error!(endpoint, %error, "a webhook ended; it goes on when the node starts again");
            }
            _ => {}
        }
    }

    async fn follow(&mut self, mut stopped: watch::Receiver<bool>) -> Result<(), StoreError> {
        loop {
            if self.revived.look_at <= Instant::now() {
                self.revive().await?;
            }
            if self.behind && self.lanes.has_room() {
                self.read().await?;
            }
            self.tell_of_room();
            let due = self.start().await?;
            self.lag
                .set(self.number, self.lanes.oldest().map(|id| id.position));
            let reads_on = self.behind && self.lanes.has_room();
            let look_at = self.revived.look_at;
            tokio::select! {
                _told = stopped.changed() => return self.finish().await,
                Some(tried) = self.attempts.join_next() => self.settle(tried).await?,
                () = self.feed.moved(), if !self.behind => self.behind = true,
                () = self.revived.asked() => self.asked().await?,
                () = sleep_until(due.unwrap_or(self.save_at)), if due.is_some() => {}
                () = sleep_until(self.save_at), if self.moved => self.save().await?,
                () = sleep_until(look_at) => {}
                () = std::future::ready(()), if reads_on => {}
            }
        }
    }

    /// Reads the next page.
    async fn read(&mut self) -> Result<(), StoreError> {
        let page = match self.feed.look(PAGE).await {
            Err(error) if error.kind == StoreErrorKind::Busy => {
                sleep(BUSY).await;
                return Ok(());
            }
            page => page?,
        };
        if page.missed {
            let endpoint = self.endpoint.host();
            tracing::warn!(
                endpoint,
                "events were forgotten before the webhook took them; events.age says how long they are kept"
            );
        }
        let now = Instant::now();
        for event in &page.events {
            self.moved = true;
            if self.endpoint.wants(event.what.topic()) {
                let give_up_at = self.give_up_at(event.id);
                self.lanes.add(event.id, event.lane(), give_up_at, now);
            }
        }
        self.lanes.read_through(page.through);
        self.behind = page.more;
        Ok(())
    }

    fn tell_of_room(&mut self) {
        let full = self.behind && !self.lanes.has_room();
        if full && !self.said_full {
            let endpoint = self.endpoint.host();
            tracing::warn!(
                endpoint,
                "a webhook has as much to send as it can hold; the rest waits in the store"
            );
        }
        self.said_full = full;
    }

    /// When the time of an event is over: so long after it happened, or after we began.
    fn give_up_at(&self, id: EventId) -> Instant {
        let (since, start) = self.since;
        let later = id.position.time().0.saturating_sub(since.0);
        let later = Duration::from_millis(u64::try_from(later).unwrap_or(0));
        start + later + self.endpoint.give_up
    }

    /// Sends what may be sent now. Tells when there is more to send.
    async fn start(&mut self) -> Result<Option<Instant>, StoreError> {
        loop {
            match self.lanes.next(Instant::now()) {
                Next::Send(id) => {
                    let (store, endpoint) = (Arc::clone(&self.store), Arc::clone(&self.endpoint));
                    self.attempts
                        .spawn(async move { (id, attempt(&*store, &endpoint, id).await) });
                }
                Next::GiveUp(id) => {
                    self.bury(id, "the endpoint was down all the time".to_owned())
                        .await?;
                }
                Next::Wait(until) => return Ok(Some(until)),
                Next::Nothing => return Ok(None),
            }
        }
    }

    async fn settle(
        &mut self,
        tried: Result<(EventId, Tried), tokio::task::JoinError>,
    ) -> Result<(), StoreError> {
        let (id, tried) = match tried {
            Ok(tried) => tried,
            // Taken back, by a rewind.
            Err(error) if error.is_cancelled() => return Ok(()),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let counters = &self.core.counters;
        let now = Instant::now();
        match tried {
            Tried::Sent(Verdict::Taken) => {
                counters.webhooks_delivered.add_one();
                self.answered();
                self.done(id).await
            }
            Tried::Sent(Verdict::Final { why }) => {
                self.answered();
                self.bury(id, why).await
            }
            Tried::Sent(Verdict::Later { why, retry_after }) => {
                counters.webhooks_failed.add_one();
                if self.lanes.n_failures() == 0 {
                    let endpoint = self.endpoint.host();
                    tracing::warn!(endpoint, event = %self.named(id), why, "a webhook fails; it is tried again");
                }
                let chance = rand::rng().random();
                match self.lanes.failed(id, retry_after, chance, now) {
                    Failed::Waits => Ok(()),
                    Failed::GivenUp => self.bury(id, why).await,
                }
            }
            Tried::Gone => self.done(id).await,
            Tried::Unread(error) if error.kind == StoreErrorKind::Busy => {
                self.lanes.wait(id, now + BUSY);
                Ok(())
            }
            Tried::Unread(error) => match error.kind {
                StoreErrorKind::Closed | StoreErrorKind::Failed => Err(error),
                // Of this event alone; others can be read.
                _ => self.bury(id, format!("it can't be read: {error}")).await,
            },
        }
    }

    /// An event as an operator is told of it.
    fn named(&self, id: EventId) -> Place {
        let epoch = self.store.epoch();
        Place { epoch, id }
    }

    fn answered(&mut self) {
        if self.lanes.answered() {
            let endpoint = self.endpoint.host();
            tracing::info!(endpoint, "the webhook answers again");
        }
    }

    async fn done(&mut self, id: EventId) -> Result<(), StoreError> {
        self.moved = true;
        if self.lanes.done(id, Instant::now()) {
            let (store, name) = (&self.store, &self.endpoint.name);
            insist(async || store.drop_dead_letter(name, id).await).await?;
        }
        Ok(())
    }

    /// Puts an event with the dead letters, durably, and is done with it then.
    async fn bury(&mut self, id: EventId, why: String) -> Result<(), StoreError> {
        let endpoint = self.endpoint.host();
        tracing::warn!(endpoint, event = %self.named(id), why, "a webhook was given up; the event is kept with the dead letters");
        let letter = DeadLetter {
            event: id,
            why,
            attempts: self.lanes.n_attempts(id),
            at: Timestamp::now(),
            revived: false,
        };
        let (store, name) = (&self.store, &self.endpoint.name);
        insist(async || store.bury(name, letter.clone()).await).await?;
        self.core.counters.webhooks_dead.add_one();
        self.moved = true;
        self.lanes.done(id, Instant::now());
        Ok(())
    }

    /// Somebody put a consumer elsewhere, or revived a dead letter: perhaps ours.
    async fn asked(&mut self) -> Result<(), StoreError> {
        self.revived.n_asked = self.revived.moves.borrow().n_asked;
        self.revived.look_at = Instant::now();
        let (store, name) = (&self.store, &self.endpoint.name);
        let place = insist(async || store.consumer(name).await).await?;
        if place != Some(self.place) {
            self.start_over().await?;
        }
        Ok(())
    }

    /// Writes the place, unless somebody put us elsewhere.
    async fn save(&mut self) -> Result<(), StoreError> {
        self.moved = false;
        self.save_at = Instant::now() + SAVE_EVERY;
        let to = self.lanes.through();
        if to == self.place {
            return Ok(());
        }
        let (store, name) = (&self.store, &self.endpoint.name);
        let from = Some(self.place);
        if insist(async || store.move_consumer(name, from, to).await).await? {
            self.place = to;
            return Ok(());
        }
        self.start_over().await
    }

    /// Goes on from where the store says, and forgets what was under way: it was told to send all of it again.
    async fn start_over(&mut self) -> Result<(), StoreError> {
        let (store, name) = (&self.store, &self.endpoint.name);
        self.place = insist(async || place(&**store, name).await).await?;
        let endpoint = self.endpoint.host();
        tracing::info!(endpoint, after = %self.named(self.place), "a webhook starts over");
        self.attempts = JoinSet::new();
        self.lanes = Lanes::new(self.place, self.endpoint.at_once_max);
        self.feed.go_to(self.place);
        self.since = (Timestamp::now(), Instant::now());
        self.behind = true;
        self.moved = false;
        self.revived.look_at = Instant::now();
        Ok(())
    }

    /// Takes up the dead letters that somebody revived.
    async fn revive(&mut self) -> Result<(), StoreError> {
        self.revived.look_at = Instant::now() + LOOK_FOR_REVIVED_EVERY;
        let (store, name) = (&self.store, &self.endpoint.name);
        let mut after = None;
        while self.lanes.has_room() {
            let letters = insist(async || store.dead_letters(name, after, LETTERS).await).await?;
            let Some(last) = letters.last() else { break };
            after = Some(last.event);
            for letter in letters.iter().filter(|letter| letter.revived) {
                let now = Instant::now();
                match insist(async || store.event(letter.event).await).await? {
                    Some(event) => {
                        let give_up_at = now + self.endpoint.give_up;
                        self.lanes.revive(event.id, event.lane(), give_up_at, now);
                    }
                    None => {
                        insist(async || store.drop_dead_letter(name, letter.event).await).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets what is on its way arrive, and writes the place.
    async fn finish(&mut self) -> Result<(), StoreError> {
        let deadline = Instant::now() + STOP_TIMEOUT;
        while let Ok(Some(tried)) = timeout_at(deadline, self.attempts.join_next()).await {
            self.settle(tried).await?;
        }
        self.save().await
    }
}

/// Where an endpoint is. A new one is put behind everything there is.
async fn place(store: &dyn Store, name: &str) -> Result<EventId, StoreError> {
    loop {
        if let Some(place) = store.consumer(name).await? {
            return Ok(place);
        }
        let head = EventId::through(store.head());
        if store.move_consumer(name, None, head).await? {
            return Ok(head);
        }
    }
}

/// Sends an event once, as it is now.
async fn attempt(store: &dyn Store, endpoint: &Endpoint, id: EventId) -> Tried {
    match store.event(id).await {
        Ok(Some(event)) => {
            let epoch = store.epoch();
            let id = Place { epoch, id }.to_string();
            let body = event_json(epoch, &event).to_string();
            Tried::Sent(endpoint.post(&id, body).await)
        }
        Ok(None) => Tried::Gone,
        Err(error) => Tried::Unread(error),
    }
}

/// Does something until the store has time for it.
async fn insist<T>(ask: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    loop {
        match ask().await {
            Err(error) if error.kind == StoreErrorKind::Busy => sleep(BUSY).await,
            answer => return answer,
        }
    }
}
