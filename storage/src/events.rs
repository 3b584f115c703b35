//! What a store tells those who follow the node from outside: a part of [`Store`].
//!
//! Events are written by the engine, in the transaction that they tell of. A sent message costs nothing: its own record
//! is its event, and everything else has a row; both are read in one order. Knows no format and no address.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{
    domain::event::{Event, EventId},
    error::StoreError,
    ids::{Position, Timestamp},
    store::Store,
};

/// An answer to [`Events::events_after`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Everything up to here was looked at: go on from here.
    pub through: EventId,
    /// There is more already.
    pub more: bool,
    /// What was asked for begins below the floor: some of it was forgotten, and the rest is told from the floor on.
    pub missed: bool,
}

/// What a step of forgetting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// So many rows went.
    pub n_rows: u64,
    /// There may be more to forget.
    pub more: bool,
}

/// An event that a consumer gave up on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which event.
    pub event: EventId,
    /// Why, in words for the operator.
    pub why: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// It is to be tried once more.
    pub revived: bool,
}

/// What those who follow wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// How far everything is durable.
    pub head: Position,
    /// How often somebody asked that a consumer be rewound or a dead letter revived, since the store was opened. Where they
    /// stopped waiting, it is done a little later.
    pub n_asked: u64,
}

/// What a store tells those who follow the node. Errors are those of every read.
///
/// The names of consumers have at most 255 bytes; the calls that take one panic otherwise. They are chosen by code.
#[async_trait]
pub trait Events {
    /// Changes whenever more is durable, when a consumer is rewound or a dead letter revived, and when the store is
    /// closed.
    fn moves(&self) -> watch::Receiver<Moved>;

    /// What happened after a place, up to the durable head. At most `limit` events are looked at; those of what is gone
    /// for good are left out.
    async fn events_after(&self, after: EventId, limit: usize) -> Result<EventPage, StoreError>;

    /// One event. `None`: there is none, it was forgotten, or what it tells of is gone.
    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError>;

    /// Up to and including here events were forgotten.
    async fn events_floor(&self) -> Result<EventId, StoreError>;

    /// Forgets, durably, events up to and including a place, the oldest first, with the dead letters of them; at most
    /// about `limit` rows. (Messages themselves stay.)
    async fn forget_events(&self, through: EventId, limit: usize) -> Result<Forgotten, StoreError>;

    /// How far a consumer has come. `None`: nobody knows it.
    async fn consumer(&self, name: &str) -> Result<Option<EventId>, StoreError>;

    /// Every consumer, and how far it has come.
    async fn consumers(&self) -> Result<Vec<(String, EventId)>, StoreError>;

    /// Remembers, durably, how far a consumer has come, if it stood at `from` (`None`: if it is new). `false`: it
    /// stands elsewhere, somebody rewound it; nothing was done.
    async fn move_consumer(
        &self,
        name: &str,
        from: Option<EventId>,
        to: EventId,
    ) -> Result<bool, StoreError>;

    /// Puts a consumer to a place, wherever it stands, and wakes it. `false`: nobody knows it.
    async fn rewind_consumer(&self, name: &str, to: EventId) -> Result<bool, StoreError>;

    /// Forgets a consumer and its dead letters.
    async fn forget_consumer(&self, name: &str) -> Result<(), StoreError>;

    /// Keeps an event that a consumer gave up on. One that is kept already is replaced.
    async fn bury(&self, consumer: &str, letter: DeadLetter) -> Result<(), StoreError>;

    /// A page of a consumer's dead letters after one, oldest first.
    async fn dead_letters(
        &self,
        consumer: &str,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// Has a dead letter tried once more, and wakes its consumer. `false`: there is none.
    async fn revive(&self, consumer: &str, event: EventId) -> Result<bool, StoreError>;

    /// Lets go of a dead letter: it was delivered after all, or nobody wants it.
    async fn drop_dead_letter(&self, consumer: &str, event: EventId) -> Result<(), StoreError>;
}

/// Reads on and on, and waits where there is nothing yet.
#[derive(Debug)]
pub struct Follower {
    store: Arc<dyn Store>,
    moves: watch::Receiver<Moved>,
    /// Where it is.
    at: EventId,
}

impl Follower {
    /// Follows from a place on.
    pub fn new(store: Arc<dyn Store>, after: EventId) -> Self {
        Self {
            moves: store.moves(),
            store,
            at: after,
        }
    }

    /// Everything up to here was told.
    pub fn at(&self) -> EventId {
        self.at
    }

    /// Goes on from another place.
    pub fn go_to(&mut self, after: EventId) {
        self.at = after;
    }

    /// The next events, at most `limit`, at once if there are any.
    ///
    /// # Errors
    ///
    /// Those of [`Events::events_after`]; of them only `Busy` passes.
    pub async fn next(&mut self, limit: usize) -> Result<EventPage, StoreError> {
        loop {
            let page = self.look(limit).await?;
            if !page.events.is_empty() || page.missed {
                return Ok(page);
            }
            if !page.more {
                self.moved().await;
            }
        }
    }

    /// The same, without waiting: there may be none.
    ///
    /// # Errors
    ///
    /// Those of [`Events::events_after`].
    pub async fn look(&mut self, limit: usize) -> Result<EventPage, StoreError> {
        // What comes while the page is read is met by the next look.
        self.moves.mark_unchanged();
        let page = self.store.events_after(self.at, limit).await?;
        self.at = page.through;
        Ok(page)
    }

    /// Waits until there may be more since the last look, or a consumer was rewound.
    pub async fn moved(&mut self) {
        // The store holds the other end, and this the store.
        let _closed = self.moves.changed().await;
    }
}
