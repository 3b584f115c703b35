//! `marketplace` over REST.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MESSAGES, connect, connect_with, contents, create};
use crate::{
    common::{Node, Rest, token_with},
    people::is_moment,
};

/// S1-03, S1-20, S1-21, C-15, C-16: every filter, and pages; newest first.
#[tokio::test]
async fn messages_are_filtered_and_come_in_pages() {
    let node = Node::start(&[]).await;
    let [one, two, three] = ["1", "2", "3"].map(|user| Rest::new(&node, user));
    create(
        &one,
        json!({ "receiver_id": 2, "job_id": 7, "content": "a" }),
    )
    .await;
    create(
        &two,
        json!({ "receiver_id": 1, "job_id": "7", "content": "b" }),
    )
    .await;
    let last = create(
        &three,
        json!({ "receiver_id": 1, "job_id": 8, "content": "c" }),
    )
    .await;
    create(&two, json!({ "receiver_id": 3, "content": "not theirs" })).await;
    let path = format!("{MESSAGES}{}/read", last["id"]);
    one.ask(Method::PUT, &path, &Value::Null).await.ok();

    for (query, expected) in [
        ("", &["c", "b", "a"][..]),
        ("other_user_id=2", &["b", "a"]),
        ("conversation_id=1_2", &["b", "a"]),
        ("conversation_id=1_3", &["c"]),
        ("job_id=7", &["b", "a"]),
        ("job_id=7&other_user_id=3", &[]),
        ("is_read=true", &["c"]),
        ("is_read=false", &["b", "a"]),
        ("unread_only=true", &["b"]),
        ("limit=1", &["c"]),
        ("skip=1&limit=1", &["b"]),
        ("page=2&limit=2", &["a"]),
        ("order=asc", &["a", "b", "c"]),
        ("other_user_id=nobody", &[]),
        ("conversation_id=1_99", &[]),
    ] {
        let list = one.get(&format!("{MESSAGES}?{query}")).await.ok();
        assert_eq!(contents(&list), expected, "{query}");
    }
    for (query, status) in [
        ("conversation_id=2_3", 404),
        ("conversation_id=4711", 404),
        ("is_read=perhaps", 400),
        ("limit=0", 400),
        ("skip=-1", 400),
    ] {
        let refused = one.get(&format!("{MESSAGES}?{query}")).await;
        assert_eq!(refused.status, status, "{query}");
        assert!(
            refused.body["detail"].is_string(),
            "what clients of the seed show"
        );
    }
}

/// S1-04, S1-09, S1-10, S1-11, C-24: conversations by pair, with the other one and what is unread.
#[tokio::test]
async fn conversations_and_who_is_in_them() {
    let node = Node::start(&["--presence-delay", "20ms"]).await;
    let one = Rest::new(&node, "1");
    let token = token_with("2", |claims| claims.name = Some("Wanda".into()));
    let two = Rest::with_token(&node, &token);
    two.get("/v1/me").await.ok();
    create(
        &one,
        json!({ "receiver_id": 2, "job_id": 1, "content": "Hello" }),
    )
    .await;
    let last = create(&two, json!({ "receiver_id": 1, "content": "Hi" })).await;
    create(
        &one,
        json!({ "receiver_id": "a_b", "content": "ambiguous" }),
    )
    .await;

    let list = one.get("/api/v1/messages/conversations").await.ok();
    let wanda =
        json!({ "id": 2, "name": "Wanda", "picture": null, "is_online": false, "last_seen": null });
    let expected = json!({
        "id": "1_2",
        "conversation_id": "1_2",
        "other_user": wanda,
        "last_message": last,
        "unread_count": 1,
        "created_at": list[1]["created_at"],
        "updated_at": last["created_at"],
    });
    assert_eq!(list[1], expected);
    let by_number = list[0]["id"].as_str().unwrap();
    assert!(
        by_number.bytes().all(|byte| byte.is_ascii_digit()),
        "{by_number}"
    );
    let there = one
        .get(&format!("{MESSAGES}?conversation_id={by_number}"))
        .await
        .ok();
    assert_eq!(contents(&there), ["ambiguous"]);
    let unread = one
        .get("/api/v1/messages/conversations?unread_only=true")
        .await
        .ok();
    assert_eq!(unread.as_array().unwrap().len(), 1);

    let ids = |list: Value| -> Vec<Value> {
        let list = list.as_array().unwrap().iter();
        list.map(|person| person["id"].clone()).collect()
    };
    let everyone = one.get("/api/v1/messages/participants").await.ok();
    assert_eq!(everyone[0], wanda);
    assert_eq!(ids(everyone), [json!(2), json!("a_b")]);
    let pair = one
        .get("/api/v1/messages/participants?conversation_id=1_2")
        .await
        .ok();
    assert_eq!(ids(pair), [json!(1), json!(2)]);
    let others = one
        .get("/api/v1/messages/participants?conversation_id=2_3")
        .await;
    assert_eq!(others.status, 404);

    let mut socket = connect(&node, "1").await;
    assert_eq!(
        one.get("/api/v1/messages/online-users").await.ok(),
        json!([])
    );
    let _worker = connect_with(&node, "2", &token).await;
    let came = socket.take("online_status").await;
    let data = json!({ "user_id": 2, "is_online": true, "last_seen": null });
    assert_eq!(came, json!({ "type": "online_status", "data": data }));
    let online = one.get("/api/v1/messages/online-users").await.ok();
    let mut wanda = wanda;
    wanda["is_online"] = true.into();
    assert_eq!(online, json!([wanda]));
}

/// S1-06, C-17: a list in either form; only what was unread counts.
#[tokio::test]
async fn many_messages_are_marked_as_read_at_once() {
    let node = Node::start(&[]).await;
    let [one, two, three] = ["1", "2", "3"].map(|user| Rest::new(&node, user));
    let mut ids = Vec::new();
    for (rest, to) in [(&two, 1), (&two, 1), (&three, 1), (&one, 2), (&two, 3)] {
        ids.push(create(rest, json!({ "receiver_id": to, "content": "x" })).await["id"].clone());
    }
    let bulk = async |body: &Value| {
        let answer = one
            .ask(Method::PUT, "/api/v1/messages/read-bulk", body)
            .await;
        (answer.status, answer.body)
    };
    assert_eq!(
        bulk(&json!({ "message_ids": ids[..2] })).await,
        (200, json!({ "updated": 2 }))
    );
    ids.push(json!(4711));
    assert_eq!(
        bulk(&json!(ids)).await,
        (200, json!({ "updated": 1 })),
        "neither own nor others' nor gone ones"
    );
    assert_eq!(bulk(&json!(ids)).await, (200, json!({ "updated": 0 })));
    assert_eq!(one.get("/v1/unread").await.ok()["total"], 0);
    assert_eq!(three.get("/v1/unread").await.ok()["total"], 1);
    let too_many: Vec<_> = (1..=101).collect();
    for body in [
        json!({}),
        json!({ "message_ids": "x" }),
        json!(["x"]),
        json!(too_many),
    ] {
        let (status, answer) = bulk(&body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["details"]["message_ids"].is_string(), "{answer}");
    }
}

/// S1-07, C-23: the sender alone deletes, and both are told.
#[tokio::test]
async fn a_message_is_deleted_by_its_sender_only() {
    let node = Node::start(&[]).await;
    let (one, two) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    let mut socket = connect(&node, "2").await;
    let id = &create(&one, json!({ "receiver_id": 2, "content": "oops" })).await["id"];
    let path = format!("{MESSAGES}{id}");
    let by_other = two.ask(Method::DELETE, &path, &Value::Null).await;
    assert_eq!((by_other.status, by_other.code()), (403, "NOT_AUTHOR"));
    let deleted = one.ask(Method::DELETE, &path, &Value::Null).await;
    let expected = json!({ "success": true, "message": "Message deleted successfully", "id": id });
    assert_eq!((deleted.status, deleted.body), (200, expected));
    let told = socket.take("message_deleted").await["data"].clone();
    assert_eq!(
        (&told["message_id"], &told["conversation_id"]),
        (id, &json!("1_2"))
    );
    assert!(is_moment(&told["deleted_at"]));
    assert_eq!(contents(&two.get(MESSAGES).await.ok()), [""; 0]);
}
