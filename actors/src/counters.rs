//! What the actors count. Read by whoever shows it; never reset.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// Counts since the node started.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
        }

        impl Counters {
            /// All of them with their names.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

counters! {
    /// Requests answered `BUSY` since a room's mailbox was full.
    room_mailbox_full;
    /// Requests answered `BUSY` since Moderation's mailbox was full.
    moderation_mailbox_full;
    /// Requests answered `BUSY` since too many writes waited for the store.
    archive_full;
    /// Frames not taken since a session's mailbox was full; the connection was closed.
    session_mailbox_full;
    /// Clients closed for not reading.
    slow_clients;
    /// Clients closed for silence.
    silent_clients;
    /// Sockets shut down from outside, since the client didn't answer the close.
    killed_clients;
    /// Rooms that died of a panic.
    room_panics;
    /// Requests refused by a rate limit.
    rate_limited;
    /// Requests refused by a block.
    blocked;
    /// Requests refused since a moderator muted or suspended who made them.
    sanctioned;
    /// Commits of groups.
    groups_committed;
    /// Transactions committed.
    transactions_committed;
    /// Resumes that recovered everything.
    resumes_recovered;
    /// Resumes that could not.
    resumes_failed;
    /// Messages that retention took away.
    messages_purged;
    /// Lines of the audit log that retention let go.
    audit_lines_forgotten;
}

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
