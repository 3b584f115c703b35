//! What the actors count. Read by whoever shows it; never reset.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    error::{ErrorCode, Failure},
    policy::Finding,
};

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
    /// Messages that were sent.
    messages;
    /// Reports that were filed.
    reports;
    /// Times that more reports came in than moderators are used to.
    report_surges;
    /// Blocks that were made, or given another reason.
    blocks;
    /// Texts refused for what they say.
    texts_refused;
    /// Texts that went out with a placeholder in their stead.
    texts_replaced;
    /// Texts of which something was hidden.
    texts_masked;
    /// Texts that went out as they are, and were marked for review.
    texts_flagged;
    /// Texts that the operator's own service said nothing about in time.
    reviews_late;
    /// Texts that the operator's own service said nothing useful about.
    reviews_failed;
    /// Events that an endpoint of webhooks took.
    webhooks_delivered;
    /// Attempts at an endpoint of webhooks that failed and are made again.
    webhooks_failed;
    /// Events that were given up for an endpoint and put with its dead letters.
    webhooks_dead;
    /// Scheduled messages that were sent.
    scheduled_sent;
    /// Scheduled messages that could not be sent.
    scheduled_failed;
    /// Notifications that people were told of, or that waited for their devices to be told.
    notifications;
    /// Pushes that were not wanted any more when they were to be made: read, taken back, told live, or left for later by
    /// who wants to be left alone.
    pushes_unwanted;
    /// Pushes that were let go of: refused, tried too often, or too many at once. What became of each attempt is counted by
    /// who makes it.
    pushes_dropped;
    /// Notifications that were forgotten for their age.
    notifications_forgotten;
    /// Searches that were answered.
    searches;
    /// Searches that were refused since too many were under way.
    searches_busy;
    /// Searches that the index could not answer.
    searches_failed;
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
    /// Files that came in and were kept.
    uploads_kept;
    /// Files that came in as a whole and were refused: for what they are, or what their sender may.
    uploads_refused;
    /// Files that were cut off: by their sender, for their length, or as they took too long.
    uploads_cut;
    /// Files taken away, small copies of pictures too.
    files_deleted;
    /// Files given up since no message was sent with them.
    files_given_up;
    /// Files that nobody knew of: an upload was cut off by the end of the process.
    files_orphaned;
    /// Times that a file could not be taken away, or files not be listed.
    files_failed;
    /// Lines of the audit log that retention let go.
    audit_lines_forgotten;
    /// Rows of events that retention let go.
    events_forgotten;
    /// Times that events were let go before a consumer had come to them.
    event_consumers_late;
}

impl Counters {
    /// Counts a refusal of Moderation's.
    pub(crate) fn refused(&self, failure: &Failure) {
        match failure.code {
            ErrorCode::RateLimited => self.rate_limited.add_one(),
            ErrorCode::NotReachable | ErrorCode::BlockedByYou => self.blocked.add_one(),
            ErrorCode::Muted | ErrorCode::Suspended => self.sanctioned.add_one(),
            ErrorCode::ContentRefused => self.found(Finding::Reject),
            _ => {}
        }
    }

    /// Counts what became of a text (CONTRACT S1-62).
    pub(crate) fn found(&self, finding: Finding) {
        match finding {
            Finding::Allow => {}
            Finding::Flag => self.texts_flagged.add_one(),
            Finding::Mask => self.texts_masked.add_one(),
            Finding::Placeholder => self.texts_replaced.add_one(),
            Finding::Reject => self.texts_refused.add_one(),
        }
    }
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
