//! Notices threads that hang.
//!
//! Every thread says when it begins and ends a step; one thread looks at them all. It only reports: a thread
//! that hangs in the kernel or in the engine can't be ended from inside the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::local::tide::Tide;

const IDLE: u64 = u64::MAX;

/// Since when a thread has been busy with its step.
#[derive(Debug)]
pub(super) struct Pulse {
    started: Instant,
    busy_since_ms: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            busy_since_ms: AtomicU64::new(IDLE),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(IDLE - 1)
    }

    /// Runs one step.
    pub(super) fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        self.busy_since_ms.store(self.now_ms(), Ordering::Relaxed);
        let done = step();
        self.busy_since_ms.store(IDLE, Ordering::Relaxed);
        done
    }

    fn is_stalled(&self, timeout: Duration) -> bool {
        let since = self.busy_since_ms.load(Ordering::Relaxed);
        let busy = Duration::from_millis(self.now_ms().saturating_sub(since));
        since != IDLE && busy > timeout
    }
}

/// Looks at the pulses until `stop` is dropped.
pub(super) fn watch(
    tide: &Tide,
    pulses: &[(&'static str, Arc<Pulse>)],
    timeout: Duration,
    stop: &Receiver<()>,
) {
    let every = (timeout / 4).max(Duration::from_millis(1));
    while stop.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let stalled = pulses.iter().find(|(_, pulse)| pulse.is_stalled(timeout));
        tide.stalled(stalled.map(|(name, _)| *name));
    }
}
