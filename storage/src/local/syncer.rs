//! The thread that makes durable: one sync for everything applied so far, then the answers.

use std::{sync::Arc, time::Duration};

use crate::{
    kv::Kv,
    local::{pulse::Pulse, tide::Tide},
};

/// Works until the writer is done and all of it is durable, or a sync fails.
pub(super) fn run(
    kv: &dyn Kv,
    tide: &Arc<Tide>,
    pulse: &Pulse,
    commit_wait: Duration,
    operations_max: usize,
) {
    while let Some(applied) = tide.take(commit_wait, operations_max) {
        // Never tried again: after a failed fsync the kernel may have dropped what it could not write, and
        // the next one then succeeds without it.
        if let Err(error) = pulse.step(|| kv.sync()) {
            return tide.fail("failed to sync", &error);
        }
        tide.synced(applied);
    }
}
