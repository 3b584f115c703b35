//! Services that don't take what they are sent, and those that the node doesn't call.

use std::time::{Duration, Instant};

use crate::{
    common::{Client, Node, until},
    node,
    receiver::{Receiver, Reply},
    texts,
};

#[actix_web::test]
async fn what_a_service_refuses_is_put_aside_and_the_next_goes_on() {
    let receiver = Receiver::start(|event, _| match event["data"]["content"].as_str() {
        Some("bad") => Reply::Status(422),
        Some("gone") => Reply::Status(410),
        _ => Reply::Status(200),
    });
    let node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["bad", "gone", "good"] {
        alice.say(&to, text).await;
    }
    receiver.taken(|taken| texts(taken) == ["good"]).await;
    assert_eq!(
        texts(&receiver.came_so_far()),
        ["bad", "gone", "good"],
        "each once"
    );
    assert_eq!(node.metric("parlour_webhooks_dead_total").await, 2);
    assert!(node.log().contains("status 422"));
}

#[actix_web::test]
async fn a_service_that_can_not_now_is_tried_again_and_its_order_kept() {
    let receiver = Receiver::start(|event, n| match (event["data"]["content"].as_str(), n) {
        (Some("one"), 1) => Reply::Status(500),
        (Some("two"), 1) => Reply::RetryAfter(429, "2"),
        _ => Reply::Status(200),
    });
    let node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["one", "two", "three"] {
        alice.say(&to, text).await;
    }
    receiver.came(3).await;
    let asked_to_wait = Instant::now();
    let taken = receiver.taken(|taken| texts(taken).len() == 3).await;
    assert!(asked_to_wait.elapsed() > Duration::from_millis(1900));
    assert_eq!(texts(&taken), ["one", "two", "three"]);
    assert_eq!(
        texts(&receiver.came_so_far()),
        ["one", "one", "two", "two", "three"]
    );
    assert_eq!(node.metric("parlour_webhooks_failed_total").await, 2);
    assert_eq!(node.metric("parlour_webhooks_dead_total").await, 0);
}

#[actix_web::test]
async fn what_is_never_taken_is_given_up_in_its_time() {
    let receiver = Receiver::start(|event, _| match event["data"]["content"].as_str() {
        Some("never") => Reply::Status(500),
        _ => Reply::Status(200),
    });
    let more = [
        "--events-webhook-give-up",
        "2s",
        "--events-webhook-topics",
        "message.sent",
    ];
    let node = node(&receiver, &more).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "never").await;
    alice.say(&to, "next").await;
    receiver.taken(|taken| texts(taken) == ["next"]).await;
    assert_eq!(node.metric("parlour_webhooks_dead_total").await, 1);
}

#[actix_web::test]
async fn a_service_on_this_machine_is_called_only_if_it_is_allowed() {
    let receiver = Receiver::willing();
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    let flags = [
        "--events-webhook-url",
        &by_name,
        "--events-webhook-secret-file",
        &receiver.secret_file(),
    ];
    let mut node = Node::start(&flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    node.metric_becomes("parlour_webhooks_failed_total", |n| n > 0)
        .await;
    assert!(receiver.came_so_far().is_empty());
    until("a reason", async || {
        node.log().contains("outbound.allow").then_some(())
    })
    .await;
    // Nothing is lost over it.
    node.kill();
    node.add_flags(&["--outbound-allow-private"]);
    node.start_again().await;
    receiver.taken(|taken| texts(taken) == ["hello"]).await;
}

#[actix_web::test]
async fn webhooks_without_a_secret_or_to_an_address_of_this_machine_end_the_start() {
    for (flags, said) in [
        (
            vec!["--events-webhook-url", "https://a.example/"],
            "openssl",
        ),
        (
            vec![
                "--events-webhook-url",
                "http://169.254.169.254/",
                "--outbound-allow-private",
            ],
            "outbound.allow",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_parlour"))
            .args(["run", "--dev", "--node-data"])
            .arg(folder.path())
            .args(flags)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(said), "{stderr}");
    }
}
