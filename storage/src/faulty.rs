//! A disk for tests that forgets what was not synced, fails to sync, or hangs.
//!
//! Behaves as a disk does when the power goes: of the batches applied since the last sync some are there, in
//! order, and the rest is not. Only built for tests (feature `testsuite`).

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    error::{StoreError, StoreErrorKind},
    kv::{Batch, Kv, Order, Scan, Source},
    local::{LocalStore, Options},
    memory_store::MemoryKv,
    verify::{self, Report},
};

/// A disk that outlives the stores opened on it.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(Arc<Disk>);

#[derive(Debug, Default)]
struct Disk {
    state: Mutex<State>,
    /// Syncs wait here while they are held.
    released: Condvar,
    /// Counts the power cuts. A store from before one is gone with its process.
    power: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    durable: BTreeMap<Vec<u8>, Vec<u8>>,
    unsynced: VecDeque<Batch>,
    /// What a reader sees: both together.
    visible: Arc<MemoryKv>,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    FailSync,
    HoldSync,
    PanicInGet,
}

impl FaultyDisk {
    /// Opens the store on it.
    ///
    /// # Errors
    ///
    /// As any store's.
    pub fn open(&self, options: Options) -> Result<LocalStore, StoreError> {
        LocalStore::start(Arc::new(self.plug_in()), options)
    }

    /// Checks what is on it.
    ///
    /// # Errors
    ///
    /// As [`verify`](verify::verify)'s.
    pub fn verify(&self) -> Result<Report, StoreError> {
        verify::verify_kv(&self.plug_in(), false, &mut |_| {})
    }

    fn plug_in(&self) -> FaultyKv {
        FaultyKv {
            visible: Arc::clone(&self.state().visible),
            power: self.0.power.load(Ordering::SeqCst),
            disk: Arc::clone(&self.0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }

    /// How many batches a power cut could take.
    pub fn n_unsynced(&self) -> usize {
        self.state().unsynced.len()
    }

    /// Cuts the power: of the unsynced batches the first `keep` are there afterwards. Whoever still has a
    /// store open on it can't write any more.
    pub fn cut_power(&self, keep: usize) {
        let mut state = self.state();
        self.0.power.fetch_add(1, Ordering::SeqCst);
        for batch in std::mem::take(&mut state.unsynced).into_iter().take(keep) {
            MemoryKv::put_all(&mut state.durable, batch);
        }
        state.visible = Arc::new(MemoryKv::from(state.durable.clone()));
        state.fault = Fault::None;
        self.0.released.notify_all();
    }

    /// Every sync fails from now on.
    pub fn fail_syncs(&self) {
        self.set(Fault::FailSync);
    }

    /// Syncs hang from now on, until [`release_syncs`](Self::release_syncs).
    pub fn hold_syncs(&self) {
        self.set(Fault::HoldSync);
    }

    /// Syncs work again.
    pub fn release_syncs(&self) {
        self.set(Fault::None);
    }

    /// Whoever looks a key up panics from now on.
    pub fn panic_in_get(&self) {
        self.set(Fault::PanicInGet);
    }

    fn set(&self, fault: Fault) {
        self.state().fault = fault;
        self.0.released.notify_all();
    }
}

impl Disk {
    // The panics that this disk makes are outside of the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The disk as one process has it open.
#[derive(Debug)]
struct FaultyKv {
    disk: Arc<Disk>,
    visible: Arc<MemoryKv>,
    power: u64,
}

impl FaultyKv {
    fn check_power(&self) -> Result<(), StoreError> {
        if self.disk.power.load(Ordering::SeqCst) == self.power {
            Ok(())
        } else {
            Err(failed("the power is gone"))
        }
    }
}

fn failed(what: &'static str) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Failed, what)
}

impl Source for FaultyKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let fault = self.disk.state().fault;
        assert_ne!(fault, Fault::PanicInGet, "as told");
        self.visible.get(key)
    }

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        self.visible.scan(range, order)
    }
}

impl Kv for FaultyKv {
    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.disk.state();
        self.check_power()?;
        state.unsynced.push_back(batch.clone());
        self.visible.apply(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        let mut state = self.disk.state();
        // What comes in while the sync is under way is not in it.
        let n_batches = state.unsynced.len();
        let hold = |state: &mut State| state.fault == Fault::HoldSync;
        state = self
            .disk
            .released
            .wait_while(state, hold)
            .unwrap_or_else(PoisonError::into_inner);
        self.check_power()?;
        if state.fault == Fault::FailSync {
            return Err(failed("no sync"));
        }
        let batches: Vec<_> = state.unsynced.drain(..n_batches).collect();
        for batch in batches {
            MemoryKv::put_all(&mut state.durable, batch);
        }
        Ok(())
    }
}
