//! What lasts: over the node's end by SIGKILL, until it is too old, and not for who takes nothing.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    Follower, admin, admin_token,
    common::{Client, Signal, until, within},
    node, texts,
};

#[actix_web::test]
async fn nothing_is_lost_when_the_node_is_killed() {
    let mut node = node(&[]).await;
    let wanted = "after=oldest&topics=message.sent";
    let (mut told, mut last_id, mut said) = (Vec::new(), None::<String>, Vec::new());
    for round in 0..3 {
        let mut follower = Follower::start(&node, wanted, last_id.as_deref()).await;
        let mut ann = Client::connect(&node, "ann").await;
        let chat = ann.direct("bob").await;
        for n in 0..20 {
            let text = format!("{round} {n}");
            ann.say(&chat, &text).await;
            said.push(text);
        }
        // Some of them were taken when it ends.
        told.extend(follower.take(7).await);
        last_id = follower.last_id.clone();
        node.kill();
        node.start_again().await;
    }
    let mut follower = Follower::start(&node, wanted, last_id.as_deref()).await;
    told.extend(follower.take(said.len() - told.len()).await);
    assert_eq!(texts(&told), said, "each once, in order");
}

#[actix_web::test]
async fn what_is_too_old_is_said_to_be_gone() {
    let node = node(&["--events-age", "1s"]).await;
    let mut ann = Client::connect(&node, "ann").await;
    let chat = ann.direct("bob").await;
    ann.say(&chat, "x").await;
    let mut follower = Follower::start(&node, "after=oldest", None).await;
    let first = follower.take(1).await.remove(0);
    drop(follower);
    let id = first["id"].as_str().unwrap();
    let path = format!("/v1/events?after={id}");
    let root = admin(&node);
    until("forgetting", async || {
        // Told that it is there, one hangs up.
        let request = root.request(reqwest::Method::GET, &path);
        let status = request.send().await.unwrap().status();
        (status == 410).then_some(())
    })
    .await;
    let again = root.post("/v1/events/replay", json!({ "from": id })).await;
    assert_eq!((again.status, again.code()), (410, "EVENTS_FORGOTTEN"));
    // The message itself is still there.
    let bob = crate::common::Rest::new(&node, "bob");
    assert_eq!(bob.history(&chat).await.len(), 1);
    node.metric_becomes("parlour_events_forgotten_total", |n| n > 0)
        .await;
}

#[actix_web::test]
async fn who_takes_nothing_is_cut_off() {
    let flags = [
        "--session-ping-interval",
        "1s",
        "--session-pong-timeout",
        "1s",
        "--policy-message-length-max",
        "20000",
    ];
    let node = node(&flags).await;
    let stream = tokio::net::TcpSocket::new_v4().unwrap();
    stream.set_recv_buffer_size(4096).unwrap();
    let mut stream = stream.connect(node.address()).await.unwrap();
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        admin_token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    within("answer", stream.read_exact(&mut head))
        .await
        .unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let mut ann = Client::connect(&node, "ann").await;
    let chat = ann.direct("bob").await;
    // More than all buffers on the way hold, until it is noticed.
    let text = "x".repeat(20_000);
    let cut_off = "cut off, since its client takes nothing";
    within("end", async {
        while !node.log().contains(cut_off) {
            ann.say(&chat, &text).await;
        }
    })
    .await;
    // What was on its way still comes, and then the end.
    let mut rest = Vec::new();
    let _reset = within("end", stream.read_to_end(&mut rest)).await;
    assert!(
        !rest.ends_with(b"0\r\n\r\n"),
        "it wasn't ended in good order"
    );
}

#[actix_web::test]
async fn a_node_that_stops_does_not_wait_for_those_who_follow() {
    let mut node = node(&["--node-shutdown-timeout", "1h"]).await;
    let mut follower = Follower::start(&node, "", None).await;
    node.signal(Signal::Terminate);
    assert_eq!(follower.next().await, None);
    assert!(node.ended().await.success());
}
