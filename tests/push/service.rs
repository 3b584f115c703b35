//! A service of one's own, which is told of everybody who isn't there (CONTRACT S3-25).

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::{
    common::{Client, Rest},
    node,
    server::{Reply, Seen, Server},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What was said, if the field's own library believes it.
fn verified(seen: &Seen) -> Value {
    let headers: HeaderMap = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .into_iter()
        .map(|name| {
            let value = HeaderValue::from_str(seen.header(name)).unwrap();
            (HeaderName::from_static(name), value)
        })
        .collect();
    let webhook = Webhook::new(SECRET).unwrap();
    webhook.verify(&seen.body, &headers).unwrap();
    assert!(webhook.verify(b"{}", &headers).is_err());
    seen.json()
}

#[actix_web::test]
async fn a_service_of_ones_own_is_told_what_the_seed_says() {
    // Down at first: what is tried again is the same.
    let server = Server::start(|_, n| Reply::status(if n == 1 { 503 } else { 200 }));
    let url = server.at("/push");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let flags = [
        "--push-webhook-url",
        &url,
        "--push-webhook-secret-file",
        file.to_str().unwrap(),
        "--push-content",
    ];
    let node = node(&flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let _carol_is_there = Client::connect(&node, "carol").await;
    let to = alice.group(&["bob", "carol"]).await;
    let said = alice.say(&to, "hello").await;
    let seen = server.came("/push", 2).await;
    let id = |id: &Value| {
        let id: parlour_storage::ids::MessageId = id.as_str().unwrap().parse().unwrap();
        id.to_uuid().to_string()
    };
    let expected = format!(
        r#"{{"userId":"bob","title":"alice","body":"hello","data":{{"type":"NEW_MESSAGE","conversationId":"{}","messageId":"{}"}}}}"#,
        id(&json!(to)),
        id(&said["id"]),
    );
    for seen in &seen {
        verified(seen);
        assert_eq!(String::from_utf8_lossy(&seen.body), expected);
        assert_eq!(seen.header("content-type"), "application/json");
    }
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));

    // The next is about the next message: nobody was told twice, and nobody else.
    alice.say(&to, "again").await;
    let seen = server.came("/push", 3).await;
    let told = verified(&seen[2]);
    assert_eq!(
        (&told["userId"], &told["body"]),
        (&json!("bob"), &json!("again"))
    );
    assert_eq!(seen.len(), 3);
}

#[actix_web::test]
async fn without_content_it_is_told_no_words() {
    let server = Server::willing();
    let url = server.at("/push");
    let node = node(&["--push-webhook-url", &url]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    let seen = server.came("/push", 1).await;
    let told = seen[0].json();
    assert_eq!(told["userId"], "bob");
    assert!(told["title"].is_null() && told["body"].is_null(), "{told}");
    assert!(seen[0].maybe_header("webhook-signature").is_none());
    let _bob_has_no_device = Rest::new(&node, "bob");
}
