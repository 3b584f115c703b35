//! One run at a given pace, or as many as it takes to find the highest rate.

use std::time::Duration;

use crate::{
    plan::{Pace, Spread},
    report::Report,
    search::{self, Goal, Outcome},
    trial::{Measure, Trial},
};

/// How much is asked, over all runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Demand {
    /// This, once.
    At(Pace),
    /// The highest rate that holds a bound.
    Highest {
        /// From where to where.
        goal: Goal,
        /// How the moments of each rate lie.
        spread: Spread,
        /// 99 of 100 take no longer.
        p99: Duration,
    },
}

/// Runs, and puts what came of it into a report.
///
/// # Errors
///
/// Those of an attempt.
pub(crate) async fn run(
    demand: Demand,
    title: String,
    measure: Measure,
    mut attempt: impl AsyncFnMut(Pace) -> anyhow::Result<Trial>,
) -> anyhow::Result<Report> {
    let mut report = Report::new(title, measure);
    match demand {
        Demand::At(pace) => report.trials.push(attempt(pace).await?),
        Demand::Highest { goal, spread, p99 } => {
            report.p99_max_ms = Some(p99.as_secs_f64() * 1000.0);
            let trials = &mut report.trials;
            let found = search::highest(goal, async |rate| {
                let trial = attempt(Pace::Rate(rate, spread)).await?;
                let outcome = trial.outcome(measure, p99);
                trials.push(trial);
                Ok(outcome)
            });
            report.found = Some(found.await?);
            let held = |trial: &Trial| trial.outcome(measure, p99) == Outcome::Holds;
            let by_rate = |a: &Trial, b: &Trial| f64::total_cmp(&a.sent_per_s, &b.sent_per_s);
            report.best = report
                .trials
                .iter()
                .filter(|trial| held(trial))
                .max_by(|a, b| by_rate(a, b))
                .cloned();
        }
    }
    Ok(report)
}
