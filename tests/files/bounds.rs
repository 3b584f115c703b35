//! What isn't taken: the wrong types, too long, too many, too much, or any at all.

use reqwest::{Method, multipart::Part};
use serde_json::json;

use super::{
    PDF,
    common::{Node, Raw, Rest, rest_send, token},
    form, incoming, kept, upload, uploaded,
};

const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

/// S1-22, S1-23, S1-47: what a file is, its bytes have to say.
#[tokio::test]
async fn whoever_says_something_else_is_not_believed() {
    let node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    for (bytes, name, said) in [
        (EXE, "cat.png", "image/png"),
        (EXE, "a.pdf", "application/pdf"),
        (EXE, "setup.exe", "application/x-msdownload"),
        (b"<svg onload=alert(1)>", "a.svg", "image/svg+xml"),
        (b"<html>", "a.html", "text/html"),
        (
            PDF,
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"", "empty.txt", "text/plain"),
    ] {
        let refused = upload(&ann, bytes, name, said).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "BAD_VALUE"),
            "{name}"
        );
        assert!(refused.body["details"]["file"].is_string());
    }
    assert!(kept(&node).is_empty() && incoming(&node).is_empty());
    // Who says nothing is told by the bytes.
    let known = uploaded(&ann, PDF, "a", "application/octet-stream").await;
    assert_eq!(known["media_type"], "application/pdf");
    node.metric_becomes("parlour_uploads_kept_total", |n| n == 1)
        .await;
}

/// S1-23, S1-24: files and pictures have bounds of their own.
#[tokio::test]
async fn a_file_that_is_too_long_is_refused_on_the_way() {
    let flags = [
        "--attachments-bytes-max",
        "20KiB",
        "--attachments-image-bytes-max",
        "10KiB",
    ];
    let node = Node::start(&flags).await;
    let ann = Rest::new(&node, "ann");
    let text = |kib: usize| vec![b'x'; kib * 1024];
    uploaded(&ann, &text(20), "a.txt", "text/plain").await;
    for (bytes, name, said, kib_max) in [
        (text(21), "a.txt", "text/plain", 20),
        (text(21), "a.txt", "application/octet-stream", 20),
        (
            [b"\x89PNG\r\n\x1a\n", &*text(10)].concat(),
            "a.png",
            "image/png",
            10,
        ),
        (
            [b"\x89PNG\r\n\x1a\n", &*text(10)].concat(),
            "a",
            "application/octet-stream",
            10,
        ),
    ] {
        let refused = upload(&ann, &bytes, name, said).await;
        assert_eq!(
            (refused.status, refused.code()),
            (413, "TOO_LARGE"),
            "{name} {said}"
        );
        let most = format!("{} bytes", kib_max * 1024);
        let error = refused.body["error"].as_str().unwrap();
        assert!(error.contains(&most), "{name} {said}: {error}");
    }
    assert_eq!(kept(&node).len(), 1);
    assert!(incoming(&node).is_empty());
}

/// What somebody's files take up is bounded; what they give up is theirs again.
#[tokio::test]
async fn files_of_one_person_have_a_bound_in_all() {
    let node = Node::start(&["--attachments-quota", "2KiB"]).await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    let text = vec![b'x'; 1024];
    let first = uploaded(&ann, &text, "1.txt", "text/plain").await;
    uploaded(&ann, &text, "2.txt", "text/plain").await;
    let full = upload(&ann, b"x", "3.txt", "text/plain").await;
    assert_eq!((full.status, full.code()), (507, "QUOTA_FULL"));
    uploaded(&bob, &text, "1.txt", "text/plain").await;
    let path = format!("/v1/attachments/{}", first["id"].as_str().unwrap());
    assert_eq!(ann.delete(&path).await.status, 204);
    uploaded(&ann, &text, "3.txt", "text/plain").await;
    // One that would go beyond it is refused when its length is known.
    let more = upload(&ann, &text, "4.txt", "text/plain").await;
    assert_eq!((more.status, more.code()), (507, "QUOTA_FULL"));
}

/// Uploads have a limit like everything else that people do.
#[tokio::test]
async fn uploads_have_a_limit() {
    let node = Node::start(&["--policy-limits", "upload=1 per 1h"]).await;
    let ann = Rest::new(&node, "ann");
    uploaded(&ann, b"x", "1.txt", "text/plain").await;
    let refused = upload(&ann, b"x", "2.txt", "text/plain").await;
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
    assert!(refused.retry_after.is_some());
    assert_eq!(kept(&node).len(), 1);
    // Before a byte is read: none comes.
    let mut raw = Raw::connect(&node).await;
    let head = format!(
        "POST /v1/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n",
        token("ann")
    );
    assert!(raw.write(head.as_bytes()).await);
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
}

/// However they come: each file counts once.
#[tokio::test]
async fn each_file_of_a_form_counts_as_an_upload() {
    let node = Node::start(&["--policy-limits", "upload=3 per 1h"]).await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    bob.get("/v1/me").await.ok();
    let opened = json!({ "participantIds": ["bob"], "type": "DIRECT" });
    let opened = ann.post("/api/messages/conversations", opened).await.ok();
    let id = opened["data"]["id"].as_str().unwrap();
    let path = format!("/api/messages/conversations/{id}/messages");
    let second = Part::bytes(PDF).file_name("b.pdf");
    let two = form(PDF, "a.pdf", "application/pdf").part("file", second);
    rest_send(ann.request(Method::POST, &path).multipart(two))
        .await
        .ok();
    assert_eq!(kept(&node).len(), 2);
    uploaded(&ann, b"x", "3.txt", "text/plain").await;
    let refused = upload(&ann, b"x", "4.txt", "text/plain").await;
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
}

/// C-25: a node that takes no files says so in every dialect, before it reads them.
#[tokio::test]
async fn a_node_without_files_takes_none_in_any_dialect() {
    let node = Node::start(&["--attachments-enabled=false"]).await;
    let ann = Rest::new(&node, "ann");
    for path in [
        "/v1/attachments",
        "/api/v1/messages",
        "/api/v1/messages/upload-attachment",
        "/api/v1/messages/send",
        "/chat/messages",
        "/api/messages/conversations/7/messages",
        "/api/chat/send",
    ] {
        let request = ann.request(Method::POST, path);
        let refused = rest_send(request.multipart(form(PDF, "a.pdf", "application/pdf"))).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ATTACHMENTS_OFF"),
            "{path}"
        );
    }
    let send = json!({ "user": "bob", "text": "see", "attachments": ["7"] });
    let refused = ann.post("/v1/messages", send).await;
    assert_eq!((refused.status, refused.code()), (400, "ATTACHMENTS_OFF"));
    // Where no dialect takes files, a form with one is refused, and one without is a body like others.
    let node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let request = ann.request(Method::POST, "/api/v1/users/bob/block");
    let refused = rest_send(request.multipart(form(PDF, "a.pdf", "application/pdf"))).await;
    assert_eq!((refused.status, refused.code()), (400, "BAD_VALUE"));
    assert!(incoming(&node).is_empty());
}
