//! The scripts of bench/peers/ as they are run, with small numbers: what they start ends, and what they print are figures.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use super::common::node_is_there;

/// A script runs many servers one after the other, each with a run of the harness.
const IN_TIME: Duration = Duration::from_secs(300);

fn script(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("bench/peers").join(name)
}

/// Where the binaries are that the tests are built with. The floor is of another crate, which who builds this one alone doesn't have.
fn binaries() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_parlour")).parent().unwrap();
    let is_there = folder.join("peer-floor").exists();
    #[expect(clippy::disallowed_methods, reason = "what CI sets is no option")]
    let ci = std::env::var("CI").is_ok();
    assert!(is_there || !ci, "CI builds the whole workspace");
    if !is_there {
        eprintln!("SKIPPED: the floor isn't built (`cargo test --workspace` does)");
    }
    is_there.then(|| folder.to_owned())
}

async fn output(mut command: Command) -> Output {
    let ended = tokio::task::spawn_blocking(move || command.output());
    let ended = tokio::time::timeout(IN_TIME, ended).await;
    ended.expect("an end of the script").unwrap().unwrap()
}

/// On whichever core is free: these are no measurements, and other tests run beside them.
async fn run(name: &str, words: &[&str]) -> Option<String> {
    let binaries = binaries().filter(|_| node_is_there())?;
    let mut command = Command::new("node");
    command.arg(script(name)).args(words);
    command.args(["--quick", "--cores", "0-1023,0-1023", "--binaries"]);
    command.arg(binaries);
    let output = output(command).await;
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{err}\n{out}");
    Some(out)
}

/// The cells of the line of a Markdown table that begins so.
fn cells<'a>(out: &'a str, begin: &str) -> Vec<&'a str> {
    let line = out.lines().find(|line| line.starts_with(begin));
    let line = line.unwrap_or_else(|| panic!("no {begin} in\n{out}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// Whether text has a figure in it; what wasn't measured is empty or a dash.
fn has_number(cell: &str) -> bool {
    cell.chars().any(|c| c.is_ascii_digit())
}

#[tokio::test]
async fn servers_are_measured_side_by_side_and_what_was_kept_is_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().to_str().unwrap();
    let only = "fanout-rest,pairs-max,pairs-half,idle,storm";
    let words = ["floor", "parlour", "--into", into, "--only", only];
    let Some(out) = run("run.mjs", &words).await else {
        return;
    };
    let floor = cells(&out, "| floor: ");
    let parlour = cells(&out, "| **Parlour** (");
    // Of storms, a floor knows nothing.
    for (cells, n) in [(&floor, 5), (&parlour, 6)] {
        let bad = cells[2..n].iter().find(|cell| !has_number(cell));
        assert_eq!(bad, None, "{cells:?}\n{out}");
    }
    assert_eq!(floor[5], "", "{out}");
    assert!(
        out.contains("parlour bench wire storm") && out.contains("--pid $PID"),
        "{out}"
    );
    let kept = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(kept, 4 + 5 + 1, "a file for each run, and the machine's");
    let mut again = Command::new("node");
    again.arg(script("run.mjs")).args(["--table", into]);
    let again = output(again).await;
    assert_eq!(String::from_utf8_lossy(&again.stdout), out);
}

#[tokio::test]
async fn growth_is_measured_over_connections_rooms_and_what_is_stored() {
    let Some(out) = run("growth.mjs", &[]).await else {
        return;
    };
    let (connections, room) = (cells(&out, "| 20 | "), cells(&out, "| 5 | "));
    let stored = cells(&out, "| 400 | ");
    assert!(
        has_number(connections[3]) && has_number(connections[4]),
        "{out}"
    );
    assert!(has_number(room[4]), "{out}");
    assert!(has_number(stored[1]) && has_number(stored[2]), "{out}");
}

#[tokio::test]
async fn the_arithmetic_of_the_scripts_is_right() {
    if !node_is_there() {
        return;
    }
    let mut command = Command::new("node");
    command.arg("--test").arg(script("figures.test.mjs"));
    let output = output(command).await;
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}");
    assert!(out.contains("pass 10") && out.contains("fail 0"), "{out}");
}
