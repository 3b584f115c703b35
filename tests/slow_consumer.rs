//! G7: a client that doesn't read, doesn't answer or stops half-way costs its bound and is gone by its deadline;
//! the others don't notice.

mod common;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use common::{Client, DEADLINE, FREEZING, Frame, Node, Raw, within};

const N_FROZEN: usize = 20;
/// Far more than the bounds of all outboxes and the buffers of the kernel together.
const MESSAGES_MAX: usize = 2000;
const TEXT_BYTES: usize = 16_000;
const OUTBOX_BYTES: u64 = 64 * 1024;

/// G7: clients whose receive window is shut, in a busy room. If what they don't read were kept, it would be
/// gigabytes: each is sent tens of megabytes.
#[tokio::test]
async fn frozen_clients_in_a_busy_room_are_gone_and_cost_their_bound() {
    let node = Node::start(&FREEZING).await;
    let mut alice = Client::connect(&node, "alice").await;
    let names: Vec<_> = (0..N_FROZEN).map(|n| format!("frozen-{n}")).collect();
    let mut members: Vec<_> = names.iter().map(String::as_str).collect();
    members.push("bob");
    let group = alice.group(&members).await;
    let mut bob = Client::connect(&node, "bob").await;
    // Room and caches are warm before memory is measured.
    let text = "x".repeat(TEXT_BYTES);
    for _ in 0..50 {
        alice.say(&group, &text).await;
        bob.event("message").await;
    }
    let mut frozen = Vec::new();
    for name in &names {
        frozen.push(Raw::connect_tiny(&node).await.sign_in(name).await);
    }
    node.metric_becomes("parlour_connections", |n| n == 2 + N_FROZEN as u64)
        .await;
    let resident_before = node.resident_bytes();

    let (mut n_sent, mut resident_max) = (0, 0);
    while node.metric("parlour_connections").await > 2 {
        assert!(
            n_sent < MESSAGES_MAX,
            "{n_sent} messages, and the frozen are still there"
        );
        for _ in 0..20 {
            let sent = alice.say(&group, &text).await;
            let heard = bob.event("message").await;
            assert_eq!(
                heard["message"], sent,
                "the other members hear everything at once"
            );
        }
        n_sent += 20;
        resident_max = resident_max.max(node.resident_bytes());
    }
    node.metric_becomes("parlour_slow_clients_total", |n| n == N_FROZEN as u64)
        .await;
    node.metric_becomes("parlour_killed_clients_total", |n| n == N_FROZEN as u64)
        .await;
    let grown = resident_max.saturating_sub(resident_before);
    // What the store and the allocator keep of the messages themselves comes on top of the outboxes.
    let bound = N_FROZEN as u64 * OUTBOX_BYTES + 48 * 1024 * 1024;
    let kept = n_sent * N_FROZEN * TEXT_BYTES;
    assert!(
        grown < bound,
        "{grown} bytes for {n_sent} messages; {kept} would be all of them"
    );
    // To the frozen ones this was an ordinary end: they resume when they thaw.
    let (mut thawed, recovered) = Client::reconnect(&node, &names[0], &bob.resume).await;
    assert!(recovered);
    thawed.settle().await;
    drop(frozen);
}

/// G7: a client whose window is shut and who is owed nothing is found by its silence.
#[tokio::test]
async fn a_frozen_client_in_a_quiet_room_is_gone_by_its_deadline() {
    let flags = [
        "--session-ping-interval",
        "1s",
        "--session-pong-timeout",
        "1s",
        "--session-close-deadline",
        "500ms",
    ];
    let node = Node::start(&flags).await;
    let frozen = Raw::connect_tiny(&node).await.sign_in("frozen").await;
    let mut alice = Client::connect(&node, "alice").await;
    let begun = Instant::now();
    // One who answers pings stays: reading is what makes this client answer.
    let staying = async { while alice.try_read().await.is_ok() {} };
    tokio::select! {
        () = staying => panic!("a client that answers was closed"),
        () = node.metric_becomes("parlour_connections", |n| n == 1) => {}
    }
    // Pinged after 1 s, given up 1 s later, killed after half a second; the sweeper looks every 125 ms.
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    node.metric_becomes("parlour_silent_clients_total", |n| n == 1)
        .await;
    alice.settle().await;
    drop(frozen);
}

/// G7: reading is no sign of life, answering is.
#[tokio::test]
async fn a_client_that_reads_and_never_answers_pings_is_closed() {
    let flags = [
        "--session-ping-interval",
        "1s",
        "--session-pong-timeout",
        "1s",
    ];
    let node = Node::start(&flags).await;
    let mut silent = Raw::connect(&node).await.sign_in("silent").await;
    let (mut pinged, mut code) = (false, None);
    while let Some((opcode, payload)) = silent.frame().await {
        pinged |= opcode == 9;
        if opcode == 8 {
            code = payload
                .get(..2)
                .map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
            // Nor does it answer the close.
        }
    }
    assert!(pinged, "it was asked first");
    assert_eq!(code, Some(4001));
    node.metric_becomes("parlour_connections", |n| n == 0).await;
}

/// G7: half a handshake holds nothing for long.
#[tokio::test]
async fn half_a_handshake_is_given_up() {
    let node = Node::start(&[]).await;
    let (node, whole) = (&node, &Raw::handshake_bytes(""));
    let stalling = [0, 1, 20, whole.len() - 2].map(|n_bytes| async move {
        let mut half = Raw::connect(node).await;
        assert!(half.write(&whole[..n_bytes]).await);
        let answer = half.head().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
        assert_eq!(node.metric("parlour_connections").await, 0);
    });
    join_all(stalling).await;
}

/// G7: half a frame is no sign of life.
#[tokio::test]
async fn half_a_frame_is_given_up() {
    let flags = [
        "--session-ping-interval",
        "1s",
        "--session-pong-timeout",
        "1s",
    ];
    let node = Node::start(&flags).await;
    let text = json!({ "type": "ping", "id": 1 }).to_string();
    let whole = Frame::text(text.as_bytes()).encode();
    let (node, whole) = (&node, &whole);
    let stalling = [1, 3, whole.len() - 1].map(|n_bytes| async move {
        let mut stalled = Raw::connect(node).await.sign_in("stalled").await;
        assert!(stalled.write(&whole[..n_bytes]).await);
        assert_eq!(stalled.closed().await, Some(4001), "{n_bytes} bytes");
    });
    join_all(stalling).await;
    node.metric_becomes("parlour_connections", |n| n == 0).await;
}

/// G7: a message whose fragments never end is closed by its own deadline, however alive its sender is.
#[tokio::test]
async fn an_endless_message_is_given_up() {
    let node = Node::start(&["--session-fragment-timeout", "1s"]).await;
    let mut slow = Raw::connect(&node).await.sign_in("slow").await;
    let first = Frame {
        fin: false,
        ..Frame::text(b"{")
    };
    let more = Frame {
        fin: false,
        opcode: 0,
        ..Frame::text(b" ")
    };
    assert!(slow.write_frame(&first).await);
    let (begun, mut tick) = (
        Instant::now(),
        tokio::time::interval(Duration::from_millis(200)),
    );
    let trickling = async {
        loop {
            tokio::select! {
                frame = slow.frame() => match frame {
                    Some((8, payload)) => return u16::from_be_bytes([payload[0], payload[1]]),
                    Some(_) => {}
                    None => panic!("closed without a code"),
                },
                _ = tick.tick() => {}
            }
            let _closed_is_seen_above = slow.write_frame(&more).await;
        }
    };
    assert_eq!(within("close", trickling).await, 1009);
    assert!(begun.elapsed() < DEADLINE / 2, "{:?}", begun.elapsed());
}

/// G7, one client alone: who asks and never reads the answers is closed too, and others don't notice.
#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_gone() {
    let flags = [
        "--session-outbox-max",
        "64KiB",
        "--session-close-deadline",
        "500ms",
    ];
    let node = Node::start(&flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("greedy").await;
    for _ in 0..20 {
        alice.say(&conversation, &"x".repeat(5000)).await;
    }
    let mut greedy = Raw::connect_tiny(&node).await.sign_in("greedy").await;
    let question =
        json!({ "type": "messages", "id": 1, "conversation": conversation, "limit": 20 });
    let frame = Frame::text(question.to_string().as_bytes()).encode();
    let asking = async {
        // Each answer is 100 KB, more than the outbox takes at once if nobody reads.
        while greedy.write(&frame).await {
            alice.settle().await;
        }
    };
    within("end of the greedy client", asking).await;
    node.metric_becomes("parlour_connections", |n| n == 1).await;
    alice.say(&conversation, "still here").await;
}

/// The bound is on what waits, not on what is read at once: the longest answer there is must reach a
/// client that reads.
#[tokio::test]
async fn a_long_answer_is_no_slowness() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    // 5,000 characters of three bytes: a page of 100 has 1.5 MB, more than an outbox of 1 MiB.
    let text = "\u{5b57}".repeat(5000);
    for _ in 0..100 {
        alice.say(&conversation, &text).await;
    }
    let page = json!({ "conversation": conversation, "limit": 100 });
    let page = alice.ok("messages", page).await;
    let messages = page["messages"].as_array().unwrap();
    assert!(messages.len() == 100 && messages.iter().all(|message| message["text"] == *text));
}
