//! Messages, reports and blocks, counted once they are durable, and the alarm when reports come in fast (CONTRACT S2-55,
//! S2-58, S2-62).
//!
//! Remembers no report and no restart: what there is to do stands in the moderators' queue, and this only says that it fills up.

use std::{collections::VecDeque, time::Duration};

use parlour_storage::{
    domain::change::ChangeBody,
    ids::Timestamp,
    store::{Outcome, Write},
};

use crate::{
    counters::Counters,
    limits::{REPORTS_CALM, REPORTS_PERIOD},
};

/// What is counted of a write beside the messages it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Report,
    Block,
    Nothing,
}

impl From<&Write> for Counted {
    fn from(write: &Write) -> Self {
        match write {
            Write::Report(_) => Self::Report,
            Write::Block { .. } => Self::Block,
            _ => Self::Nothing,
        }
    }
}

/// What was counted lately.
#[derive(Debug)]
pub(super) struct Tally {
    reports: Surge,
}

impl Default for Tally {
    fn default() -> Self {
        let reports = Surge::new(REPORTS_CALM, REPORTS_PERIOD);
        Self { reports }
    }
}

impl Tally {
    /// Counts a write that was made at a time, by what came of it, and says it aloud if reports come in too fast.
    pub(super) fn count(
        &mut self,
        counted: Counted,
        at: Timestamp,
        outcome: &Outcome,
        to: &Counters,
    ) {
        match outcome {
            Outcome::Unchanged => return,
            Outcome::Changed(changes) | Outcome::Met { changes, .. } => {
                // A request that is accepted is a message, too.
                let is_sent = |body: &ChangeBody| matches!(body, ChangeBody::Sent(_));
                let sent = changes.iter().filter(|change| is_sent(&change.body));
                to.messages.add(sent.count() as u64);
            }
            _ => {}
        }
        match counted {
            Counted::Nothing => {}
            Counted::Block => to.blocks.add_one(),
            Counted::Report => {
                to.reports.add_one();
                if self.reports.add(at) {
                    to.report_surges.add_one();
                    tracing::warn!(
                        "more than {REPORTS_CALM} reports came in within an hour; moderators find them by GET /v1/moderation/reports"
                    );
                }
            }
        }
    }
}

/// Notices when something happens more than `calm` times in `period`.
#[derive(Debug)]
struct Surge {
    calm: usize,
    period_ms: i64,
    /// The newest, oldest first: one more than is calm.
    recent: VecDeque<Timestamp>,
    /// When it was last noticed.
    noticed: Option<Timestamp>,
}

impl Surge {
    fn new(calm: usize, period: Duration) -> Self {
        Self {
            calm,
            period_ms: i64::try_from(period.as_millis()).unwrap_or(i64::MAX),
            recent: VecDeque::with_capacity(calm + 2),
            noticed: None,
        }
    }

    /// Once more. True if that is too often, and nobody was told so in the period before.
    fn add(&mut self, at: Timestamp) -> bool {
        self.recent.push_back(at);
        if self.recent.len() > self.calm + 1 {
            self.recent.pop_front();
        }
        let is_within = |then: &Timestamp| at < then.plus_ms(self.period_ms);
        let is_surge = self.recent.len() > self.calm && self.recent.front().is_some_and(is_within);
        if !is_surge || self.noticed.as_ref().is_some_and(is_within) {
            return false;
        }
        self.noticed = Some(at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    /// The minutes, of these, that it was noticed in.
    fn noticed(minutes: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut surge = Surge::new(20, Duration::from_secs(3600));
        minutes
            .filter(|minute| surge.add(Timestamp(minute * MINUTE_MS)))
            .collect()
    }

    #[test]
    fn the_twenty_first_within_an_hour_is_one_too_many() {
        assert_eq!(noticed(0..20), [0; 0]);
        assert_eq!(noticed(0..21), [20]);
        // Twenty an hour for days are calm: the first of twenty-one is an hour old.
        assert_eq!(noticed((0..2000).map(|n| 3 * n)), [0; 0]);
    }

    #[test]
    fn it_is_said_once_an_hour_as_long_as_it_lasts() {
        assert_eq!(noticed(0..200), [20, 80, 140]);
        // What comes after a quiet time is a surge of its own.
        assert_eq!(noticed((0..21).chain(1000..1021)), [20, 1020]);
    }

    #[test]
    fn a_clock_that_is_put_back_does_no_harm() {
        let back = (0..21).map(|n| 1000 + n).chain(0..100);
        assert_eq!(noticed(back), [1020]);
    }

    #[test]
    fn what_changed_nothing_is_not_counted() {
        let (mut tally, counters) = (Tally::default(), Counters::default());
        let at = Timestamp(0);
        tally.count(Counted::Block, at, &Outcome::Done, &counters);
        tally.count(Counted::Block, at, &Outcome::Unchanged, &counters);
        tally.count(Counted::Nothing, at, &Outcome::Done, &counters);
        assert_eq!(counters.blocks.get(), 1);
        assert_eq!(counters.reports.get(), 0);
    }
}
