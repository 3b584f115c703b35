//! A store in memory, for tests, simulations and trying out. Gone with the process.

use std::{
    collections::BTreeMap,
    fmt,
    ops::{Bound, Range},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use crate::{
    error::StoreError,
    kv::{Batch, Kv, Order, Scan, Source},
    local::{LocalStore, Options},
};

/// Opens stores in memory.
#[derive(Clone, Copy, Debug)]
pub struct MemoryStore;

impl MemoryStore {
    /// A new, empty store with an epoch of its own.
    ///
    /// # Errors
    ///
    /// `Failed` if the system has no thread left to give.
    #[expect(
        clippy::new_ret_no_self,
        reason = "the engine is a part of the store, not the store"
    )]
    pub fn new(options: Options) -> Result<LocalStore, StoreError> {
        LocalStore::start(Arc::new(MemoryKv::default()), options)
    }
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// The map itself. Everything applied is as durable as it can be.
#[derive(Default)]
pub(crate) struct MemoryKv(RwLock<Map>);

impl fmt::Debug for MemoryKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKv").finish_non_exhaustive()
    }
}

impl From<Map> for MemoryKv {
    fn from(map: Map) -> Self {
        Self(RwLock::new(map))
    }
}

impl MemoryKv {
    // A panic cannot leave the map half changed: batches come in after they are complete.
    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a batch into a map.
    pub(crate) fn put_all(map: &mut Map, batch: Batch) {
        for (key, value) in batch {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
    }
}

impl Source for MemoryKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().get(key).cloned())
    }

    /// Looks each entry up by the one before, so that no lock is held between two of them.
    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        let mut start = Bound::Included(range.start);
        let mut end = Bound::Excluded(range.end);
        Box::new(std::iter::from_fn(move || {
            if is_empty(&start, &end) {
                return None;
            }
            let map = self.read();
            let mut left = map.range((start.clone(), end.clone()));
            let next = match order {
                Order::Ascending => left.next(),
                Order::Descending => left.next_back(),
            };
            let (key, value) = next.map(|(k, v)| (k.clone(), v.clone()))?;
            match order {
                Order::Ascending => start = Bound::Excluded(key.clone()),
                Order::Descending => end = Bound::Excluded(key.clone()),
            }
            Some(Ok((key, value)))
        }))
    }
}

/// `BTreeMap::range` panics where it could be empty.
fn is_empty(start: &Bound<Vec<u8>>, end: &Bound<Vec<u8>>) -> bool {
    match (start, end) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b)) => a >= b,
        _ => false,
    }
}

impl Kv for MemoryKv {
    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        Self::put_all(
            &mut self.0.write().unwrap_or_else(PoisonError::into_inner),
            batch,
        );
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
