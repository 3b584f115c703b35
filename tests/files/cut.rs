//! Uploads that don't come to their end, and those that are long.

use super::{
    common::{Node, Raw, Rest, Signal, token, until},
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

/// Begins a message with two files, and sends the first and half of the second.
async fn half_a_form(node: &Node, user: &str) -> Raw {
    const PART: &str = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                        Content-Type: text/plain\r\n\r\n";
    let mut raw = Raw::connect(node).await;
    let head = format!(
        "POST /api/messages/conversations/7/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n",
        token(user)
    );
    let body = format!("{PART}the first\r\n{PART}{}", "x".repeat(20_000));
    assert!(raw.write((head + &body).as_bytes()).await);
    let is_half = async || (kept(node).len() == 1 && !incoming(node).is_empty()).then_some(());
    until("one file kept and one on its way", is_half).await;
    raw
}

/// A form that is cut off in its second file gives up the first, which was known by then.
#[tokio::test]
async fn a_cut_form_gives_up_the_files_that_came() {
    let node = Node::start(&[]).await;
    let raw = half_a_form(&node, "ann").await;
    let ann = Rest::new(&node, "ann");
    assert_eq!(ann.get("/v1/me/usage").await.ok()["files"], 1);
    drop(raw);
    let given_up = async || (ann.get("/v1/me/usage").await.ok()["files"] == 0).then_some(());
    until("file given up", given_up).await;
    until("rest gone", async || {
        incoming(&node).is_empty().then_some(())
    })
    .await;
}

/// A stop in the middle of uploads is a stop in good order.
#[tokio::test]
async fn a_stop_in_the_middle_of_uploads_is_in_good_order() {
    let mut node = Node::start(&["--node-shutdown-timeout", "3s"]).await;
    let _uploads = (
        half(&node, "bob", 4 << 20).await,
        half_a_form(&node, "ann").await,
    );
    node.signal(Signal::Terminate);
    assert!(node.ended().await.success());
    node.start_again().await;
    assert!(incoming(&node).is_empty());
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
    let n_partly_there = |node: &Node| {
        let lengths = incoming(node).into_iter();
        let mut lengths = lengths.map(|path| std::fs::metadata(path).unwrap().len());
        lengths.by_ref().filter(|&n| 0 < n && n < 4 << 20).count()
    };
    until("each partly there", async || {
        (n_partly_there(&node) == 3).then_some(())
    })
    .await;
    node.kill();
    assert_eq!(n_partly_there(&node), 3, "or the test shows nothing");
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
