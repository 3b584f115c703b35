//! The store's face towards those who follow the node from outside.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::LocalStore;
use crate::{
    domain::event::{Event, EventId},
    engine::{events, tx::Tx},
    error::StoreError,
    events::{DeadLetter, EventPage, Events, Forgotten, Moved},
};

/// Rows removed in one batch.
const FORGET_ROWS: usize = 32;

impl LocalStore {
    /// Housekeeping of one step that tells something.
    pub(super) async fn small_chore<T: Default + Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let told = Arc::new(Mutex::new(T::default()));
        let tell = Arc::clone(&told);
        self.chore(Box::new(move |tx| {
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = work(tx)?;
            Ok(false)
        }))
        .await?;
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *told))
    }
}

#[async_trait]
impl Events for LocalStore {
    fn moves(&self) -> watch::Receiver<Moved> {
        self.tide.moves()
    }

    async fn events_after(&self, after: EventId, limit: usize) -> Result<EventPage, StoreError> {
        self.read(move |view| events::after(view, after, limit))
            .await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read(move |view| events::one(view, id)).await
    }

    async fn events_floor(&self) -> Result<EventId, StoreError> {
        self.read(|view| events::floor(view)).await
    }

    async fn forget_events(&self, through: EventId, limit: usize) -> Result<Forgotten, StoreError> {
        let mut all = Forgotten {
            n_rows: 0,
            more: true,
        };
        // A chore of several steps tells nothing; so one after the other, with others' writes in between.
        while all.more && all.n_rows < limit as u64 {
            let step = self.small_chore(move |tx| events::forget(tx, through, FORGET_ROWS));
            let step = step.await?;
            all.n_rows += step.n_rows;
            all.more = step.more;
        }
        Ok(all)
    }

    async fn consumer(&self, name: &str) -> Result<Option<EventId>, StoreError> {
        let name = name.to_owned();
        self.read(move |view| events::consumer(view, &name)).await
    }

    async fn consumers(&self) -> Result<Vec<(String, EventId)>, StoreError> {
        self.read(|view| events::consumers(view)).await
    }

    async fn move_consumer(
        &self,
        name: &str,
        from: Option<EventId>,
        to: EventId,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.small_chore(move |tx| events::move_consumer(tx, &name, from, to))
            .await
    }

    async fn rewind_consumer(&self, name: &str, to: EventId) -> Result<bool, StoreError> {
        let name = name.to_owned();
        let rewind = self.small_chore(move |tx| events::rewind(tx, &name, to));
        let is_known = rewind.await?;
        self.tide.ask();
        Ok(is_known)
    }

    async fn forget_consumer(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.chore(Box::new(move |tx| {
            events::forget_consumer(tx, &name, FORGET_ROWS)
        }))
        .await
    }

    async fn bury(&self, consumer: &str, letter: DeadLetter) -> Result<(), StoreError> {
        let consumer = consumer.to_owned();
        self.small_chore(move |tx| events::bury(tx, &consumer, letter.clone()))
            .await
    }

    async fn dead_letters(
        &self,
        consumer: &str,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let consumer = consumer.to_owned();
        self.read(move |view| events::letters(view, &consumer, after, limit))
            .await
    }

    async fn revive(&self, consumer: &str, event: EventId) -> Result<bool, StoreError> {
        let consumer = consumer.to_owned();
        let revive = self.small_chore(move |tx| events::revive(tx, &consumer, event));
        let is_there = revive.await?;
        self.tide.ask();
        Ok(is_there)
    }

    async fn drop_dead_letter(&self, consumer: &str, event: EventId) -> Result<(), StoreError> {
        let consumer = consumer.to_owned();
        self.small_chore(move |tx| events::drop_letter(tx, &consumer, event))
            .await
    }
}
