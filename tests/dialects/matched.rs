//! `matched` (CONTRACT S2): the sample requests of the seed, in their order, then what they leave out.

use std::io::{Read as _, Write as _};

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    common::{Node, Plain, Rest, token, token_with},
    people::{direct, group, is_moment, names, person},
};

/// The WebSocket of somebody.
async fn connect(node: &Node, user: &str, options: &str) -> Plain {
    let path = format!("/chat/connect?token={}{options}", token(user));
    Plain::dial(node, &path).await
}

/// Waits until what was sent before over this connection is done.
async fn settle(client: &mut Plain) {
    client.send(&json!({ "type": "ping" })).await;
    client.take("pong").await;
}

/// S2-01, S2-04, S2-05, S2-10 to S2-15, S2-17, C-07: the seed's frames, both ways.
#[actix_web::test]
async fn two_people_chat_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    let id = direct(&ann, "789").await;
    let mut a = connect(&node, "456", "").await;
    settle(&mut a).await;
    let mut b = connect(&node, "789", "").await;
    let online = a.take("online").await;
    assert_eq!(online, json!({ "type": "online", "user_id": 789 }));
    let online = b.take("online").await;
    assert_eq!(online["user_id"], 456, "who was there before is told too");

    // S2-10 as written, and what its sender gets.
    let said = json!({
        "type": "message", "conversation_id": id, "content": "Hello!", "content_type": "text",
    });
    a.send(&said).await;
    let sent = a.take("sent").await;
    assert_eq!(
        names(&sent),
        ["type", "message_id", "conversation_id", "sent_at"]
    );
    assert_eq!(sent["conversation_id"], id);
    // S2-11.
    let heard = b.take("message").await;
    assert!(is_moment(&heard["sent_at"]));
    let expected = json!({
        "type": "message",
        "message_id": sent["message_id"],
        "conversation_id": id,
        "sender_id": 456,
        "content": "Hello!",
        "content_type": "text",
        "sent_at": sent["sent_at"],
    });
    assert_eq!(heard, expected);

    // S2-13.
    b.send(&json!({ "type": "typing", "conversation_id": id }))
        .await;
    let typing = json!({
        "type": "typing", "conversation_id": id, "user_id": 789, "is_typing": true,
    });
    assert_eq!(a.take("typing").await, typing);
    b.send(&json!({ "type": "typing", "conversation_id": id, "is_typing": false }))
        .await;
    assert_eq!(a.take("typing").await["is_typing"], false);

    // S2-12 as written: the time is the client's, and not looked at.
    let read = json!({
        "type": "read", "message_id": heard["message_id"], "read_at": "2024-01-24T10:31:00Z",
    });
    b.send(&read).await;
    let receipt = a.take("read").await;
    assert_eq!(receipt["message_id"], sent["message_id"]);
    assert_eq!(receipt["user_id"], 789);
    assert!(is_moment(&receipt["read_at"]) && receipt["read_at"] != read["read_at"]);

    // S2-04 as written.
    let body = json!({
        "conversation_id": id, "user_id": 789, "content": "Hi there!", "content_type": "text",
    });
    let answer = bob.post("/chat/messages", body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(names(&answer.body), ["message_id", "sent_at"]);
    let message = answer.body["message_id"].as_u64().unwrap();
    assert_eq!(a.take("message").await["message_id"], message);
    assert_eq!(
        b.take("message").await["sender_id"],
        789,
        "over REST, so this device of theirs is told too"
    );

    // S2-05.
    let path = format!("/chat/messages/{message}/read");
    let answer = ann.ask(Method::PUT, &path, &Value::Null).await.ok();
    assert_eq!(names(&answer), ["success", "read_at"]);
    assert!(answer["success"] == true && is_moment(&answer["read_at"]));
    let receipt = b.take("read").await;
    assert_eq!(receipt["read_at"], answer["read_at"]);

    // S2-15.
    drop(a);
    let offline = b.take("offline").await;
    assert_eq!(names(&offline), ["type", "user_id", "last_seen"]);
    assert!(offline["user_id"] == 456 && is_moment(&offline["last_seen"]));
}

/// S2-02, S2-03, S2-08, C-15, C-16, C-39: lists as in the seed, the newest first, and no groups.
#[actix_web::test]
async fn lists_are_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    let id = direct(&ann, "789").await;
    group(&ann, &["789"]).await;
    for (rest, text) in [(&ann, "1"), (&bob, "2"), (&bob, "3")] {
        let body = json!({ "conversation_id": id, "content": text });
        rest.post("/chat/messages", body).await.ok();
    }
    let list = ann.get("/chat/conversations?user_id=456").await.ok();
    let conversation = &list["conversations"][0];
    let expected = json!({
        "conversations": [{
            "id": id,
            "user_id": 456,
            "other_user_id": 789,
            "other_user_name": "Bob",
            "other_user_photo": "https://pictures.test/Bob.jpg",
            "last_message": "3",
            "last_message_sender": 789,
            "unread_count": 2,
            "updated_at": conversation["updated_at"],
            "created_at": conversation["created_at"],
        }],
        "total": 1,
    });
    assert_eq!(list, expected);
    assert!(is_moment(&conversation["updated_at"]) && is_moment(&conversation["created_at"]));

    let path = format!("/chat/conversations/{id}/messages");
    let page = ann.get(&path).await.ok();
    assert_eq!(page["total"], 3);
    let newest = &page["messages"][0];
    let expected = json!({
        "id": newest["id"],
        "conversation_id": id,
        "sender_id": 789,
        "content": "3",
        "content_type": "text",
        "created_at": newest["created_at"],
        "read_at": null,
    });
    assert_eq!(*newest, expected);
    let texts = |page: &Value| -> Vec<String> {
        let messages = page["messages"].as_array().unwrap();
        let texts = messages.iter().map(|m| m["content"].as_str().unwrap());
        texts.map(str::to_owned).collect()
    };
    assert_eq!(texts(&page), ["3", "2", "1"]);
    let second = ann.get(&format!("{path}?limit=1&offset=1")).await.ok();
    assert_eq!(texts(&second), ["2"]);
    let cursor = second["next_cursor"].as_str().unwrap();
    let rest = ann.get(&format!("{path}?cursor={cursor}")).await.ok();
    assert_eq!(texts(&rest), ["1"]);
    assert_eq!(
        (&rest["total"], &rest["next_cursor"]),
        (&json!(3), &Value::Null)
    );
    let path = format!("{path}?order=asc");
    assert_eq!(texts(&ann.get(&path).await.ok()), ["1", "2", "3"]);

    let none = ann
        .get("/chat/conversations?user_id=456&offset=1")
        .await
        .ok();
    assert_eq!(none, json!({ "conversations": [], "total": 1 }));
}

/// S2-09, S2-18 to S2-20, S2-47 to S2-50, S2-52, C-31: who is refused, with which status and in which words.
#[actix_web::test]
async fn refusals_have_the_status_and_the_form_of_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, eve) = (person(&node, "456", "Ann"), person(&node, "666", "Eve"));
    let id = direct(&ann, "789").await;
    let answer = ann.get("/chat/conversations").await;
    assert_eq!((answer.status, answer.code()), (400, "BAD_VALUE"));
    assert!(answer.body["details"]["user_id"].is_string());
    for name in ["error", "code", "details", "timestamp"] {
        assert!(!answer.body[name].is_null(), "{name}: {}", answer.body);
    }
    let message = |user: u64| json!({ "conversation_id": id, "user_id": user, "content": "x" });
    let mine = format!("/chat/conversations/{id}/messages");
    let stranger = Rest::with_token(&node, "no-token");
    for (status, answer) in [
        (403, ann.get("/chat/conversations?user_id=789").await),
        (403, ann.post("/chat/messages", message(789)).await),
        (403, eve.post("/chat/messages", message(666)).await),
        (403, eve.get(&mine).await),
        (403, ann.get("/chat/conversations/7/messages").await),
        (
            404,
            ann.ask(Method::PUT, "/chat/messages/7/read", &Value::Null)
                .await,
        ),
        (
            400,
            ann.post("/chat/messages", json!({ "conversation_id": id }))
                .await,
        ),
        (
            400,
            ann.post("/chat/messages", json!({ "content": "x" })).await,
        ),
        (401, stranger.get("/chat/conversations?user_id=456").await),
        (404, ann.get("/chatx").await),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body["error"].is_string() && is_moment_of_error(&answer.body));
    }
    for (path, status) in [
        ("/chat/connect".to_owned(), 401),
        ("/chat/connect?token=no-token".to_owned(), 401),
        (
            format!("/chat/connect?token={}&compress=br", token("456")),
            400,
        ),
        (format!("/chat/connect?token={}&batch=2", token("456")), 400),
    ] {
        assert_eq!(
            Plain::try_dial(&node, &path).await.unwrap_err(),
            status,
            "{path}"
        );
    }
}

fn is_moment_of_error(body: &Value) -> bool {
    body["timestamp"]
        .as_str()
        .is_some_and(|text| text.ends_with('Z'))
}

/// S2-16: what is wrong with a frame is said, under the number that it had, and the connection goes on.
#[actix_web::test]
async fn a_wrong_frame_is_answered_and_the_connection_goes_on() {
    let node = Node::start(&[]).await;
    let id = direct(&person(&node, "456", "Ann"), "789").await;
    let mut a = connect(&node, "456", "").await;
    for (frame, event, code) in [
        (
            json!({ "type": "message", "conversation_id": 7, "content": "x" }),
            "message",
            "NO_CONVERSATION",
        ),
        (
            json!({ "type": "message", "conversation_id": id }),
            "message",
            "BAD_VALUE",
        ),
        (json!({ "type": "read" }), "read", "BAD_VALUE"),
        (json!({ "type": "typing" }), "typing", "BAD_VALUE"),
        (json!({ "type": "dance" }), "unknown", "UNKNOWN_COMMAND"),
        (json!({ "content": "x" }), "unknown", "BAD_VALUE"),
        (json!([]), "unknown", "BAD_REQUEST"),
    ] {
        a.send(&frame).await;
        let error = a.take("error").await;
        assert_eq!(
            (&error["event"], &error["code"]),
            (&json!(event), &json!(code)),
            "{frame}"
        );
    }
    a.send_message(Message::text("{")).await;
    assert_eq!(a.take("error").await["code"], "BAD_REQUEST");
    a.send(&json!({ "type": "dance", "id": 7 })).await;
    assert_eq!(a.take("error").await["id"], 7);
    let said = json!({
        "type": "message", "conversation_id": id, "content": "x", "id": 8, "client_id": "one",
    });
    a.send(&said).await;
    let first = a.take("sent").await;
    assert_eq!(
        (&first["id"], &first["client_id"]),
        (&json!(8), &json!("one"))
    );
    a.send(&said).await;
    let again = a.take("sent").await;
    assert_eq!(again["message_id"], first["message_id"], "G3: sent once");
}

/// S2-06, S2-07, S2-24, C-21: a block of the conversation is one of the person.
#[actix_web::test]
async fn blocks_and_reports_are_of_the_other_one() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    let id = direct(&ann, "789").await;
    let in_group = group(&ann, &["789"]).await;
    let path = |id: u64, what: &str| format!("/chat/conversations/{id}/{what}");
    let report = json!({ "report_type": "spam", "reason": "Sending unwanted messages" });
    let filed = ann.post(&path(id, "report"), report.clone()).await.ok();
    assert_eq!(names(&filed), ["success", "report_id", "reported_at"]);
    assert!(filed["success"] == true && is_moment(&filed["reported_at"]));
    let number = filed["report_id"]
        .as_str()
        .unwrap()
        .strip_prefix("report_")
        .unwrap();
    let moderator = token_with("mona", |claims| claims.role = Some("moderator".into()));
    let case = format!("/v1/moderation/reports/{number}");
    let case = Rest::with_token(&node, &moderator).get(&case).await.ok();
    let kept = &case["report"];
    assert_eq!((&kept["by"], &kept["user"]), (&json!("456"), &json!("789")));
    assert_eq!(
        (&kept["category"], &kept["reason"]),
        (&report["report_type"], &report["reason"])
    );
    assert_eq!(kept["conversation"], id.to_string());
    let answer = ann
        .post(&path(id, "report"), json!({ "reason": "x" }))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(ann.post(&path(7, "report"), report).await.status, 403);

    let answer = ann
        .ask(Method::POST, &path(id, "block"), &Value::Null)
        .await
        .ok();
    assert_eq!(names(&answer), ["success", "blocked_at"]);
    assert!(answer["success"] == true && is_moment(&answer["blocked_at"]));
    let again = ann
        .ask(Method::POST, &path(id, "block"), &Value::Null)
        .await
        .ok();
    assert_eq!(again, answer, "blocked when it was first");
    let body = json!({ "conversation_id": id, "content": "x" });
    assert_eq!(bob.post("/chat/messages", body.clone()).await.status, 403);
    assert_eq!(ann.post("/chat/messages", body).await.status, 403);
    let blocks = ann.get("/v1/blocks").await.ok();
    assert_eq!(blocks["blocks"][0]["user"], "789");
    assert_eq!(
        ann.ask(Method::POST, &path(in_group, "block"), &Value::Null)
            .await
            .status,
        403,
        "a group is nobody"
    );
}

/// C-39: nothing is told of groups; C-23: deletes and edits of others are.
#[actix_web::test]
async fn groups_are_silent_and_deletes_are_told() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    let (id, in_group) = (direct(&ann, "789").await, group(&ann, &["789"]).await);
    let mut a = connect(&node, "456", "").await;
    let post = async |to: u64| {
        let path = format!("/v1/conversations/{to}/messages");
        let sent = bob.post(&path, json!({ "text": "x" })).await.ok();
        sent["message"]["id"].as_str().unwrap().to_owned()
    };
    post(in_group).await;
    let message = post(id).await;
    let number: u64 = message.parse().unwrap();
    assert_eq!(a.take("message").await["message_id"], number);
    let path = format!("/v1/messages/{message}");
    bob.ask(Method::PATCH, &path, &json!({ "text": "y" }))
        .await
        .ok();
    let updated = a.take("message_updated").await;
    assert_eq!(
        (&updated["message_id"], &updated["content"]),
        (&json!(number), &json!("y"))
    );
    bob.ask(Method::DELETE, &path, &Value::Null).await.ok();
    let deleted = a.take("message_deleted").await;
    assert_eq!(
        names(&deleted),
        ["type", "message_id", "conversation_id", "deleted_at"]
    );
    let of_group = |told: &&Value| told["conversation_id"] == in_group;
    assert_eq!(a.untaken().find(of_group), None);
}

/// G4: a client that asks where to go on from gets exactly what it missed.
#[actix_web::test]
async fn who_asks_for_it_is_told_where_to_go_on() {
    let node = Node::start(&[]).await;
    let bob = person(&node, "789", "Bob");
    let id = direct(&bob, "456").await;
    let say = async |text: &str| {
        let body = json!({ "conversation_id": id, "content": text });
        bob.post("/chat/messages", body).await.ok();
    };
    let mut a = connect(&node, "456", "&resume=").await;
    let greeting = a.take("connected").await;
    assert_eq!(names(&greeting), ["type", "user_id", "recovered", "resume"]);
    assert_eq!(
        (&greeting["user_id"], &greeting["recovered"]),
        (&json!(456), &json!(false))
    );
    a.send(&json!({ "type": "message", "conversation_id": id, "content": "one" }))
        .await;
    assert!(a.take("sent").await["resume"].is_string());
    say("two").await;
    let resume = a.take("message").await["resume"].take();
    drop(a);
    say("three").await;
    let option = format!("&resume={}", resume.as_str().unwrap());
    let mut a = connect(&node, "456", &option).await;
    assert_eq!(a.take("connected").await["recovered"], true);
    assert_eq!(a.take("message").await["content"], "three");
    settle(&mut a).await;
    assert!(
        a.untaken().all(|told| told["type"] == "online"),
        "and nothing else"
    );
    let path = format!("/chat/connect?token={}&resume=x", token("456"));
    assert_eq!(Plain::try_dial(&node, &path).await.unwrap_err(), 400);
}

fn gunzip(message: &Message) -> Value {
    let Message::Binary(bytes) = message else {
        panic!("{message:?} is not binary");
    };
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
    decoder.read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// S2-45, C-34: with `?compress=gzip` both sides send gzip of JSON in binary frames. S2-44, C-35: with `?batch=1` what
/// leaves together is an array.
#[actix_web::test]
async fn frames_are_compressed_and_batched_on_request() {
    let node = Node::start(&[]).await;
    let id = direct(&person(&node, "456", "Ann"), "789").await;
    let mut a = connect(&node, "456", "&compress=gzip").await;
    let said = json!({ "type": "message", "conversation_id": id, "content": "Hello!" });
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(said.to_string().as_bytes()).unwrap();
    a.send_message(Message::binary(encoder.finish().unwrap()))
        .await;
    assert_eq!(gunzip(&a.message().await.unwrap())["type"], "sent");
    a.send(&json!({ "type": "ping" })).await;
    assert_eq!(
        gunzip(&a.message().await.unwrap())["type"],
        "pong",
        "text is taken too"
    );

    let mut b = connect(&node, "789", "&batch=1&compress=gzip").await;
    let online = gunzip(&b.message().await.unwrap());
    assert_eq!(online, json!([{ "type": "online", "user_id": 456 }]));
    let mut c = connect(&node, "789", "&batch=1").await;
    c.send(&json!({ "type": "ping" })).await;
    let mut told = Vec::new();
    while !told.iter().any(|told: &Value| told["type"] == "pong") {
        let message = c.message().await.unwrap();
        let batch: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        told.extend(batch.as_array().unwrap().clone());
    }
}
