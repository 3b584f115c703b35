//! How far the store is applied, how far durable, and who waits for what.
//!
//! The only thing that writer, syncer, readers and callers share beside the queues.

use std::{
    error::Error,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    engine::view::{Applied, Gate},
    error::{StoreError, StoreErrorKind},
    events::Moved,
    ids::Position,
    store::Health,
};

/// Called once, when what it waits for is durable or never will be.
pub(super) type Waiter = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

#[derive(Debug)]
pub(super) struct Tide {
    pub(super) gate: Gate,
    state: Mutex<State>,
    /// Something was applied, or the writer is done.
    risen: Condvar,
    /// The syncer took what was applied.
    taken: Condvar,
    /// The position up to which everything is durable.
    durable_head: AtomicU64,
    health: watch::Sender<Health>,
    /// The durable head, for who waits for it to move.
    moves: watch::Sender<Moved>,
}

struct State {
    applied: Applied,
    durable_batch: u64,
    /// Transactions applied that no sync has begun for.
    n_operations: usize,
    waiters: Vec<(u64, Waiter)>,
    writer_is_done: bool,
    failed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("applied", &self.applied)
            .field("durable_batch", &self.durable_batch)
            .field("n_operations", &self.n_operations)
            .field("n_waiters", &self.waiters.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Tide {
    pub(super) fn new(head: Position) -> Self {
        Self {
            gate: Gate::new(head),
            state: Mutex::new(State {
                applied: Applied { batch: 0, head },
                durable_batch: 0,
                n_operations: 0,
                waiters: Vec::new(),
                writer_is_done: false,
                failed: false,
            }),
            risen: Condvar::new(),
            taken: Condvar::new(),
            durable_head: AtomicU64::new(head.get()),
            health: watch::Sender::new(Health::Good),
            moves: watch::Sender::new(Moved { head, n_asked: 0 }),
        }
    }

    // Nothing that can panic runs under this lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn durable_head(&self) -> Position {
        Position::new(self.durable_head.load(Ordering::Acquire)).unwrap_or(Position::MAX)
    }

    pub(super) fn moves(&self) -> watch::Receiver<Moved> {
        self.moves.subscribe()
    }

    /// Wakes all who wait for the head to move, since one of them is asked for something.
    pub(super) fn ask(&self) {
        self.moves.send_modify(|moved| moved.n_asked += 1);
    }

    /// Wakes all who wait for the head to move: it never will.
    pub(super) fn wake(&self) {
        self.moves.send_modify(|_| {});
    }

    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(*self.health.borrow(), Health::Failed { .. })
    }

    /// Calls `waiter` when everything up to a batch is durable: at once, if it is.
    pub(super) fn when_durable(&self, batch: u64, waiter: Waiter) {
        let mut state = self.state();
        if state.failed {
            drop(state);
            waiter(Err(failed()));
        } else if batch <= state.durable_batch {
            drop(state);
            waiter(Ok(()));
        } else {
            state.waiters.push((batch, waiter));
        }
    }

    /// The writer applied a batch. Waits while more than `operations_max` transactions wait for a sync.
    pub(super) fn rise(&self, applied: Applied, n_operations: usize, operations_max: usize) {
        let mut state = self.state();
        state.applied = applied;
        state.n_operations += n_operations;
        self.risen.notify_one();
        let is_full = |state: &mut State| state.n_operations >= operations_max && !state.failed;
        let taken = self.taken.wait_while(state, is_full);
        drop(taken.unwrap_or_else(PoisonError::into_inner));
    }

    /// The writer applies nothing more.
    pub(super) fn writer_is_done(&self) {
        self.state().writer_is_done = true;
        self.risen.notify_one();
    }

    /// What is to be synced next, once there is something. `None`: nothing will come any more.
    pub(super) fn take(&self, wait: Duration, operations_max: usize) -> Option<Applied> {
        let is_low = |state: &mut State| {
            state.applied.batch == state.durable_batch && !state.writer_is_done && !state.failed
        };
        let state = self.risen.wait_while(self.state(), is_low);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if !wait.is_zero() {
            let may_grow = |state: &mut State| {
                state.n_operations < operations_max && !state.writer_is_done && !state.failed
            };
            let grown = self.risen.wait_timeout_while(state, wait, may_grow);
            state = grown.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.failed || state.applied.batch == state.durable_batch {
            return None;
        }
        state.n_operations = 0;
        self.taken.notify_one();
        Some(state.applied)
    }

    /// The syncer made everything up to here durable.
    pub(super) fn synced(&self, through: Applied) {
        let mut state = self.state();
        if state.failed {
            return;
        }
        state.durable_batch = through.batch;
        // Before anyone is answered: who is told of a change finds it below the head.
        self.durable_head
            .store(through.head.get(), Ordering::Release);
        let is_due = |waiter: &mut (u64, Waiter)| waiter.0 <= through.batch;
        let due: Vec<_> = state.waiters.extract_if(.., is_due).collect();
        drop(state);
        for (_, waiter) in due {
            waiter(Ok(()));
        }
        self.moves.send_if_modified(|Moved { head, .. }| {
            let moves = *head < through.head;
            *head = through.head.max(*head);
            moves
        });
    }

    /// The store is broken, for good: nobody is told of anything more.
    pub(super) fn fail(&self, what: &str, error: &dyn Error) {
        let mut reason = what.to_owned();
        let mut cause = Some(error);
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        let mut state = self.state();
        if state.failed {
            return;
        }
        state.failed = true;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        tracing::error!(reason, "the store failed and acknowledges nothing more");
        self.health.send_replace(Health::Failed { reason });
        self.risen.notify_all();
        self.taken.notify_all();
        self.wake();
        for (_, waiter) in waiters {
            waiter(Err(failed()));
        }
    }

    /// A thread hangs, or none does any more.
    pub(super) fn stalled(&self, thread: Option<&str>) {
        self.health
            .send_if_modified(|health| match (&health, thread) {
                (Health::Good, Some(thread)) => {
                    tracing::error!(thread, "a thread of the store hangs");
                    *health = Health::Stalled;
                    true
                }
                (Health::Stalled, None) => {
                    tracing::warn!("the threads of the store move again");
                    *health = Health::Good;
                    true
                }
                _ => false,
            });
    }
}

/// What everyone is told once the store has failed; the reason is in [`Health::Failed`] and the log.
pub(super) fn failed() -> StoreError {
    StoreError::new(StoreErrorKind::Failed)
}
