//! `parlour bench` as it is run: each scenario in each dialect against a real node, over real sockets, and the core in process;
//! all with small numbers.
//!
//! Judged by what it counts and never by how fast it was.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;
mod peers;

use std::process::{Command, Output};

use serde_json::Value;

use self::common::{Node, SECRET, within};

const DIALECTS: [&str; 2] = ["native", "socketio"];

/// A node without limits for people.
async fn node() -> Node {
    let flags = format!("{}/flags/bench.flags", env!("CARGO_MANIFEST_DIR"));
    Node::start(&["--flagfile", &flags]).await
}

/// Runs the harness against a node. A run ends when all is sent and told, not after a time.
async fn bench(node: &Node, words: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    command
        .args([
            "bench",
            "wire",
            "--url",
            &format!("ws://{}", node.address()),
        ])
        .args(["--warm-up", "0s", "--grace", "20s"])
        .args(words.split(' '))
        .env_clear()
        .env("JWT_SECRET", SECRET);
    output(command).await
}

/// Every run has an end of its own.
async fn output(mut command: Command) -> Output {
    let ended = tokio::task::spawn_blocking(move || command.output());
    within("end of the bench", ended).await.unwrap().unwrap()
}

/// What it prints as JSON, if it finds nothing wrong.
async fn report(node: &Node, words: &str) -> Value {
    let output = bench(node, &format!("{words} --json")).await;
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{words}\n{err}\n{out}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_clean(trial: &Value) {
    for kind in ["lost", "late", "repeated", "swapped", "stray"] {
        assert_eq!(trial["faults"][kind], 0, "{trial:#}");
    }
    assert_eq!(trial["unfinished"], 0, "{trial:#}");
}

#[tokio::test]
async fn fanout_tells_everybody_in_the_room() {
    let node = node().await;
    for dialect in DIALECTS {
        let words = format!("fanout --rate 400 --members 5 --messages 40 --dialect {dialect}");
        let report = report(&node, &words).await;
        let trial = &report["trials"][0];
        assert_clean(trial);
        assert_eq!(trial["answers"]["n"], 40, "{report:#}");
        // Over Socket.IO who wrote is told, too.
        let each = if dialect == "native" { 4 } else { 5 };
        assert_eq!(trial["deliveries"]["n"], 40 * each, "{report:#}");
    }
}

#[tokio::test]
async fn pairs_write_to_each_other_at_a_rate_and_as_fast_as_it_goes() {
    let node = node().await;
    let pid = node.pid();
    for dialect in DIALECTS {
        let words = format!(
            "pairs --rate 400 --rooms 4 --messages 40 --keys --pid {pid} --dialect {dialect}"
        );
        let report = report(&node, &words).await;
        let trial = &report["trials"][0];
        assert_clean(trial);
        assert_eq!(trial["answers"]["n"], 40, "{report:#}");
        assert!(trial["server"]["resident"].as_u64().unwrap() > 1 << 20);
    }
    let report = report(&node, "pairs --rooms 4 --messages 40 --flood 8").await;
    let trial = &report["trials"][0];
    assert_clean(trial);
    assert_eq!(
        (&trial["in_flight"], &trial["answers"]["n"]),
        (&8.into(), &40.into())
    );
}

#[tokio::test]
async fn a_mixed_day_has_all_of_it() {
    let node = node().await;
    for dialect in DIALECTS {
        let mix = "send=1,typing=1,read=1,presence=1,history=1,search=1";
        let words = format!(
            "mixed --rate 400 --rooms 2 --members 3 --messages 90 --mix {mix} --dialect {dialect}"
        );
        let report = report(&node, &words).await;
        let trial = &report["trials"][0];
        assert_clean(trial);
        let deeds = trial["by_deed"].as_object().unwrap();
        let names: Vec<_> = deeds.keys().map(String::as_str).collect();
        let all = ["send", "typing", "read", "presence", "history", "search"];
        assert_eq!(names, all, "{report:#}");
        let n: u64 = deeds.values().map(|of| of["n"].as_u64().unwrap()).sum();
        assert_eq!(n, 90, "{report:#}");
    }
}

#[tokio::test]
async fn idle_clients_are_weighed() {
    let node = node().await;
    let pid = node.pid();
    for dialect in DIALECTS {
        let words = format!("idle --clients 30 --duration 100ms --pid {pid} --dialect {dialect}");
        let idle = report(&node, &words).await["idle"].take();
        assert_eq!(idle["clients"], 30);
        assert!(
            idle["resident_after"].as_u64().unwrap() > 1 << 20,
            "{idle:#}"
        );
        assert_eq!(idle["closed"], serde_json::json!({}));
    }
    let output = bench(&node, "idle").await;
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--pid"));
}

#[tokio::test]
async fn everybody_comes_back_from_a_storm_with_what_they_missed() {
    let node = node().await;
    for dialect in DIALECTS {
        let words =
            format!("storm --rate 400 --rooms 3 --members 4 --messages 40 --dialect {dialect}");
        let storm = report(&node, &words).await["storm"].take();
        assert_eq!(storm["clients"], 12);
        assert_eq!(storm["recovered"], 12, "{storm:#}");
        assert_eq!(storm["back"]["n"], 12, "{storm:#}");
        assert_clean(&storm["calm"]);
        assert_clean(&storm["during"]);
        for kind in ["lost", "late", "repeated", "swapped", "stray"] {
            assert_eq!(storm["faults"][kind], 0, "{storm:#}");
        }
    }
}

#[tokio::test]
async fn the_core_is_loaded_in_process_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for engine in ["sled", "memory"] {
        let words = format!(
            "bench actors --rooms 2 --members 3 --messages 30 --rate 400 --warm-up 0s --json --engine {engine} --folder {path}"
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
        command.args(words.split(' ')).env_clear();
        let output = output(command).await;
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{err}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let trial = &report["trials"][0];
        assert_clean(trial);
        assert_eq!(trial["answers"]["n"], 30, "{report:#}");
        assert_eq!(trial["deliveries"]["n"], 2 * 30, "{report:#}");
    }
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);
}

#[tokio::test]
async fn a_search_is_told_and_drawn() {
    let node = node().await;
    let picture = node.folder().join("search.svg");
    let words = format!(
        "fanout --members 3 --search --p99 20s --rate-max 500 --duration 500ms --svg {}",
        picture.display()
    );
    let report = report(&node, &words).await;
    assert!(!report["found"].is_null(), "{report:#}");
    assert!(!report["trials"].as_array().unwrap().is_empty());
    let picture = std::fs::read_to_string(picture).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("p99.9"));
}

#[tokio::test]
async fn limits_for_people_are_known_for_what_they_are() {
    let node = Node::start(&["--policy-limits", "message.send=5 per 1h"]).await;
    let output = bench(&node, "fanout --members 2 --messages 40").await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("RATE_LIMITED") && told.contains("flags/bench.flags"),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(69), "{told}");
    // More connections than one address may have.
    let pid = node.pid();
    for dialect in DIALECTS {
        let words = format!("idle --clients 80 --pid {pid} --dialect {dialect}");
        let output = bench(&node, &words).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("flags/bench.flags"), "{told}");
        assert_eq!(output.status.code(), Some(69), "{told}");
    }
}

#[tokio::test]
async fn what_is_not_this_machine_is_left_alone() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    command.args(["bench", "wire", "--url", "ws://192.0.2.1:80"]);
    command.env_clear().env("JWT_SECRET", SECRET);
    let output = output(command).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{told}");
    assert!(told.contains("--remote"), "{told}");
}
