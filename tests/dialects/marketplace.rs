//! `marketplace` (S1): REST and WebSocket.

use reqwest::{Method, multipart};
use serde_json::{Value, json};

use super::people::is_moment;
use crate::common::{Client, Node, Plain, Rest, rest_send, token, token_with};

const MESSAGES: &str = "/api/v1/messages/";

async fn create(rest: &Rest, body: Value) -> Value {
    let answer = rest.post(MESSAGES, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Connects somebody as their browser does, and reads the greeting.
async fn connect(node: &Node, user: &str) -> Plain {
    connect_with(node, user, &token(user)).await
}

/// The same, with any token of theirs.
async fn connect_with(node: &Node, user: &str, token: &str) -> Plain {
    let path = format!("/api/v1/messages/ws/{user}?token={token}");
    let mut socket = Plain::dial(node, &path).await;
    let greeting = socket.take("connected").await;
    assert_eq!(greeting["data"]["recovered"], false);
    socket
}

fn contents(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a bare list").iter();
    list.map(|message| message["content"].as_str().unwrap())
        .collect()
}

/// S1-02, S1-12 to S1-14, S1-17, S1-18, S1-29: the seed's examples, in order, as they are written.
#[tokio::test]
async fn the_examples_of_the_seed() {
    let node = Node::start(&[]).await;
    let (client, worker) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    let mut workers = connect(&node, "2").await;

    let body = json!({
        "receiver_id": 2,
        "job_id": 1,
        "content": "Hello! I'm interested in your plumbing job.",
    });
    let message = create(&client, body).await;
    let expected = json!({
        "id": message["id"],
        "conversation_id": "1_2",
        "sender_id": 1,
        "receiver_id": 2,
        "job_id": 1,
        "content": "Hello! I'm interested in your plumbing job.",
        "attachments": [],
        "is_read": false,
        "created_at": message["created_at"],
    });
    assert_eq!(message, expected);
    assert!(message["id"].is_u64());
    assert!(is_moment(&message["created_at"]));
    assert_eq!(workers.take("new_message").await["data"], expected);

    let mut clients = connect(&node, "1").await;
    let typing = json!({
        "type": "typing",
        "data": { "conversation_id": "1_2", "is_typing": true, "receiver_id": 2 },
    });
    clients.send(&typing).await;
    let told = workers.take("typing").await;
    let data = json!({ "conversation_id": "1_2", "user_id": 1, "is_typing": true });
    assert_eq!(told, json!({ "type": "typing", "data": data }));

    let reply = create(&worker, json!({ "receiver_id": 1, "content": "Tomorrow?" })).await;
    let receipt = json!({
        "type": "read_receipt",
        "data": { "message_id": reply["id"], "sender_id": 2 },
    });
    clients.send(&receipt).await;
    let told = workers.take("read_receipt").await;
    let data = json!({
        "message_id": reply["id"],
        "conversation_id": "1_2",
        "reader_id": 1,
        "read_at": told["data"]["read_at"],
    });
    assert_eq!(told["data"], data);
    assert!(is_moment(&data["read_at"]));
    assert!(clients.untaken_of("error").is_empty());
}

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

/// S1-08: the route is there, wants a file in a form, and says that it can't keep it yet.
#[tokio::test]
async fn uploading_says_that_it_is_not_there_yet() {
    let node = Node::start(&[]).await;
    let one = Rest::new(&node, "1");
    let path = "/api/v1/messages/upload-attachment";
    let file = multipart::Part::bytes(b"%PDF-1.7".as_slice()).file_name("document.pdf");
    let form = multipart::Form::new().part("file", file);
    let answer = rest_send(one.request(Method::POST, path).multipart(form)).await;
    assert_eq!((answer.status, answer.code()), (501, "NOT_IMPLEMENTED"));
    assert_eq!(one.post(path, json!({})).await.status, 400);
    let body = json!({ "receiver_id": 2, "content": "see", "attachments": ["a.pdf"] });
    assert_eq!(one.post(MESSAGES, body).await.status, 501);
}

/// S1-12, S1-15, S1-17, S1-29: everything works over the WebSocket alone, and mistakes are named.
#[tokio::test]
async fn messages_go_over_the_websocket_too() {
    let node = Node::start(&[]).await;
    let (mut one, mut two) = (connect(&node, "1").await, connect(&node, "2").await);
    let mut phone = connect(&node, "1").await;
    one.send(&json!({ "type": "ping" })).await;
    assert_eq!(
        one.take("pong").await,
        json!({ "type": "pong", "data": {} })
    );

    let data = json!({ "receiver_id": 2, "job_id": 3, "content": "Hi", "client_id": "c-1" });
    one.send(&json!({ "type": "message", "data": data })).await;
    let mut sent = one.take("message_sent").await["data"].take();
    assert_eq!(sent["client_id"], "c-1");
    sent.as_object_mut().unwrap().remove("client_id");
    assert_eq!(two.take("new_message").await["data"], sent);
    assert_eq!(
        phone.take("new_message").await["data"],
        sent,
        "the sender's other device"
    );
    assert_eq!(
        (&sent["conversation_id"], &sent["job_id"]),
        (&json!("1_2"), &json!(3))
    );

    two.send(&json!({ "type": "read_receipt", "data": { "message_id": sent["id"] } }))
        .await;
    assert_eq!(one.take("read_receipt").await["data"]["reader_id"], 2);
    for (frame, event, code) in [
        ("{", "unknown", "BAD_REQUEST"),
        (
            r#"{"type":"dance","data":{}}"#,
            "unknown",
            "UNKNOWN_COMMAND",
        ),
        (
            r#"{"type":"message","data":{"content":"x"}}"#,
            "message",
            "BAD_VALUE",
        ),
        (r#"{"type":"message","data":[]}"#, "message", "BAD_REQUEST"),
        (
            r#"{"type":"typing","data":{"conversation_id":"2_3"}}"#,
            "typing",
            "NO_CONVERSATION",
        ),
        (
            r#"{"type":"read_receipt","data":{"message_id":123}}"#,
            "read_receipt",
            "NO_MESSAGE",
        ),
    ] {
        one.send_text(frame).await;
        let error = one.take("error").await["data"].take();
        assert_eq!(
            (&error["event"], &error["code"]),
            (&json!(event), &json!(code)),
            "{frame}"
        );
    }
    assert!(
        two.untaken_of("read_receipt").is_empty(),
        "not to the reader"
    );
}

/// S1-01, C-31: a token may stand in the address, a header, the subprotocol or the first frame; it has to be of the user in the address.
#[tokio::test]
async fn the_address_is_for_its_owner_only() {
    let node = Node::start(&[]).await;
    let (mine, others) = (token("1"), token("2"));
    let path = "/api/v1/messages/ws/1";
    let header = format!("Bearer {mine}");
    let subprotocol = format!("parlour.marketplace, parlour.token.{mine}");
    for (path, headers) in [
        (format!("{path}?token={mine}"), vec![]),
        (format!("{path}/?token={mine}"), vec![]),
        (path.to_owned(), vec![("authorization", header.as_str())]),
        (
            path.to_owned(),
            vec![("sec-websocket-protocol", subprotocol.as_str())],
        ),
    ] {
        let mut socket = Plain::try_dial_with(&node, &path, &headers)
            .await
            .expect("let in");
        assert_eq!(socket.take("connected").await["data"]["user_id"], 1);
    }
    for (token, status) in [(&*others, 403), ("forged", 401)] {
        let refused = Plain::try_dial(&node, &format!("{path}?token={token}")).await;
        assert_eq!(refused.unwrap_err(), status);
    }

    let mut socket = Plain::dial(&node, path).await;
    socket.send(&json!({ "type": "ping" })).await;
    socket.take("pong").await;
    socket
        .send(&json!({ "type": "message", "data": { "receiver_id": 2, "content": "x" } }))
        .await;
    assert_eq!(socket.take("error").await["data"]["code"], "UNAUTHORIZED");
    socket
        .send(&json!({ "type": "auth", "data": { "token": mine } }))
        .await;
    let authenticated = socket.take("authenticated").await;
    assert_eq!(
        authenticated,
        json!({ "type": "authenticated", "data": { "user_id": 1 } })
    );
    socket.take("connected").await;

    let mut socket = Plain::dial(&node, path).await;
    socket
        .send(&json!({ "type": "auth", "data": { "token": others } }))
        .await;
    assert_eq!(socket.take("error").await["data"]["code"], "NOT_ALLOWED");
    assert_eq!(socket.closed().await, Some(4500));
}

/// S1-19: what came for somebody who was away is there when they come back, exactly once.
#[tokio::test]
async fn messages_wait_for_who_is_away() {
    let node = Node::start(&[]).await;
    let two = Rest::new(&node, "2");
    let mut one = connect(&node, "1").await;
    create(&two, json!({ "receiver_id": 1, "content": "a" })).await;
    let resume = one.take("new_message").await["resume"].clone();
    drop(one);
    for content in ["b", "c"] {
        create(&two, json!({ "receiver_id": 1, "content": content })).await;
    }
    let query = format!("token={}&resume={}", token("1"), resume.as_str().unwrap());
    let mut one = Plain::dial(&node, &format!("/api/v1/messages/ws/1?{query}")).await;
    assert_eq!(one.take("connected").await["data"]["recovered"], true);
    for content in ["b", "c"] {
        assert_eq!(one.take("new_message").await["data"]["content"], content);
    }
    let unread = Rest::new(&node, "1")
        .get(&format!("{MESSAGES}?unread_only=true"))
        .await;
    assert_eq!(contents(&unread.ok()), ["c", "b", "a"], "and for who asks");
}

/// S1-45, S1-48, C-39: nobody else is told anything, and groups of other dialects aren't there.
#[tokio::test]
async fn messages_are_for_the_two_only() {
    let node = Node::start(&[]).await;
    let mut native = Client::connect(&node, "2").await;
    let (mut one, mut three) = (connect(&node, "1").await, connect(&node, "3").await);
    let group = native.group(&["1", "3"]).await;
    native.say(&group, "to all").await;
    native
        .ok("typing", json!({ "conversation": group, "on": true }))
        .await;
    let direct = native.direct("1").await;
    native.say(&direct, "to one").await;
    assert_eq!(one.take("new_message").await["data"]["content"], "to one");
    assert!(one.untaken_of("typing").is_empty());
    for socket in [&mut one, &mut three] {
        socket.send(&json!({ "type": "ping" })).await;
        socket.take("pong").await;
        assert_eq!(socket.untaken_of("new_message"), [&Value::Null; 0]);
    }
    let list = Rest::new(&node, "1")
        .get("/api/v1/messages/conversations")
        .await
        .ok();
    assert_eq!(list.as_array().unwrap().len(), 1);
}
