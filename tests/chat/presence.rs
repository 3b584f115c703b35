//! Typing and presence: told to those whom it concerns, ended by the node if nobody else does.

use serde_json::{Value, json};

use crate::common::{Client, Node, Way};

/// Typing ends when it is said to, when a message comes, and by itself.
#[tokio::test]
async fn typing_ends_by_itself() {
    let node = Node::start(&["--rooms-typing-timeout", "500ms"]).await;
    let mut bob = Client::connect(&node, "bob").await;
    for mut alice in Way::both(&node, "alice").await {
        let direct = &alice.ask("open_direct", json!({ "user": "bob" })).await["conversation"];
        let typing = |on: bool| json!({ "conversation": direct, "on": on });
        let told = async |bob: &mut Client, on: bool| {
            let event = bob.event("typing").await;
            let expected =
                json!({ "type": "typing", "conversation": direct, "user": "alice", "on": on });
            assert_eq!(event, expected);
        };
        alice.ask("typing", typing(true)).await;
        told(&mut bob, true).await;
        told(&mut bob, false).await;

        alice.ask("typing", typing(true)).await;
        told(&mut bob, true).await;
        alice.ask("typing", typing(false)).await;
        told(&mut bob, false).await;

        alice.ask("typing", typing(true)).await;
        alice
            .ask("send", json!({ "conversation": direct, "text": "done" }))
            .await;
        told(&mut bob, true).await;
        told(&mut bob, false).await;
        bob.hears("done").await;
    }
    bob.settle().await;
    assert!(bob.untaken().all(|event| event["type"] != "typing"));
}

/// G8: those who share a conversation learn who comes and goes and when they were last seen. Strangers learn
/// nothing, asked or unasked.
#[tokio::test]
async fn people_who_share_a_conversation_see_each_other() {
    let node = Node::start(&[
        "--presence-delay",
        "20ms",
        "--presence-offline-grace",
        "100ms",
    ])
    .await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut stranger = Client::connect(&node, "stranger").await;
    alice.direct("bob").await;
    alice.group(&["carol", "witness"]).await;
    let mut witness = Client::connect(&node, "witness").await;
    let bob = Client::connect(&node, "bob").await;
    let came = alice
        .event_where("bob", |e| e["type"] == "presence" && e["user"] == "bob")
        .await;
    assert_eq!(came["online"], true);
    let mut late = Client::connect(&node, "carol").await;
    let online = late.event("online").await;
    assert_eq!(
        online["users"],
        json!(["alice", "witness"]),
        "not bob, whom she doesn't know"
    );

    for mut way in Way::both(&node, "alice").await {
        let presence = way
            .ask(
                "presence",
                json!({ "users": ["bob", "stranger", "nobody"] }),
            )
            .await;
        assert_eq!(
            presence["presence"],
            json!([{ "user": "bob", "online": true }])
        );
    }
    bob.close().await;
    let is = |event: &Value| event["user"] == "bob" && event["online"] == false;
    let went = alice.event_where("bob's going", is).await;
    assert!(went["last_seen"].is_string());
    for mut way in Way::both(&node, "alice").await {
        let presence = way.ask("presence", json!({ "users": ["bob"] })).await;
        let one = &presence["presence"][0];
        assert_eq!(
            (&one["user"], &one["online"]),
            (&json!("bob"), &json!(false))
        );
        assert!(one["last_seen"].is_string());
    }
    // Whoever is told is told in one go: what the others were not told by now, they never will be.
    for client in [&mut witness, &mut stranger] {
        client.settle().await;
        let names_bob = |event: &&Value| event.to_string().contains("bob");
        assert_eq!(client.untaken().find(names_bob), None);
    }
    for mut way in Way::both(&node, "stranger").await {
        let presence = way
            .ask("presence", json!({ "users": ["alice", "bob"] }))
            .await;
        assert_eq!(presence["presence"], json!([]));
    }
}

/// Who is back within the grace was never away.
#[tokio::test]
async fn a_quick_reconnect_goes_unnoticed() {
    let node = Node::start(&["--presence-delay", "20ms", "--presence-offline-grace", "1m"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    alice.direct("bob").await;
    alice.direct("carol").await;
    let bob = Client::connect(&node, "bob").await;
    alice
        .event_where("bob", |event| event["user"] == "bob")
        .await;
    bob.close().await;
    let _bob = Client::connect(&node, "bob").await;
    let _carol = Client::connect(&node, "carol").await;
    alice
        .event_where("carol", |event| event["user"] == "carol")
        .await;
    assert!(alice.untaken().all(|event| event["user"] != "bob"));
}

/// G8: after a crash of the node nobody counts as there who isn't, and when they were last seen is known.
#[tokio::test]
async fn presence_is_right_after_a_crash() {
    let mut node = Node::start(&[
        "--presence-delay",
        "20ms",
        "--presence-offline-grace",
        "100ms",
    ])
    .await;
    let mut alice = Client::connect(&node, "alice").await;
    alice.direct("bob").await;
    let mut bob = Client::connect(&node, "bob").await;
    alice
        .event_where("bob", |event| event["user"] == "bob")
        .await;
    // That he came was told; a message after it makes sure that it is on disk too.
    bob.ok("send", json!({ "user": "alice", "text": "here" }))
        .await;
    node.kill();
    node.start_again().await;
    let mut alice = Client::connect(&node, "alice").await;
    let presence = alice.ok("presence", json!({ "users": ["bob"] })).await;
    let bob = &presence["presence"][0];
    assert_eq!(bob["online"], false);
    assert!(bob["last_seen"].is_string(), "{bob}");
}
