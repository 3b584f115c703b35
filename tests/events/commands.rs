//! `parlour events` on the data of a node that is stopped.

use std::process::{Command, Output};

use parlour_storage::{
    domain::event::EventId,
    events::{DeadLetter, Events as _},
    ids::Timestamp,
    local::Options,
    sled_store::SledStore,
    store::Store,
};
use serde_json::{Value, json};

use crate::{
    admin,
    common::{Client, Node, Signal},
    node, texts, topics,
};

fn run(node: &Node, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    let command = command.arg("events").args(words);
    let command = command.arg("--data").arg(node.data()).env_clear();
    command.output().unwrap()
}

/// Runs, expects success, and gives the lines that were printed.
fn printed(node: &Node, words: &[&str]) -> Vec<Value> {
    let output = run(node, words);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {err}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines();
    lines.map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Runs, expects this exit code, and gives what was said about it.
fn refused(node: &Node, words: &[&str], code: i32) -> String {
    let output = run(node, words);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

/// A stopped node where three messages were sent, whose webhook gave up on the first and is done with the others.
async fn stopped() -> (Node, Vec<EventId>) {
    let mut node = node(&[]).await;
    let mut ann = Client::connect(&node, "ann").await;
    let chat = ann.direct("bob").await;
    for text in ["1", "2", "3"] {
        ann.say(&chat, text).await;
    }
    node.signal(Signal::Terminate);
    assert!(node.ended().await.success());
    let store = open(&node);
    let page = store.events_after(EventId::default(), 99).await.unwrap();
    let sent = page.events.iter().filter(|e| e.id.n == 0);
    let sent: Vec<_> = sent.map(|event| event.id).collect();
    let end = EventId::through(store.head());
    for name in ["webhook-a", "notifier"] {
        let from = store.consumer(name).await.unwrap();
        assert!(store.move_consumer(name, from, end).await.unwrap());
    }
    let letter = DeadLetter {
        event: sent[0],
        why: "it answered 400".to_owned(),
        attempts: 1,
        at: Timestamp(0),
        revived: false,
    };
    store.bury("webhook-a", letter).await.unwrap();
    store.close().await.unwrap();
    (node, sent)
}

fn open(node: &Node) -> impl Store + use<> {
    SledStore::open(&node.data().join("sled"), Options::default()).unwrap()
}

#[actix_web::test]
async fn events_are_listed_without_the_node() {
    let (node, sent) = stopped().await;
    let all = printed(&node, &["list"]);
    assert!(topics(&all).contains(&"conversation.created"));
    let messages = printed(&node, &["list", "--topics", "message.sent"]);
    assert_eq!(texts(&messages), ["1", "2", "3"]);
    let after = messages[0]["id"].as_str().unwrap();
    let few = [
        "list",
        "--topics",
        "message.*",
        "--after",
        after,
        "--limit",
        "1",
    ];
    assert_eq!(texts(&printed(&node, &few)), ["2"]);
    // As the log names it.
    let after = format!("{}-{}", sent[1].position, sent[1].n);
    let few = ["list", "--topics", "message.sent", "--after", &after];
    assert_eq!(texts(&printed(&node, &few)), ["3"]);
    refused(&node, &["list", "--topics", "chat"], 64);
    refused(&node, &["list", "--after", "deadbeef-1-0"], 69);
}

#[actix_web::test]
async fn what_was_given_up_is_told_and_sent_again() {
    let (mut node, sent) = stopped().await;
    let dead = printed(&node, &["dead"]);
    assert_eq!(dead.len(), 1);
    let found = &dead[0];
    assert_eq!(
        (&found["consumer"], &found["why"]),
        (&json!("webhook-a"), &json!("it answered 400"))
    );
    assert_eq!(found["event"]["data"]["content"], "1");
    assert_eq!(found["revived"], false);
    let replayed = printed(&node, &["replay", "--dead"]);
    assert_eq!(replayed, [json!({"consumer": "webhook-a", "revived": 1})]);
    assert_eq!(printed(&node, &["dead"])[0]["revived"], true);

    let from = sent[1].position.to_string();
    let replayed = printed(&node, &["replay", "--from", &from]);
    assert_eq!(replayed.len(), 1, "only webhooks, unless others are named");
    let store = open(&node);
    let place = async |name: &str| store.consumer(name).await.unwrap().unwrap();
    assert_eq!(place("webhook-a").await, sent[1].before());
    assert!(place("notifier").await > sent[2]);
    store.close().await.unwrap();
    // Who is told to go on later than they stand isn't put ahead: what is between would be lost.
    let ahead = ["replay", "--from", &sent[2].position.to_string()];
    printed(&node, &ahead);
    let store = open(&node);
    let place = store.consumer("webhook-a").await.unwrap().unwrap();
    assert!(place < sent[1], "{place:?}");
    store.close().await.unwrap();
    refused(&node, &["dead", "--consumer", "nobody"], 69);
    refused(&node, &["replay"], 64);

    // A running node is asked itself.
    node.start_again().await;
    let root = admin(&node);
    let consumers = root.get("/v1/events/consumers").await.ok();
    let names = consumers["consumers"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"webhook-a"), "{names:?}");
    let again = json!({"from": "oldest", "consumer": "webhook-a"});
    let replayed = root.post("/v1/events/replay", again).await.ok();
    assert_eq!(replayed["replayed"][0]["consumer"], "webhook-a");
    assert!(replayed["replayed"][0]["after"].is_string());
    let dead = root.get("/v1/events/dead?consumer=webhook-a").await.ok();
    assert_eq!(dead["dead_letters"][0]["attempts"], 1);
}
