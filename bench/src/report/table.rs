//! A report for people: a table, and what there is to say about it.

use std::fmt::{self, Display, Formatter};

use super::{Idle, Report, Storm, Verdict};
use crate::{limits::ADVICE, search::Limit, tally::Summary, trial::Trial};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        if !self.trials.is_empty() {
            rows(f, &self.trials.iter().map(row).collect::<Vec<_>>())?;
        }
        for trial in &self.trials {
            remarks(f, trial)?;
        }
        if let (Some(found), Some(p99)) = (self.found, self.p99_max_ms) {
            let bound = ms(p99);
            match (&self.best, found.limit) {
                (Some(best), limit) => {
                    let why = match limit {
                        Limit::Node => "the node bears no more",
                        Limit::Generator => {
                            "the generator makes no more, and the node may bear it: give the generator a core of its own, or run several"
                        }
                        Limit::Asked => "no higher rate was to be tried",
                    };
                    writeln!(
                        f,
                        "\nHighest rate with p99 of at most {bound} ms: {} messages/s acknowledged, {} deliveries/s ({why}).",
                        count(best.acknowledged_per_s),
                        count(best.deliveries_per_s),
                    )?;
                }
                (None, Limit::Generator) => writeln!(
                    f,
                    "\nNo rate held p99 of at most {bound} ms, and the generator lagged: nothing is known of the node."
                )?,
                (None, _) => writeln!(f, "\nNo rate held p99 of at most {bound} ms.")?,
            }
        }
        if let Some(idle) = &self.idle {
            writeln!(f, "{idle}")?;
        }
        if let Some(storm) = &self.storm {
            writeln!(f, "{storm}")?;
            remarks(f, &storm.calm)?;
            remarks(f, &storm.during)?;
        }
        match self.verdict() {
            Verdict::Limited => writeln!(f, "\nThis is no measurement: {ADVICE}."),
            Verdict::Broken => writeln!(
                f,
                "\nThe node broke its word: messages were lost, repeated, swapped or came to others."
            ),
            Verdict::Overloaded | Verdict::Sound => Ok(()),
        }
    }
}

impl Display for Idle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n  {:.1} KiB of memory per connection: {} before, {} with {} clients",
            self.bytes_per_connection / 1024.0,
            mib(self.resident_before),
            mib(self.resident_after),
            self.clients,
        )?;
        write!(
            f,
            "  {:.1} % of a core, over {} s",
            self.cpu * 100.0,
            self.seconds
        )?;
        listed(f, "ended by the node", &self.closed)
    }
}

impl Display for Storm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n  {:.2} s to the last of {} who came back; {} were told that all they missed follows",
            self.seconds_to_last, self.clients, self.recovered
        )?;
        if let Some(back) = &self.back {
            let Summary {
                n,
                p50,
                p99,
                p999: _,
                max,
            } = *back;
            writeln!(
                f,
                "  {n} have what they missed: half of them after {} ms, 99 of 100 after {} ms, all after {} ms",
                ms(p50),
                ms(p99),
                ms(max)
            )?;
        }
        let p99 = |trial: &Trial| trial.deliveries.map_or("-".to_owned(), |of| ms(of.p99));
        write!(
            f,
            "  those who stayed: p99 {} ms before, {} ms meanwhile",
            p99(&self.calm),
            p99(&self.during)
        )?;
        if !self.faults.is_clean() {
            write!(f, "\n  ! messages: {}", faults(self.faults))?;
        }
        listed(f, "did not come back", &self.failed)?;
        listed(f, "ended by the node", &self.closed)
    }
}

const HEAD: [&str; 12] = [
    "asked/s",
    "acked/s",
    "delivered/s",
    "ack p50",
    "p99",
    "p99.9",
    "max ms",
    "delivery p50",
    "p99",
    "p99.9",
    "max ms",
    "CPU µs/msg, /delivery, RSS",
];

fn row(trial: &Trial) -> [String; 12] {
    let asked = match (trial.offered, trial.in_flight) {
        (Some(offered), _) => count(offered),
        (None, n) => format!("{} at once", n.unwrap_or_default()),
    };
    let of = |summary: Option<Summary>| match summary {
        Some(Summary {
            p50,
            p99,
            p999,
            max,
            ..
        }) => [p50, p99, p999, max].map(ms),
        None => [(); 4].map(|()| "-".to_owned()),
    };
    let [a, b, c, d] = of(trial.answers);
    let [e, g, h, i] = of(trial.deliveries);
    let cost = trial.server.map_or("-".to_owned(), |cost| {
        let us = |us: Option<f64>| us.map_or("-".to_owned(), |us| format!("{us:.2}"));
        let (message, delivery) = (us(cost.us_per_message), us(cost.us_per_delivery));
        format!("{message}, {delivery}, {}", mib(cost.resident))
    });
    [
        asked,
        count(trial.acknowledged_per_s),
        count(trial.deliveries_per_s),
        a,
        b,
        c,
        d,
        e,
        g,
        h,
        i,
        cost,
    ]
}

/// Columns as wide as their widest, numbers to the right.
fn rows(f: &mut Formatter<'_>, rows: &[[String; 12]]) -> fmt::Result {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([HEAD[n].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut line = |cells: &[&str]| {
        for (cell, width) in cells.iter().zip(&widths) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)
    };
    line(&HEAD)?;
    for row in rows {
        line(&row.each_ref().map(String::as_str))?;
    }
    Ok(())
}

/// What isn't in the table.
fn remarks(f: &mut Formatter<'_>, trial: &Trial) -> fmt::Result {
    for (deed, of) in &trial.by_deed {
        writeln!(
            f,
            "  {:<8} {:>8} answers: p50 {} ms, p99 {} ms, p99.9 {} ms, max {} ms",
            deed.name(),
            of.n,
            ms(of.p50),
            ms(of.p99),
            ms(of.p999),
            ms(of.max)
        )?;
    }
    if trial.seconds == 0.0 {
        writeln!(f, "  nothing was measured: all was sent while warming up")?;
    }
    let asked = trial
        .offered
        .map_or(String::new(), |rate| format!(" at {}/s", count(rate)));
    if trial.lagging {
        let late = trial.lateness.map_or("-".to_owned(), |of| ms(of.p99));
        let busy = trial.generator_cpu.unwrap_or_default() * 100.0;
        writeln!(
            f,
            "  ! the generator lags{asked} (p99 of its own lateness {late} ms, {busy:.0} % of a core): this shows the \
             generator, and not the node alone"
        )?;
    }
    if !trial.faults.is_clean() {
        writeln!(f, "  ! messages{asked}: {}", faults(trial.faults))?;
    }
    if trial.unfinished > 0 {
        let n = trial.unfinished;
        writeln!(
            f,
            "  ! {n} answers or deliveries{asked} had not come when the grace was over"
        )?;
    }
    for (what, of) in [
        ("refused", &trial.refused),
        ("ended by the node", &trial.closed),
    ] {
        for (reason, n) in of {
            writeln!(f, "  ! {n} {what}{asked}: {reason}")?;
        }
    }
    Ok(())
}

fn listed(
    f: &mut Formatter<'_>,
    what: &str,
    of: &std::collections::BTreeMap<String, u64>,
) -> fmt::Result {
    for (reason, n) in of {
        write!(f, "\n  ! {n} {what}: {reason}")?;
    }
    Ok(())
}

fn faults(faults: crate::check::Faults) -> String {
    format!(
        "{} lost, {} late or lost, {} repeated, {} swapped, {} for others",
        faults.lost, faults.late, faults.repeated, faults.swapped, faults.stray
    )
}

/// Three digits or so.
fn ms(ms: f64) -> String {
    match ms {
        ms if ms >= 100.0 => format!("{ms:.0}"),
        ms if ms >= 10.0 => format!("{ms:.1}"),
        ms => format!("{ms:.2}"),
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// With a comma between thousands.
fn count(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_worth() {
        assert_eq!(
            [0.0, 999.4, 1000.0, 4_400_000.0].map(count),
            ["0", "999", "1,000", "4,400,000"]
        );
        assert_eq!([0.123, 12.34, 1234.5].map(ms), ["0.12", "12.3", "1234"]);
    }
}
