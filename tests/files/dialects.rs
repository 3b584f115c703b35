//! Files in the ways of the dialects.

use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

use super::{
    PDF,
    common::{Client, Events, Node, Plain, Rest, rest_send, token, until},
    form, nothing_is_kept_after_a_start, uploaded,
};

async fn fetched(url: &Value) -> Vec<u8> {
    let response = reqwest::get(url.as_str().unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.unwrap().to_vec()
}

async fn post(rest: &Rest, path: &str, form: Form) -> Value {
    rest_send(rest.request(Method::POST, path).multipart(form))
        .await
        .ok()
}

/// S1-08, S1-29: as the seed's client does it: upload, take `url`, send it along.
#[tokio::test]
async fn marketplace_uploads_and_sends_the_address() {
    let node = Node::start(&[]).await;
    let (one, two) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    let mut socket = Plain::dial(
        &node,
        &format!("/api/v1/messages/ws/2?token={}", token("2")),
    )
    .await;
    let path = "/api/v1/messages/upload-attachment";
    let answer = post(&one, path, form(PDF, "document.pdf", "application/pdf")).await;
    assert_eq!(answer["filename"], "document.pdf");
    assert_eq!(answer["size"], PDF.len());
    assert_eq!(answer["content_type"], "application/pdf");
    assert_eq!(answer["thumbnail_url"], Value::Null);
    assert_eq!(fetched(&answer["url"]).await, PDF);
    let body = json!({ "receiver_id": 2, "content": "see", "attachments": [answer["url"]] });
    let sent = one.post("/api/v1/messages", body).await.ok();
    assert_eq!(fetched(&sent["attachments"][0]).await, PDF);
    // Told to many, so that the address is for nobody in particular: with a token it is for the receiver.
    let told = socket.take("new_message").await["data"].clone();
    let url = told["attachments"][0].as_str().unwrap();
    assert!(
        url.starts_with(&node.url("/v1/attachments/")) && !url.contains("signature"),
        "{url}"
    );
    assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
    let path = url.strip_prefix(&node.url("")).unwrap();
    let response = two.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), PDF);
    let listed = two.get("/api/v1/messages").await.ok();
    assert_eq!(listed[0]["files"][0]["filename"], "document.pdf");
    assert_eq!(fetched(&listed[0]["attachments"][0]).await, PDF);
    for body in [json!({}), Value::Null] {
        let path = "/api/v1/messages/upload-attachment";
        assert_eq!(one.post(path, body).await.status, 400);
    }
    let body = json!({ "receiver_id": 2, "content": "see", "attachments": ["a.pdf"] });
    assert_eq!(one.post("/api/v1/messages", body).await.status, 400);
}

/// S3-04, S3-09: one form with the text and the file, in whatever order.
#[actix_web::test]
async fn gateway_sends_a_message_with_its_file_in_one_form() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    bob.get("/v1/me").await.ok();
    let opened = json!({ "participantIds": ["bob"], "type": "DIRECT" });
    let opened = ann.post("/api/messages/conversations", opened).await.ok();
    let path = format!(
        "/api/messages/conversations/{}/messages",
        opened["data"]["id"].as_str().unwrap()
    );
    let mut socket = Events::connect(&node, "bob", "gateway").await;
    let last = form(PDF, "report.pdf", "application/pdf")
        .text("content", "first the file")
        .text("type", "FILE");
    let first = Form::new()
        .text("content", "Check out this document")
        .text("type", "FILE");
    let part = reqwest::multipart::Part::bytes(PDF).file_name("report.pdf");
    for (form, text) in [
        (first.part("file", part), "Check out this document"),
        (last, "first the file"),
    ] {
        let sent = post(&ann, &path, form).await;
        let data = &sent["data"];
        assert_eq!(
            (&data["content"], &data["type"]),
            (&json!(text), &json!("FILE"))
        );
        let file = &data["attachments"][0];
        assert_eq!(file["fileName"], "report.pdf");
        assert_eq!(file["fileSize"], PDF.len());
        assert_eq!(file["fileType"], "application/pdf");
        assert_eq!(file["id"].as_str().unwrap().len(), 36);
        let url = file["url"].as_str().unwrap();
        assert!(url.starts_with(&node.url("/v1/attachments/")), "{url}");
        assert_eq!(fetched(&file["url"]).await, PDF);
        let told = socket.event("newMessage").await;
        assert_eq!(told["attachments"][0]["fileName"], "report.pdf");
    }
    let listed = bob.get(&path).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        fetched(&listed["data"][0]["attachments"][0]["url"]).await,
        PDF
    );
}

/// S3-04: a client that didn't hear the answer sends the form again, and gets it; there is one message, and one file.
#[tokio::test]
async fn gateway_answers_a_form_that_is_sent_again_as_the_first_time() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    bob.get("/v1/me").await.ok();
    let opened = json!({ "participantIds": ["bob"], "type": "DIRECT" });
    let opened = ann.post("/api/messages/conversations", opened).await.ok();
    let conversation = opened["data"]["id"].as_str().unwrap();
    let path = format!("/api/messages/conversations/{conversation}/messages");
    let send = async |bytes: &[u8], name: &str| {
        let form = form(bytes, name, "application/pdf").text("content", "see");
        let request = ann.request(Method::POST, &path).multipart(form);
        rest_send(request.header("idempotency-key", "k1")).await
    };
    let first = send(PDF, "report.pdf").await.ok();
    let again = send(PDF, "report.pdf").await.ok();
    for field in ["/id", "/createdAt", "/attachments/0/id"] {
        let field = format!("/data{field}");
        assert_eq!(first.pointer(&field), again.pointer(&field), "{field}");
    }
    let changed = [PDF, b"\n%more"].concat();
    for (bytes, name) in [(&*changed, "report.pdf"), (PDF, "other.pdf")] {
        let other = send(bytes, name).await;
        assert_eq!((other.status, other.code()), (409, "KEY_REUSED"));
    }
    let one_is_left = async || (ann.get("/v1/me/usage").await.ok()["files"] == 1).then_some(());
    until("second files given up", one_is_left).await;
    assert_eq!(fetched(&again["data"]["attachments"][0]["url"]).await, PDF);
    let listed = bob.get(&path).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

/// A message that is refused gives the file up again.
#[tokio::test]
async fn the_file_of_a_message_that_is_refused_is_given_up() {
    let mut node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let path = "/api/messages/conversations/4711/messages";
    let form = form(PDF, "report.pdf", "application/pdf").text("content", "to nobody");
    let refused = rest_send(ann.request(Method::POST, path).multipart(form)).await;
    assert_eq!((refused.status, refused.code()), (404, "NO_CONVERSATION"));
    let given_up = async || (ann.get("/v1/me/usage").await.ok()["files"] == 0).then_some(());
    until("file given up", given_up).await;
    nothing_is_kept_after_a_start(&mut node).await;
}

/// S4-29: over REST and Socket.IO, by a form or by the id.
#[actix_web::test]
async fn direct_sends_files_too() {
    let node = Node::start(&[]).await;
    let (one, two) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    two.get("/v1/me").await.ok();
    let mut socket = Events::connect(&node, "1", "direct").await;
    let form = form(PDF, "a.pdf", "application/pdf")
        .text("receiverId", "2")
        .text("content", "see");
    let sent = post(&one, "/api/chat/send", form).await;
    let file = &sent["data"]["attachments"][0];
    assert!(file["id"].is_u64() && file["fileName"] == "a.pdf");
    assert_eq!(fetched(&file["url"]).await, PDF);
    let file = uploaded(&one, PDF, "b.pdf", "application/pdf").await;
    let id: u64 = file["id"].as_str().unwrap().parse().unwrap();
    let payload = json!({ "receiverId": 2, "attachments": [id] });
    let sent = socket.ask("send_message", payload).await;
    assert_eq!(sent["data"]["attachments"][0]["id"], id);
    assert_eq!(sent["data"]["content"], "");
}

/// Whatever a file was sent through, all dialects show it.
#[tokio::test]
async fn a_file_of_one_dialect_is_seen_in_all() {
    let node = Node::start(&[]).await;
    let (one, two) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    two.get("/v1/me").await.ok();
    let mut client = Client::connect(&node, "1").await;
    let conversation = client.direct("2").await;
    let file = uploaded(&one, PDF, "a.pdf", "application/pdf").await;
    let send = json!({ "conversation": conversation, "text": "see", "attachments": [file["id"]] });
    client.ok("send", send).await;
    for (path, list, url) in [
        (
            format!("/api/v1/conversations/{conversation}/messages"),
            "/data/messages/0",
            "/attachments/0/url",
        ),
        (
            format!("/chat/conversations/{conversation}/messages"),
            "/messages/0",
            "/attachments/0/url",
        ),
        (
            format!("/api/messages/conversations/{conversation}/messages"),
            "/data/0",
            "/attachments/0/url",
        ),
        (
            format!("/api/chat/conversations/{conversation}/messages"),
            "/data/messages/0",
            "/attachments/0/url",
        ),
        (
            "/api/v1/messages?conversation_id=1_2".to_owned(),
            "/0",
            "/attachments/0",
        ),
    ] {
        let shown = two.get(&path).await.ok();
        let url = shown.pointer(&format!("{list}{url}"));
        let url = url.unwrap_or_else(|| panic!("{path} shows no file: {shown}"));
        assert_eq!(fetched(url).await, PDF, "{path}");
    }
}

/// C-25: the presets of the two systems without files have none.
#[tokio::test]
async fn the_presets_of_systems_without_files_take_none() {
    for preset in ["dating", "matched"] {
        let flags = format!("{}/flags/{preset}.flags", env!("CARGO_MANIFEST_DIR"));
        // Its own port may be taken by another test.
        let node = Node::start(&["--flagfile", &flags, "--listen-dialect="]).await;
        let ann = Rest::new(&node, "ann");
        let refused = super::upload(&ann, PDF, "a.pdf", "application/pdf").await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "ATTACHMENTS_OFF"),
            "{preset}"
        );
    }
}
