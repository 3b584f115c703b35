//! Messages: sent, edited, deleted, reacted to, replied to; of every kind, over both transports.

use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, Way, token_with};

/// A person over WebSocket and a person over REST have one conversation.
#[tokio::test]
async fn two_people_talk_over_websocket_and_rest() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let bob = Rest::new(&node, "bob");

    let sent = alice
        .ok("send", json!({ "user": "bob", "text": "hello bob" }))
        .await;
    let conversation = sent["message"]["conversation"].as_str().unwrap();
    assert_eq!(sent["message"]["seq"], 1);
    assert_eq!(sent["message"]["author"], "alice");

    let answer = bob
        .post(
            "/v1/messages",
            json!({ "user": "alice", "text": "hello alice" }),
        )
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.ok()["message"]["conversation"],
        conversation,
        "one conversation a pair"
    );
    let heard = alice.hears("hello alice").await;
    assert_eq!(heard["by"], "bob");
    assert_eq!(heard["message"]["seq"], 2);

    let history = bob.history(conversation).await;
    let texts: Vec<_> = history.iter().map(|message| &message["text"]).collect();
    assert_eq!(texts, ["hello bob", "hello alice"]);
    let listed = bob.get("/v1/conversations").await.ok();
    let [listed] = listed["conversations"].as_array().unwrap().as_slice() else {
        panic!("one conversation: {listed}");
    };
    assert_eq!(listed["id"], conversation);
    assert_eq!(listed["users"], json!(["alice", "bob"]));
    assert_eq!(listed["last_message"]["text"], "hello alice");
    assert_eq!(listed["head"], 2);
}

/// Who opens it, and how often, makes no difference.
#[tokio::test]
async fn a_pair_has_one_direct_conversation() {
    let node = Node::start(&[]).await;
    let mut opened = Vec::new();
    for user in [("alice", "bob"), ("bob", "alice")] {
        for mut way in Way::both(&node, user.0).await {
            opened.push(way.ask("open_direct", json!({ "user": user.1 })).await);
        }
    }
    let created: Vec<_> = opened.iter().map(|opened| &opened["created"]).collect();
    assert_eq!(created, [true, false, false, false]);
    assert!(
        opened
            .iter()
            .all(|o| o["conversation"] == opened[0]["conversation"])
    );
    let mut alice = Client::connect(&node, "alice").await;
    assert_eq!(
        alice
            .refused("open_direct", json!({ "user": "alice" }))
            .await,
        "BAD_VALUE"
    );
}

/// Someone who was never seen before is told of the conversation and of its first message.
#[tokio::test]
async fn a_first_message_opens_the_conversation_for_the_other_one() {
    let node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    let mut alice = Client::connect(&node, "alice").await;
    let sent = alice
        .ok("send", json!({ "user": "bob", "text": "hi" }))
        .await;
    let opened = bob.event("opened").await;
    assert_eq!(opened["conversation"], sent["message"]["conversation"]);
    assert_eq!(opened["opened"]["type"], "direct");
    assert_eq!(bob.hears("hi").await["message"], sent["message"]);
}

/// An edit shows to everyone, and what was said before is kept.
#[tokio::test]
async fn an_edit_replaces_the_text_and_keeps_its_revisions() {
    let node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    for mut alice in Way::both(&node, "alice").await {
        let sent = alice
            .ask("send", json!({ "user": "bob", "text": "frist" }))
            .await;
        let id = &sent["message"]["id"];
        alice
            .ask("edit", json!({ "message": id, "text": "first" }))
            .await;
        alice
            .ask("edit", json!({ "message": id, "text": "1st" }))
            .await;
        alice
            .ask("edit", json!({ "message": id, "text": "1st" }))
            .await;

        let edited = bob.event("edited").await;
        assert_eq!(edited["message"]["text"], "first");
        assert_eq!(edited["message"]["id"], *id);
        let edited = bob.event("edited").await;
        assert_eq!(edited["message"]["text"], "1st");
        assert!(edited["message"]["edited_at"].is_string());

        for mut reader in Way::both(&node, "bob").await {
            let message = reader.ask("message", json!({ "message": id })).await;
            assert_eq!(message["message"], edited["message"]);
            let revisions = reader.ask("revisions", json!({ "message": id })).await;
            let texts: Vec<_> = revisions["revisions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| &r["text"])
                .collect();
            assert_eq!(texts, ["frist", "first"], "the same text again is no edit");
        }
        let others = bob
            .refused("edit", json!({ "message": id, "text": "mine" }))
            .await;
        assert_eq!(others, "NOT_AUTHOR");
    }
    bob.settle().await;
    assert!(bob.untaken().all(|event| event["type"] != "edited"));
}

/// A deleted message keeps its place and nothing else.
#[tokio::test]
async fn a_deleted_message_leaves_a_tombstone() {
    let node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    for mut alice in Way::both(&node, "alice").await {
        let fields = json!({ "user": "bob", "text": "oops", "metadata": { "a": 1 } });
        let sent = alice.ask("send", fields).await["message"].take();
        let id = &sent["id"];
        alice
            .ask("edit", json!({ "message": id, "text": "ooops" }))
            .await;
        bob.ok("react", json!({ "message": id, "emoji": "👀" }))
            .await;
        assert_eq!(
            bob.refused("delete", json!({ "message": id })).await,
            "NOT_AUTHOR"
        );
        alice.ask("delete", json!({ "message": id })).await;
        alice.ask("delete", json!({ "message": id })).await;

        let tombstone = bob.event("deleted").await["message"].take();
        assert!(tombstone["deleted_at"].is_string());
        assert_eq!(tombstone["text"], "");
        assert_eq!((&tombstone["id"], &tombstone["seq"]), (id, &sent["seq"]));
        assert!(tombstone["reactions"].is_null() && tombstone["metadata"].is_null());
        for mut reader in Way::both(&node, "bob").await {
            let found = reader.ask("message", json!({ "message": id })).await;
            assert_eq!(found["message"], tombstone);
            let revisions = reader.ask("revisions", json!({ "message": id })).await;
            assert_eq!(revisions["revisions"], json!([]));
            let fields = json!({ "message": id, "emoji": "+" });
            assert_eq!(reader.refused("react", fields).await, "DELETED");
        }
        let fields = json!({ "message": id, "text": "back" });
        assert_eq!(alice.refused("edit", fields).await, "DELETED");
    }
    bob.settle().await;
    assert!(
        bob.untaken().all(|event| event["type"] != "deleted"),
        "told once"
    );
}

/// Reactions are a set of (emoji, person); any short text is one, also one that a path has to quote.
#[tokio::test]
async fn reactions_are_given_and_taken_back() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let sent = alice
        .ok("send", json!({ "user": "bob", "text": "like?" }))
        .await;
    let id = &sent["message"]["id"];
    for mut bob in Way::both(&node, "bob").await {
        for emoji in ["+1", "👍🏽", "100%", "a/b", "?"] {
            for on in [true, true, false, false] {
                bob.ask("react", json!({ "message": id, "emoji": emoji, "on": on }))
                    .await;
            }
            for on in [true, false] {
                let event = alice.event("reacted").await;
                assert_eq!((&event["emoji"], &event["on"]), (&json!(emoji), &json!(on)));
                assert_eq!((&event["message"], &event["by"]), (id, &json!("bob")));
            }
        }
        bob.ask("react", json!({ "message": id, "emoji": "b" }))
            .await;
        alice
            .ok("react", json!({ "message": id, "emoji": "b" }))
            .await;
        alice
            .ok("react", json!({ "message": id, "emoji": "a" }))
            .await;
        let message = bob.ask("message", json!({ "message": id })).await;
        let expected = json!([
            { "emoji": "a", "users": ["alice"] },
            { "emoji": "b", "users": ["alice", "bob"] },
        ]);
        assert_eq!(message["message"]["reactions"], expected);
        bob.ask("react", json!({ "message": id, "emoji": "b", "on": false }))
            .await;
        alice
            .event_where("b taken back", |e| e["emoji"] == "b" && e["on"] == false)
            .await;
        alice.forget_events();
        let long = "x".repeat(65);
        let fields = json!({ "message": id, "emoji": long });
        assert_eq!(bob.refused("react", fields).await, "BAD_VALUE");
    }
    assert!(
        alice.untaken().all(|event| event["type"] != "reacted"),
        "told once"
    );
}

/// A reply names a message of the same conversation.
#[tokio::test]
async fn a_reply_names_its_message() {
    let node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    for mut alice in Way::both(&node, "alice").await {
        let first = alice
            .ask("send", json!({ "user": "bob", "text": "why?" }))
            .await;
        let fields =
            json!({ "user": "bob", "text": "because", "reply_to": first["message"]["id"] });
        let reply = alice.ask("send", fields).await;
        assert_eq!(reply["message"]["reply_to"], first["message"]["id"]);
        assert_eq!(bob.hears("because").await["message"], reply["message"]);

        let elsewhere =
            json!({ "user": "carol", "text": "because", "reply_to": first["message"]["id"] });
        assert_eq!(alice.refused("send", elsewhere).await, "NO_MESSAGE");
    }
}

/// Kinds and metadata come back as they were sent; SYSTEM is for the app itself.
#[tokio::test]
async fn every_kind_of_message_comes_back_as_it_was_sent() {
    let node = Node::start(&[]).await;
    let admin = token_with("app", |claims| claims.role = Some("admin".into()));
    for mut alice in Way::both(&node, "alice").await {
        for kind in ["TEXT", "FILE", "IMAGE", "VIDEO", "AUDIO"] {
            let metadata =
                json!({ "url": "https://files.example/1", "n": 1.5, "deep": [{ "ü": null }] });
            let fields = json!({ "user": "bob", "text": "x", "kind": kind, "metadata": metadata });
            let message = alice.ask("send", fields).await["message"].take();
            assert_eq!(
                (&message["kind"], &message["metadata"]),
                (&json!(kind), &metadata)
            );
            let id = &message["id"];
            assert_eq!(
                alice.ask("message", json!({ "message": id })).await["message"],
                message
            );
        }
        for (fields, code) in [
            (json!({ "kind": "SYSTEM", "text": "x" }), "NOT_ALLOWED"),
            (json!({ "kind": "POEM", "text": "x" }), "BAD_REQUEST"),
            (json!({ "text": " \n" }), "BAD_VALUE"),
            (json!({ "text": "x".repeat(5001) }), "TOO_LARGE"),
            (json!({ "text": "x", "metadata": [1] }), "BAD_VALUE"),
            (
                json!({ "text": "x", "metadata": { "a": "x".repeat(3000) } }),
                "BAD_VALUE",
            ),
        ] {
            let mut fields = fields;
            fields["user"] = json!("bob");
            assert_eq!(
                alice.refused("send", fields.clone()).await,
                code,
                "{fields}"
            );
        }
    }
    let fields = json!({ "user": "bob", "text": "welcome", "kind": "SYSTEM" });
    let app = Rest::with_token(&node, &admin);
    assert_eq!(
        app.post("/v1/messages", fields).await.ok()["message"]["kind"],
        "SYSTEM"
    );
}

/// Pages of history meet without gap or repetition, in both directions, and so do pages of conversations.
#[tokio::test]
async fn pages_meet_without_gap() {
    let node = Node::start(&[]).await;
    let mut sender = Client::connect(&node, "alice").await;
    let conversation = sender.direct("bob").await;
    for n in 1..=25 {
        sender.say(&conversation, &n.to_string()).await;
    }
    for n in 1..=6 {
        sender.direct(&format!("friend-{n}")).await;
    }
    let seqs = |page: &Value| -> Vec<u64> {
        let messages = page["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["seq"].as_u64().unwrap())
            .collect()
    };
    for mut alice in Way::both(&node, "alice").await {
        let newest = alice
            .ask(
                "messages",
                json!({ "conversation": conversation, "limit": 10 }),
            )
            .await;
        let before = json!({ "conversation": conversation, "limit": 10, "before": 16 });
        let before = alice.ask("messages", before).await;
        let after = json!({ "conversation": conversation, "limit": 10, "after": 0 });
        let after = alice.ask("messages", after).await;
        assert_eq!(seqs(&newest), (16..=25).collect::<Vec<_>>());
        assert_eq!(seqs(&before), (6..=15).collect::<Vec<_>>());
        assert_eq!(seqs(&after), (1..=10).collect::<Vec<_>>());
        for limit in [0, 101] {
            let fields = json!({ "conversation": conversation, "limit": limit });
            assert_eq!(alice.refused("messages", fields).await, "BAD_VALUE");
        }
        let (mut listed, mut before) = (Vec::new(), Value::Null);
        loop {
            let mut fields = json!({ "limit": 3 });
            if !before.is_null() {
                fields["before"] = before;
            }
            let mut page = alice.ask("conversations", fields).await;
            let page_list = page["conversations"].as_array().unwrap();
            assert!(
                !page_list.is_empty(),
                "the page before said that there is more"
            );
            listed.extend(
                page_list
                    .iter()
                    .map(|c| c["users"][1].as_str().unwrap().to_owned()),
            );
            before = page["next"].take();
            if before.is_null() {
                break;
            }
        }
        let friends = (1..=6).rev().map(|n| format!("friend-{n}"));
        assert_eq!(
            listed,
            friends.chain(["bob".into()]).collect::<Vec<_>>(),
            "newest first"
        );
    }
}
