//! Notifications over real sockets: what is told live, what is kept, and that a crash neither loses nor repeats any.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use serde_json::{Value, json};

use common::{Client, Node, Rest, until};

const FREELY: [&str; 2] = ["--policy-limits", "message.send=1000000 per 1s"];

async fn list(rest: &Rest) -> Vec<Value> {
    let page = rest.get("/v1/notifications?limit=100").await.ok();
    assert_eq!(page["next"], Value::Null, "{page}");
    let list = page["notifications"].as_array().unwrap().clone();
    let n_unread = list.iter().filter(|one| one["read"] == false).count();
    assert_eq!(page["unread"], json!(n_unread));
    list
}

/// Waits until somebody's newest notification is of a message.
async fn notified(rest: &Rest, message: &Value) -> Value {
    until("the notification", async || {
        let newest = list(rest).await.into_iter().next()?;
        (newest["message"] == *message).then_some(newest)
    })
    .await
}

fn id(said: &Value) -> &Value {
    &said["id"]
}

#[actix_web::test]
async fn who_is_away_finds_what_waits_for_them() {
    let node = Node::start(&FREELY).await;
    let bob = Rest::new(&node, "bob");
    let mut alice = Client::connect(&node, "alice").await;
    let mut carol = Client::connect(&node, "carol").await;
    let chat = alice.direct("bob").await;
    alice.say(&chat, "one").await;
    let second = alice.say(&chat, "two").await;
    let told = notified(&bob, id(&second)).await;
    assert_eq!(told["topic"], "message");
    assert_eq!(told["conversation"], json!(chat));
    assert_eq!(told["user"]["id"], "alice");
    assert!(told["text"].is_null(), "what it says isn't in it: {told}");
    assert_eq!(list(&bob).await.len(), 1, "one of a conversation");

    // Over a connection: the same, and what is new at once.
    let mut at_home = Client::connect(&node, "bob").await;
    let unread = at_home.ok("unread_notifications", json!({})).await;
    assert_eq!(unread, json!({ "unread": 1 }));
    carol
        .ok("ask", json!({ "user": "bob", "text": "may I?" }))
        .await;
    let event = at_home.event("notification").await;
    assert_eq!(event["notification"]["topic"], "request");
    assert_eq!(event["notification"]["user"]["id"], "carol");
    assert_eq!(event["unread"], 2);
    let page = at_home.ok("notifications", json!({ "limit": 1 })).await;
    assert_eq!(page["notifications"][0], event["notification"]);
    let next = page["next"].clone();
    let rest = at_home.ok("notifications", json!({ "before": next })).await;
    assert_eq!(rest["notifications"], json!([told]));

    // Who is there is told by the message itself.
    alice.say(&chat, "three").await;
    at_home.hears("three").await;
    at_home
        .ok("read", json!({ "conversation": chat, "seq": 3 }))
        .await;
    let all = list(&bob).await;
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&all[0]["read"], &all[1]["read"]),
        (&json!(false), &json!(true))
    );
    let through = event["notification"]["id"].clone();
    let read = json!({ "through": through });
    assert_eq!(bob.post("/v1/notifications/read", read).await.status, 204);
    let unread = bob.get("/v1/notifications/unread").await.ok();
    assert_eq!(unread, json!({ "unread": 0 }));
    let wrong = bob
        .post("/v1/notifications/read", json!({ "through": "x" }))
        .await;
    assert_eq!(wrong.status, 400);
}

#[actix_web::test]
async fn a_muted_conversation_notifies_nobody() {
    let node = Node::start(&FREELY).await;
    let bob = Rest::new(&node, "bob");
    let mut alice = Client::connect(&node, "alice").await;
    let chat = alice.direct("bob").await;
    let other = alice.group(&["bob"]).await;
    let path = format!("/v1/conversations/{chat}/mute");
    let seen = async || {
        let found = bob.get(&format!("/v1/conversations/{chat}")).await.ok();
        found["conversation"]["muted"].clone()
    };
    assert_eq!(seen().await, Value::Null);
    assert_eq!(bob.put(&path, json!({})).await.status, 204);
    assert_eq!(seen().await, json!({ "until": null }));
    alice.say(&chat, "quiet").await;
    // What is said later is notified later.
    let said = alice.say(&other, "loud").await;
    notified(&bob, id(&said)).await;
    assert_eq!(list(&bob).await.len(), 1);
    assert_eq!(bob.put(&path, json!({ "for": "1h" })).await.status, 204);
    assert!(seen().await["until"].is_string());
    let both = json!({ "for": "1h", "until": "2100-01-01T00:00:00Z" });
    for wrong in [
        both,
        json!({ "for": "soon" }),
        json!({ "until": "2001-01-01T00:00:00Z" }),
    ] {
        let refused = bob.put(&path, wrong).await;
        assert_eq!((refused.status, refused.code()), (400, "BAD_VALUE"));
    }
    assert_eq!(bob.delete(&path).await.status, 204);
    assert_eq!(seen().await, Value::Null);
    let said = alice.say(&chat, "again").await;
    notified(&bob, id(&said)).await;
    let stranger = Rest::new(&node, "eve").put(&path, json!({})).await;
    assert_eq!((stranger.status, stranger.code()), (404, "NO_CONVERSATION"));
}

#[actix_web::test]
async fn choices_are_kept_exported_and_erased() {
    let node = Node::start(&FREELY).await;
    let bob = Rest::new(&node, "bob");
    let mut alice = Client::connect(&node, "alice").await;
    let chat = alice.direct("bob").await;
    let said = alice.say(&chat, "hello").await;
    notified(&bob, id(&said)).await;
    let quiet = json!({ "from": 1320, "to": 420, "utc_offset": -330 });
    let path = "/v1/me/do_not_disturb";
    let choice = json!({ "quiet": quiet, "snooze_until": "2100-01-01T00:00:00Z" });
    assert_eq!(bob.put(path, choice).await.status, 204);
    let kept = json!({ "quiet": quiet, "snooze_until": "2100-01-01T00:00:00.000Z" });
    assert_eq!(
        bob.get(path).await.ok(),
        json!({ "do_not_disturb": kept.clone() })
    );
    let wrong = json!({ "quiet": { "from": 1440, "to": 0 } });
    let refused = bob.put(path, wrong).await;
    assert_eq!((refused.status, refused.code()), (400, "BAD_VALUE"));
    let mute = format!("/v1/conversations/{chat}/mute");
    assert_eq!(bob.put(&mute, json!({})).await.status, 204);

    let export = bob.request(reqwest::Method::GET, "/v1/me/export");
    let export = export.send().await.unwrap().text().await.unwrap();
    let line = |kind: &str| -> Value {
        let lines = export
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let mut lines = lines.filter(|line: &Value| line["type"] == kind);
        lines
            .next()
            .unwrap_or_else(|| panic!("no {kind}: {export}"))
    };
    assert_eq!(line("notification")["notification"]["message"], *id(&said));
    assert_eq!(line("mute")["conversation"], json!(chat));
    assert_eq!(line("do_not_disturb")["quiet"], quiet);

    let root = common::token_with("root", |claims| claims.role = Some("admin".to_owned()));
    let root = bob.to_token(&root);
    let erased = root.post("/v1/moderation/users/bob/erase", json!({})).await;
    assert!(erased.status < 300, "{erased:?}");
    assert_eq!(list(&bob).await, [] as [Value; 0]);
    let none = json!({ "quiet": null, "snooze_until": null });
    assert_eq!(bob.get(path).await.ok(), json!({ "do_not_disturb": none }));
}

#[actix_web::test]
async fn a_crash_neither_loses_nor_repeats_a_notification() {
    let mut node = Node::start(&FREELY).await;
    let people = ["bob", "carol", "dave"];
    let mut expected: Vec<Vec<Value>> = vec![Vec::new(); people.len()];
    for round in 0..4 {
        let mut alice = Client::connect(&node, "alice").await;
        let mut last = Vec::new();
        for person in people {
            let chat = alice.direct(person).await;
            for n in 0..5 {
                let said = alice.say(&chat, &format!("{round} {n}")).await;
                last.push((person, id(&said).clone()));
            }
        }
        // Acknowledged, and perhaps not yet, half or wholly notified of.
        node.kill();
        node.start_again().await;
        for (n, person) in people.iter().enumerate() {
            let newest = last.iter().rfind(|(to, _)| to == person);
            let message = &newest.unwrap().1;
            let rest = Rest::new(&node, person);
            notified(&rest, message).await;
            // What is read stays: one that came again would be one too many.
            let read = rest.post("/v1/notifications/read", json!({})).await;
            assert_eq!(read.status, 204);
            expected[n].insert(0, message.clone());
        }
    }
    // Killed once more with nothing to do, it does nothing again.
    node.kill();
    node.start_again().await;
    let mut alice = Client::connect(&node, "alice").await;
    let probe = alice.direct("probe").await;
    let said = alice.say(&probe, "x").await;
    notified(&Rest::new(&node, "probe"), id(&said)).await;
    for (person, expected) in people.iter().zip(expected) {
        let found = list(&Rest::new(&node, person)).await;
        let found: Vec<_> = found.iter().map(|one| one["message"].clone()).collect();
        assert_eq!(found, expected, "{person}: each once");
    }
}

#[actix_web::test]
async fn old_notifications_are_forgotten() {
    let flags = [&FREELY[..], &["--notifications-age", "1s"]].concat();
    let node = Node::start(&flags).await;
    let bob = Rest::new(&node, "bob");
    let mut alice = Client::connect(&node, "alice").await;
    let chat = alice.direct("bob").await;
    alice.say(&chat, "hello").await;
    let counted = |n| n > 0;
    node.metric_becomes("parlour_notifications_total", counted)
        .await;
    node.metric_becomes("parlour_notifications_forgotten_total", counted)
        .await;
    assert_eq!(list(&bob).await, [] as [Value; 0]);
    let unread = bob.get("/v1/unread").await.ok();
    assert_eq!(unread["total"], 1, "the message itself waits");
}
