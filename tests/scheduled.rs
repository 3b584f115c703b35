//! Messages sent later, and templates, over real sockets: sent once and in time, also when the process is killed in the
//! middle of sending.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use parlour_storage::ids::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use common::{Client, Node, Rest, until};

const FREELY: [&str; 2] = [
    "--policy-limits",
    "message.send=1000000 per 1s,schedule=1000000 per 1s",
];

const AUTHORS: usize = 6;
/// Messages of each.
const MESSAGES: usize = 100;
/// Messages that are sent between two kills, or a few more.
const BETWEEN_KILLS: u64 = 60;
/// Until the first one is due: enough for all of them to be scheduled before.
const HEAD_START_MS: i64 = 12_000;

fn in_ms(ms: i64) -> i64 {
    Timestamp::now().plus_ms(ms).0
}

/// Schedules a text, and gives the id.
async fn schedule(rest: &Rest, conversation: &str, text: &str, at: i64) -> String {
    let body = json!({ "conversation": conversation, "text": text, "at": at });
    let answer = rest.post("/v1/scheduled", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let id = answer.body["scheduled"]["id"].as_str();
    id.unwrap().to_owned()
}

async fn patch(rest: &Rest, id: &str, body: Value) -> Value {
    let path = format!("/v1/scheduled/{id}");
    let answer = rest.ask(Method::PATCH, &path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn scheduled(rest: &Rest) -> Vec<Value> {
    let mut body = rest.get("/v1/scheduled").await.ok();
    std::mem::take(body["scheduled"].as_array_mut().unwrap())
}

#[tokio::test]
async fn a_message_is_sent_when_its_time_has_come() {
    let node = Node::start(&FREELY).await;
    let mut ann = Client::connect(&node, "ann").await;
    let mut bob = Client::connect(&node, "bob").await;
    let conversation = ann.direct("bob").await;
    let rest = Rest::new(&node, "ann");
    let month = schedule(&rest, &conversation, "in a month", in_ms(30 * 86_400_000)).await;
    let soon = schedule(&rest, &conversation, "soon", in_ms(86_400_000)).await;
    assert_eq!(node.metric("parlour_scheduled_pending").await, 2);
    let at = in_ms(500);
    patch(&rest, &soon, json!({ "text": "sooner", "at": at })).await;
    let message = bob.hears("sooner").await;
    assert!(Timestamp::now().0 >= at, "not before its time");
    assert_eq!(message["message"]["author"], "ann");
    assert_eq!(message["message"]["key"], format!("scheduled-{soon}"));
    let left = scheduled(&rest).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], month);
    for (path, status, code) in [
        (&soon, 409, "SCHEDULED_SENT"),
        (&month, 204, ""),
        (&month, 404, "NO_SCHEDULED"),
    ] {
        let answer = rest.delete(&format!("/v1/scheduled/{path}")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body["code"].as_str().unwrap_or_default(), code);
    }
    assert_eq!(node.metric("parlour_scheduled_pending").await, 0);
    assert_eq!(node.metric("parlour_scheduled_sent_total").await, 1);
}

#[tokio::test]
async fn what_can_not_be_sent_is_listed_with_the_reason_and_told() {
    let node = Node::start(&FREELY).await;
    let mut ann = Client::connect(&node, "ann").await;
    let conversation = ann.direct("bob").await;
    let rest = Rest::new(&node, "ann");
    let id = schedule(&rest, &conversation, "hello", in_ms(86_400_000)).await;
    let bob = Rest::new(&node, "bob");
    assert_eq!(bob.put("/v1/blocks/ann", json!({})).await.status, 204);
    patch(&rest, &id, json!({ "at": in_ms(200) })).await;
    let told = ann.event("send_failed").await;
    assert_eq!(told["scheduled"]["id"], id);
    assert_eq!(told["scheduled"]["failed"]["code"], "NOT_REACHABLE");
    let [left] = &scheduled(&rest).await[..] else {
        panic!("it is listed");
    };
    assert_eq!(left["failed"]["number"], 2020);
    assert_eq!(node.metric("parlour_scheduled_failed_total").await, 1);
    assert_eq!(bob.delete("/v1/blocks/ann").await.status, 204);
    patch(&rest, &id, json!({ "at": in_ms(200) })).await;
    until("message", async || {
        let history = bob.history(&conversation).await;
        (history.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn files_wait_with_their_message() {
    let node = Node::start(&FREELY).await;
    let mut ann = Client::connect(&node, "ann").await;
    let mut bob = Client::connect(&node, "bob").await;
    let conversation = ann.direct("bob").await;
    let rest = Rest::new(&node, "ann");
    let upload = rest.request(Method::POST, "/v1/attachments?name=poem.txt");
    let upload = upload.header("content-type", "text/plain");
    let uploaded = upload.body("roses are red").send().await.unwrap();
    let uploaded: Value = uploaded.json().await.unwrap();
    let file = uploaded["attachment"]["id"].as_str().unwrap();
    let message = json!({ "conversation": conversation, "text": "a poem", "attachments": [file] });
    let mut later = message.clone();
    later["at"] = in_ms(86_400_000).into();
    let waits = rest.post("/v1/scheduled", later).await;
    assert_eq!(waits.status, 201, "{}", waits.body);
    let waits = &waits.body["scheduled"];
    assert_eq!(waits["attachments"][0]["name"], "poem.txt");
    assert_eq!(ann.refused("send", message).await, "ATTACHMENT_SENT");
    let path = format!("/v1/attachments/{file}");
    assert_eq!(rest.delete(&path).await.status, 409);
    let theirs = Rest::new(&node, "bob");
    assert_eq!(theirs.get(&path).await.status, 404, "not yet");
    let id = waits["id"].as_str().unwrap();
    patch(&rest, id, json!({ "at": in_ms(200) })).await;
    let message = bob.hears("a poem").await;
    assert_eq!(message["message"]["attachments"][0]["id"], file);
    let download = theirs.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(download.text().await.unwrap(), "roses are red");
}

#[tokio::test]
async fn templates_are_kept_by_name() {
    let node = Node::start(&FREELY).await;
    let rest = Rest::new(&node, "ann");
    let add = async |name: &str, text: &str| {
        let body = json!({ "name": name, "text": text });
        rest.post("/v1/templates", body).await
    };
    let mut ids = BTreeMap::new();
    for name in ["on my way", "Hello", "bye"] {
        let answer = add(name, "text").await;
        assert_eq!(answer.status, 201);
        let id = answer.body["template"]["id"].as_str().unwrap().to_owned();
        ids.insert(name, id);
    }
    let again = add("bye", "other").await;
    assert_eq!(
        (again.status, &again.body["code"]),
        (409, &json!("TEMPLATE_EXISTS"))
    );
    let path = format!("/v1/templates/{}", ids["Hello"]);
    let change = json!({ "name": "zero", "text": "nothing" });
    let changed = rest.ask(Method::PATCH, &path, &change).await.ok();
    assert_eq!(changed["template"]["text"], "nothing");
    let stranger = Rest::new(&node, "bob");
    assert_eq!(stranger.delete(&path).await.status, 404);
    let names = async || {
        let list = rest.get("/v1/templates").await.ok();
        let list = list["templates"].as_array().unwrap().clone();
        list.into_iter()
            .map(|mut template| template["name"].take())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["bye", "on my way", "zero"]);
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(names().await, ["bye", "on my way"]);
}

#[tokio::test]
async fn kill_9_in_the_middle_of_sending_sends_each_message_once() {
    let mut node = Node::start(&FREELY).await;
    let names: Vec<_> = (0..AUTHORS).map(|n| format!("author-{n}")).collect();
    let mut opener = Client::connect(&node, "reader").await;
    let members: Vec<_> = names.iter().map(String::as_str).collect();
    let group = opener.group(&members).await;
    // One author after the other: each message is a wave, and a commit, of its own.
    let first = in_ms(HEAD_START_MS);
    let time = |author: usize, n: usize| first + i64::try_from(author * MESSAGES + n).unwrap();
    let write = async |(author, name): (usize, &String)| {
        let rest = Rest::new(&node, name);
        for n in 0..MESSAGES {
            let text = format!("{name}/{n:03}");
            schedule(&rest, &group, &text, time(author, n)).await;
        }
    };
    join_all(names.iter().enumerate().map(write)).await;
    node.kill();
    let last = time(AUTHORS, 0);
    until("time when all are due", async || {
        (Timestamp::now().0 > last).then_some(())
    })
    .await;
    let mut n_cut = 0;
    loop {
        node.start_again().await;
        let pending = async || node.metric("parlour_scheduled_pending").await;
        until("some messages", async || {
            let sent = node.metric("parlour_scheduled_sent_total").await;
            (sent >= BETWEEN_KILLS || pending().await == 0).then_some(())
        })
        .await;
        if pending().await == 0 {
            break;
        }
        node.kill();
        n_cut += 1;
    }
    let rest = Rest::new(&node, "reader");
    let history = rest.history(&group).await;
    let texts = history
        .iter()
        .map(|message| message["text"].as_str().unwrap());
    let texts: Vec<_> = texts.map(str::to_owned).collect();
    let all = names
        .iter()
        .flat_map(|name| (0..MESSAGES).map(move |n| format!("{name}/{n:03}")));
    let expected: Vec<_> = all.collect();
    assert_eq!(texts, expected, "each once, the oldest first");
    assert!(n_cut > 0, "it was never killed in the middle");
}
