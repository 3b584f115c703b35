//! Uploads that don't come to their end, and those that are long.

use std::time::Duration;

use super::{
    common::{Node, Raw, Rest, token, until},
    files_below, incoming, kept, uploaded,
};

/// Begins to upload a file of a length, and sends the first half.
async fn half(node: &Node, user: &str, bytes: usize) -> Raw {
    let mut raw = Raw::connect(node).await;
    let head = format!(
        "POST /v1/attachments?name=a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/plain\r\nContent-Length: {bytes}\r\n\r\n",
        token(user)
    );
    assert!(raw.write(head.as_bytes()).await);
    assert!(raw.write(&vec![b'x'; bytes / 2]).await);
    raw
}

/// A client that hangs up leaves nothing behind.
#[tokio::test]
async fn a_cut_upload_leaves_nothing() {
    let node = Node::start(&[]).await;
    let raw = half(&node, "ann", 1 << 20).await;
    until("file on its way", async || {
        (!incoming(&node).is_empty()).then_some(())
    })
    .await;
    drop(raw);
    until("it gone", async || incoming(&node).is_empty().then_some(())).await;
    assert!(kept(&node).is_empty());
    node.metric_becomes("parlour_uploads_cut_total", |n| n == 1)
        .await;
}

/// One that trickles is cut off when its time is over, and holds no place longer.
#[tokio::test]
async fn an_upload_that_takes_too_long_is_cut_off() {
    let flags = [
        "--attachments-upload-timeout",
        "1s",
        "--attachments-uploads-max",
        "1",
    ];
    let node = Node::start(&flags).await;
    let mut slow = half(&node, "ann", 1 << 20).await;
    until("file on its way", async || {
        (!incoming(&node).is_empty()).then_some(())
    })
    .await;
    let bob = Rest::new(&node, "bob");
    let full = super::upload(&bob, b"x", "a.txt", "text/plain").await;
    assert_eq!((full.status, full.code()), (503, "BUSY"));
    let head = slow.head().await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    until("it gone", async || incoming(&node).is_empty().then_some(())).await;
    uploaded(&bob, b"x", "a.txt", "text/plain").await;
}

/// The issue's own words: a kill in the middle of an upload leaves nothing behind after the start.
#[tokio::test]
async fn a_kill_in_the_middle_of_an_upload_leaves_nothing_behind() {
    let mut node = Node::start(&[]).await;
    let before = uploaded(&Rest::new(&node, "ann"), b"before", "b.txt", "text/plain").await;
    let mut cut = Vec::new();
    for user in ["ann", "bob", "carol"] {
        cut.push(half(&node, user, 4 << 20).await);
    }
    until("files on their way", async || {
        (incoming(&node).len() == 3).then_some(())
    })
    .await;
    node.kill();
    assert_eq!(incoming(&node).len(), 3, "or the test shows nothing");
    // As it would be left by a kill while it was copied to its place.
    std::fs::write(node.data().join("attachments/ann/half.txt#1"), "x").unwrap();
    node.start_again().await;
    assert!(incoming(&node).is_empty());
    assert_eq!(kept(&node).len(), 1);
    let ann = Rest::new(&node, "ann");
    let path = format!("/v1/attachments/{}", before["id"].as_str().unwrap());
    let response = ann
        .request(reqwest::Method::GET, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(response.bytes().await.unwrap(), "before");
    assert_eq!(ann.get("/v1/me/usage").await.ok()["files"], 1);
    assert!(files_below(&node.data().join("attachments/bob")).is_empty());
}

/// A file is never in memory as a whole: many large ones, one after another and side by side, leave it as it was.
#[tokio::test]
async fn memory_stays_flat_however_long_files_are() {
    const BYTES: usize = 10 << 20;
    const GROWTH_BYTES_MAX: u64 = 8 << 20;
    let flags = ["--policy-limits", "upload=100000 per 1h"];
    let node = Node::start(&flags).await;
    let text = vec![b'x'; BYTES];
    let people: Vec<_> = ["ann", "bob", "carol", "dave"]
        .map(|user| Rest::new(&node, user))
        .into();
    let round = async || {
        let uploads = people.iter().map(|rest| async {
            let request = rest.request(reqwest::Method::POST, "/v1/attachments?name=a.txt");
            let request = request
                .header("content-type", "text/plain")
                .body(text.clone());
            let response = request
                .timeout(Duration::from_secs(60))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 201);
        });
        futures_util::future::join_all(uploads).await;
    };
    // What threads, buffers and the store need once.
    round().await;
    let before = node.resident_bytes();
    for _ in 0..4 {
        round().await;
    }
    let grown = node.resident_bytes().saturating_sub(before);
    assert!(
        grown < GROWTH_BYTES_MAX,
        "{grown} bytes for 16 files of {BYTES}"
    );
    assert_eq!(kept(&node).len(), 20);
}
