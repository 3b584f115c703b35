//! Runs this program under callgrind, and reads what it counted.

use std::{fs, process::Command};

use anyhow::{Context as _, bail};

use crate::counted::SYMBOL;

/// What the run of a path says in the end, before the number.
const UNITS: &str = "units counted: ";

/// Says how often a path did what it does.
pub(crate) fn say_units(n: u64) {
    println!("{UNITS}{n}");
}

/// Runs of a path. The cheapest counts: what differs between two of them (where malloc finds room, when sled's threads come
/// in between) mostly adds, as much as 4 % in one run of ten.
const RUNS: usize = 3;

/// The instructions of a path, for each of its units.
pub(crate) fn count(path: &str) -> anyhow::Result<u64> {
    let mut cheapest = u64::MAX;
    for _ in 0..RUNS {
        cheapest = cheapest.min(count_once(path)?);
    }
    Ok(cheapest)
}

fn count_once(path: &str) -> anyhow::Result<u64> {
    let this = std::env::current_exe().context("this program's own file")?;
    let folder = tempfile::tempdir()?;
    let counted = folder.path().join("callgrind.out");
    let mut file_option = std::ffi::OsString::from("--callgrind-out-file=");
    file_option.push(&counted);
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={SYMBOL}"))
        .arg(file_option)
        .arg(this)
        .arg(path)
        .output()
        .context("valgrind can't be run; install it (apt-get install valgrind)")?;
    if !ran.status.success() {
        bail!(
            "the path failed ({}): {}",
            ran.status,
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let units = units(&String::from_utf8_lossy(&ran.stdout)).context("the path said no units")?;
    let total = total(&fs::read_to_string(&counted)?).context("callgrind told no total")?;
    per_unit(total, units)
}

/// Rounded. A path of which nothing was counted didn't run inside of `counted`, and would be cheap for ever.
fn per_unit(total: u64, units: u64) -> anyhow::Result<u64> {
    if total == 0 || units == 0 {
        bail!("{total} instructions of {units} units were counted; is `{SYMBOL}` still a symbol?");
    }
    Ok((total + units / 2) / units)
}

fn units(stdout: &str) -> Option<u64> {
    let line = stdout.lines().find_map(|line| line.strip_prefix(UNITS))?;
    line.parse().ok()
}

/// What callgrind's file says of the whole run: of all events it counts, the first, which is `Ir`.
fn total(file: &str) -> Option<u64> {
    let events = file
        .lines()
        .find_map(|line| line.strip_prefix("events: "))?;
    let totals = file
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    let (first, total) = (events.split(' ').next()?, totals.split(' ').next()?);
    (first == "Ir").then(|| total.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 1\ncmd: x\npart: 1\n\n\n\
        desc: I1 cache: \n\nevents: Ir\nsummary: 999\n\nob=(1) x\nfl=(1) y\nfn=(1) z\n0 12\n\ntotals: 4321\n";

    #[test]
    fn the_total_of_all_instructions_is_read() {
        assert_eq!(total(FILE), Some(4321));
        let more_events = FILE
            .replace("events: Ir", "events: Ir Bc Bcm")
            .replace("totals: 4321", "totals: 4321 7 1");
        assert_eq!(total(&more_events), Some(4321));
    }

    #[test]
    fn a_file_that_says_something_else_is_not_believed() {
        for (from, to) in [
            ("totals: 4321\n", ""),
            ("totals: 4321", "totals: many"),
            ("totals: 4321", "totals: "),
            ("events: Ir\n", ""),
            ("events: Ir", "events: Dr"),
        ] {
            assert_eq!(total(&FILE.replace(from, to)), None, "{to}");
        }
        assert_eq!(total(""), None);
    }

    #[test]
    fn units_are_read_from_whatever_else_is_printed() {
        assert_eq!(units("hello\nunits counted: 64\n"), Some(64));
        assert_eq!(units("units counted: \n"), None);
        assert_eq!(units("64\n"), None);
    }

    #[test]
    fn what_a_unit_costs_is_rounded_and_never_nothing() {
        assert_eq!(per_unit(1000, 3).unwrap(), 333);
        assert_eq!(per_unit(1001, 2).unwrap(), 501);
        assert!(per_unit(0, 3).is_err());
        assert!(per_unit(3, 0).is_err());
    }
}
