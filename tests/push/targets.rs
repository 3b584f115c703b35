//! Devices: given, told of, taken over, given up, and refused.

use parlour_storage::domain::push::PUSH_TARGETS_MAX;
use serde_json::{Value, json};

use crate::{
    common::{Client, Node, Rest, token_with, until},
    node,
    server::Server,
    subscriber::{Subscriber, decoded},
};

/// The devices that somebody is told of.
async fn targets(of: &Rest) -> Vec<Value> {
    let mut told = of.get("/v1/push/targets").await.ok();
    serde_json::from_value(told["targets"].take()).unwrap()
}

/// Waits until somebody has no devices.
pub(crate) async fn become_none(of: &Rest) {
    until("end of all devices", async || {
        targets(of).await.is_empty().then_some(())
    })
    .await;
}

fn admin(node: &Node) -> Rest {
    Rest::with_token(
        node,
        &token_with("root", |claims| claims.role = Some("admin".into())),
    )
}

#[actix_web::test]
async fn a_device_is_one_persons_until_somebody_else_has_it() {
    let server = Server::willing();
    let node = node(&[]).await;
    let (bob, carol) = (Rest::new(&node, "bob"), Rest::new(&node, "carol"));
    let browser = Subscriber::new(&server, "/send/1").subscription();
    let app = json!({ "kind": "unifiedpush", "endpoint": server.at("/up") });

    let added = bob.post("/v1/push/targets", browser.clone()).await;
    assert_eq!(added.status, 201);
    let first = added.ok()["target"].clone();
    assert_eq!(first["kind"], "webpush");
    let same = bob.post("/v1/push/targets", browser.clone()).await.ok();
    assert_eq!(same["target"]["id"], first["id"]);
    let second = bob.post("/v1/push/targets", app).await.ok()["target"].clone();
    let told = targets(&bob).await;
    assert_eq!(
        told.iter().map(|it| &it["id"]).collect::<Vec<_>>(),
        [&first["id"], &second["id"]]
    );
    // Whoever knows an address can send to it.
    assert!(!json!(told).to_string().contains("/send/1"));

    carol.post("/v1/push/targets", browser).await.ok();
    assert_eq!(targets(&bob).await, std::slice::from_ref(&second));
    let path = format!("/v1/push/targets/{}", second["id"].as_str().unwrap());
    assert_eq!(carol.delete(&path).await.code(), "NO_PUSH_TARGET");
    assert_eq!(bob.delete(&path).await.status, 204);
    assert_eq!(bob.delete(&path).await.code(), "NO_PUSH_TARGET");
    assert_eq!(
        bob.delete("/v1/push/targets/x").await.code(),
        "NO_PUSH_TARGET"
    );
    assert!(targets(&bob).await.is_empty());
}

#[actix_web::test]
async fn what_rest_can_do_frames_can() {
    let node = node(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    let key = bob.ok("push_key", json!({})).await["key"].clone();
    assert_eq!(
        key,
        Rest::new(&node, "bob").get("/v1/push/key").await.ok()["key"]
    );
    let endpoint = "https://push.example/1";
    let target = json!({ "kind": "unifiedpush", "endpoint": endpoint });
    let added = bob.ok("add_push_target", target).await["target"].clone();
    let told = bob.ok("push_targets", json!({})).await;
    assert_eq!(told["targets"], json!([added]));
    bob.ok("drop_push_target", json!({ "target": added["id"] }))
        .await;
    let told = bob.ok("push_targets", json!({})).await;
    assert_eq!(told["targets"], json!([]));
}

#[actix_web::test]
async fn what_is_no_device_is_refused_and_said_why() {
    let node = Node::start(&[]).await;
    let bob = Rest::new(&node, "bob");
    let browser = |endpoint: &str, p256dh: &str| json!({ "kind": "webpush", "endpoint": endpoint, "keys": { "p256dh": p256dh, "auth": "BTBZMqHH6r4Tts7J_aSIgg" } });
    let app = |endpoint: &str| json!({ "kind": "unifiedpush", "endpoint": endpoint });
    for (target, said) in [
        (app("http://127.0.0.1:9/"), "outbound.allow"),
        (
            app("http://169.254.169.254/latest/meta-data/"),
            "outbound.allow",
        ),
        (app("http://[::1]:9/"), "outbound.allow"),
        (app("ftp://push.example/"), "HTTP"),
        (app("http://push.example/"), "https"),
        (app("push"), "URL"),
        (app(""), "URL"),
        (
            app(&format!("https://push.example/{}", "x".repeat(2048))),
            "2048",
        ),
        (browser("https://push.example/", "AAAA"), "65 bytes"),
        (json!({ "kind": "fcm", "token": "device:1" }), "Firebase"),
        (json!({ "kind": "webhook" }), "unifiedpush"),
        (json!({ "endpoint": "https://push.example/" }), "kind"),
    ] {
        let refused = bob.post("/v1/push/targets", target.clone()).await;
        assert_eq!(refused.status, 400, "{target}");
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(said), "{target}: {message}");
    }
    assert!(targets(&bob).await.is_empty());
}

#[actix_web::test]
async fn as_many_devices_as_anybody_may_have() {
    let node = node(&["--policy-limits", ""]).await;
    let bob = Rest::new(&node, "bob");
    let add = async |n: usize| {
        let endpoint = format!("https://push.example/{n}");
        let target = json!({ "kind": "unifiedpush", "endpoint": endpoint });
        bob.post("/v1/push/targets", target).await
    };
    for n in 0..PUSH_TARGETS_MAX {
        add(n).await.ok();
    }
    assert_eq!(add(PUSH_TARGETS_MAX).await.code(), "PUSH_TARGETS_FULL");
    // One that is known takes no room.
    add(0).await.ok();
}

#[actix_web::test]
async fn a_node_keeps_the_key_that_browsers_know_it_by() {
    let mut node = node(&[]).await;
    let key = async |node: &Node| {
        let told = Rest::new(node, "bob").get("/v1/push/key").await.ok();
        told["key"].as_str().unwrap().to_owned()
    };
    let first = key(&node).await;
    let point = decoded(&first);
    assert_eq!((point.len(), point[0]), (65, 4));
    node.kill();
    node.start_again().await;
    assert_eq!(key(&node).await, first);
}

#[actix_web::test]
async fn a_node_without_push_takes_no_devices() {
    let node = node(&["--nopush-enabled"]).await;
    let bob = Rest::new(&node, "bob");
    let target = json!({ "kind": "unifiedpush", "endpoint": "https://push.example/1" });
    assert_eq!(
        bob.post("/v1/push/targets", target).await.code(),
        "PUSH_OFF"
    );
    assert_eq!(bob.get("/v1/push/key").await.code(), "PUSH_OFF");
    assert!(!node.data().join("vapid-key").exists());
}

#[actix_web::test]
async fn devices_are_exported_and_go_with_their_owner() {
    let node = node(&[]).await;
    let bob = Rest::new(&node, "bob");
    let endpoint = "https://push.example/1";
    let target = json!({ "kind": "unifiedpush", "endpoint": endpoint });
    let added = bob.post("/v1/push/targets", target).await.ok()["target"].clone();
    let export = bob.get("/v1/me/export").await.ok();
    let lines = export.as_array().unwrap().iter();
    let lines: Vec<_> = lines.filter(|line| line["type"] == "push_target").collect();
    let expected = json!({ "type": "push_target", "target": added, "address": endpoint });
    assert_eq!(lines, [&expected]);

    let erased = admin(&node)
        .post("/v1/moderation/users/bob/erase", json!({}))
        .await
        .ok();
    assert_eq!(erased["gone"]["push_targets"], 1);
    assert!(targets(&bob).await.is_empty());
}
