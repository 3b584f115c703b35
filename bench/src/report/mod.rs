//! What came of a bench: for people ([`std::fmt::Display`]), for programs (`Serialize`), and as a picture ([`Report::svg`]).

mod svg;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    check::Faults,
    limits,
    search::Found,
    tally::Summary,
    trial::{Measure, Trial},
};

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was done, in a line.
    pub title: String,
    /// Which latencies rates were judged by.
    pub measure: Measure,
    /// Each run, in the order in which they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
    /// 99 of 100 had to take no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_max_ms: Option<f64>,
    /// What a search for the highest rate found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The run at that rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<Trial>,
    /// What connections cost that say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Idle>,
    /// What came of a storm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storm: Option<Box<Storm>>,
}

/// What connections cost that say nothing. Memory in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Idle {
    /// How many there were.
    pub clients: usize,
    /// The node's resident memory before they came.
    pub resident_before: u64,
    /// And when they had been there for a while.
    pub resident_after: u64,
    /// What it had grown by, for each.
    pub bytes_per_connection: f64,
    /// How long they were there.
    pub seconds: f64,
    /// What the node took of a core meanwhile.
    pub cpu: f64,
    /// Connections that the node ended, by reason.
    pub closed: BTreeMap<String, u64>,
}

/// What came of a storm.
#[derive(Clone, Debug, Serialize)]
pub struct Storm {
    /// How many were cut off.
    pub clients: usize,
    /// How many of them the node told that all they had missed follows.
    pub recovered: u64,
    /// From the first to come back until the last was in and had what it missed.
    pub seconds_to_last: f64,
    /// The same for each of them, in ms.
    pub back: Option<Summary>,
    /// Who did not come back, by reason.
    pub failed: BTreeMap<String, u64>,
    /// What came against the node's word to those who were away.
    pub faults: Faults,
    /// Connections that the node ended, by reason.
    pub closed: BTreeMap<String, u64>,
    /// Those who stayed, before.
    pub calm: Trial,
    /// Those who stayed, meanwhile.
    pub during: Trial,
}

/// How a bench ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The node did as it promised. How fast is for people to judge.
    Sound,
    /// It met its limits for people, so this was no measurement.
    Limited,
    /// It lost, repeated, swapped or misdirected messages.
    Broken,
    /// It refused, sent clients away or left things undone.
    Overloaded,
}

impl Report {
    /// Of nothing yet.
    pub(crate) fn new(title: String, measure: Measure) -> Self {
        Self {
            title,
            measure,
            trials: Vec::new(),
            p99_max_ms: None,
            found: None,
            best: None,
            idle: None,
            storm: None,
        }
    }

    /// The latencies over the offered load, as a picture. `None`: there was no rate to draw.
    pub fn svg(&self) -> Option<String> {
        svg::draw(self)
    }

    /// How it ended. A search is there to overload the node, so that it does is no fault.
    pub fn verdict(&self) -> Verdict {
        let storm = self.storm.as_deref();
        let trials = || {
            let of_storm = storm
                .into_iter()
                .flat_map(|storm| [&storm.calm, &storm.during]);
            self.trials.iter().chain(of_storm)
        };
        let faults = || {
            trials()
                .map(|trial| trial.faults)
                .chain(storm.map(|storm| storm.faults))
        };
        // What was not there in time may come yet; what came wrong is wrong.
        let is_broken = |faults: Faults| !Faults { late: 0, ..faults }.is_clean();
        let failed = storm.into_iter().flat_map(|storm| storm.failed.keys());
        let closed = self.idle.iter().flat_map(|idle| idle.closed.keys());
        let of_trials = trials().flat_map(|trial| trial.refused.keys().chain(trial.closed.keys()));
        let mut reasons = of_trials.chain(failed).chain(closed);
        if faults().any(is_broken) {
            Verdict::Broken
        } else if reasons.clone().any(|reason| limits::is_limit(reason)) {
            Verdict::Limited
        } else if self.found.is_none()
            && (reasons.next().is_some()
                || faults().any(|faults| faults.late > 0)
                || trials().any(|trial| trial.unfinished > 0))
        {
            Verdict::Overloaded
        } else {
            Verdict::Sound
        }
    }
}

#[cfg(test)]
mod tests;
