//! Somebody who is away, from the message to their browser.

use serde_json::json;

use crate::{
    common::{Client, Rest},
    node,
    server::{Reply, Server},
    subscriber::Subscriber,
    targets,
};

#[actix_web::test]
async fn somebody_who_is_away_is_told_once_that_there_is_something() {
    let server = Server::willing();
    let node = node(&["--push-vapid-subject", "mailto:ops@example.org"]).await;
    let bob = Rest::new(&node, "bob");
    let browser = Subscriber::new(&server, "/send/bob");
    bob.post("/v1/push/targets", browser.subscription())
        .await
        .ok();
    let key = bob.get("/v1/push/key").await.ok()["key"].clone();

    let mut alice = Client::connect(&node, "alice").await;
    let mut carol = Client::connect(&node, "carol").await;
    let (from_alice, from_carol) = (alice.direct("bob").await, carol.direct("bob").await);
    let first = alice.say(&from_alice, "secret words").await;
    let seen = server.came("/send/bob", 1).await;
    let told = browser.read(&seen[0]);
    let expected = json!({
        "badge": 1,
        "data": {
            "type": "NEW_MESSAGE",
            "conversationId": from_alice,
            "messageId": first["id"],
        },
    });
    assert_eq!(told, expected);
    let claims = browser.sent_by(&seen[0], key.as_str().unwrap());
    assert_eq!(claims["sub"], "mailto:ops@example.org");

    // Another of the same conversation takes its place, and one of another is one more.
    alice.say(&from_alice, "more").await;
    server.came("/send/bob", 2).await;
    carol.say(&from_carol, "hello").await;
    let seen = server.came("/send/bob", 3).await;
    let told: Vec<_> = seen.iter().map(|seen| browser.read(seen)).collect();
    let badges: Vec<_> = told.iter().map(|told| &told["badge"]).collect();
    assert_eq!(badges, [1, 1, 2]);
    assert_eq!(seen[0].header("topic"), seen[1].header("topic"));
    assert_ne!(seen[0].header("topic"), seen[2].header("topic"));
    node.metric_becomes("parlour_push_sent_total{kind=\"webpush\"}", |n| n == 3)
        .await;
    assert_eq!(server.seen("/send/bob").len(), 3, "once each");
    assert!(!node.log().contains("/send/bob"), "addresses are secret");
}

#[actix_web::test]
async fn who_is_there_is_not_pushed_to() {
    let server = Server::willing();
    let node = node(&[]).await;
    let browser = Subscriber::new(&server, "/send/bob");
    let mut bob = Client::connect(&node, "bob").await;
    bob.ok("add_push_target", browser.subscription()).await;
    let mut alice = Client::connect(&node, "alice").await;
    let away = Subscriber::new(&server, "/send/carol");
    let carol = Rest::new(&node, "carol");
    carol
        .post("/v1/push/targets", away.subscription())
        .await
        .ok();
    let to = alice.group(&["bob", "carol"]).await;
    alice.say(&to, "hello").await;
    bob.hears("hello").await;
    server.came("/send/carol", 1).await;
    node.metric_becomes("parlour_push_sent_total{kind=\"webpush\"}", |n| n == 1)
        .await;
    assert!(server.seen("/send/bob").is_empty());
}

#[actix_web::test]
async fn a_browser_that_unsubscribed_is_forgotten() {
    for status in [404, 410] {
        let server = Server::start(move |_, _| Reply::status(status));
        let node = node(&[]).await;
        let bob = Rest::new(&node, "bob");
        let browser = Subscriber::new(&server, "/send/bob");
        bob.post("/v1/push/targets", browser.subscription())
            .await
            .ok();
        let mut alice = Client::connect(&node, "alice").await;
        let to = alice.direct("bob").await;
        alice.say(&to, "hello").await;
        targets::become_none(&bob).await;
        assert_eq!(server.seen("/send/bob").len(), 1);
        node.metric_becomes("parlour_push_gone_total{kind=\"webpush\"}", |n| n == 1)
            .await;
    }
}

#[actix_web::test]
async fn a_push_service_that_is_busy_or_down_is_asked_again() {
    let server = Server::start(|_, n| match n {
        1 => Reply::status(429).retry_after("1"),
        2 => Reply::status(503),
        _ => Reply::status(201),
    });
    let node = node(&[]).await;
    let bob = Rest::new(&node, "bob");
    let browser = Subscriber::new(&server, "/send/bob");
    bob.post("/v1/push/targets", browser.subscription())
        .await
        .ok();
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    let seen = server.came("/send/bob", 3).await;
    let told: Vec<_> = seen
        .iter()
        .map(|seen| browser.read(seen)["data"].clone())
        .collect();
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    node.metric_becomes("parlour_push_sent_total{kind=\"webpush\"}", |n| n == 1)
        .await;
    assert_eq!(
        node.metric("parlour_push_failed_total{kind=\"webpush\"}")
            .await,
        2
    );
}
