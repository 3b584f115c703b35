//! Reports as they are told: the whole text, so that a change of it is seen.

use std::time::Duration;

use super::*;
use crate::{
    plan::{Pace, Spread},
    proc::Usage,
    search::Limit,
    tally::{Deed, Tally},
    trial::Seen,
};

/// A second at a rate, with answers after `ms` (two of a hundred after four times that), and 9 deliveries each.
fn trial(rate: u64, ms: u64) -> Trial {
    let mut tally = Tally::new(0..1_000_000);
    for n in 0..rate {
        let intended = n * 1_000_000 / rate;
        let after = ms * 1000 * if n % 50 == 7 { 4 } else { 1 };
        tally.sent(intended, intended);
        tally.answered(Deed::Send, intended, intended + after);
        (0..9).for_each(|_| tally.delivered(intended, intended + after + 500));
    }
    let usage = |ms, resident| Usage {
        cpu: Duration::from_millis(ms),
        resident,
        own: 0,
    };
    let seen = Seen {
        server: Some((usage(0, 0), usage(rate / 10, 50 << 20))),
        generator: Some((usage(0, 0), usage(500, 0))),
    };
    Trial::new(Pace::Rate(rate as f64, Spread::Uniform), &tally, seen)
}

fn searched() -> Report {
    let mut report = Report::new(
        "fanout: one room of 10 & more".to_owned(),
        Measure::Deliveries,
    );
    report.trials = vec![trial(100, 1), trial(200, 2), trial(400, 100)];
    report.trials[2].lagging = true;
    report.trials[2].refused.insert("BUSY".to_owned(), 3);
    report.trials[2].unfinished = 12;
    report.p99_max_ms = Some(250.0);
    report.found = Some(Found {
        best: Some(200.0),
        limit: Limit::Node,
    });
    report.best = Some(report.trials[1].clone());
    report
}

#[test]
fn a_search_is_told_as_a_table() {
    insta::assert_snapshot!("search", searched());
}

#[test]
fn a_search_is_drawn() {
    insta::assert_snapshot!("svg", searched().svg().unwrap());
}

#[test]
fn what_had_no_rate_is_not_drawn() {
    let mut report = searched();
    report
        .trials
        .iter_mut()
        .for_each(|trial| trial.offered = None);
    assert_eq!(report.svg(), None);
}

#[test]
fn all_of_it_is_json() {
    let mut report = searched();
    report.trials.truncate(1);
    report.best = None;
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn a_storm_and_idle_clients_are_told() {
    let mut report = Report::new("storm".to_owned(), Measure::Deliveries);
    report.storm = Some(Box::new(Storm {
        clients: 1000,
        recovered: 998,
        seconds_to_last: 1.234,
        back: trial(100, 300).answers,
        failed: BTreeMap::from([("4002 reconnect and resume".to_owned(), 2)]),
        faults: Faults::default(),
        closed: BTreeMap::new(),
        calm: trial(100, 1),
        during: trial(100, 7),
    }));
    report.idle = Some(Idle {
        clients: 1000,
        resident_before: 20 << 20,
        resident_after: 30 << 20,
        bytes_per_connection: f64::from(10 << 20) / 1000.0,
        seconds: 10.0,
        cpu: 0.012,
        closed: BTreeMap::new(),
    });
    insta::assert_snapshot!("storm", report);
}

#[test]
fn a_verdict_tells_what_a_node_must_never_do_from_what_it_cannot() {
    let with = |soil: fn(&mut Trial)| {
        let mut report = Report::new(String::new(), Measure::Answers);
        report.trials.push(trial(100, 1));
        soil(&mut report.trials[0]);
        report
    };
    assert_eq!(with(|_| ()).verdict(), Verdict::Sound);
    assert_eq!(
        with(|trial| trial.unfinished = 1).verdict(),
        Verdict::Overloaded
    );
    let limited = with(|trial| _ = trial.refused.insert("RATE_LIMITED".into(), 1));
    assert_eq!(limited.verdict(), Verdict::Limited);
    assert!(limited.to_string().contains("bench.flags"));
    let mut late = with(|trial| trial.faults.late = 1);
    assert_eq!(late.verdict(), Verdict::Overloaded);
    // A search goes to where a node can't keep up, and cuts off what comes late.
    late.found = searched().found;
    assert_eq!(late.verdict(), Verdict::Sound);
    late.trials[0].faults.swapped = 1;
    assert_eq!(late.verdict(), Verdict::Broken);
    assert!(late.to_string().contains("broke its word"));
    assert_eq!(
        with(|trial| trial.faults.lost = 1).verdict(),
        Verdict::Broken
    );
}
