//! G7 over Socket.IO: a WebSocket whose peer stopped reading, in a busy conversation.

use serde_json::json;

use crate::common::{Client, FREEZING, Frame, Node, Raw, Rest, token};

const N_FROZEN: u64 = 5;
/// Far more than the bounds of all outboxes and the buffers of the kernel together.
const MESSAGES_MAX: usize = 2000;
const TEXT_BYTES: usize = 16_000;

#[tokio::test]
async fn frozen_websockets_are_gone_by_their_deadline() {
    let node = Node::start(&FREEZING).await;
    let alice = Rest::new(&node, "alice");
    let opened = alice
        .post("/v1/conversations", json!({ "user": "frozen" }))
        .await
        .ok();
    let path = format!(
        "/v1/conversations/{}/messages",
        opened["conversation"].as_str().unwrap()
    );
    let mut frozen = Vec::new();
    for _ in 0..N_FROZEN {
        frozen.push(sign_in(&node, "frozen").await);
    }
    // She hears of each message before the next, so the node has a turn in between to write to the others.
    let mut hers = Client::connect(&node, "alice").await;
    let n_hers = 1;
    node.metric_becomes("parlour_connections", |n| n == N_FROZEN + n_hers)
        .await;
    let text = "x".repeat(TEXT_BYTES);
    let mut n_sent = 0;
    while node.metric("parlour_connections").await > n_hers {
        assert!(
            n_sent < MESSAGES_MAX,
            "{n_sent} messages, and the frozen are still there"
        );
        for _ in 0..20 {
            alice.post(&path, json!({ "text": text })).await.ok();
            hers.event("message").await;
        }
        n_sent += 20;
    }
    node.metric_becomes("parlour_slow_clients_total", |n| n == N_FROZEN)
        .await;
    // Where the machine is late, an outbox runs over before the kernel's buffer is full, which takes the close then: such a
    // one ends in good order, and is not killed.
    node.metric_becomes("parlour_killed_clients_total", |n| {
        (1..=N_FROZEN).contains(&n)
    })
    .await;
}

/// Somebody in the namespace `/`, who reads nothing from here on.
async fn sign_in(node: &Node, user: &str) -> Raw {
    let mut raw = Raw::connect_tiny(node).await;
    let bytes = String::from_utf8(Raw::handshake_bytes("")).expect("ASCII");
    let bytes = bytes.replace("/v1/ws", "/socket.io/?EIO=4&transport=websocket");
    assert!(raw.write(bytes.as_bytes()).await);
    assert!(raw.head().await.starts_with("HTTP/1.1 101"));
    let connect = format!("40{}", json!({ "token": token(user) }));
    assert!(raw.write_frame(&Frame::text(connect.as_bytes())).await);
    raw
}
