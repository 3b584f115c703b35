//! What one run showed, as it is told: by a person's table, by `--json`, by the plot.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    check::Faults,
    plan::Pace,
    proc::Usage,
    search::Outcome,
    tally::{Deed, Summary, Tally},
};

/// A generator that sends one of a hundred requests later than this measures itself.
const LATENESS_MAX: Duration = Duration::from_millis(10);
/// Of one core; a generator that is as busy as this reads late, too.
const GENERATOR_CPU_MAX: f64 = 0.95;
/// Who sends a smaller part of what was meant to be sent in the window doesn't keep up.
const KEPT_UP: f64 = 0.95;

/// What a rate is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How long until others had a message.
    Deliveries,
    /// How long until requests were answered.
    Answers,
}

/// What one run showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// Requests a second that were meant to be sent; none in a closed loop.
    pub offered: Option<f64>,
    /// Requests on their way at a time, in a closed loop.
    pub in_flight: Option<usize>,
    /// How long was measured.
    pub seconds: f64,
    /// Requests that were sent, a second.
    pub sent_per_s: f64,
    /// Messages that were acknowledged, a second.
    pub acknowledged_per_s: f64,
    /// Messages that others got, a second.
    pub deliveries_per_s: f64,
    /// From the intended moment until somebody else had the message, in ms.
    pub deliveries: Option<Summary>,
    /// From the intended moment until the answer, in ms, all of them.
    pub answers: Option<Summary>,
    /// The same by what was asked, if it was several things.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_deed: BTreeMap<Deed, Summary>,
    /// From the intended moment until it was sent, in ms.
    pub lateness: Option<Summary>,
    /// What it cost the server, if its process is known.
    pub server: Option<Cost>,
    /// How much of one core the generator took, if it is a process of its own.
    pub generator_cpu: Option<f64>,
    /// What came against the node's word.
    pub faults: Faults,
    /// Acknowledged messages that had not come everywhere, and requests that had no answer, when the grace was over.
    pub unfinished: u64,
    /// Refused requests, by code.
    pub refused: BTreeMap<String, u64>,
    /// Connections that the node ended, by reason.
    pub closed: BTreeMap<String, u64>,
    /// The generator didn't keep up: what was measured is the generator.
    pub lagging: bool,
}

/// What a run cost the server's processes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// User and system time by time that passed: 1 is one core.
    pub cpu: f64,
    /// In µs, by acknowledged message.
    pub us_per_message: Option<f64>,
    /// In µs, by delivery.
    pub us_per_delivery: Option<f64>,
    /// Resident memory at the end, in bytes.
    pub resident: u64,
}

/// What was seen of processes at the two ends of the window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// The server's.
    pub(crate) server: Option<(Usage, Usage)>,
    /// The generator's.
    pub(crate) generator: Option<(Usage, Usage)>,
}

impl Trial {
    /// From what was noted. Faults are added by who looked for them.
    pub(crate) fn new(pace: Pace, tally: &Tally, seen: Seen) -> Self {
        let window = tally.window();
        let seconds = (window.end - window.start) as f64 / 1e6;
        let each = |n: u64| {
            if seconds > 0.0 {
                n as f64 / seconds
            } else {
                0.0
            }
        };
        let cpu = |(from, to): (Usage, Usage)| to.cpu.saturating_sub(from.cpu);
        let cost = |pair: (Usage, Usage)| {
            let us = cpu(pair).as_secs_f64() * 1e6;
            let by = |n: u64| (n > 0).then(|| us / n as f64);
            Cost {
                cpu: us / 1e6 / seconds,
                us_per_message: by(tally.n_acknowledged),
                us_per_delivery: by(tally.n_deliveries),
                resident: pair.1.resident,
            }
        };
        let share = |pair| cpu(pair).as_secs_f64() / seconds;
        let generator_cpu = seen.generator.filter(|_| seconds > 0.0).map(share);
        let lateness = tally.lateness.quantile(0.99);
        let is_busy = generator_cpu.is_some_and(|share| share > GENERATOR_CPU_MAX);
        let summaries = tally.answers.iter();
        let by_deed = summaries.filter_map(|(deed, of)| Some((*deed, of.summary()?)));
        Self {
            offered: match pace {
                Pace::Rate(rate, _) => Some(rate),
                Pace::Flood(_) => None,
            },
            in_flight: match pace {
                Pace::Rate(..) => None,
                Pace::Flood(n) => Some(n),
            },
            seconds,
            sent_per_s: each(tally.n_sent),
            acknowledged_per_s: each(tally.n_acknowledged),
            deliveries_per_s: each(tally.n_deliveries),
            deliveries: tally.deliveries.summary(),
            answers: tally.all_answers().summary(),
            by_deed: if tally.answers.len() > 1 {
                by_deed.collect()
            } else {
                BTreeMap::new()
            },
            lateness: tally.lateness.summary(),
            server: seen.server.filter(|_| seconds > 0.0).map(cost),
            generator_cpu,
            faults: Faults::default(),
            unfinished: 0,
            refused: tally.refused.clone(),
            closed: BTreeMap::new(),
            lagging: lateness > LATENESS_MAX || is_busy,
        }
    }

    /// Whether the node did all that it was asked, as it promised.
    pub fn is_clean(&self) -> bool {
        self.faults.is_clean()
            && self.unfinished == 0
            && self.refused.is_empty()
            && self.closed.is_empty()
    }

    /// The latencies that a rate is judged by.
    pub fn judged(&self, measure: Measure) -> Option<Summary> {
        match measure {
            Measure::Deliveries => self.deliveries,
            Measure::Answers => self.answers,
        }
    }

    /// How it went, if 99 of 100 are to be within a bound.
    pub fn outcome(&self, measure: Measure, p99: Duration) -> Outcome {
        let in_time = self
            .judged(measure)
            .is_some_and(|summary| summary.p99 <= p99.as_secs_f64() * 1000.0);
        // How many were meant to be sent in the window is by chance, so it isn't the rate that tells.
        let n_meant = self.lateness.map_or(0, |lateness| lateness.n) as f64;
        let kept_up = self.sent_per_s * self.seconds >= n_meant * KEPT_UP;
        // Lateness is in the latencies, so a rate that holds in spite of it does hold.
        if in_time && kept_up && self.is_clean() {
            Outcome::Holds
        } else if self.lagging {
            Outcome::Lags
        } else {
            Outcome::Breaks
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Spread;

    const PACE: Pace = Pace::Rate(10.0, Spread::Uniform);

    /// A second with 10 requests a tenth apart, each sent `late` and answered `after` its intended moment.
    fn tally(late: u64, after: u64) -> Tally {
        let mut tally = Tally::new(1_000_000..2_000_000);
        for n in 0..10 {
            let intended = 1_000_000 + n * 90_000;
            tally.sent(intended, intended + late);
            tally.answered(Deed::Send, intended, intended + after);
            for _ in 0..3 {
                tally.delivered(intended, intended + after);
            }
        }
        tally
    }

    fn usage(ms: u64) -> Usage {
        Usage {
            cpu: Duration::from_millis(ms),
            resident: ms,
            own: 0,
        }
    }

    #[test]
    fn costs_are_those_of_the_window() {
        let seen = Seen {
            server: Some((usage(500), usage(800))),
            generator: Some((usage(0), usage(250))),
        };
        let trial = Trial::new(PACE, &tally(0, 1000), seen);
        let expected = Cost {
            cpu: 0.3,
            us_per_message: Some(30_000.0),
            us_per_delivery: Some(10_000.0),
            resident: 800,
        };
        assert_eq!(trial.server, Some(expected));
        assert_eq!(trial.generator_cpu, Some(0.25));
        assert_eq!(
            (trial.acknowledged_per_s, trial.deliveries_per_s),
            (10.0, 30.0)
        );
        assert!(!trial.lagging && trial.by_deed.is_empty());
    }

    #[test]
    fn a_generator_that_sends_late_or_has_no_time_left_is_marked() {
        let late = Trial::new(PACE, &tally(20_000, 30_000), Seen::default());
        assert!(late.lagging);
        let busy = Seen {
            generator: Some((usage(0), usage(990))),
            server: None,
        };
        assert!(Trial::new(PACE, &tally(0, 100), busy).lagging);
    }

    #[test]
    fn a_rate_holds_if_it_is_in_time_and_clean() {
        let bound = Duration::from_millis(50);
        let outcome = |trial: &Trial| trial.outcome(Measure::Answers, bound);
        let good = Trial::new(PACE, &tally(0, 49_000), Seen::default());
        assert_eq!(outcome(&good), Outcome::Holds);
        assert_eq!(
            outcome(&Trial::new(PACE, &tally(0, 60_000), Seen::default())),
            Outcome::Breaks
        );
        // Whose fault a wait is can't be told when the generator lags.
        assert_eq!(
            outcome(&Trial::new(PACE, &tally(20_000, 60_000), Seen::default())),
            Outcome::Lags
        );
        // Late and in time all the same is in time.
        assert_eq!(
            outcome(&Trial::new(PACE, &tally(20_000, 40_000), Seen::default())),
            Outcome::Holds
        );
        let soiled: [fn(&mut Trial); 5] = [
            |trial| trial.faults.lost = 1,
            |trial| trial.unfinished = 1,
            |trial| _ = trial.refused.insert("BUSY".into(), 1),
            |trial| _ = trial.closed.insert("4000".into(), 1),
            |trial| trial.sent_per_s = 9.0,
        ];
        for soil in soiled {
            let mut trial = good.clone();
            soil(&mut trial);
            assert_eq!(outcome(&trial), Outcome::Breaks, "{trial:?}");
        }
        let nothing = Trial::new(PACE, &Tally::new(0..0), Seen::default());
        assert_eq!(outcome(&nothing), Outcome::Breaks);
    }
}
