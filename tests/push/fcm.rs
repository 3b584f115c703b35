//! Firebase: a service account's way to a token, and what is asked with it.

use actix_web::web;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use parlour_storage::ids::Timestamp;
use serde_json::{Value, json};

use crate::{
    common::{Client, Node, Rest},
    node,
    server::{Reply, Seen, Server},
    subscriber::decoded,
};

const KEY: &str = include_str!("../../src/auth/testdata/rsa.pem");
const PUBLIC: &str = include_str!("../../src/auth/testdata/rsa.pub.pem");
const SEND: &str = "/v1/projects/chat-1/messages:send";

/// Google, as far as it is asked; `send` answers the `n`th push.
fn google(send: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen, n| match &*seen.path {
        "/token" => Reply::status(200).json(&json!({
            "access_token": format!("ya29.{n}"),
            "expires_in": 3599,
            "token_type": "Bearer",
        })),
        SEND => send(n),
        path => panic!("nobody asks for {path}"),
    })
}

/// A node with a project at Firebase, and the folder of its account.
async fn node_at(google: &Server, more: &[&str]) -> (Node, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let account = json!({
        "type": "service_account",
        "project_id": "chat-1",
        "private_key_id": "key-1",
        "private_key": KEY,
        "client_email": "node@chat-1.iam.gserviceaccount.com",
        "token_uri": google.at("/token"),
    });
    std::fs::write(&file, account.to_string()).unwrap();
    let url = google.at("");
    let file = file.to_str().unwrap();
    let flags = ["--push-fcm-credentials-file", file, "--push-fcm-url", &url];
    (node(&[&flags, more].concat()).await, folder)
}

/// What a service account claims to get a token, if the signature is its own.
fn claimed(seen: &Seen) -> Value {
    assert_eq!(
        seen.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    let form = fields(&seen.body);
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let [(grant, _), (assertion, token)] = &form[..] else {
        panic!("{form:?}")
    };
    assert_eq!([&**grant, &**assertion], ["grant_type", "assertion"]);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = DecodingKey::from_rsa_pem(PUBLIC.as_bytes()).unwrap();
    assert!(crypto::verify(signature, signed.as_bytes(), &key, Algorithm::RS256).unwrap());
    let (head, claims) = signed.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decoded(head)).unwrap();
    assert_eq!(
        head,
        json!({ "typ": "JWT", "alg": "RS256", "kid": "key-1" })
    );
    serde_json::from_slice(&decoded(claims)).unwrap()
}

/// The fields of a form, in their order.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let form = std::str::from_utf8(body).unwrap();
    let form = web::Query::<Vec<_>>::from_query(form).unwrap();
    form.into_inner()
}

#[actix_web::test]
async fn firebase_is_asked_as_google_says() {
    let google = google(|_| Reply::status(200));
    let (node, _folder) = node_at(&google, &["--push-content"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let bob = Rest::new(&node, "bob");
    let device = json!({ "kind": "fcm", "token": "device:1" });
    bob.post("/v1/push/targets", device).await.ok();
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    google.came(SEND, 1).await;
    alice.say(&to, "again").await;
    let sent = google.came(SEND, 2).await;
    let message = &sent[0].json()["message"];
    assert_eq!(sent[0].header("authorization"), "Bearer ya29.1");
    assert_eq!(message["token"], "device:1");
    assert_eq!(
        message["notification"],
        json!({ "title": "alice", "body": "hello" })
    );
    assert_eq!(message["data"]["conversationId"], *to);
    assert!(
        message["data"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_string)
    );
    assert_eq!(message["android"]["collapse_key"], *to);
    assert_eq!(message["apns"]["headers"]["apns-collapse-id"], *to);

    let asked = google.seen("/token");
    assert_eq!(asked.len(), 1, "a token is used until it runs out");
    let claims = claimed(&asked[0]);
    assert_eq!(claims["iss"], "node@chat-1.iam.gserviceaccount.com");
    assert_eq!(
        claims["scope"],
        "https://www.googleapis.com/auth/firebase.messaging"
    );
    assert_eq!(claims["aud"], google.at("/token"));
    let (iat, exp) = (
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert!(
        (0..60).contains(&(Timestamp::now().0 / 1000 - iat)),
        "{iat}"
    );
    assert_eq!(exp - iat, 3600);
    node.metric_becomes("parlour_push_sent_total{kind=\"fcm\"}", |n| n == 2)
        .await;
}

#[actix_web::test]
async fn an_app_that_was_removed_is_forgotten() {
    let google = google(|_| {
        Reply::status(404).json(&json!({ "error": { "code": 404, "details": [{
            "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
            "errorCode": "UNREGISTERED",
        }] } }))
    });
    let (node, _folder) = node_at(&google, &[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let bob = Rest::new(&node, "bob");
    let device = json!({ "kind": "fcm", "token": "device:1" });
    bob.post("/v1/push/targets", device).await.ok();
    let to = alice.direct("bob").await;
    alice.say(&to, "hello").await;
    node.metric_becomes("parlour_push_gone_total{kind=\"fcm\"}", |n| n == 1)
        .await;
    crate::targets::become_none(&bob).await;
    assert!(
        google.seen(SEND)[0].json()["message"]
            .get("notification")
            .is_none()
    );
}
