//! The clock of what is stored. It can be set ahead, for whoever can't wait for what happens in a month.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use parlour_storage::ids::Timestamp;

/// This machine's clock, and how far ahead of it the node is. Clones go together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// What it says.
    pub fn now(&self) -> Timestamp {
        Timestamp::now().plus_ms(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Sets it ahead. Whoever sleeps until a time has to be woken.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2);
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
