//! Whether a client still gives signs of life. Two numbers that any thread may read and set.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Milliseconds since the process first asked. Never goes back; coarse enough to compare with an atomic.
pub fn clock_ms() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    // 1 and not 0 at the start: 0 means "never" to its users.
    1 + u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX - 1)
}

/// When a client was last heard, and last asked.
#[derive(Debug)]
pub(super) struct Liveness {
    heard_ms: AtomicU64,
    /// When a ping was asked for that nothing has answered yet; 0: none.
    pinged_ms: AtomicU64,
}

/// What [`Liveness::check`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alive {
    /// Heard not long ago.
    Heard,
    /// Silent for too long: ask.
    Ask,
    /// Asked, and there is still time.
    Asked,
    /// Asked, and no answer came in time.
    Gone,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            heard_ms: AtomicU64::new(clock_ms()),
            pinged_ms: AtomicU64::new(0),
        }
    }
}

impl Liveness {
    pub(super) fn heard(&self) {
        self.heard_ms.store(clock_ms(), Ordering::Relaxed);
        self.pinged_ms.store(0, Ordering::Relaxed);
    }

    pub(super) fn check(&self, interval: Duration, timeout: Duration) -> Alive {
        let now = clock_ms();
        let passed = |since: u64, limit: Duration| {
            u128::from(now.saturating_sub(since)) >= limit.as_millis()
        };
        match self.pinged_ms.load(Ordering::Relaxed) {
            0 if passed(self.heard_ms.load(Ordering::Relaxed), interval) => {
                self.pinged_ms.store(now, Ordering::Relaxed);
                Alive::Ask
            }
            0 => Alive::Heard,
            since if passed(since, timeout) => Alive::Gone,
            _ => Alive::Asked,
        }
    }
}
