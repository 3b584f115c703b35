//! G3: a retry with the same key never makes a second message.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, Way, rest_send};

/// G3, over each transport, over both mixed, and over a `kill -9`.
#[tokio::test]
async fn a_retry_never_makes_a_second_message() {
    let mut node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let send = |key: &str| json!({ "conversation": conversation, "text": "once", "key": key });
    let first = alice.ok("send", send("k1")).await;
    assert_eq!(
        (&first["repeated"], &first["message"]["key"]),
        (&json!(false), &json!("k1"))
    );
    for round in 0..2 {
        for mut way in Way::both(&node, "alice").await {
            let again = way.ask("send", send("k1")).await;
            assert_eq!(again["message"], first["message"], "round {round}");
            assert_eq!(again["repeated"], true);
        }
        let alice = Rest::new(&node, "alice");
        let path = format!("/v1/conversations/{conversation}/messages");
        let by_header = alice
            .request(Method::POST, &path)
            .header("Idempotency-Key", "k1");
        let again = rest_send(by_header.json(&json!({ "text": "once" }))).await;
        assert_eq!(
            (again.status, &again.body["message"]),
            (200, &first["message"])
        );
        let by_user = alice
            .post(
                "/v1/messages",
                json!({ "user": "bob", "text": "once", "key": "k1" }),
            )
            .await;
        assert_eq!(by_user.ok()["message"], first["message"]);
        node.kill();
        node.start_again().await;
    }
    let bob = Rest::new(&node, "bob");
    assert_eq!(bob.history(&conversation).await.len(), 1);
    let mut bob = Way::rest(&node, "bob");
    let fresh = bob.ask("send", send("k1")).await;
    assert_eq!(
        fresh["repeated"], false,
        "another person's key is another key"
    );
}

/// G3: the first message is found as it stands now, edits included; a deleted one is not written again.
#[tokio::test]
async fn a_retry_finds_the_message_as_it_stands() {
    let node = Node::start(&[]).await;
    for (mut alice, key) in Way::both(&node, "alice").await.into_iter().zip(["a", "b"]) {
        let send = json!({ "user": "bob", "text": "once", "key": key });
        let first = alice.ask("send", send.clone()).await;
        let id = &first["message"]["id"];
        alice
            .ask("edit", json!({ "message": id, "text": "twice" }))
            .await;
        let again = alice.ask("send", send.clone()).await;
        assert_eq!(
            (&again["message"]["id"], &again["message"]["text"]),
            (id, &json!("twice"))
        );
        alice.ask("delete", json!({ "message": id })).await;
        let again = alice.ask("send", send).await;
        assert_eq!(
            (&again["message"]["id"], &again["repeated"]),
            (id, &json!(true))
        );
        assert!(again["message"]["deleted_at"].is_string());
    }
}

/// G3: a key names one request. With another one it is a mistake of the client's, and nothing is done.
#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let node = Node::start(&[]).await;
    for (mut alice, key) in Way::both(&node, "alice").await.into_iter().zip(["a", "b"]) {
        alice
            .ask("send", json!({ "user": "bob", "text": "one", "key": key }))
            .await;
        for (kind, fields) in [
            ("send", json!({ "user": "bob", "text": "two" })),
            ("send", json!({ "user": "carol", "text": "one" })),
            (
                "send",
                json!({ "user": "bob", "text": "one", "kind": "IMAGE" }),
            ),
            (
                "send",
                json!({ "user": "bob", "text": "one", "metadata": {} }),
            ),
            ("open_group", json!({ "members": ["bob"] })),
        ] {
            let mut fields = fields;
            fields["key"] = json!(key);
            assert_eq!(
                alice.refused(kind, fields.clone()).await,
                "KEY_REUSED",
                "{kind} {fields}"
            );
        }
        for bad in [String::new(), "k".repeat(129), "a\u{7}b".to_owned()] {
            let fields = json!({ "user": "bob", "text": "x", "key": bad });
            assert_eq!(
                alice.refused("send", fields).await,
                "BAD_REQUEST",
                "{bad:?}"
            );
        }
    }
    let alice = Rest::new(&node, "alice");
    let differ = alice
        .request(Method::POST, "/v1/messages")
        .header("Idempotency-Key", "x");
    let differ = differ.json(&json!({ "user": "bob", "text": "x", "key": "y" }));
    assert_eq!(rest_send(differ).await.code(), "BAD_VALUE");
}

/// G3: groups too are opened once.
#[tokio::test]
async fn a_group_is_opened_once() {
    let mut node = Node::start(&[]).await;
    let fields = json!({ "name": "g", "members": ["bob"], "key": "g1" });
    let mut first = Value::Null;
    for _ in 0..2 {
        for mut alice in Way::both(&node, "alice").await {
            let opened = alice.ask("open_group", fields.clone()).await;
            if first.is_null() {
                assert_eq!(opened["created"], true);
                first = opened;
            } else {
                assert_eq!(opened["created"], false);
                assert_eq!(opened["conversation"], first["conversation"]);
            }
        }
        node.kill();
        node.start_again().await;
    }
}

/// G3: retries that race the first try.
#[tokio::test]
async fn retries_that_race_make_one_message() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(Client::connect(&node, "alice").await);
    }
    for round in 0..25 {
        let key = format!("race-{round}");
        let fields = json!({ "conversation": conversation, "text": &key, "key": key });
        let mut begun = Vec::new();
        for device in &mut devices {
            for _ in 0..2 {
                begun.push(device.begin("send", &fields).await);
            }
        }
        let mut ids = Vec::new();
        for (n, id) in begun.into_iter().enumerate() {
            let reply = devices[n / 2].reply(id).await;
            ids.push((
                reply["result"]["message"]["id"].clone(),
                reply["result"]["repeated"].clone(),
            ));
        }
        assert!(ids.iter().all(|(id, _)| *id == ids[0].0), "{ids:?}");
        let n_first = ids
            .iter()
            .filter(|(_, repeated)| *repeated == false)
            .count();
        assert_eq!(n_first, 1, "{ids:?}");
    }
    assert_eq!(
        Rest::new(&node, "bob").history(&conversation).await.len(),
        25
    );
}
