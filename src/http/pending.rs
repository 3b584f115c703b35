//! How many messages wait to be sent later, for `/metrics`. Counted when it is asked for, so that no number can drift; a large
//! one, which takes its time to count, is good for a minute.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use parlour_storage::{error::StoreError, store::Store};
use tokio::time::Instant;

/// So many are counted within a few milliseconds.
const LARGE: u64 = 10_000;

const LARGE_KEPT: Duration = Duration::from_secs(60);

/// What was counted last, if that was a large number, and when.
#[derive(Debug, Default)]
pub struct Pending(Mutex<Option<(u64, Instant)>>);

impl Pending {
    /// The number.
    ///
    /// # Errors
    ///
    /// Those of every read.
    pub(super) async fn count(&self, store: &dyn Store) -> Result<u64, StoreError> {
        if let Some(kept) = self.kept(Instant::now()) {
            return Ok(kept);
        }
        let n = store.n_scheduled().await?;
        self.keep(n, Instant::now());
        Ok(n)
    }

    fn kept(&self, now: Instant) -> Option<u64> {
        let counted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (n, at) = counted?;
        (now.duration_since(at) < LARGE_KEPT).then_some(n)
    }

    fn keep(&self, n: u64, now: Instant) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted = (n >= LARGE).then_some((n, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_number_is_kept_and_not_for_long() {
        let (pending, now) = (Pending::default(), Instant::now());
        pending.keep(LARGE - 1, now);
        assert_eq!(pending.kept(now), None);
        pending.keep(LARGE, now);
        assert_eq!(pending.kept(now + LARGE_KEPT / 2), Some(LARGE));
        assert_eq!(pending.kept(now + LARGE_KEPT), None);
    }
}
