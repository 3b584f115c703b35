//! `dating` (S0): REST and Socket.IO.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{is_moment, is_uuid};
use crate::common::{Client, Events, Node, Rest, Stock, token, token_with, until};

/// The ids that the seed uses.
const ME: &str = "550e8400-e29b-41d4-a716-446655440000";
const JANE: &str = "550e8400-e29b-41d4-a716-446655440001";
const PHOTO: &str = "https://storage.vibesmatch.com/photos/jane_1.jpg";

/// Fast, so that tests don't wait.
const FLAGS: [&str; 4] = [
    "--presence-delay",
    "20ms",
    "--presence-offline-grace",
    "100ms",
];

/// Jane, whose name and photo the node knows.
async fn jane(node: &Node) -> Rest {
    let token = token_with(JANE, |claims| {
        claims.name = Some("Jane Doe".into());
        claims.picture = Some(PHOTO.into());
    });
    let jane = Rest::with_token(node, &token);
    jane.get("/v1/me").await.ok();
    jane
}

async fn send(rest: &Rest, body: Value) -> Value {
    let answer = rest.post("/api/v1/messages/send", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["success"], true);
    answer.body["data"].clone()
}

/// S0-03, S0-11, S0-12, S0-13, S0-20: to a person or into a conversation, and a retry is no second message.
#[tokio::test]
async fn a_message_is_sent_to_a_person_or_into_a_conversation() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let first = send(
        &me,
        json!({ "receiver_id": JANE, "content": "Hi!", "client_id": "a" }),
    )
    .await;
    let expected = json!({
        "message_id": first["message_id"],
        "conversation_id": first["conversation_id"],
        "message": "Message sent successfully",
        "created_at": first["created_at"],
    });
    assert_eq!(first, expected);
    assert!(is_uuid(&first["message_id"]));
    assert!(is_uuid(&first["conversation_id"]));
    assert!(is_moment(&first["created_at"]));
    let again = send(
        &me,
        json!({ "receiverId": JANE, "content": "Hi!", "client_id": "a" }),
    )
    .await;
    assert_eq!(again, first);

    let conversation = &first["conversation_id"];
    let reply = send(
        &jane,
        json!({ "conversation_id": conversation, "content": "Hello" }),
    )
    .await;
    assert_eq!(reply["conversation_id"], *conversation);
    let both = json!({ "conversation_id": "1", "receiver_id": JANE, "content": "Still there?" });
    assert_eq!(send(&me, both).await["conversation_id"], *conversation);

    for (body, field) in [
        (json!({ "content": "To whom?" }), "receiver_id"),
        (json!({ "receiver_id": JANE }), "content"),
    ] {
        let refused = me.post("/api/v1/messages/send", body).await;
        assert_eq!((refused.status, refused.code()), (400, "BAD_VALUE"));
        assert_eq!(refused.body["success"], false);
        assert!(refused.body["details"][field].is_string(), "{refused:?}");
    }
}

/// S0-04, S0-05, C-15, C-16, C-24: the list as in the seed, and histories by pages, newest first.
#[tokio::test]
async fn conversations_and_histories_come_in_pages() {
    let node = Node::start(&FLAGS).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let first = send(&me, json!({ "receiver_id": JANE, "content": "Hiking?" })).await;
    let conversation = first["conversation_id"].as_str().unwrap();
    let thanks = json!({ "conversation_id": conversation, "content": "Thanks for accepting!" });
    let last = send(&jane, thanks).await;
    send(
        &me,
        json!({ "receiver_id": "somebody-else", "content": "Hi" }),
    )
    .await;

    let list = "/api/v1/conversations?page=2&limit=1";
    let page = me.get(list).await.ok();
    let expected = json!({
        "success": true,
        "data": {
            "conversations": [{
                "id": conversation,
                "user": {
                    "id": JANE,
                    "name": "Jane Doe",
                    "profile_photos": [PHOTO],
                    "is_online": false,
                    "last_active": null,
                },
                "last_message": {
                    "id": last["message_id"],
                    "content": "Thanks for accepting!",
                    "sender_id": JANE,
                    "created_at": last["created_at"],
                    "is_read": false,
                },
                "unread_count": 1,
                "last_activity": last["created_at"],
            }],
            "pagination": { "page": 2, "limit": 1, "total": 2, "total_pages": 2, "has_more": false },
        },
    });
    assert_eq!(page, expected);

    let jane_there = Client::connect(&node, JANE).await;
    let online = until("Jane online", async || {
        let user = me.get(list).await.ok()["data"]["conversations"][0]["user"].clone();
        (user["is_online"] == true).then_some(user)
    })
    .await;
    assert!(is_moment(&online["last_active"]));
    drop(jane_there);

    let history = format!("/api/v1/conversations/{conversation}/messages");
    let page = me.get(&format!("{history}?limit=1")).await.ok();
    let data = &page["data"];
    let expected = json!([{
        "id": last["message_id"],
        "content": "Thanks for accepting!",
        "sender_id": JANE,
        "created_at": last["created_at"],
        "is_read": false,
        "conversation_id": conversation,
        "receiver_id": ME,
        "read_at": null,
    }]);
    assert_eq!(data["messages"], expected);
    let pagination = &data["pagination"];
    assert_eq!(
        *pagination,
        json!({
            "page": 1, "limit": 1, "total": 2, "total_pages": 2, "has_more": true,
            "next_cursor": pagination["next_cursor"],
        })
    );
    let cursor = pagination["next_cursor"].as_str().unwrap();
    for query in [format!("limit=1&cursor={cursor}"), "limit=1&page=2".into()] {
        let older = me.get(&format!("{history}?{query}")).await.ok();
        let older = &older["data"]["messages"];
        assert_eq!(
            (&older[0]["content"], older.as_array().unwrap().len()),
            (&json!("Hiking?"), 1)
        );
    }
    let turned = me.get(&format!("{history}?order=asc")).await.ok();
    assert_eq!(turned["data"]["messages"][0]["content"], "Hiking?");
    let stranger = Rest::new(&node, "stranger").get(&history).await;
    assert_eq!((stranger.status, stranger.code()), (404, "NO_CONVERSATION"));
}

/// S0-08, S0-48, S0-64, C-21: a block with its reason holds at once, whatever the transport.
#[tokio::test]
async fn a_block_keeps_somebody_away() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    send(&me, json!({ "receiver_id": JANE, "content": "Hi" })).await;
    let path = format!("/api/v1/users/{ME}/block");
    let blocked = jane.post(&path, json!({ "reason": "spam" })).await;
    assert_eq!(blocked.status, 200);
    let expected =
        json!({ "message": "User blocked successfully", "user_id": ME, "reason": "spam" });
    assert_eq!(blocked.body, json!({ "success": true, "data": expected }));
    let kept = jane.get("/v1/blocks").await.ok();
    assert_eq!(kept["blocks"][0]["reason"], "spam");
    let body = json!({ "receiver_id": JANE, "content": "Hi?" });
    let refused = me.post("/api/v1/messages/send", body).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let mut socket = Events::connect(&node, ME, "dating").await;
    let ack = socket
        .ask(
            "send_message",
            json!({ "receiver_id": JANE, "content": "Hi?" }),
        )
        .await;
    assert_eq!(
        (&ack["success"], &ack["code"]),
        (&json!(false), &refused.body["code"])
    );
}

/// S0-01, S0-02, S0-06, S0-09, S0-10: the routes are there, say what is wrong with a request, and pretend nothing.
#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let node = Node::start(&[]).await;
    let me = Rest::new(&node, ME);
    let (post, get, delete) = (Method::POST, Method::GET, Method::DELETE);
    let request = "/api/v1/messages/request";
    let respond = "/api/v1/messages/request/4711/respond";
    let report = format!("/api/v1/users/{JANE}/report");
    let text =
        "Hi! I noticed we both love hiking. Would you like to chat about your favorite trails?";
    for (method, path, body, status) in [
        (
            &post,
            request,
            json!({ "receiver_id": JANE, "message": text }),
            501,
        ),
        (&post, request, json!({ "message": text }), 400),
        (&post, request, json!({ "receiver_id": JANE }), 400),
        (&post, respond, json!({ "action": "accept" }), 501),
        (&post, respond, json!({ "accept": false }), 501),
        (&post, respond, json!({ "action": "perhaps" }), 400),
        (&post, "/api/v1/messages/request/x/respond", json!({}), 404),
        (
            &get,
            "/api/v1/messages/requests?type=received",
            Value::Null,
            501,
        ),
        (
            &get,
            "/api/v1/messages/requests?type=lost",
            Value::Null,
            400,
        ),
        (
            &post,
            &report,
            json!({ "category": "harassment", "description": "rude" }),
            501,
        ),
        (&post, &report, json!({}), 400),
        (&delete, "/api/v1/matches/4711", Value::Null, 501),
    ] {
        let answer = me.ask(method.clone(), path, &body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        assert_eq!(answer.body["success"], false);
    }
}

/// S0-14, S0-18 to S0-25, S0-27 to S0-29, S0-44: the seed's events, from signing in to reading.
#[tokio::test]
async fn a_conversation_over_socketio() {
    let node = Node::start(&FLAGS).await;
    let jane_rest = jane(&node).await;
    send(&jane_rest, json!({ "receiver_id": ME, "content": "Hi" })).await;
    let mut me = Events::connect(&node, ME, "dating").await;
    let hello = me.event("authenticated").await;
    assert_eq!(
        hello,
        json!({ "success": true, "user_id": ME, "recovered": false })
    );

    let mut jane = Events::connect(&node, JANE, "dating").await;
    assert_eq!(me.event("user_online").await, json!({ "user_id": JANE }));
    assert_eq!(
        jane.event("user_online").await,
        json!({ "user_id": ME }),
        "who is there already"
    );

    let payload = json!({ "receiver_id": JANE, "content": "Shall we?", "client_id": "c1" });
    let ack = me.ask("send_message", payload).await;
    let sent = ack["data"].clone();
    let expected = json!({
        "message_id": sent["message_id"],
        "conversation_id": sent["conversation_id"],
        "message": "Message sent successfully",
        "created_at": sent["created_at"],
    });
    assert_eq!(ack, json!({ "success": true, "data": expected }));
    assert!(is_uuid(&sent["message_id"]));
    let expected = json!({
        "id": sent["message_id"],
        "message_id": sent["message_id"],
        "conversation_id": sent["conversation_id"],
        "sender_id": ME,
        "receiver_id": JANE,
        "sender": { "id": ME, "name": ME, "profile_photos": [] },
        "content": "Shall we?",
        "created_at": sent["created_at"],
        "is_read": false,
    });
    assert_eq!(jane.event("new_message").await, expected);

    let here = json!({ "conversation_id": sent["conversation_id"] });
    let told = |on: bool| json!({ "conversation_id": sent["conversation_id"], "user_id": JANE, "is_typing": on });
    jane.emit("typing_start", here.clone()).await;
    assert_eq!(me.event("user_typing").await, told(true));
    jane.emit("typing_stop", here.clone()).await;
    assert_eq!(me.event("user_typing").await, told(false));

    jane.emit("mark_read", json!({ "message_id": sent["message_id"] }))
        .await;
    let read = me.event("message_read").await;
    let expected = json!({
        "message_id": sent["message_id"],
        "conversation_id": sent["conversation_id"],
        "reader_id": JANE,
        "read_at": read["read_at"],
    });
    assert_eq!(read, expected);
    assert!(is_moment(&read["read_at"]));

    jane.ask(
        "send_message",
        json!({ "receiver_id": ME, "content": "Yes" }),
    )
    .await;
    jane.ask("send_message", json!({ "receiver_id": ME, "content": "!" }))
        .await;
    me.ask("mark_read", here).await;
    jane.event("message_read").await;
    assert_eq!(jane_rest.get("/v1/unread").await.ok()["total"], 0);
    let list = Rest::new(&node, ME).get("/api/v1/conversations").await.ok();
    let entry = &list["data"]["conversations"][0];
    assert_eq!(
        (&entry["unread_count"], &entry["last_message"]["is_read"]),
        (&json!(0), &json!(true))
    );

    drop(jane);
    let left = me.event("user_offline").await;
    assert_eq!(left["user_id"], JANE);
    assert!(is_moment(&left["last_active"]));
    assert!(me.untaken("error").is_empty() && me.untaken("user_typing").is_empty());
}

/// S0-21: everyone but the connection that sent it is told of a message, the sender's other devices too.
#[tokio::test]
async fn a_sender_is_told_on_other_devices_only() {
    let node = Node::start(&[]).await;
    let mut phone = Events::connect(&node, ME, "dating").await;
    let mut laptop = Events::connect(&node, ME, "dating").await;
    let mut jane = Events::connect(&node, JANE, "dating").await;
    phone
        .ask(
            "send_message",
            json!({ "receiver_id": JANE, "content": "Hi" }),
        )
        .await;
    assert_eq!(laptop.event("new_message").await["content"], "Hi");
    jane.event("new_message").await;
    let ack = jane
        .ask(
            "send_message",
            json!({ "receiver_id": ME, "content": "Ho" }),
        )
        .await;
    assert_eq!(phone.event("new_message").await["content"], "Ho");
    assert!(phone.untaken("new_message").is_empty());
    jane.ask(
        "mark_read",
        json!({ "conversation_id": ack["data"]["conversation_id"] }),
    )
    .await;
    assert_eq!(phone.event("message_read").await["reader_id"], JANE);
}

/// S0-16, S0-45, C-19: nobody is left typing.
#[tokio::test]
async fn typing_ends_by_itself() {
    let node = Node::start(&["--rooms-typing-timeout", "500ms"]).await;
    let mut me = Events::connect(&node, ME, "dating").await;
    let mut jane = Events::connect(&node, JANE, "dating").await;
    me.ask(
        "send_message",
        json!({ "receiver_id": JANE, "content": "Hi" }),
    )
    .await;
    me.ask("typing_start", json!({ "receiver_id": JANE })).await;
    assert_eq!(jane.event("user_typing").await["is_typing"], true);
    assert_eq!(jane.event("user_typing").await["is_typing"], false);
}

/// C-39: groups of other dialects are neither listed nor told.
#[tokio::test]
async fn groups_are_not_there() {
    let node = Node::start(&[]).await;
    let mut native = Client::connect(&node, JANE).await;
    let mut me = Events::connect(&node, ME, "dating").await;
    let group = native.group(&[ME]).await;
    native.say(&group, "to all").await;
    native
        .ok("typing", json!({ "conversation": group, "on": true }))
        .await;
    let direct = native.direct(ME).await;
    native.say(&direct, "to you").await;
    assert_eq!(me.event("new_message").await["content"], "to you");
    let untaken = [me.untaken("new_message"), me.untaken("user_typing")];
    assert!(untaken.iter().all(Vec::is_empty), "{untaken:?}");
    let list = Rest::new(&node, ME).get("/api/v1/conversations").await.ok();
    assert_eq!(list["data"]["pagination"]["total"], 1);
}

/// C-23: what others edit and delete is told in the seed's style.
#[tokio::test]
async fn edits_and_deletions_are_told() {
    let node = Node::start(&[]).await;
    let mut native = Client::connect(&node, JANE).await;
    let mut me = Events::connect(&node, ME, "dating").await;
    let direct = native.direct(ME).await;
    let said = native.say(&direct, "helo").await;
    let message = me.event("new_message").await;
    let fields = json!({ "message": said["id"], "text": "hello" });
    native.ok("edit", fields).await;
    let edited = me.event("message_updated").await;
    let expected = json!({
        "message_id": message["message_id"],
        "conversation_id": message["conversation_id"],
        "content": "hello",
        "updated_at": edited["updated_at"],
    });
    assert_eq!(edited, expected);
    native.ok("delete", json!({ "message": said["id"] })).await;
    let deleted = me.event("message_deleted").await;
    let expected = json!({
        "message_id": message["message_id"],
        "conversation_id": message["conversation_id"],
        "deleted_at": deleted["deleted_at"],
    });
    assert_eq!(deleted, expected);
    assert!(is_moment(&deleted["deleted_at"]));
}

/// C-02: without a word about its dialect, a connection is known by its first event; S0-20 by its snake_case.
#[tokio::test]
async fn the_dialect_is_known_by_the_events() {
    let node = Node::start(&[]).await;
    let mut jane = Events::connect(&node, JANE, "dating").await;
    for (n, first) in [
        (
            "send_message",
            json!({ "receiver_id": JANE, "content": "Hi" }),
        ),
        ("typing_start", json!({ "receiver_id": JANE })),
    ]
    .into_iter()
    .enumerate()
    {
        let mut auto = Events::connect(&node, ME, "auto").await;
        let (name, payload) = first;
        assert_eq!(auto.ask(name, payload).await["success"], true);
        let text = format!("Hello {n}");
        jane.ask(
            "send_message",
            json!({ "receiver_id": ME, "content": text }),
        )
        .await;
        let message = auto
            .event_where("new_message", |m| m["content"] == text.as_str())
            .await;
        assert!(is_uuid(&message["id"]));
        assert_eq!(
            message["senderId"],
            Value::Null,
            "no other dialect's names any more"
        );
        assert!(auto.untaken("newMessage").is_empty());
    }
}

/// S0-19, S0-61: no token, no connection; a bad event is answered, with or without an acknowledgement.
#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let node = Node::start(&[]).await;
    for auth in [json!({}), json!({ "token": "forged" })] {
        let refusal = Events::connect_with(&node, &auth).await.unwrap_err();
        assert_eq!(refusal["data"]["code"], "UNAUTHORIZED");
    }
    let mut me = Events::connect(&node, ME, "dating").await;
    let ack = me.ask("mark_read", json!({})).await;
    assert_eq!(
        (&ack["success"], &ack["code"]),
        (&json!(false), &json!("BAD_VALUE"))
    );
    me.emit("typing_start", json!({ "conversation_id": "nonsense" }))
        .await;
    let error = me.event("error").await;
    assert_eq!(
        (&error["event"], &error["code"]),
        (&json!("typing_start"), &json!("BAD_VALUE"))
    );
}

/// S0-15, S0-19: what was missed comes after a reconnect, exactly, and the client is told that it does.
#[tokio::test]
async fn what_was_missed_comes_after_a_reconnect() {
    let node = Node::start(&[]).await;
    let mut me = Events::connect(&node, ME, "dating").await;
    let mut jane = Events::connect(&node, JANE, "dating").await;
    jane.ask("send_message", json!({ "receiver_id": ME, "content": "1" }))
        .await;
    me.event("new_message").await;
    let mut auth = json!({ "token": token(ME), "dialect": "dating" });
    auth["pid"] = me.connected["pid"].clone();
    auth["offset"] = me.offset.clone().into();
    drop(me);
    for text in ["2", "3"] {
        jane.ask(
            "send_message",
            json!({ "receiver_id": ME, "content": text }),
        )
        .await;
    }
    let mut me = Events::connect_with(&node, &auth).await.unwrap();
    assert_eq!(
        me.connected["pid"], auth["pid"],
        "a stock client takes that for recovered"
    );
    assert_eq!(me.event("authenticated").await["recovered"], true);
    for text in ["2", "3"] {
        assert_eq!(me.event("new_message").await["content"], text);
    }
}

/// S0-14, S0-15, S0-19 to S0-26, S0-29, C-02: the stock client, which nobody told of dialects, and which comes back by itself.
#[tokio::test]
async fn the_stock_client_talks_and_comes_back() {
    let node = Node::start(&[]).await;
    let mut jane = Events::connect(&node, JANE, "dating").await;
    let Some(mut me) = Stock::connect(&node, ME, json!({})).await else {
        return;
    };
    assert_eq!(me.event("authenticated").await["user_id"], ME);
    let payload = json!({ "receiver_id": JANE, "content": "Hi" });
    let sent = me.ask("send_message", payload).await["data"].take();
    assert!(is_uuid(&sent["message_id"]));
    let here = json!({ "conversation_id": sent["conversation_id"] });
    assert_eq!(jane.event("new_message").await["id"], sent["message_id"]);
    me.emit("typing_start", here.clone());
    assert_eq!(jane.event("user_typing").await["is_typing"], true);
    me.emit("typing_stop", here.clone());
    assert_eq!(jane.event("user_typing").await["is_typing"], false);
    jane.emit("mark_read", here.clone()).await;
    assert_eq!(
        me.event("message_read").await["message_id"],
        sent["message_id"]
    );

    me.cut();
    me.take("disconnect").await;
    let said = json!({ "receiver_id": ME, "content": "Are you there?" });
    let missed = jane.ask("send_message", said).await["data"].take();
    assert_eq!(me.take("connect").await["recovered"], true);
    let message = me.event("new_message").await;
    assert_eq!(message["message_id"], missed["message_id"]);
    me.emit("mark_read", json!({ "message_id": missed["message_id"] }));
    assert_eq!(
        jane.event("message_read").await["message_id"],
        missed["message_id"]
    );
    assert!(!me.untaken().contains(&"new_message"), "exactly once");
}
