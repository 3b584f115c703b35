//! The threads that read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::Receiver;

use crate::{
    kv::Kv,
    local::{pulse::Pulse, tide::Tide},
};

/// A read: it answers its caller itself.
pub(super) type Read = Box<dyn FnOnce(&dyn Kv, &Arc<Tide>) + Send>;

pub(super) fn run(kv: &dyn Kv, tide: &Arc<Tide>, pulse: &Pulse, reads: &Receiver<Read>) {
    for read in reads {
        // A panic drops the read and with it the caller's answer, which is how the caller knows.
        let read = AssertUnwindSafe(|| read(kv, tide));
        if pulse.step(|| catch_unwind(read)).is_err() {
            tracing::error!("a read panicked");
        }
    }
}
