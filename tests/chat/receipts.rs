//! How far people have read: cursors, receipts, what is unread.

use serde_json::{Value, json};

use crate::common::{Client, Node, Way};

/// A cursor moves forward only, everyone is told, and `delivered` is never behind `read`.
#[tokio::test]
async fn cursors_move_forward_and_are_told() {
    let node = Node::start(&[]).await;
    for mut bob in Way::both(&node, "bob").await {
        let mut alice = Client::connect(&node, "alice").await;
        let group = alice.group(&["bob"]).await;
        for n in 1..=5 {
            alice.say(&group, &n.to_string()).await;
        }
        let up_to = |seq: u64| json!({ "conversation": group, "seq": seq });
        bob.ask("delivered", up_to(2)).await;
        bob.ask("read", up_to(3)).await;
        bob.ask("read", up_to(1)).await;
        bob.ask("delivered", up_to(3)).await;
        bob.ask("read", up_to(99)).await;

        let delivered = alice.event("delivered").await;
        assert_eq!(
            (&delivered["seq"], &delivered["by"]),
            (&json!(2), &json!("bob"))
        );
        assert_eq!(alice.event("read").await["seq"], 3);
        assert_eq!(
            alice.event("read").await["seq"],
            5,
            "beyond the newest is the newest"
        );
        alice.settle().await;
        let moves = |event: &&Value| event["type"] == "read" || event["type"] == "delivered";
        assert_eq!(alice.untaken().find(moves), None, "backwards is no move");

        let members = alice.ok("members", json!({ "conversation": group })).await;
        let member = &members["members"][1];
        assert_eq!(
            (&member["read"], &member["delivered"]),
            (&json!(5), &json!(5))
        );
        assert!(member["read_at"].is_string());
        let own = bob
            .ask("conversation", json!({ "conversation": group }))
            .await;
        assert_eq!(
            (&own["conversation"]["read"], &own["conversation"]["unread"]),
            (&json!(5), &json!(0))
        );
    }
}

/// In a direct conversation each message tells when it was read, also after a later one was.
#[tokio::test]
async fn each_direct_message_knows_when_it_was_read() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    for mut bob in Way::both(&node, "bob").await {
        let first = alice
            .ok("send", json!({ "user": "bob", "text": "one" }))
            .await;
        let second = alice
            .ok("send", json!({ "user": "bob", "text": "two" }))
            .await;
        let (first, second) = (&first["message"]["id"], &second["message"]["id"]);
        bob.ask("delivered", json!({ "message": second })).await;
        let receipts = alice.ok("receipts", json!({ "message": first })).await;
        let expected = json!([{ "user": "bob", "delivered": true, "read": false }]);
        assert_eq!(receipts["receipts"], expected);

        bob.ask("read", json!({ "message": first })).await;
        let read_first = alice.event("read").await["at"].take();
        bob.ask("read", json!({ "message": second })).await;
        let read_second = alice.event("read").await["at"].take();
        for (message, at) in [(first, read_first), (second, read_second)] {
            let receipts = alice.ok("receipts", json!({ "message": message })).await;
            let expected =
                json!([{ "user": "bob", "delivered": true, "read": true, "read_at": at }]);
            assert_eq!(receipts["receipts"], expected);
        }
    }
}

/// Unread counts are what a reader would count: others' messages above the cursor that are not deleted.
#[tokio::test]
async fn unread_is_counted_per_conversation_and_in_all() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut bob = Client::connect(&node, "bob").await;
    let direct = alice.direct("bob").await;
    let group = alice.group(&["bob", "carol"]).await;
    let quiet = alice.group(&["bob"]).await;
    for n in 1..=3 {
        alice.say(&direct, &n.to_string()).await;
        bob.say(&direct, "my own").await;
        alice.say(&group, &n.to_string()).await;
    }
    let gone = alice.say(&group, "gone").await;
    alice.ok("delete", json!({ "message": gone["id"] })).await;
    bob.ok("read", json!({ "conversation": direct, "seq": 1 }))
        .await;

    for mut way in Way::both(&node, "bob").await {
        let unread = way.ask("unread", json!({})).await;
        assert_eq!(unread["total"], 2 + 3);
        let of = |conversation: &str| {
            let list = unread["conversations"].as_array().unwrap();
            let found = list.iter().find(|c| c["conversation"] == conversation);
            found.map(|c| c["unread"].clone())
        };
        assert_eq!(of(&direct), Some(json!(2)));
        assert_eq!(of(&group), Some(json!(3)));
        assert_eq!(of(&quiet), None);
        let listed = way.ask("conversations", json!({})).await;
        for summary in listed["conversations"].as_array().unwrap() {
            let id = summary["id"].as_str().unwrap();
            assert_eq!(
                summary["unread"],
                of(id).unwrap_or(json!(0)),
                "both say the same"
            );
        }
    }
    bob.ok("read", json!({ "conversation": direct, "seq": 99 }))
        .await;
    bob.ok("read", json!({ "conversation": group, "seq": 99 }))
        .await;
    let unread = bob.ok("unread", json!({})).await;
    assert_eq!(unread, json!({ "total": 0, "conversations": [] }));
}
