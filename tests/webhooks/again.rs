//! Sending once more: dead letters that are revived, places that are put back, and places nobody needs.

use std::sync::atomic::{AtomicBool, Ordering};

use parlour_storage::{
    domain::event::EventId, events::Events as _, local::Options, sled_store::SledStore,
    store::Store as _,
};
use serde_json::{Value, json};

use crate::{
    common::{Client, Node, Rest, Signal, token_with, until},
    node,
    receiver::{Receiver, Reply},
    texts,
};

fn admin(node: &Node) -> Rest {
    Rest::with_token(
        node,
        &token_with("root", |claims| claims.role = Some("admin".to_owned())),
    )
}

async fn consumer(admin: &Rest) -> Value {
    let answer = admin.get("/v1/events/consumers").await.ok();
    let mut all = answer["consumers"].as_array().unwrap().iter();
    let webhook = all.find(|one| one["name"].as_str().unwrap().starts_with("webhook-"));
    webhook.cloned().unwrap_or_default()
}

#[actix_web::test]
async fn a_dead_letter_is_sent_again_when_somebody_says_so() {
    static MENDED: AtomicBool = AtomicBool::new(false);
    let receiver = Receiver::start(|event, _| {
        let bad = event["data"]["content"] == "bad" && !MENDED.load(Ordering::Relaxed);
        Reply::Status(if bad { 400 } else { 200 })
    });
    let mut node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["bad", "good"] {
        alice.say(&to, text).await;
    }
    receiver.taken(|taken| texts(taken) == ["good"]).await;
    let name = consumer(&admin(&node)).await["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/events/dead?consumer={name}");
    let dead = admin(&node).get(&path).await.ok();
    assert!(dead.to_string().contains("status 400"), "{dead}");
    // Also where the node was down in between. (Killed, it might have sent it again by itself.)
    node.signal(Signal::Terminate);
    assert!(node.ended().await.success());
    node.start_again().await;
    MENDED.store(true, Ordering::Relaxed);
    let again = json!({"consumer": name, "dead": true});
    admin(&node).post("/v1/events/replay", again).await.ok();
    receiver
        .taken(|taken| texts(taken) == ["good", "bad"])
        .await;
    until("no dead letter", async || {
        let dead = admin(&node).get(&path).await.ok();
        (dead["dead_letters"] == json!([])).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_running_node_that_is_told_to_sends_again_from_a_place_on() {
    let receiver = Receiver::willing();
    let node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["one", "two", "three"] {
        alice.say(&to, text).await;
    }
    let taken = receiver.taken(|taken| texts(taken).len() == 3).await;
    let again = json!({"from": taken[1]["id"]});
    admin(&node).post("/v1/events/replay", again).await.ok();
    // Or from earlier on, if its place was not written yet.
    let again =
        |taken: &[Value]| texts(taken).len() > 4 && texts(taken).ends_with(&["two", "three"]);
    receiver.taken(again).await;
    alice.say(&to, "four").await;
    let taken = receiver.taken(|taken| texts(taken).contains(&"four")).await;
    assert!(
        texts(&taken).ends_with(&["two", "three", "four"]),
        "{taken:?}"
    );
}

#[actix_web::test]
async fn the_place_of_a_service_that_is_gone_is_kept_until_it_is_worth_nothing() {
    let receiver = Receiver::willing();
    let mut node = node(&receiver, &[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    receiver.taken(|taken| texts(taken) == ["hello"]).await;
    let name = consumer(&admin(&node)).await["name"]
        .as_str()
        .unwrap()
        .to_owned();
    node.add_flags(&["--events-webhook-url", ""]);
    node.kill();
    node.start_again().await;
    assert_eq!(
        consumer(&admin(&node)).await["name"],
        name.as_str(),
        "it may come back"
    );
    node.kill();
    let store = SledStore::open(&node.data().join("sled"), Options::default()).unwrap();
    let all = EventId::through(store.head());
    while store.forget_events(all, 1000).await.unwrap().more {}
    store.close().await.unwrap();
    drop(store);
    node.start_again().await;
    assert!(consumer(&admin(&node)).await.is_null());
}
