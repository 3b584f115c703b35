//! G4: whoever comes back is told exactly what they missed, in order, or that it can't be said.

mod common;

use serde_json::{Value, json};

use common::{Client, Node, Rest};

/// G4: a place that this node's history doesn't have is not believed, and the client is told.
#[tokio::test]
async fn a_place_in_another_history_is_not_recovered() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    alice.say(&conversation, "one").await;
    let (epoch, position) = alice.resume.split_once(':').unwrap();
    let (epoch, position) = (epoch.to_owned(), position.parse::<u64>().unwrap());
    let other = if epoch == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    for (resume, expected) in [
        (format!("{epoch}:{position}"), true),
        (format!("{epoch}:0"), true),
        (format!("{other}:{position}"), false),
        (format!("{epoch}:{}", position + 1_000_000_000), false),
        (format!("{epoch}:{}", (1_u64 << 53) - 1), false),
    ] {
        let (mut bob, recovered) = Client::reconnect(&node, "bob", &resume).await;
        assert_eq!(recovered, expected, "{resume}");
        bob.settle().await;
        if !expected {
            // That Alice is there, and that she wrote while Bob was away, is news of now, whenever it comes, and
            // nothing that is replayed.
            let is_news = |event: &&Value| {
                ["presence", "notification"]
                    .map(Value::from)
                    .contains(&event["type"])
            };
            let replayed: Vec<_> = bob.untaken().filter(|event| !is_news(event)).collect();
            assert!(
                replayed.is_empty(),
                "nothing is replayed: {resume}: {replayed:?}"
            );
        }
        // Whatever it is, the place in `hello` is one to go on from.
        let (_, recovered) = Client::reconnect(&node, "bob", &bob.resume).await;
        assert!(recovered, "{resume}");
        let path = format!("/v1/changes?since={resume}");
        let changes = Rest::new(&node, "bob").get(&path).await.ok();
        assert_eq!(changes["recovered"], expected, "{resume}");
    }
    for rubbish in [
        "",
        "x",
        "1:1:1",
        "zzzzzzzz:1",
        &format!("{epoch}:-1"),
        &format!("{epoch}:9007199254740992"),
    ] {
        let path = format!("/v1/changes?since={rubbish}");
        let refused = Rest::new(&node, "bob").get(&path).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "BAD_VALUE"),
            "{rubbish}"
        );
    }
}

/// G4: more than a resume replays is told as such; REST reads it by pages.
#[tokio::test]
async fn who_missed_too_much_is_told_to_load_afresh() {
    let node = Node::start(&["--session-resume-changes-max", "10"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let start = alice.resume.clone();
    for n in 1..=10 {
        alice.say(&conversation, &n.to_string()).await;
    }
    let (mut bob, recovered) = Client::reconnect(&node, "bob", &start).await;
    assert!(recovered);
    bob.settle().await;
    let texts: Vec<_> = bob
        .untaken()
        .filter_map(|e| e["message"]["text"].as_str())
        .collect();
    assert_eq!(
        texts,
        (1..=10).map(|n: u32| n.to_string()).collect::<Vec<_>>()
    );

    alice.say(&conversation, "11").await;
    let (mut bob, recovered) = Client::reconnect(&node, "bob", &start).await;
    assert!(!recovered);
    bob.settle().await;
    assert!(bob.untaken().all(|event| event["type"] != "message"));
    alice.say(&conversation, "12").await;
    bob.hears("12").await;

    let rest = Rest::new(&node, "bob");
    let page = rest
        .get(&format!("/v1/changes?limit=11&since={start}"))
        .await
        .ok();
    assert_eq!(
        (&page["recovered"], &page["more"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(page["changes"].as_array().unwrap().len(), 11);
}

/// G4: all that changes a conversation is resumed, not only messages, and in the same words.
#[tokio::test]
async fn a_resume_replays_what_was_told_live() {
    let mut node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut bob = Client::connect(&node, "bob").await;
    let start = bob.resume.clone();
    let fields = json!({ "name": "g", "members": ["bob", "carol"] });
    let group = &alice.ok("open_group", fields).await["conversation"];
    let message = alice.say(group.as_str().unwrap(), "one").await["id"].take();
    alice
        .ok("react", json!({ "message": message, "emoji": "x" }))
        .await;
    alice
        .ok(
            "react",
            json!({ "message": message, "emoji": "x", "on": false }),
        )
        .await;
    alice
        .ok(
            "add_members",
            json!({ "conversation": group, "users": ["dave"] }),
        )
        .await;
    alice
        .ok(
            "set_role",
            json!({ "conversation": group, "user": "dave", "role": "admin" }),
        )
        .await;
    alice
        .ok(
            "remove_member",
            json!({ "conversation": group, "user": "dave" }),
        )
        .await;
    alice
        .ok("read", json!({ "conversation": group, "seq": 1 }))
        .await;
    bob.ok("delivered", json!({ "conversation": group, "seq": 1 }))
        .await;
    let told_to_carol = alice
        .ok("send", json!({ "user": "carol", "text": "secret" }))
        .await;
    alice.say(group.as_str().unwrap(), "last").await;
    bob.hears("last").await;
    let is_change = |event: &Value| event["resume"].is_string() && event["type"] != "hello";
    let live: Vec<_> = bob.take_events().into_iter().filter(is_change).collect();
    let kinds: Vec<_> = live
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "opened", "message", "reacted", "reacted", "added", "role_set", "removed", "read"
        ]
    );
    for _ in 0..2 {
        let (mut bob, recovered) = Client::reconnect(&node, "bob", &start).await;
        assert!(recovered);
        bob.hears("last").await;
        let resumed: Vec<_> = bob.take_events().into_iter().filter(is_change).collect();
        // What his own connection asked for it had as an answer; another connection has it as an event.
        let resumed: Vec<_> = resumed
            .into_iter()
            .filter(|event| event["type"] != "delivered")
            .collect();
        // Read back, a conversation and a message are told as they are now: three members again, no reaction.
        assert_eq!(resumed, live);
        assert!(
            resumed
                .iter()
                .all(|event| event["conversation"] != told_to_carol["message"]["conversation"])
        );
        node.kill();
        node.start_again().await;
    }
}
