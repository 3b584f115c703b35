//! What came of a run: how long each thing took, from its intended moment on, and how many came.
//!
//! Latencies are of what was meant to be sent inside of the window; rates are of what came inside of it. So under a load that
//! is too much, the rate is what the node does, and the latency what its clients wait.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies, in µs, to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

/// Longer ones are counted as this long: far beyond any run's grace.
const LONGEST: Duration = Duration::from_secs(3600);

impl Default for Latencies {
    fn default() -> Self {
        let micros = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
        let histogram = Histogram::new_with_bounds(1, micros, 3);
        Self(histogram.expect("these bounds are sound"))
    }
}

impl Latencies {
    /// Notes one.
    pub fn record(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What so large a part of them doesn't exceed.
    pub fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(quantile))
    }

    /// The figures that are told. `None`: there is nothing to tell of.
    pub fn summary(&self) -> Option<Summary> {
        let ms = |micros: u64| micros as f64 / 1000.0;
        (!self.is_empty()).then(|| Summary {
            n: self.len(),
            p50: ms(self.0.value_at_quantile(0.5)),
            p99: ms(self.0.value_at_quantile(0.99)),
            p999: ms(self.0.value_at_quantile(0.999)),
            max: ms(self.0.max()),
        })
    }
}

/// Latencies in ms, as they are told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Of how many.
    pub n: u64,
    /// Half of them took no longer.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// 999 of 1,000 took no longer.
    pub p999: f64,
    /// None took longer.
    pub max: f64,
}

/// Something that a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Sends a message.
    Send,
    /// Says that it types.
    Typing,
    /// Says that it read.
    Read,
    /// Asks who is there.
    Presence,
    /// Reads a page of history.
    History,
    /// Looks for a word.
    Search,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Send,
        Self::Typing,
        Self::Read,
        Self::Presence,
        Self::History,
        Self::Search,
    ];

    /// Its name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Typing => "typing",
            Self::Read => "read",
            Self::Presence => "presence",
            Self::History => "history",
            Self::Search => "search",
        }
    }
}

/// All that is noted while a run goes on. Moments are µs since its start.
#[derive(Debug)]
pub struct Tally {
    window: Range<u64>,
    /// From the intended moment of a message until somebody else had it.
    pub deliveries: Latencies,
    /// From the intended moment until the answer, by what was asked.
    pub answers: BTreeMap<Deed, Latencies>,
    /// From the intended moment until it was sent: how much the generator itself lags.
    pub lateness: Latencies,
    /// Deliveries that came inside of the window.
    pub n_deliveries: u64,
    /// Acknowledged messages of which the answer came inside of the window.
    pub n_acknowledged: u64,
    /// Requests that were sent inside of the window.
    pub n_sent: u64,
    /// Requests that were refused, by code; whenever.
    pub refused: BTreeMap<String, u64>,
}

impl Tally {
    /// Nothing yet; what is meant to be sent before the window is warm-up.
    pub fn new(window: Range<u64>) -> Self {
        Self {
            window,
            deliveries: Latencies::default(),
            answers: BTreeMap::new(),
            lateness: Latencies::default(),
            n_deliveries: 0,
            n_acknowledged: 0,
            n_sent: 0,
            refused: BTreeMap::new(),
        }
    }

    /// What is measured, from the start of the run.
    pub fn window(&self) -> Range<u64> {
        self.window.clone()
    }

    /// The run was over before its time: the window ends here.
    pub fn end_at(&mut self, micros: u64) {
        self.window.end = micros.clamp(self.window.start, self.window.end);
    }

    /// A request was sent.
    pub fn sent(&mut self, intended: u64, now: u64) {
        self.n_sent += u64::from(self.window.contains(&now));
        if self.window.contains(&intended) {
            self.lateness.record(now.saturating_sub(intended));
        }
    }

    /// A message came.
    pub fn delivered(&mut self, intended: u64, now: u64) {
        self.n_deliveries += u64::from(self.window.contains(&now));
        if self.window.contains(&intended) {
            self.deliveries.record(now.saturating_sub(intended));
        }
    }

    /// A request was answered.
    pub fn answered(&mut self, deed: Deed, intended: u64, now: u64) {
        if deed == Deed::Send {
            self.n_acknowledged += u64::from(self.window.contains(&now));
        }
        if self.window.contains(&intended) {
            let latencies = self.answers.entry(deed).or_default();
            latencies.record(now.saturating_sub(intended));
        }
    }

    /// A request was refused.
    pub fn refused(&mut self, code: &str) {
        match self.refused.get_mut(code) {
            Some(n) => *n += 1,
            None => _ = self.refused.insert(code.to_owned(), 1),
        }
    }

    /// The latencies of all answers together.
    pub fn all_answers(&self) -> Latencies {
        let mut all = Latencies::default();
        self.answers.values().for_each(|some| all.merge(some));
        all
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{Arrivals, Spread};

    const SECOND: u64 = 1_000_000;

    /// A server that answers at once, but for one second in which it stands still.
    fn answer_at(asked: u64) -> u64 {
        match asked {
            at if (5 * SECOND..6 * SECOND).contains(&at) => 6 * SECOND,
            at => at + 100,
        }
    }

    #[test]
    fn a_stall_of_a_second_shows_though_the_client_waits_for_each_answer() {
        let mut tally = Tally::new(0..10 * SECOND);
        // What a closed loop, which measures from when it sends, makes of the same server.
        let mut omitting = Latencies::default();
        let mut free_at = 0;
        for at in Arrivals::new(100.0, Spread::Uniform, 1).take(1000) {
            let intended = u64::try_from(at.as_micros()).unwrap();
            let sent = intended.max(free_at);
            free_at = answer_at(sent);
            tally.sent(intended, sent);
            tally.answered(Deed::Send, intended, free_at);
            omitting.record(free_at - sent);
        }
        // A tenth of all messages waited for 0 to 1 s, so 99 of 100 waited for 0.9 s at most.
        let p99 = tally.all_answers().quantile(0.99);
        let expected = Duration::from_millis(900);
        assert!(
            p99.abs_diff(expected) < Duration::from_millis(15),
            "{p99:?}"
        );
        assert_eq!(omitting.quantile(0.99), Duration::from_micros(100));
        // And the generator's own lag is told.
        assert!(tally.lateness.quantile(0.99) > Duration::from_millis(850));
    }

    #[test]
    fn what_is_meant_before_the_window_is_warm_up() {
        let mut tally = Tally::new(1000..2000);
        tally.sent(900, 1100);
        tally.delivered(900, 1100);
        tally.answered(Deed::Send, 999, 1500);
        assert!(tally.deliveries.is_empty() && tally.all_answers().is_empty());
        assert!(tally.lateness.is_empty());
        // They came inside of it all the same.
        let came = (tally.n_sent, tally.n_deliveries, tally.n_acknowledged);
        assert_eq!(came, (1, 1, 1));

        tally.delivered(1999, 5000);
        tally.answered(Deed::Typing, 1000, 1010);
        assert_eq!(tally.deliveries.summary().unwrap().max, 3.001);
        assert_eq!(tally.all_answers().len(), 1);
        // Of these, one came too late and the other is no message.
        assert_eq!((tally.n_deliveries, tally.n_acknowledged), (1, 1));
    }

    #[test]
    fn a_run_that_ends_early_has_a_shorter_window() {
        let mut tally = Tally::new(1000..2000);
        tally.end_at(1500);
        assert_eq!(tally.window(), 1000..1500);
        tally.end_at(10);
        assert_eq!(tally.window(), 1000..1000);
    }

    #[test]
    fn merged_latencies_are_those_of_both() {
        let (mut one, mut other) = (Latencies::default(), Latencies::default());
        (1..=99).for_each(|micros| one.record(micros));
        other.record(1_000_000);
        one.merge(&other);
        let summary = one.summary().unwrap();
        assert_eq!((summary.n, summary.p99), (100, 0.099));
        assert!((summary.max - 1000.0).abs() < 1.0, "{summary:?}");
        assert_eq!(Latencies::default().summary(), None);
    }

    #[test]
    fn a_wait_beyond_all_bounds_is_counted_as_the_longest() {
        let mut latencies = Latencies::default();
        latencies.record(u64::MAX);
        assert!(latencies.quantile(1.0) >= LONGEST);
    }

    #[test]
    fn refusals_are_counted_by_their_code() {
        let mut tally = Tally::new(0..1);
        for code in ["BUSY", "RATE_LIMITED", "BUSY"] {
            tally.refused(code);
        }
        let expected = [("BUSY".to_owned(), 2), ("RATE_LIMITED".to_owned(), 1)];
        assert_eq!(tally.refused, BTreeMap::from(expected));
    }
}
