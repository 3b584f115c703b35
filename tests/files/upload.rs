//! Uploading, and sending what was uploaded.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;

use super::{
    PDF,
    common::{Client, Node, Rest, rest_send, until},
    form, kept, nothing_is_kept_after_a_start, upload, uploaded,
};

/// S1-27, S1-28: a file comes in a form or as the body, and lies in the folder of who sent it.
#[tokio::test]
async fn a_file_comes_in_a_form_or_as_the_body() {
    let node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let file = uploaded(&ann, PDF, "Bericht über 1.pdf", "application/pdf").await;
    assert_eq!(file["name"], "Bericht über 1.pdf");
    assert_eq!(file["media_type"], "application/pdf");
    assert_eq!(file["bytes"], PDF.len());
    assert_eq!(file["owner"], "ann");
    let path = "/v1/attachments?name=..%2Fnotes.txt";
    let raw = ann.request(Method::POST, path).body("hello, 世界");
    let raw = rest_send(raw.header("content-type", "text/plain; charset=utf-8")).await;
    assert_eq!(raw.status, 201);
    assert_eq!(raw.body["attachment"]["name"], "notes.txt");
    assert_eq!(raw.body["attachment"]["media_type"], "text/plain");
    let folder = node.data().join("attachments/ann");
    let kept = kept(&node);
    assert_eq!(kept.len(), 2);
    for path in kept {
        assert_eq!(path.parent().unwrap(), folder);
    }
    let usage = ann.get("/v1/me/usage").await.ok();
    assert_eq!(usage["files"], 2);
}

/// A file is sent over either transport, everybody in the conversation is told, and nobody can send another's.
#[tokio::test]
async fn what_was_uploaded_is_sent_once_and_by_its_owner() {
    let node = Node::start(&[]).await;
    let mut ann = Client::connect(&node, "ann").await;
    let conversation = ann.direct("bob").await;
    let mut bob = Client::connect(&node, "bob").await;
    let (ann_rest, bob_rest) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    let file = uploaded(&ann_rest, PDF, "a.pdf", "application/pdf").await;
    let send = json!({ "conversation": conversation, "text": "see", "attachments": [file["id"]] });
    assert_eq!(
        bob.request("send", send.clone()).await["code"],
        "NO_ATTACHMENT"
    );
    let sent = ann.ok("send", send.clone()).await["message"].clone();
    assert_eq!(sent["attachments"][0]["id"], file["id"]);
    assert_eq!(sent["attachments"][0]["name"], "a.pdf");
    bob.hears("see").await;
    assert_eq!(ann.request("send", send).await["code"], "ATTACHMENT_SENT");
    // Without a text, over REST.
    let file = uploaded(&bob_rest, PDF, "b.pdf", "application/pdf").await;
    let body = json!({ "text": "", "attachments": [file["id"]] });
    let path = format!("/v1/conversations/{conversation}/messages");
    let sent = bob_rest.post(&path, body).await.ok();
    assert_eq!(sent["message"]["attachments"][0]["name"], "b.pdf");
    let shown = ann_rest.get(&path).await.ok();
    let files: Vec<_> = shown["messages"].as_array().unwrap().iter().collect();
    assert!(
        files
            .iter()
            .all(|message| message["attachments"][0]["bytes"] == PDF.len())
    );
}

/// What is given up, and what goes with its message, is gone from the disk too.
#[tokio::test]
async fn what_is_given_up_is_taken_away() {
    let mut node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let file = uploaded(&ann, PDF, "a.pdf", "application/pdf").await;
    let path = format!("/v1/attachments/{}", file["id"].as_str().unwrap());
    assert_eq!(ann.delete(&path).await.status, 204);
    assert_eq!(ann.get(&path).await.code(), "NO_ATTACHMENT");
    assert_eq!(ann.get("/v1/me/usage").await.ok()["files"], 0);
    nothing_is_kept_after_a_start(&mut node).await;
}

/// A form with no file, with two, or with a broken end is refused, and nothing of it is kept.
#[tokio::test]
async fn a_form_has_one_file_and_a_good_end() {
    let mut node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let ask = |form: Form| ann.request(Method::POST, "/v1/attachments").multipart(form);
    let none = rest_send(ask(Form::new().text("content", "x"))).await;
    assert_eq!((none.status, none.code()), (400, "BAD_VALUE"));
    let second = Part::bytes(PDF).file_name("b.pdf");
    let two = form(PDF, "a.pdf", "application/pdf").part("other", second);
    let two = rest_send(ask(two)).await;
    assert_eq!((two.status, two.code()), (400, "BAD_VALUE"));
    for (kind, body) in [
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello",
        ),
        ("multipart/form-data; boundary=x", "rubbish"),
        ("multipart/form-data", "--x--\r\n"),
    ] {
        let request = ann.request(Method::POST, "/v1/attachments");
        let broken = rest_send(request.header("content-type", kind).body(body)).await;
        assert_eq!(
            (broken.status, broken.code()),
            (400, "BAD_REQUEST"),
            "{kind} {body}"
        );
    }
    assert!(super::incoming(&node).is_empty());
    let stranger = Rest::with_token(&node, "none");
    let refused = upload(&stranger, PDF, "a.pdf", "application/pdf").await;
    assert_eq!(refused.status, 401);
    let given_up = async || (ann.get("/v1/me/usage").await.ok()["files"] == 0).then_some(());
    until("all given up", given_up).await;
    nothing_is_kept_after_a_start(&mut node).await;
}

/// G1 for files: one that was acknowledged is there after a kill.
#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let mut node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let file = uploaded(&ann, PDF, "a.pdf", "application/pdf").await;
    node.kill();
    node.start_again().await;
    let ann = Rest::new(&node, "ann");
    let path = format!("/v1/attachments/{}", file["id"].as_str().unwrap());
    let response = ann.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), PDF);
}
