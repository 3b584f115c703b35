//! What somebody is notified of, and when they don't want to be.
//!
//! Mostly references: what a message says is in no notification, so nothing has to be taken out of one that is edited.

use crate::ids::{
    ConversationId, MatchId, MessageId, MessageRequestId, Position, Timestamp, UserId,
};

/// A notification of one user: its place in the order of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(pub Position);

/// Longest text in a notification, in bytes.
pub const NOTIFICATION_TEXT_BYTES_MAX: usize = 1024;

/// A notification to be written beside something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationDraft {
    /// For whom.
    pub user: UserId,
    /// Of what.
    pub body: NotificationBody,
}

/// A stored notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Which.
    pub id: NotificationId,
    /// Of what.
    pub body: NotificationBody,
    /// When it was made.
    pub at: Timestamp,
    /// Whether it was read.
    pub read: bool,
}

/// What somebody is notified of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationBody {
    /// Messages wait in a conversation. A conversation has one unread notification of these: a newer message takes its place.
    Message {
        /// Where.
        conversation: ConversationId,
        /// The newest.
        message: MessageId,
        /// Who wrote it.
        author: UserId,
    },
    /// Somebody asks for a first contact.
    Requested {
        /// Which request.
        request: MessageRequestId,
        /// Who.
        from: UserId,
    },
    /// A request of theirs was accepted, in whatever way.
    RequestAccepted {
        /// Which.
        request: MessageRequestId,
        /// Who accepted.
        by: UserId,
        /// The conversation of the two.
        conversation: Option<ConversationId>,
    },
    /// They are matched.
    Matched {
        /// Which match.
        matched: MatchId,
        /// With whom.
        with: UserId,
        /// The conversation of the two.
        conversation: ConversationId,
    },
    /// A moderator warns them.
    Warned {
        /// Why.
        reason: Option<String>,
    },
    /// The node itself has something to say.
    System {
        /// What.
        text: String,
    },
}

impl NotificationBody {
    /// What it is called, for programs.
    pub fn topic(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Requested { .. } => "request",
            Self::RequestAccepted { .. } => "request_accepted",
            Self::Matched { .. } => "match",
            Self::Warned { .. } => "warning",
            Self::System { .. } => "system",
        }
    }

    /// Where it is about, if about a conversation.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Message { conversation, .. } | Self::Matched { conversation, .. } => {
                Some(*conversation)
            }
            Self::RequestAccepted { conversation, .. } => *conversation,
            Self::Requested { .. } | Self::Warned { .. } | Self::System { .. } => None,
        }
    }

    /// Who caused it, if it was a person that may be named.
    pub fn who(&self) -> Option<&UserId> {
        match self {
            Self::Message { author: who, .. }
            | Self::Requested { from: who, .. }
            | Self::RequestAccepted { by: who, .. }
            | Self::Matched { with: who, .. } => Some(who),
            Self::Warned { .. } | Self::System { .. } => None,
        }
    }
}

/// A notification that is new, or has moved up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notified {
    /// Whose.
    pub user: UserId,
    /// What.
    pub notification: Notification,
}

/// A conversation of which somebody wants no notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Which.
    pub conversation: ConversationId,
    /// Until then; [`Timestamp::MAX`]: until it is lifted.
    pub until: Timestamp,
}

/// When somebody's devices are left alone. What they are notified of is kept all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoNotDisturb {
    /// Each day.
    pub quiet: Option<Quiet>,
    /// Until then.
    pub snooze_until: Option<Timestamp>,
}

impl DoNotDisturb {
    /// Whether their devices are left alone at a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.snooze_until.is_some_and(|until| at < until)
            || self.quiet.is_some_and(|quiet| quiet.holds(at))
    }
}

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// The hours of each day at which somebody's devices are left alone, by their own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// From this minute of the day on, below [`DAY_MINUTES`].
    pub from: u16,
    /// Until this one. One that isn't after `from` is of the next day; the same: all day.
    pub to: u16,
    /// How many minutes their clock is ahead of UTC, between -[`DAY_MINUTES`] and [`DAY_MINUTES`].
    pub utc_offset: i16,
}

impl Quiet {
    /// Whether there are such hours.
    pub fn is_valid(&self) -> bool {
        let of_day = |minute| minute < DAY_MINUTES;
        of_day(self.from) && of_day(self.to) && of_day(self.utc_offset.unsigned_abs())
    }

    fn holds(&self, at: Timestamp) -> bool {
        let minute = at.0.div_euclid(60_000) + i64::from(self.utc_offset);
        let minute = minute.rem_euclid(i64::from(DAY_MINUTES));
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if from < to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64, minute: i64) -> Timestamp {
        // Some day's midnight, in UTC.
        Timestamp(1_800_057_600_000 + (hour * 60 + minute) * 60_000)
    }

    #[test]
    fn nights_are_of_two_days_and_of_ones_own_clock() {
        let quiet = |from, to, utc_offset| Quiet {
            from,
            to,
            utc_offset,
        };
        for (quiet, moment, holds) in [
            (quiet(13 * 60, 14 * 60, 0), at(13, 0), true),
            (quiet(13 * 60, 14 * 60, 0), at(14, 0), false),
            (quiet(22 * 60, 7 * 60, 0), at(23, 59), true),
            (quiet(22 * 60, 7 * 60, 0), at(6, 59), true),
            (quiet(22 * 60, 7 * 60, 0), at(7, 0), false),
            (quiet(22 * 60, 7 * 60, 120), at(20, 0), true),
            (quiet(22 * 60, 7 * 60, 120), at(5, 0), false),
            (quiet(22 * 60, 7 * 60, -330), at(3, 29), false),
            (quiet(22 * 60, 7 * 60, -330), at(3, 30), true),
            (quiet(60, 60, 0), at(0, 30), true),
        ] {
            let choice = DoNotDisturb {
                quiet: Some(quiet),
                snooze_until: None,
            };
            assert_eq!(choice.holds(moment), holds, "{quiet:?} {moment:?}");
        }
    }

    #[test]
    fn who_snoozes_is_left_alone_until_then() {
        let choice = DoNotDisturb {
            quiet: None,
            snooze_until: Some(at(1, 0)),
        };
        assert!(choice.holds(at(0, 59)) && !choice.holds(at(1, 0)));
        assert!(!DoNotDisturb::default().holds(at(0, 0)));
    }
}
