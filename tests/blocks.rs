//! G5: a block, once acknowledged, holds on every route and over both transports; in groups what a blocked
//! person writes is veiled from the blocker, live, in history and in resume.

mod common;

use serde_json::{Value, json};

use common::{Client, Node, Rest, Way};

/// Somebody who is told nothing any more may have been told things before: the texts that must not appear.
fn tells(events: &[Value], secret: &str) -> bool {
    events
        .iter()
        .any(|event| event.to_string().contains(secret))
}

/// What of a pair's direct contact a block stops, and which way. `message`: one of the caller's own.
fn contact(
    conversation: &Value,
    message: &Value,
    theirs: &Value,
    peer: &str,
) -> Vec<(&'static str, Value)> {
    vec![
        ("open_direct", json!({ "user": peer })),
        ("send", json!({ "user": peer, "text": "secret" })),
        (
            "send",
            json!({ "conversation": conversation, "text": "secret" }),
        ),
        (
            "send",
            json!({ "user": peer, "text": "secret", "kind": "IMAGE", "key": "secret" }),
        ),
        ("edit", json!({ "message": message, "text": "secret" })),
        ("react", json!({ "message": theirs, "emoji": "secret" })),
        ("react", json!({ "message": message, "emoji": "secret" })),
        (
            "react",
            json!({ "message": theirs, "emoji": "before", "on": false }),
        ),
        ("typing", json!({ "conversation": conversation })),
        ("open_group", json!({ "members": [peer], "name": "secret" })),
        (
            "open_group",
            json!({ "members": ["carol", peer], "name": "secret" }),
        ),
    ]
}

/// G5: every command that reaches a person, in both directions, over both transports, in a conversation from before the
/// block; and all of it again after the block is lifted.
#[tokio::test]
async fn a_block_stops_every_contact_in_both_directions() {
    for [blocker, blocked] in [["alice", "bob"], ["bob", "alice"]] {
        for transport in [0, 1] {
            let node = Node::start(&["--presence-delay", "20ms"]).await;
            let way = async |user: &str| {
                let [socket, rest] = Way::both(&node, user).await;
                if transport == 0 { socket } else { rest }
            };
            let (mut alice, mut bob) = (way("alice").await, way("bob").await);
            let first = alice
                .ask("send", json!({ "user": "bob", "text": "before" }))
                .await["message"]
                .take();
            let second = bob
                .ask("send", json!({ "user": "alice", "text": "before" }))
                .await["message"]
                .take();
            let conversation = &first["conversation"];
            alice
                .ask(
                    "react",
                    json!({ "message": second["id"], "emoji": "before" }),
                )
                .await;
            bob.ask(
                "react",
                json!({ "message": first["id"], "emoji": "before" }),
            )
            .await;
            let own =
                alice.ask("open_group", json!({ "members": [] })).await["conversation"].take();
            let bobs = bob.ask("open_group", json!({ "members": [] })).await["conversation"].take();
            let mut listening = [
                Client::connect(&node, "alice").await,
                Client::connect(&node, "bob").await,
            ];

            for (client, peer) in listening.iter_mut().zip(["bob", "alice"]) {
                let sees = |event: &Value| {
                    let listed = event["users"].as_array();
                    event["user"] == peer && event["online"] == true
                        || event["type"] == "online"
                            && listed.is_some_and(|l| l.contains(&json!(peer)))
                };
                client.event_where("sight of the other one", sees).await;
            }

            let who = |name: &str| if name == "alice" { 0 } else { 1 };
            let mut ways = [alice, bob];
            ways[who(blocker)]
                .ask("block", json!({ "user": blocked, "reason": "why" }))
                .await;
            for (caller, peer, own_message, their_message, own_group) in [
                ("alice", "bob", &first["id"], &second["id"], &own),
                ("bob", "alice", &second["id"], &first["id"], &bobs),
            ] {
                let code = if caller == blocker {
                    "BLOCKED_BY_YOU"
                } else {
                    "NOT_REACHABLE"
                };
                let mut tried = contact(conversation, own_message, their_message, peer);
                tried.push((
                    "add_members",
                    json!({ "conversation": own_group, "users": [peer] }),
                ));
                tried.push((
                    "add_members",
                    json!({ "conversation": own_group, "users": ["carol", peer] }),
                ));
                for (kind, fields) in tried {
                    let refused = ways[who(caller)].refused(kind, fields.clone()).await;
                    assert_eq!(refused, code, "{caller}: {kind} {fields}");
                }
                // What is no contact goes on, unheard by the other one.
                let way = &mut ways[who(caller)];
                way.ask("read", json!({ "conversation": conversation, "seq": 2 }))
                    .await;
                way.ask("delivered", json!({ "message": their_message }))
                    .await;
                let history = way
                    .ask("messages", json!({ "conversation": conversation }))
                    .await;
                assert_eq!(
                    history["messages"][1]["text"], "before",
                    "what was said before stays"
                );
                let receipts = way.ask("receipts", json!({ "message": own_message })).await;
                assert_eq!(receipts["receipts"], json!([]), "receipts pass no block");
                let presence = way.ask("presence", json!({ "users": [peer] })).await;
                assert_eq!(presence["presence"], json!([]));
                let members = way
                    .ask("members", json!({ "conversation": conversation }))
                    .await;
                let cursor = &members["members"][who(peer)];
                assert_eq!(
                    (&cursor["user"], &cursor["read"]),
                    (&json!(peer), &json!(0))
                );
            }
            let blocks = ways[who(blocker)].ask("blocks", json!({})).await;
            assert_eq!(blocks["blocks"][0]["user"], blocked);
            let blocks = ways[who(blocked)].ask("blocks", json!({})).await;
            assert_eq!(
                blocks["blocks"],
                json!([]),
                "nobody is told who blocks them"
            );
            assert_eq!(
                ways[who(blocked)]
                    .refused("user", json!({ "user": blocker }))
                    .await,
                "NO_USER"
            );

            // Deleting is taking back: it is told, and so it ends what each of them could have heard.
            for (caller, message) in [("alice", &first["id"]), ("bob", &second["id"])] {
                ways[who(caller)]
                    .ask("delete", json!({ "message": message }))
                    .await;
            }
            for (client, peer) in listening.iter_mut().zip(["bob", "alice"]) {
                for message in [&first["id"], &second["id"]] {
                    client
                        .event_where("deletion", |event| event["message"]["id"] == *message)
                        .await;
                }
                let goes = |event: &Value| event["user"] == peer && event["online"] == false;
                client.event_where("end of the sight", goes).await;
                let heard = client.take_events();
                assert!(!tells(&heard, "secret"), "{heard:?}");
                for event in &heard {
                    let about_peer = event["by"] == peer || event["user"] == peer;
                    let silent = [
                        "read",
                        "delivered",
                        "typing",
                        "opened",
                        "added",
                        "reacted",
                        "edited",
                    ];
                    let kind = event["type"].as_str().unwrap();
                    assert!(!(about_peer && silent.contains(&kind)), "{event}");
                    assert!(kind != "presence", "{event}");
                }
            }

            ways[who(blocker)]
                .ask("unblock", json!({ "user": blocked }))
                .await;
            for (caller, peer) in [("alice", "bob"), ("bob", "alice")] {
                let text = format!("{caller} is back");
                ways[who(caller)]
                    .ask("send", json!({ "user": peer, "text": text }))
                    .await;
                listening[who(peer)].hears(&text).await;
            }
        }
    }
}

/// G5: in a group both may stay. What the blocked one does is veiled from the blocker, who sees that there is something,
/// so that the order has no gap; everyone else sees all of it; before and after the block everything is as ever.
#[tokio::test]
async fn group_messages_of_a_blocked_person_are_veiled() {
    let mut node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let group = alice.group(&["bob", "carol"]).await;
    let start = alice.resume.clone();
    let mut carol = Client::connect(&node, "carol").await;
    let mut bob = Client::connect(&node, "bob").await;
    let old = bob.say(&group, "before the block").await;
    let alices = alice.say(&group, "from alice").await;
    bob.hears("from alice").await;
    alice.ok("block", json!({ "user": "bob" })).await;

    let hidden = bob.say(&group, "secret text").await;
    bob.ok(
        "edit",
        json!({ "message": hidden["id"], "text": "secret edit" }),
    )
    .await;
    bob.ok(
        "react",
        json!({ "message": alices["id"], "emoji": "secret!" }),
    )
    .await;
    bob.ok(
        "edit",
        json!({ "message": old["id"], "text": "secret rewrite" }),
    )
    .await;
    bob.ok("typing", json!({ "conversation": group })).await;
    bob.ok("read", json!({ "conversation": group, "seq": 2 }))
        .await;
    carol.say(&group, "barrier").await;

    carol.event("typing").await;
    carol.event("read").await;
    let seen = carol.take_events();
    for text in ["secret text", "secret edit", "secret!", "secret rewrite"] {
        assert!(tells(&seen, text), "carol blocks nobody: {text}");
    }
    alice.hears("barrier").await;
    let live = alice.take_events();
    assert!(!tells(&live, "secret"), "{live:?}");
    let veiled: Vec<_> = live
        .iter()
        .filter(|event| event["type"] == "veiled")
        .collect();
    assert_eq!(veiled.len(), 4, "message, edit, reaction, edit: {veiled:?}");
    let message = &veiled[0]["message"];
    assert_eq!(
        *message,
        expected_veiled(&hidden),
        "its place, and nothing of it"
    );
    assert_eq!(message["seq"], 3);
    let of_bob = |kind: &str| {
        live.iter()
            .filter(|e| e["type"] == kind && (e["by"] == "bob" || e["user"] == "bob"))
            .count()
    };
    assert_eq!((of_bob("typing"), of_bob("read")), (0, 0));

    // The blocker writes on, and the blocked one reads: nobody is told that they are blocked.
    alice.say(&group, "alice goes on").await;
    bob.hears("alice goes on").await;
    alice
        .ok("read", json!({ "conversation": group, "seq": 4 }))
        .await;
    carol.event("read").await;
    carol.say(&group, "second barrier").await;
    bob.hears("second barrier").await;
    assert!(
        bob.untaken()
            .all(|e| e["type"] != "read" || e["by"] != "alice"),
        "receipts pass no block"
    );

    for round in 0..2 {
        for mut way in Way::both(&node, "alice").await {
            let history = way.ask("messages", json!({ "conversation": group })).await;
            let texts: Vec<_> = history["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["text"].as_str())
                .collect();
            let expected = [
                None,
                Some("from alice"),
                None,
                Some("barrier"),
                Some("alice goes on"),
                Some("second barrier"),
            ];
            assert_eq!(
                texts, expected,
                "the rewritten one was written after the block too"
            );
            let one = way.ask("message", json!({ "message": hidden["id"] })).await;
            assert_eq!(one["message"], expected_veiled(&hidden));
            let revisions = way
                .ask("revisions", json!({ "message": hidden["id"] }))
                .await;
            assert_eq!(revisions["revisions"], json!([]));
            let listed = way.ask("conversations", json!({})).await;
            let unread = way.ask("unread", json!({})).await;
            let changes = way
                .ask("changes", json!({ "since": start, "limit": 100 }))
                .await;
            for answer in [&history, &listed, &unread, &changes] {
                assert!(!answer.to_string().contains("secret"), "{answer}");
            }
            assert_eq!(
                listed["conversations"][0]["unread"], unread["total"],
                "veiled messages are not counted"
            );
            assert_eq!(unread["total"], 1, "the second barrier: {unread}");
        }
        let (mut resumed, recovered) = Client::reconnect(&node, "alice", &start).await;
        assert!(recovered, "round {round}");
        resumed.hears("second barrier").await;
        let replayed = resumed.take_events();
        assert!(!tells(&replayed, "secret"), "{replayed:?}");
        // A block and what it hides are on disk.
        node.kill();
        node.start_again().await;
    }

    let mut alice = Rest::new(&node, "alice");
    let unblocked = alice
        .ask(reqwest::Method::DELETE, "/v1/blocks/bob", &Value::Null)
        .await;
    assert_eq!(unblocked.status, 204);
    let history = alice.history(&group).await;
    assert_eq!(
        history[2]["text"], "secret edit",
        "lifted, it shows what was written meanwhile"
    );
    alice = Rest::new(&node, "bob");
    let texts: Vec<_> = alice
        .history(&group)
        .await
        .iter()
        .map(|m| m["veiled"].clone())
        .collect();
    assert!(
        texts.iter().all(Value::is_null),
        "nothing was ever veiled from the blocked one"
    );
}

fn expected_veiled(message: &Value) -> Value {
    json!({ "id": message["id"], "conversation": message["conversation"], "seq": message["seq"], "veiled": true })
}

/// G5: a message that is sent at the same time as the block either came before it, and was delivered, or was refused:
/// after the block's acknowledgement nothing is.
#[tokio::test]
async fn nothing_is_accepted_after_the_block_was_acknowledged() {
    let node = Node::start(&["--policy-limits", "message.send=1000000 per 1s"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let mut bob = Client::connect(&node, "bob").await;
    let bob_rest = Rest::new(&node, "bob");
    for round in 0..10 {
        let mut begun = Vec::new();
        for n in 0..50 {
            let fields = json!({ "conversation": conversation, "text": format!("{round}/{n}") });
            begun.push(bob.begin("send", &fields).await);
        }
        alice.ok("block", json!({ "user": "bob" })).await;
        let head = Rest::new(&node, "alice").history(&conversation).await.len();
        let path = format!("/v1/conversations/{conversation}/messages");
        let late = bob_rest.post(&path, json!({ "text": "late" })).await;
        assert_eq!(late.code(), "NOT_REACHABLE");
        let mut codes = Vec::new();
        for id in begun {
            codes.push(
                bob.reply(id).await["code"]
                    .as_str()
                    .unwrap_or("ok")
                    .to_owned(),
            );
        }
        let n_ok = codes.iter().take_while(|code| *code == "ok").count();
        assert!(
            codes[n_ok..].iter().all(|code| code == "NOT_REACHABLE"),
            "{codes:?}"
        );
        let history = Rest::new(&node, "alice").history(&conversation).await;
        assert_eq!(
            history.len(),
            head,
            "nothing came after the acknowledgement"
        );
        alice.ok("unblock", json!({ "user": "bob" })).await;
    }
}

/// Blocking oneself, a stranger, somebody twice.
#[tokio::test]
async fn odd_blocks_are_answered() {
    let node = Node::start(&[]).await;
    for mut alice in Way::both(&node, "alice").await {
        assert_eq!(
            alice.refused("block", json!({ "user": "alice" })).await,
            "BAD_VALUE"
        );
        alice
            .ask("block", json!({ "user": "nobody", "reason": "one" }))
            .await;
        alice
            .ask("block", json!({ "user": "nobody", "reason": "two" }))
            .await;
        let blocks = alice.ask("blocks", json!({})).await;
        assert_eq!(blocks["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(blocks["blocks"][0]["reason"], "two");
        alice.ask("unblock", json!({ "user": "nobody" })).await;
        alice.ask("unblock", json!({ "user": "nobody" })).await;
        assert_eq!(alice.ask("blocks", json!({})).await["blocks"], json!([]));
        let reason = "x".repeat(501);
        assert_eq!(
            alice
                .refused("block", json!({ "user": "b", "reason": reason }))
                .await,
            "BAD_VALUE"
        );
    }
}
