//! What arrives, in which order, and how much at once.

use serde_json::json;

use crate::{
    common::{Client, Node, until},
    node,
    receiver::{Receiver, Reply, SECRET},
    texts,
};

#[actix_web::test]
async fn what_happens_arrives_signed_and_in_order() {
    let receiver = Receiver::willing();
    let node = node(&receiver, &["--events-webhook-topics", "message.*"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    let said: Vec<_> = (0..20).map(|n| format!("text {n}")).collect();
    for text in &said {
        alice.say(&to, text).await;
    }
    let taken = receiver
        .taken(|taken| texts(taken).len() == said.len())
        .await;
    assert_eq!(texts(&taken), said);
    assert!(taken.iter().all(|event| event["type"] == "message.sent"));
    assert_eq!(
        receiver.at_once().0,
        1,
        "those of a conversation never overlap"
    );
    node.metric_becomes("parlour_webhooks_delivered_total", |n| n == 20)
        .await;
    node.metric_becomes("parlour_webhook_lag_seconds", |n| n == 0)
        .await;
    assert_eq!(node.metric("parlour_webhooks_failed_total").await, 0);
}

#[actix_web::test]
async fn a_new_secret_takes_the_place_of_an_old_one_without_a_gap() {
    let receiver = Receiver::willing();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets");
    // The service still knows only the old one.
    std::fs::write(
        &path,
        format!("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n{SECRET}\n"),
    )
    .unwrap();
    let flags = [
        "--events-webhook-url",
        &receiver.url,
        "--events-webhook-secret-file",
        path.to_str().unwrap(),
        "--outbound-allow",
        "127.0.0.1",
    ];
    let node = Node::start(&flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    receiver.taken(|taken| texts(taken) == ["hello"]).await;
}

#[actix_web::test]
async fn conversations_do_not_wait_for_one_another() {
    let receiver = Receiver::start(|event, _| match event["data"]["content"].as_str() {
        Some("first") => Reply::Held,
        _ => Reply::Status(200),
    });
    let node = node(&receiver, &["--events-webhook-concurrency", "2"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let (bob, carol) = (alice.direct("bob").await, alice.direct("carol").await);
    alice.say(&bob, "first").await;
    alice.say(&bob, "second").await;
    for n in 0..10 {
        alice.say(&carol, &n.to_string()).await;
    }
    let others: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    let taken = receiver.taken(|taken| texts(taken).len() == 10).await;
    assert_eq!(texts(&taken), others, "of the other conversation alone");
    assert!(node.metric("parlour_webhook_lag_seconds").await < 60);
    receiver.open();
    let taken = receiver.taken(|taken| texts(taken).len() == 12).await;
    assert_eq!(texts(&taken)[10..], ["first", "second"]);
    assert!(receiver.at_once().1 <= 2);
}

#[actix_web::test]
async fn each_of_several_services_keeps_its_own_place() {
    let (one, two) = (Receiver::willing(), Receiver::start(|_, _| Reply::Held));
    let node = node(&one, &["--events-webhook-url", &two.url]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    one.taken(|taken| texts(taken) == ["hello"]).await;
    two.open();
    two.taken(|taken| texts(taken) == ["hello"]).await;
}

#[actix_web::test]
async fn what_was_deleted_before_it_could_be_sent_goes_nowhere() {
    let receiver = Receiver::start(|_, n| match n {
        1 => Reply::Status(503),
        _ => Reply::Status(200),
    });
    let node = node(&receiver, &[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    let message = alice.say(&to, "a slip").await;
    until("a failed attempt", async || {
        let came = receiver.came_so_far();
        came.iter()
            .any(|event| event["data"]["content"] == "a slip")
            .then_some(())
    })
    .await;
    alice.ok("delete", json!({"message": message["id"]})).await;
    let taken = receiver
        .taken(|taken| taken.iter().any(|event| event["type"] == "message.deleted"))
        .await;
    assert!(
        !taken
            .iter()
            .any(|event| event.to_string().contains("a slip")),
        "{taken:?}"
    );
}

#[actix_web::test]
async fn no_proxy_of_the_environment_stands_between() {
    let receiver = Receiver::willing();
    let proxied = [
        "env",
        "http_proxy=http://127.0.0.1:1",
        "HTTP_PROXY=http://127.0.0.1:1",
    ];
    let flags = receiver.flags();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let node = Node::start_under(&proxied, &flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    receiver.taken(|taken| texts(taken) == ["hello"]).await;
}
