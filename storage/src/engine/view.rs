//! One moment of the store, for reading.

use std::{
    cell::RefCell,
    ops::Range,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use crate::{
    error::StoreError,
    ids::Position,
    kv::{Kv, Order, Scan, Source},
};

/// Small records read in one breath: about a millisecond.
pub(crate) const BREATH: u64 = 1024;

/// What has been applied so far. The writer changes it in the same moment as the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Counts the batches since the store was opened.
    pub(crate) batch: u64,
    /// Every change up to here is in.
    pub(crate) head: Position,
}

/// Keeps the writer out while someone reads, so that records which belong together are read together.
#[derive(Debug, Default)]
pub(crate) struct Gate(RwLock<Applied>);

impl Gate {
    pub(crate) fn new(head: Position) -> Self {
        Self(RwLock::new(Applied { batch: 0, head }))
    }

    // A poisoned gate means that a batch failed half-way; the store is then failed, and says so itself.
    fn read(&self) -> RwLockReadGuard<'_, Applied> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `apply` while nobody reads, and moves to `head`.
    pub(crate) fn apply(
        &self,
        head: Position,
        apply: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<Applied, StoreError> {
        let mut applied = self.0.write().unwrap_or_else(PoisonError::into_inner);
        apply()?;
        applied.batch += 1;
        applied.head = head;
        Ok(*applied)
    }
}

/// One moment of the store. A long read calls [`breathe`](Source::breathe) between steps that needn't see
/// the same moment; without it the writer waits.
pub(crate) struct View<'a> {
    kv: &'a dyn Kv,
    gate: &'a Gate,
    moment: RefCell<Option<RwLockReadGuard<'a, Applied>>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(kv: &'a dyn Kv, gate: &'a Gate) -> Self {
        let moment = RefCell::new(Some(gate.read()));
        Self { kv, gate, moment }
    }

    /// What is in this view, since it last breathed.
    pub(crate) fn applied(&self) -> Applied {
        let moment = self.moment.borrow();
        **moment.as_ref().expect("held except inside of breathe")
    }
}

impl Source for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.kv.get(key)
    }

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        self.kv.scan(range, order)
    }

    fn breathe(&self) {
        let mut moment = self.moment.borrow_mut();
        // Given back first: a thread that holds it and asks again can wait for itself.
        *moment = None;
        *moment = Some(self.gate.read());
    }
}
