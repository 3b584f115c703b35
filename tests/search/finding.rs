//! Search from outside: what is found, by whom, how soon, and what is left of it after a crash.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use common::{Client, Node, Rest, token_with, until};

const FREELY: [&str; 2] = ["--policy-limits", "message.send=1000000 per 1s"];

/// The direct conversation of two.
async fn direct(rest: &Rest, with: &str) -> String {
    let opened = rest
        .post("/v1/conversations", json!({ "user": with }))
        .await;
    opened.ok()["conversation"].as_str().unwrap().to_owned()
}

/// Sends a message, and returns its id.
async fn send(rest: &Rest, conversation: &str, text: &str) -> String {
    let path = format!("/v1/conversations/{conversation}/messages");
    let sent = rest.post(&path, json!({ "text": text })).await.ok();
    sent["message"]["id"].as_str().unwrap().to_owned()
}

/// Waits until everything that was answered can be found.
async fn indexed(node: &Node) {
    node.metric_becomes("parlour_search_behind", |behind| behind == 0)
        .await;
}

/// What a search finds, as `query` of an address says.
async fn found(rest: &Rest, query: &str) -> Value {
    rest.get(&format!("/v1/search?{query}")).await.ok()
}

/// The texts of what was found.
fn texts(found: &Value) -> Vec<&str> {
    let found = found["found"].as_array().unwrap();
    let texts = found.iter().map(|found| &found["message"]["text"]);
    texts.map(|text| text.as_str().unwrap()).collect()
}

#[actix_web::test]
async fn messages_are_found_by_their_words() {
    let node = Node::start(&FREELY).await;
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| Rest::new(&node, name));
    let (chat, other) = (direct(&ann, "bob").await, direct(&ann, "cyd").await);
    let first = send(&ann, &chat, "🎉 Crème brûlée tonight?").await;
    let begun = Instant::now();
    until("hit", async || {
        let found = found(&bob, "query=creme").await;
        (found["total"] == 1).then_some(())
    })
    .await;
    // Two seconds are promised on a node that isn't starved; here a whole test suite may run beside it.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "found after {took:?}");
    send(&bob, &chat, "creme it is; 東京都で会いましょう").await;
    send(&ann, &other, "cremes are for bob").await;
    indexed(&node).await;

    let all = found(&ann, "query=creme").await;
    assert_eq!(all["total"], 3, "of the last word the beginning");
    assert_eq!(all["more"], false);
    assert_eq!(
        all["found"][2]["message"]["id"],
        json!(first),
        "the newest first"
    );
    // As JavaScript counts: the party popper is two.
    assert_eq!(all["found"][2]["highlights"], json!([[3, 8]]));
    for (rest, query, n) in [
        (&ann, "query=creme+brulee", 1),
        (&ann, "query=brulee+creme+ton", 1),
        (&ann, "query=ton+creme", 0),
        (&ann, "query=京都", 1),
        (&ann, "query=都京", 0),
        (&bob, "query=creme", 2),
        (&eve, "query=creme", 0),
        (&ann, "query=creme&author=bob", 1),
        (&ann, "query=creme&user=cyd", 1),
        (&ann, "query=creme&since=2001-01-01T00:00:00Z", 3),
        (&ann, "query=creme&until=2001-01-01T00:00:00Z", 0),
        (&ann, "query=creme&has_file=true", 0),
        (&ann, "has_file=false", 3),
    ] {
        let found = found(rest, query).await;
        assert_eq!(found["total"], n, "{query}: {found}");
        assert_eq!(texts(&found).len(), n, "{query}");
    }
    let page = found(
        &ann,
        &format!("query=creme&conversation={chat}&offset=1&limit=1"),
    )
    .await;
    assert_eq!(texts(&page), ["🎉 Crème brûlée tonight?"]);
    assert_eq!((&page["total"], &page["more"]), (&json!(2), &json!(false)));

    for (rest, query, status) in [
        (&ann, "", 400),
        (&ann, "query=%20", 400),
        (&ann, "query=🎉", 400),
        (&ann, "query=x&limit=0", 400),
        (&ann, "query=x&offset=10001", 400),
        (&ann, "query=x&since=soon", 400),
        (&eve, &format!("query=x&conversation={chat}"), 404),
        (&ann, &format!("query=x&conversation={chat}&user=bob"), 400),
        (&ann, &format!("query={}", "x".repeat(257)), 400),
    ] {
        let answer = rest.get(&format!("/v1/search?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
    }

    // The same over a WebSocket.
    let mut client = Client::connect(&node, "bob").await;
    let fields = json!({ "query": "creme", "conversation": chat, "limit": 1 });
    let result = client.ok("search", fields).await;
    assert_eq!(
        (&result["total"], &result["more"]),
        (&json!(2), &json!(true))
    );
}

#[actix_web::test]
async fn what_is_edited_deleted_or_erased_is_found_no_more() {
    let node = Node::start(&FREELY).await;
    let [ann, bob] = ["ann", "bob"].map(|name| Rest::new(&node, name));
    let chat = direct(&ann, "bob").await;
    let edited = send(&ann, &chat, "walrus one").await;
    let deleted = send(&ann, &chat, "walrus two").await;
    send(&bob, &chat, "walrus three").await;
    indexed(&node).await;
    assert_eq!(found(&bob, "query=walrus").await["total"], 3);

    let path = format!("/v1/messages/{edited}");
    let edit = json!({ "text": "narwhal one" });
    ann.ask(Method::PATCH, &path, &edit).await.ok();
    ann.delete(&format!("/v1/messages/{deleted}")).await.ok();
    indexed(&node).await;
    assert_eq!(texts(&found(&bob, "query=walrus").await), ["walrus three"]);
    assert_eq!(texts(&found(&bob, "query=narwhal").await), ["narwhal one"]);

    let admin = token_with("root", |claims| claims.role = Some("admin".to_owned()));
    let admin = Rest::with_token(&node, &admin);
    let erased = admin
        .post("/v1/moderation/users/bob/erase", Value::Null)
        .await;
    erased.ok();
    indexed(&node).await;
    assert_eq!(found(&ann, "query=walrus").await["total"], 0);
}

#[actix_web::test]
async fn a_block_holds_for_search_at_once() {
    let node = Node::start(&FREELY).await;
    let [ann, bob, cyd] = ["ann", "bob", "cyd"].map(|name| Rest::new(&node, name));
    let group = json!({ "name": "g", "members": ["bob", "cyd"] });
    let group = ann.post("/v1/conversations", group).await.ok();
    let group = group["conversation"].as_str().unwrap();
    send(&bob, group, "otter before").await;
    ann.put("/v1/blocks/bob", json!({})).await.ok();
    send(&bob, group, "otter after").await;
    indexed(&node).await;
    let seen = found(&ann, "query=otter").await;
    assert_eq!(texts(&seen), ["otter before"]);
    assert_eq!(seen["total"], 1, "not even counted");
    assert_eq!(found(&cyd, "query=otter").await["total"], 2);
    assert_eq!(found(&bob, "query=otter").await["total"], 2);
    cyd.delete(&format!("/v1/conversations/{group}/members/cyd"))
        .await
        .ok();
    assert_eq!(found(&cyd, "query=otter").await["total"], 0, "who left");
    ann.delete("/v1/blocks/bob").await.ok();
    assert_eq!(found(&ann, "query=otter").await["total"], 2);
}

fn parlour(node: &Node, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(words)
        .arg("--data")
        .arg(node.data())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn report(node: &Node) -> Value {
    let output = parlour(node, &["index", "check", "--json"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Killed again and again while it commits: nothing acknowledged is missing from the index, and nothing is in it twice.
#[actix_web::test]
async fn the_index_survives_kill_9() {
    let mut node = Node::start(&FREELY).await;
    let mut n_sent: u64 = 0;
    // Around the commit, which begins half a second after the first message.
    for wait_ms in [300, 500, 520, 560, 650] {
        let ann = Rest::new(&node, "ann");
        let chat = direct(&ann, "bob").await;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(wait_ms) {
            send(&ann, &chat, &format!("kraken {n_sent}")).await;
            n_sent += 1;
        }
        node.kill();
        node.start_again().await;
    }
    indexed(&node).await;
    let ann = Rest::new(&node, "ann");
    let total = found(&ann, "query=kraken").await["total"].as_u64().unwrap();
    // One more at most for each kill: stored, and its answer lost.
    assert!(
        (n_sent..=n_sent + 5).contains(&total),
        "{total} of {n_sent}"
    );
    node.kill();
    assert_eq!(
        report(&node),
        json!({ "messages": total, "wrong": 0, "such_as": [], "surplus": 0 })
    );
}

#[actix_web::test]
async fn an_index_is_rebuilt_from_the_messages() {
    let mut node = Node::start(&FREELY).await;
    let ann = Rest::new(&node, "ann");
    let chat = direct(&ann, "bob").await;
    for n in 0..5 {
        send(&ann, &chat, &format!("heron {n}")).await;
    }
    node.kill();
    let rebuilt = parlour(&node, &["index", "rebuild"]);
    assert_eq!(
        String::from_utf8_lossy(&rebuilt.stdout),
        "5 messages can be found\n"
    );
    assert_eq!(report(&node)["messages"], 5);
    // Gone with its folder, it comes back by itself.
    std::fs::remove_dir_all(node.data().join("search")).unwrap();
    node.start_again().await;
    indexed(&node).await;
    let ann = Rest::new(&node, "ann");
    assert_eq!(found(&ann, "query=heron").await["total"], 5);
    let nothing = tempfile::tempdir().unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(["index", "check", "--data"])
        .arg(nothing.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(69));
}

#[actix_web::test]
async fn search_can_be_turned_off_and_limited() {
    let node = Node::start(&["--no-search-enabled"]).await;
    let answer = Rest::new(&node, "ann").get("/v1/search?query=x").await;
    assert_eq!((answer.status, answer.code()), (501, "NOT_IMPLEMENTED"));
    assert!(!node.data().join("search").exists());

    let node = Node::start(&["--policy-limits", "search=2 per 1h"]).await;
    let ann = Rest::new(&node, "ann");
    for status in [200, 200, 429] {
        assert_eq!(ann.get("/v1/search?query=x").await.status, status);
    }
    assert_eq!(ann.get("/v1/conversations").await.status, 200);
}
