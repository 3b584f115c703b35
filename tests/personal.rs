//! What is kept of a person: exported as they can see it, erased for good, and neither to anybody's harm.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};

use common::{Client, Node, Rest, token_with, until};

const MARKER: &str = "xyzzy-marker";
const FREELY: [&str; 2] = ["--policy-limits", "message.send=1000000 per 1s"];

/// A command on the data of a node that is stopped.
fn parlour(node: &Node, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    command
        .args(words)
        .arg("--data")
        .arg(node.data())
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn run(node: &Node, words: &[&str]) -> Output {
    parlour(node, words).output().unwrap()
}

/// Runs, and expects success.
fn done(node: &Node, words: &[&str]) -> String {
    let output = run(node, words);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// The first line says what it is, the last how much there was.
fn is_whole(lines: &[Value], user: &str) {
    assert_eq!(lines[0]["type"], "export");
    assert_eq!(
        (&lines[0]["version"], &lines[0]["user"]),
        (&json!(1), &json!(user))
    );
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &lines[1..lines.len() - 1] {
        *counts.entry(line["type"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(
        lines[lines.len() - 1],
        json!({ "type": "end", "counts": counts })
    );
}

fn admin(node: &Node) -> Rest {
    let token = token_with("root", |claims| claims.role = Some("admin".to_owned()));
    Rest::with_token(node, &token)
}

async fn exported(rest: &Rest, path: &str) -> Vec<Value> {
    let response = rest.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    lines(&response.text().await.unwrap())
}

/// Alice, who leaves something of everything behind, among others.
struct Scene {
    direct: String,
    group: String,
}

async fn scene(node: &Node) -> Scene {
    let named = token_with("alice", |claims| claims.name = Some(MARKER.to_owned()));
    let mut alice = Client::dial(node, &format!("?token={named}")).await;
    alice.event("hello").await;
    let mut bob = Client::connect(node, "bob").await;
    let direct = alice.direct("bob").await;
    let group = alice.group(&["bob", "carol"]).await;
    let edited = alice.say(&direct, &format!("first {MARKER}")).await;
    let edited = edited["id"].as_str().unwrap();
    let edit = json!({ "message": edited, "text": format!("then {MARKER}") });
    alice.ok("edit", edit).await;
    let deleted = alice.say(&group, &format!("deleted {MARKER}")).await;
    alice
        .ok("delete", json!({ "message": deleted["id"] }))
        .await;
    // Too long for one value of the store.
    let long = format!("{MARKER} ").repeat(350);
    let sent =
        json!({ "conversation": group, "text": long, "metadata": { "a": MARKER }, "key": MARKER });
    alice.ok("send", sent).await;
    let theirs = bob.say(&direct, "by bob").await;
    let react = json!({ "message": theirs["id"], "emoji": "+" });
    alice.ok("react", react).await;
    bob.ok("react", json!({ "message": edited, "emoji": "!" }))
        .await;
    bob.say(&group, "to all").await;
    let block = json!({ "user": "dave", "reason": MARKER });
    alice.ok("block", block).await;
    alice.ok("prefer", json!({ "hide_receipts": true })).await;
    let ask = json!({ "user": "erin", "text": MARKER });
    alice.ok("ask", ask).await;
    let tomorrow = parlour_storage::ids::Timestamp::now().plus_ms(86_400_000).0;
    let later = json!({ "conversation": direct, "text": MARKER, "at": tomorrow });
    alice.ok("schedule", later).await;
    let template = json!({ "name": MARKER, "text": MARKER });
    alice.ok("add_template", template).await;
    alice.ok("like", json!({ "user": "frank" })).await;
    alice
        .ok("report", json!({ "user": "carol", "category": "spam" }))
        .await;
    alice.close().await;
    Scene { direct, group }
}

#[tokio::test]
async fn an_export_is_what_the_person_can_see_and_has() {
    let mut node = Node::start(&FREELY).await;
    let Scene { direct, group } = scene(&node).await;
    let alice = Rest::new(&node, "alice");
    let own = exported(&alice, "/v1/me/export").await;
    is_whole(&own, "alice");
    for (kind, n) in [
        ("profile", 1),
        ("preferences", 1),
        ("standing", 1),
        ("block", 1),
        ("conversation", 2),
        ("message", 3),
        ("received", 1),
        ("reaction", 1),
        ("request", 1),
        ("like", 1),
        ("hidden", 1),
        ("report", 1),
        ("scheduled", 1),
        ("template", 1),
    ] {
        assert_eq!(of(&own, kind).len(), n, "{kind}");
    }
    // In the direct conversation: what its history shows, and nothing else.
    let seen: BTreeMap<_, _> = alice
        .history(&direct)
        .await
        .into_iter()
        .map(|message| (message["id"].as_str().unwrap().to_owned(), message))
        .collect();
    let told = own
        .iter()
        .filter(|line| line["message"]["conversation"] == json!(direct));
    let told: BTreeMap<_, _> = told
        .map(|line| {
            (
                line["message"]["id"].as_str().unwrap().to_owned(),
                line["message"].clone(),
            )
        })
        .collect();
    assert_eq!(told, seen);
    let edited = of(&own, "message")[0];
    assert_eq!(edited["revisions"][0]["text"], format!("first {MARKER}"));
    // In the group: her own alone, also what she deleted, as long as it is kept.
    let in_group = of(&own, "message")
        .into_iter()
        .filter(|m| m["message"]["conversation"] == json!(group));
    let texts: Vec<_> = in_group
        .map(|line| line["message"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts[0], format!("deleted {MARKER}"));
    assert_eq!(texts.len(), 2);
    assert!(!own.iter().any(|line| line.to_string().contains("to all")));

    // Admins get the same, others nothing.
    let path = "/v1/moderation/users/alice/export";
    let theirs = exported(&admin(&node), path).await;
    assert_eq!(theirs[2..], own[2..]);
    assert_eq!(
        Rest::new(&node, "bob").get(path).await.code(),
        "NOT_ALLOWED"
    );
    let nobody = "/v1/moderation/users/nobody/export";
    assert_eq!(admin(&node).get(nobody).await.code(), "NO_USER");

    // And so does the operator of a stopped node.
    node.kill();
    let printed = lines(&done(&node, &["user", "export", "--user", "alice"]));
    is_whole(&printed, "alice");
    assert_eq!(printed[2..], own[2..]);
    let file = node.folder().join("alice.jsonl");
    let words = [
        "user",
        "export",
        "--user",
        "alice",
        "--output",
        file.to_str().unwrap(),
    ];
    assert_eq!(done(&node, &words), "");
    assert_eq!(
        lines(&std::fs::read_to_string(&file).unwrap())[2..],
        own[2..]
    );
    assert_eq!(
        run(&node, &words).status.code(),
        Some(73),
        "nothing is written over"
    );
    let nobody = run(&node, &["user", "export", "--user", "nobody"]);
    assert_eq!(nobody.status.code(), Some(69));

    // Who asked is on record, also of the export that found its file there; those that were refused are not.
    let lines = lines(&done(&node, &["audit", "export"]));
    let exported = lines
        .iter()
        .filter(|line| line["action"] == "user.exported");
    let by_whom: Vec<_> = exported.map(|line| [&line["by"], &line["user"]]).collect();
    let by = ["alice", "root", "operator", "operator", "operator"];
    assert_eq!(by_whom, by.map(|by| [by, "alice"]));
}

/// What others see: nothing of hers, and all of theirs.
async fn nothing_is_left(node: &Node, Scene { direct, group }: &Scene) {
    for (conversation, theirs) in [(direct, "by bob"), (group, "to all")] {
        let history = Rest::new(node, "bob").history(conversation).await;
        for message in &history {
            if message["author"] == "alice" {
                assert!(message["deleted_at"].is_string(), "{message}");
                assert_eq!(message["text"], "");
            }
        }
        let is_there = |m: &Value| m["text"] == theirs && m["author"] == "bob";
        assert!(history.iter().any(is_there), "{history:?}");
    }
    let members = Rest::new(node, "bob")
        .get(&format!("/v1/conversations/{group}/members"))
        .await
        .ok();
    assert!(!members.to_string().contains("alice"), "{members}");
    assert_eq!(
        Rest::new(node, "bob").get("/v1/users/alice").await.code(),
        "NO_USER"
    );
    let requests = Rest::new(node, "erin").get("/v1/requests").await.ok();
    assert_eq!(requests["requests"], json!([]));
    for user in ["alice", "bob", "carol", "dave", "erin", "frank"] {
        let path = format!("/v1/moderation/users/{user}/export");
        let answer = admin(node)
            .request(Method::GET, &path)
            .send()
            .await
            .unwrap();
        assert!(!answer.text().await.unwrap().contains(MARKER), "{user}");
    }
}

/// Whether the marker is anywhere in the files below a folder.
fn is_on_disk(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_on_disk(&path);
        }
        let bytes = std::fs::read(path).unwrap();
        let mut parts = bytes.windows(MARKER.len());
        parts.any(|part| part == MARKER.as_bytes())
    })
}

fn gone(report: &Value, what: &str) -> u64 {
    report["gone"][what].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn a_stopped_node_erases_for_good() {
    let mut node = Node::start(&FREELY).await;
    let scene = scene(&node).await;
    let before = Rest::new(&node, "bob").get("/v1/changes?limit=1").await;
    assert_eq!(before.status, 400, "a place to go on from is needed");
    let resume = Client::connect(&node, "bob").await.resume;
    node.kill();
    assert!(is_on_disk(&node.data()));
    let asked = run(&node, &["user", "erase", "--user", "alice"]);
    assert_eq!(asked.status.code(), Some(64), "nobody is there to be asked");
    let report = done(
        &node,
        &["user", "erase", "--user", "alice", "--yes", "--json"],
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(!is_on_disk(&node.data()));
    for (what, n) in [
        ("messages", 3),
        ("revisions", 1),
        ("reactions", 1),
        ("memberships", 1),
    ] {
        assert_eq!(gone(&report, what), n, "{what} in {report}");
    }
    for what in [
        "profile",
        "preferences",
        "blocks",
        "requests",
        "likes",
        "scheduled",
        "templates",
    ] {
        assert_eq!(gone(&report, what), 1, "{what} in {report}");
    }
    let kept = report["kept"].as_array().unwrap();
    for (what, n) in [
        ("places", 3),
        ("direct_conversations", 1),
        ("reports_made", 1),
    ] {
        let found = kept.iter().find(|kept| kept["what"] == what);
        let found = found.unwrap_or_else(|| panic!("{what} in {report}"));
        assert_eq!(found["n"], n, "{found}");
        assert!(!found["why"].as_str().unwrap().is_empty());
    }
    // Again, there is nothing to do.
    let again = done(
        &node,
        &["user", "erase", "--user", "alice", "--yes", "--json"],
    );
    let again: Value = serde_json::from_str(&again).unwrap();
    let n_gone: u64 = again["gone"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(n_gone, 0, "{again}");
    assert_eq!(again["kept"], report["kept"]);
    assert!(done(&node, &["verify"]).contains("every invariant holds"));
    node.start_again().await;
    nothing_is_left(&node, &scene).await;
    // Who was away learns of it in order.
    let (mut bob, recovered) = Client::reconnect(&node, "bob", &resume).await;
    assert!(recovered);
    bob.settle().await;
    let told = bob.take_events();
    let deleted = told.iter().filter(|event| event["type"] == "deleted");
    assert_eq!(deleted.count(), 2, "the third was deleted before: {told:?}");
    let audit = admin(&node)
        .get("/v1/moderation/audit?limit=100")
        .await
        .ok();
    let line = audit["lines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["action"] == "user.erased");
    assert_eq!(
        (&line.unwrap()["by"], &line.unwrap()["user"]),
        (&json!("operator"), &json!("alice"))
    );
}

#[tokio::test]
async fn a_running_node_erases_and_tells() {
    let mut node = Node::start(&FREELY).await;
    let scene = scene(&node).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut bob = Client::connect(&node, "bob").await;
    let path = "/v1/moderation/users/alice/erase";
    for (user, role) in [("bob", "user"), ("mona", "moderator")] {
        let token = token_with(user, |claims| claims.role = Some(role.to_owned()));
        let refused = Rest::with_token(&node, &token).post(path, json!({})).await;
        assert_eq!(refused.code(), "NOT_ALLOWED");
    }
    let report = admin(&node).post(path, json!({})).await.ok();
    assert_eq!(gone(&report, "messages"), 3, "{report}");
    assert_eq!(alice.closed().await, Some(4500));
    let fits = |event: &Value| event["message"]["conversation"] == json!(scene.direct);
    bob.event_where("the deletion", |event| {
        event["type"] == "deleted" && fits(event)
    })
    .await;
    bob.event_where("the reaction", |event| {
        event["type"] == "reacted" && event["on"] == false
    })
    .await;
    bob.event_where("the leaving", |event| event["type"] == "removed")
        .await;
    nothing_is_left(&node, &scene).await;
    // Dave, whom she blocked, can write to her again if she comes back; as somebody new.
    let mut dave = Client::connect(&node, "dave").await;
    let with_alice = dave.direct("alice").await;
    dave.say(&with_alice, "hello again").await;
    node.kill();
    // A running node leaves bytes in its files until they are written anew.
    done(&node, &["compact"]);
    assert!(!is_on_disk(&node.data()));
    assert!(done(&node, &["verify"]).contains("every invariant holds"));
}

/// As often as it is ended half-way, the next time it goes on, and it ends the same.
#[tokio::test]
async fn an_erasure_that_was_killed_is_finished_by_the_next() {
    let mut node = Node::start(&FREELY).await;
    let scene = scene(&node).await;
    let mut alice = Client::connect(&node, "alice").await;
    for n in 0..600 {
        alice
            .begin(
                "send",
                &json!({ "conversation": scene.direct, "text": format!("{n} {MARKER}") }),
            )
            .await;
    }
    alice.settle().await;
    node.kill();
    let words = ["user", "erase", "--user", "alice", "--yes"];
    let db = node.data().join("sled").join("db");
    for _ in 0..4 {
        let before = std::fs::metadata(&db).unwrap().modified().unwrap();
        let mut erasing = parlour(&node, &words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It has begun to write, or is done already.
        until("write to the data", async || {
            let now = std::fs::metadata(&db).unwrap().modified().unwrap();
            (now != before || erasing.try_wait().unwrap().is_some()).then_some(())
        })
        .await;
        erasing.kill().unwrap();
        erasing.wait().unwrap();
        assert!(done(&node, &["verify"]).contains("every invariant holds"));
    }
    done(&node, &words);
    assert!(!is_on_disk(&node.data()));
    assert!(done(&node, &["verify"]).contains("every invariant holds"));
    node.start_again().await;
    nothing_is_left(&node, &scene).await;
}
