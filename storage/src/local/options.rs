//! The bounds of a store in this process.

use std::time::Duration;

/// The bounds of a store in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most transactions that share a sync. When as many are applied and not yet being synced, the
    /// writer waits.
    pub commit_operations_max: usize,
    /// How long a sync waits for more transactions to share it. Zero: not at all; groups then form by
    /// themselves while the sync before is under way.
    pub commit_wait: Duration,
    /// Most keys in one atomic batch before the next is begun; one transaction may have more. Large
    /// batches make sled keep memory: see the soak of two million messages in the bench.
    pub batch_keys_max: usize,
    /// Most calls waiting for the writer. One more is answered `Busy`.
    pub commit_queue_max: usize,
    /// Threads that read.
    pub reader_threads: usize,
    /// Most reads waiting for a thread. One more is answered `Busy`.
    pub read_queue_max: usize,
    /// A step (a batch, a sync, a read) that takes longer makes the store [`Stalled`](crate::store::Health::Stalled).
    pub stall_timeout: Duration,
    /// Whether reading, reactions, and what changes in conversations beside messages, are events too: somebody follows
    /// the node.
    pub events_all: bool,
    /// What the engine may keep in memory of its files, in bytes. In memory: ignored.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            commit_operations_max: 1024,
            commit_wait: Duration::ZERO,
            batch_keys_max: 96,
            commit_queue_max: 1024,
            reader_threads: 2,
            read_queue_max: 4096,
            stall_timeout: Duration::from_secs(30),
            events_all: false,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}
