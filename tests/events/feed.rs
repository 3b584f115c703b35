//! What the feed tells, to whom, and from where on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Follower, admin,
    common::{Client, Node, Rest},
    node, texts, topics,
};

#[actix_web::test]
async fn an_admin_is_told_what_happens_as_it_happens() {
    let node = node(&[]).await;
    let mut follower = Follower::start(&node, "", None).await;
    let mut ann = Client::connect(&node, "ann").await;
    assert_eq!(topics(&follower.take(1).await), ["user.online"]);
    let chat = ann.direct("bob").await;
    ann.say(&chat, "hello").await;
    let events = follower.take(2).await;
    assert_eq!(topics(&events), ["conversation.created", "message.sent"]);
    let sent = &events[1];
    assert_eq!(sent["data"]["conversation_id"], json!(chat));
    assert_eq!(sent["data"]["sender_id"], "ann");
    assert_eq!(sent["data"]["content"], "hello");
    assert_eq!(sent["at"], sent["data"]["sent_at"]);

    let bob = Rest::new(&node, "bob");
    let message = sent["data"]["message_id"].as_str().unwrap();
    let read = format!("/v1/conversations/{chat}/read");
    bob.post(&read, json!({ "seq": 1 })).await.ok();
    bob.put("/v1/blocks/ann", json!({})).await.ok();
    let report = json!({ "category": "spam", "reason": "why", "message": message });
    bob.post("/v1/reports", report).await.ok();
    let events = follower.take(5).await;
    let told = [
        "message.read",
        "discovery.hidden",
        "discovery.hidden",
        "user.blocked",
        "user.reported",
    ];
    let mut found = topics(&events);
    // Whether the block or what comes of it is told first is nobody's concern.
    found[1..4].sort_unstable();
    assert_eq!(found, told);
    assert_eq!(events[0]["data"]["reader_id"], "bob");
    assert_eq!(events[0]["data"]["message_id"], message);
    let blocked = events[1..4].iter().find(|e| e["type"] == "user.blocked");
    let blocked = &blocked.unwrap()["data"];
    let expected = json!({"user_id": "bob", "blocked_id": "ann", "conversation_id": chat});
    assert_eq!(*blocked, expected);
    assert_eq!(events[4]["data"]["report_type"], "spam");
    assert_eq!(events[4]["data"]["reason"], "why");
    drop(ann);
    assert_eq!(topics(&follower.take(1).await), ["user.offline"]);
}

#[actix_web::test]
async fn only_admins_follow_and_only_if_the_feed_is_on() {
    let node = node(&[]).await;
    let ann = Rest::new(&node, "ann");
    for path in [
        "/v1/events",
        "/v1/events/consumers",
        "/v1/events/dead?consumer=x",
    ] {
        assert_eq!(ann.get(path).await.code(), "NOT_ALLOWED", "{path}");
    }
    let replay = ann
        .post("/v1/events/replay", json!({"from": "oldest"}))
        .await;
    assert_eq!(replay.code(), "NOT_ALLOWED");
    let off = Node::start(&[]).await;
    let refused = admin(&off).get("/v1/events").await;
    assert_eq!((refused.status, refused.code()), (501, "NOT_IMPLEMENTED"));
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused() {
    let node = node(&[]).await;
    let root = admin(&node);
    for (path, status, code) in [
        ("/v1/events?after=yesterday", 400, "BAD_VALUE"),
        ("/v1/events?topics=message.sent,chat.*", 400, "BAD_VALUE"),
        ("/v1/events?after=deadbeef-1-0", 410, "EVENTS_FORGOTTEN"),
        ("/v1/events/dead?consumer=nobody", 404, "NO_CONSUMER"),
    ] {
        let refused = root.get(path).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{path}");
    }
    for (body, code) in [
        (json!({}), "BAD_REQUEST"),
        (json!({"from": "oldest", "dead": true}), "BAD_REQUEST"),
        (json!({"from": "x"}), "BAD_VALUE"),
        (json!({"dead": true, "consumer": "nobody"}), "NO_CONSUMER"),
    ] {
        let refused = root.ask(Method::POST, "/v1/events/replay", &body).await;
        assert_eq!(refused.code(), code, "{body}");
    }
}

#[actix_web::test]
async fn one_goes_on_where_one_was_and_hears_of_what_one_wants() {
    let node = node(&["--session-ping-interval", "1s"]).await;
    let mut ann = Client::connect(&node, "ann").await;
    let chat = ann.direct("bob").await;
    for n in 0..250 {
        ann.say(&chat, &n.to_string()).await;
    }
    let wanted = "after=oldest&topics=message.sent";
    let mut first = Follower::start(&node, wanted, None).await;
    let mut told = first.take(30).await;
    // What the header says is newer than what the address does.
    let mut second = Follower::start(&node, wanted, first.last_id.as_deref()).await;
    told.extend(second.take(220).await);
    let expected: Vec<_> = (0..250).map(|n| n.to_string()).collect();
    assert_eq!(texts(&told), expected);
    // Events that nobody wanted passed: the place moves on with the signs of life all the same.
    let before = second.last_id.clone();
    drop(ann);
    while second.last_id == before {
        assert_eq!(second.beat().await, None, "nothing that is wanted");
    }
    let mut bob = Client::connect(&node, "bob").await;
    bob.say(&chat, "x").await;
    assert_eq!(texts(&second.take(1).await), ["x"]);
    let events: Vec<Value> = Follower::start(&node, "after=oldest", None)
        .await
        .take(3)
        .await;
    assert!(topics(&events).contains(&"conversation.created"));
}
