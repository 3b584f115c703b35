//! `parlour audit`, from outside: over a log that the store wrote, whole and damaged.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use parlour_storage::{
    domain::safety::{AuditDraft, AuditLine},
    ids::{ConversationId, Timestamp, UserId},
    local::Options,
    sled_store::SledStore,
    store::{Outcome, Safety as _, Store as _, Transaction, Write},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When the first line was written. Each next one came a second later.
const START_MS: i64 = 1_800_000_000_123;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    let command = command.arg("audit").args(args).args(["--data", "data"]);
    command.env_clear().current_dir(folder).output().unwrap()
}

/// Runs, expects success and silence on standard error, and gives what was printed.
fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs, expects this exit code, and gives what was said about it.
fn refused(folder: &Path, args: &[&str], code: i32) -> String {
    let output = run(folder, args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn store(folder: &Path) -> impl parlour_storage::store::Store + use<> {
    SledStore::open(&folder.join("data/sled"), Options::default()).unwrap()
}

/// A data folder whose audit log has so many lines, and these.
async fn folder(n_lines: i64) -> (TempDir, Vec<AuditLine>) {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path());
    let line = |n: i64| {
        let at = Timestamp(START_MS + n * 1000);
        let mut transaction = Transaction::new(at, user("mod"), Write::Note);
        transaction.audit = Some(match n {
            0 => AuditDraft {
                action: "user.muted",
                user: Some(user("bob")),
                conversation: Some("300".parse::<ConversationId>().unwrap()),
                message: Some("400".parse().unwrap()),
                detail: Some("until \"noon\"".to_owned()),
            },
            _ => AuditDraft {
                action: "user.connected",
                user: None,
                conversation: None,
                message: None,
                detail: None,
            },
        });
        transaction
    };
    let outcomes = store
        .commit((0..n_lines).map(line).collect())
        .await
        .unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Outcome::Done)));
    let lines = store.audit_after(0, usize::MAX).await.unwrap();
    store.close().await.unwrap();
    (folder, lines)
}

async fn forget(folder: &Path, before: Timestamp, limit: usize) -> u64 {
    let store = store(folder);
    let n = store.forget_audit(before, limit).await.unwrap();
    store.close().await.unwrap();
    n
}

/// Changes what is stored for a line: storage/src/keys/safety.rs says where.
fn tamper(folder: &Path, n: u64, change: impl FnOnce(&mut Vec<u8>) -> bool) {
    let db = sled::open(folder.join("data/sled")).unwrap();
    let key = [&[0x7c][..], &n.to_be_bytes()].concat();
    let mut value = db.get(&key).unwrap().unwrap().to_vec();
    match change(&mut value) {
        true => db.insert(key, value).unwrap(),
        false => db.remove(key).unwrap(),
    };
    db.flush().unwrap();
}

fn hex(hash: [u8; 32]) -> String {
    hash.map(|byte| format!("{byte:02x}")).concat()
}

fn exported(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn numbers(text: &str) -> Vec<u64> {
    let lines = exported(text);
    let numbers = lines.iter().map(|line| line["n"].as_u64().unwrap());
    numbers.collect()
}

#[tokio::test]
async fn a_whole_log_holds_and_tells_what_to_note_down() {
    let (folder, lines) = folder(3).await;
    let folder = folder.path();
    let last = hex(lines[2].hash);
    let said = format!("lines 1 to 3 hold; to check the next time: --expect 3:{last}\n");
    assert_eq!(printed(folder, &["verify"]), said);
    for n in 1..=3 {
        let noted = format!("{n}:{}", hex(lines[n - 1].hash));
        assert_eq!(printed(folder, &["verify", "--expect", &noted]), said);
    }
    let err = refused(folder, &["verify", "--expect", &format!("2:{last}")], 65);
    assert!(err.contains("line 2 has another hash"), "{err}");
    let err = refused(folder, &["verify", "--expect", &format!("4:{last}")], 65);
    assert!(err.contains("line 4 is missing"), "{err}");

    let two_gone = Timestamp(START_MS + 2000);
    assert_eq!(forget(folder, two_gone, 99).await, 2);
    let said = printed(folder, &["verify"]);
    assert!(said.starts_with("lines 3 to 3 hold;"), "{said}");
    let noted = format!("2:{}", hex(lines[1].hash));
    assert_eq!(printed(folder, &["verify", "--expect", &noted]), said);
    let noted = format!("1:{}", hex(lines[0].hash));
    let err = refused(folder, &["verify", "--expect", &noted], 69);
    assert!(err.contains("line 1 was let go"), "{err}");
}

#[tokio::test]
async fn a_log_without_lines_is_no_fault() {
    let (folder, _) = folder(0).await;
    let said = printed(folder.path(), &["verify"]);
    assert_eq!(said, "the audit log is empty\n");
    assert_eq!(printed(folder.path(), &["export"]), "");
}

#[tokio::test]
async fn the_first_line_that_does_not_fit_is_named() {
    for (n, keep, expected) in [
        (2, false, "line 3 stands where line 2 belongs"),
        (4, false, "line 4 is missing"),
        (3, true, "line 3 can't be read: its checksum is wrong"),
    ] {
        let (folder, _) = folder(4).await;
        tamper(folder.path(), n, |value| {
            *value.last_mut().unwrap() ^= 1;
            keep
        });
        let err = refused(folder.path(), &["verify"], 65);
        assert!(err.contains(expected), "{err}");
    }
}

#[tokio::test]
async fn an_export_holds_every_field() {
    let (folder, lines) = folder(2).await;
    let text = printed(folder.path(), &["export"]);
    let expected = json!({
        "n": 1,
        "at": "2027-01-15T08:00:00.123Z",
        "by": "mod",
        "action": "user.muted",
        "user": "bob",
        "conversation": "300",
        "message": "400",
        "detail": "until \"noon\"",
        "hash": hex(lines[0].hash),
    });
    assert_eq!(exported(&text)[0], expected);
    let plain = json!({
        "n": 2,
        "at": "2027-01-15T08:00:01.123Z",
        "by": "mod",
        "action": "user.connected",
        "hash": hex(lines[1].hash),
    });
    assert_eq!(exported(&text)[1], plain);
}

#[tokio::test]
async fn an_export_has_no_cap_and_begins_where_it_is_told() {
    let (folder, _) = folder(5_000).await;
    let folder = folder.path();
    let all: Vec<u64> = (1..=5_000).collect();
    assert_eq!(numbers(&printed(folder, &["export"])), all);
    let later = printed(folder, &["export", "--after", "4990"]);
    assert_eq!(numbers(&later), all[4990..]);
    // 2027-01-15T08:00:00.123Z is line 1, and the seconds count on.
    let since = ["export", "--since", "2027-01-15T09:23:10Z"];
    assert_eq!(numbers(&printed(folder, &since)), all[4990..]);
    let since = ["export", "--since", "2027-01-15", "--after", "4999"];
    assert_eq!(numbers(&printed(folder, &since)), [5_000]);
    let since = ["export", "--since", "2027-01-16"];
    assert_eq!(printed(folder, &since), "");

    let to_file = ["export", "--output", "log.jsonl"];
    assert_eq!(printed(folder, &to_file), "");
    let file = folder.join("log.jsonl");
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(numbers(&written), all);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let err = refused(folder, &to_file, 73);
    assert!(err.contains("failed to create log.jsonl"), "{err}");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        written,
        "not overwritten"
    );
}

#[tokio::test]
async fn an_export_ends_at_a_line_that_cannot_be_read_and_can_go_on_behind_it() {
    let (folder, _) = folder(4).await;
    let folder = folder.path();
    tamper(folder, 2, |value| {
        *value.last_mut().unwrap() ^= 1;
        true
    });
    let output = run(folder, &["export"]);
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(numbers(std::str::from_utf8(&output.stdout).unwrap()), [1]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("line 2") && err.contains("--after 2"), "{err}");
    assert_eq!(
        numbers(&printed(folder, &["export", "--after", "2"])),
        [3, 4]
    );
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let (folder, _) = folder(5_000).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    let mut child = command
        .args(["audit", "export", "--data", "data"])
        .env_clear()
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn a_folder_in_use_or_without_data_says_what_to_do() {
    let (folder, _) = folder(1).await;
    let open = store(folder.path());
    for question in ["verify", "export"] {
        let err = refused(folder.path(), &[question], 69);
        assert!(err.contains("the node is running: stop it"), "{err}");
    }
    open.close().await.unwrap();
    let empty = TempDir::new().unwrap();
    for question in ["verify", "export"] {
        let err = refused(empty.path(), &[question], 69);
        assert!(err.contains("there is no data in data"), "{err}");
    }
    for args in [
        &["verify", "--expect", "1"][..],
        &["verify", "--expect", "0:00"],
        &["export", "--since", "yesterday"],
        &["export", "--after", "-1"],
        &["prune"],
    ] {
        refused(folder.path(), args, 64);
    }
}
