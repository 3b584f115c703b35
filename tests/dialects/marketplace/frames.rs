//! `marketplace` over its WebSocket.

use serde_json::{Value, json};

use super::{MESSAGES, connect, contents, create};
use crate::{
    common::{Client, Node, Plain, Rest, token, until},
    people::is_moment,
};

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

/// S1-36, S1-38: what the node keeps for somebody to be notified of is told as it comes.
#[tokio::test]
async fn notifications_are_told_and_kept() {
    let node = Node::start(&[]).await;
    let (client, worker) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    let message = create(&client, json!({ "receiver_id": 2, "content": "Hello!" })).await;
    let kept = until("a notification", async || {
        let page = worker.get("/v1/notifications").await.ok();
        page["notifications"].get(0).cloned()
    })
    .await;
    let number = message["id"].to_string();
    assert_eq!(
        (&kept["topic"], &kept["message"]),
        (&json!("message"), &json!(number))
    );

    let mut workers = connect(&node, "2").await;
    let asks = json!({ "user": "2", "text": "May I?" });
    assert_eq!(
        Rest::new(&node, "3")
            .post("/v1/requests", asks)
            .await
            .status,
        201
    );
    let told = workers.take("notification").await["data"].clone();
    assert!(
        told["id"].is_u64() && is_moment(&told["created_at"]),
        "{told}"
    );
    let expected = json!({
        "id": told["id"],
        "type": "request",
        "message_id": null,
        "user_id": 3,
        "user_name": "3",
        "text": null,
        "is_read": false,
        "created_at": told["created_at"],
        "unread_count": 2,
    });
    assert_eq!(told, expected);
}
