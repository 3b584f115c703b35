//! Every bound of the actors, with its unit and its reason.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::policy::Policy;

/// Most changes that a room hands its connections as one, which their bounds admit or refuse as one.
pub const RUN_MAX: usize = 64;

/// Mailbox of a session, in messages: what a stock Socket.IO client that was offline sends at once when it is back.
pub const SESSION_MAILBOX: usize = 10_000;
/// The same in bytes, since a message may be short or long. Beyond either the client is sent away, to come back later.
pub const SESSION_MAILBOX_BYTES: usize = 4 << 20;
/// Mailbox of Moderation, in messages: every write of the node passes through it.
pub const MODERATION_MAILBOX: usize = 65_536;
/// Writes waiting for a person's blocks and limits to be loaded. Beyond it they get `BUSY`.
pub const PARKED_PER_USER_MAX: usize = 256;
/// Groups that the store may have at once: one being synced, one being applied, one ready.
pub const GROUPS_IN_COMMIT_MAX: usize = 3;
/// Largest page of any list, in items (CONTRACT C-15).
pub const PAGE_MAX: usize = 100;
/// Changes that a resume reads at once.
pub const RESUME_PAGE: usize = 200;
/// Longest name of a group, in Unicode scalar values.
pub const GROUP_NAME_MAX: usize = 100;
/// Longest reason of a block, in Unicode scalar values.
pub const REASON_MAX: usize = 500;
/// Most people in one request to add or open.
pub const PEOPLE_PER_REQUEST_MAX: usize = 1_000;
/// Most messages that a page by number skips: each may have to be looked at. Beyond it, page by time.
pub const OFFSET_MAX: usize = 10_000;
/// Most messages, conversations or people that one question looks at, beyond what the caller's own list has:
/// some 50 ms of a store's time. Beyond it, the question has to be narrower.
pub const LOOKED_AT_MAX: usize = 20_000;
/// Longest text that is searched for, in Unicode scalar values.
pub const QUERY_LENGTH_MAX: usize = 256;
/// Longest name of a template, in Unicode scalar values.
pub const TEMPLATE_NAME_MAX: usize = 100;
/// Longest text of a template, in Unicode scalar values.
pub const TEMPLATE_LENGTH_MAX: usize = 2_000;
/// Most people of a group that lists name, and whose reading they tell.
pub const PEOPLE_SHOWN_MAX: usize = 100;
/// Conversations that one connection may look at, at once (RELIABILITY: rooms per session).
pub const JOINED_MAX: usize = 128;
/// People that Presence lists at once, so that it isn't held up.
pub const ONLINE_PAGE: usize = 1_000;
/// Most people in one question about presence.
pub const PRESENCE_QUESTION_MAX: usize = 100;

/// Messages that a moderator is shown around a reported one.
pub const CONTEXT_MESSAGES: usize = 21;
/// Longest category of a report, in Unicode scalar values (CONTRACT S2-37).
pub const CATEGORY_MAX: usize = 50;
/// Longest reason of a report, and longest note about one, in Unicode scalar values.
pub const REPORT_REASON_MAX: usize = 2_000;
/// Reports in [`REPORTS_PERIOD`] that are nothing unusual; one more is said in the log (CONTRACT S2-62).
pub const REPORTS_CALM: usize = 20;
/// See [`REPORTS_CALM`].
pub const REPORTS_PERIOD: Duration = Duration::from_secs(3600);
/// Longest reason of a moderator's decision, in Unicode scalar values: it stands in one line of the audit log.
pub const DECISION_REASON_MAX: usize = 200;

/// What an operator can set, checked and converted by the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Outbox of a connection: at most so many frames.
    pub outbox_frames_max: usize,
    /// Outbox of a connection: at most so many bytes.
    pub outbox_bytes_max: usize,
    /// How long a client has to answer a close before its socket is shut down.
    pub close_deadline: Duration,
    /// A client that was silent for so long is pinged.
    pub ping_interval: Duration,
    /// A client that did not answer a ping for so long is gone.
    pub pong_timeout: Duration,
    /// How long a connection may stay without a token.
    pub auth_timeout: Duration,
    /// Connections of one user.
    pub per_user_max: usize,
    /// Unanswered requests of one connection.
    pub in_flight_max: usize,
    /// Changes that a resume replays. Beyond it: `recovered: false`.
    pub resume_changes_max: usize,
    /// Threads that rooms are spread over.
    pub room_arbiters: usize,
    /// Mailbox of a room, in messages.
    pub room_mailbox: usize,
    /// A room without requests for so long goes.
    pub room_idle: Duration,
    /// Rooms at once. Beyond it new ones answer `BUSY`.
    pub rooms_max: usize,
    /// Typing ends by itself after so long (CONTRACT C-19).
    pub typing_timeout: Duration,
    /// Groups up to this size tell their members' presence.
    pub presence_group_members_max: u32,
    /// Who is online is told to everyone who asks for the list, and not to contacts alone (CONTRACT C-20). Never
    /// across a block.
    pub presence_everyone: bool,
    /// Presence changes are collected for so long.
    pub presence_delay: Duration,
    /// Somebody without connection for so long is offline.
    pub offline_grace: Duration,
    /// Longest text of a message, in Unicode scalar values.
    pub message_length_max: usize,
    /// Longest frame of a client, in bytes. Kept by the transport, told in hello.
    pub frame_bytes_max: usize,
    /// Writes waiting for the store, in all.
    pub archive_queue_max: usize,
    /// Writes in one group commit.
    pub group_max: usize,
    /// Rate limits by action name.
    pub rates: BTreeMap<String, Vec<Rate>>,
    /// Whether people are notified of messages that wait for them.
    pub notify: bool,
    /// Notifications are forgotten after so long. `None`: never.
    pub notifications_age: Option<Duration>,
    /// Whether devices are told what a message says, and by whom it is. Otherwise only that there is one.
    pub push_content: bool,
    /// Events are forgotten after so long. `None`: never.
    pub events_age: Option<Duration>,
    /// Whether admins may follow events.
    pub events_feed: bool,
    /// Whether it is told that people come and go: somebody follows events.
    pub events_presence: bool,
    /// What people may do.
    pub policy: Policy,
}

/// So many per so long, as a burst or spread out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub n: u32,
    /// Per how long.
    pub period: Duration,
}

/// What is left of a limit: told in headers, and with a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Which action is limited.
    pub action: crate::action::Action,
    /// The rule.
    pub rate: Rate,
    /// So many more would be let through now.
    pub remaining: u32,
    /// Until all of it is there again.
    pub reset: Duration,
}

/// Where Moderation leaves the tightest quota of a request, for whoever answers it.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Option<Quota>>);

impl Meter {
    /// Notes what is left.
    pub fn set(&self, quota: Quota) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota);
    }

    /// What was left, if any limit applied.
    pub fn get(&self) -> Option<Quota> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Meter {
    /// It says nothing of who somebody is.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Meter {}

impl Default for Settings {
    fn default() -> Self {
        Self {
            outbox_frames_max: 1000,
            outbox_bytes_max: 1 << 20,
            close_deadline: Duration::from_secs(5),
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(20),
            auth_timeout: Duration::from_secs(10),
            per_user_max: 16,
            in_flight_max: 256,
            resume_changes_max: 10_000,
            room_arbiters: 1,
            room_mailbox: 1024,
            room_idle: Duration::from_secs(60),
            rooms_max: 100_000,
            typing_timeout: Duration::from_secs(3),
            presence_group_members_max: 100,
            presence_everyone: false,
            presence_delay: Duration::from_millis(500),
            offline_grace: Duration::from_secs(3),
            message_length_max: 5000,
            frame_bytes_max: 64 << 10,
            archive_queue_max: 65_536,
            group_max: 1024,
            rates: BTreeMap::new(),
            notify: false,
            notifications_age: None,
            push_content: false,
            events_age: None,
            events_feed: false,
            events_presence: false,
            policy: Policy::default(),
        }
    }
}
