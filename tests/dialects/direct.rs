//! `direct` (CONTRACT S4): the seed's REST samples and its client as written, then rooms and what they leave out.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{
    common::{Node, Script, Stock, rest_send, token},
    people::{direct, group, is_moment, names, person, token_of},
};

/// The fields of a message.
const MESSAGE: [&str; 11] = [
    "id",
    "conversationId",
    "senderId",
    "receiverId",
    "sender",
    "content",
    "attachments",
    "isRead",
    "readAt",
    "createdAt",
    "updatedAt",
];

fn data(body: &Value) -> &Value {
    assert_eq!(names(body), ["success", "data"], "{body}");
    assert_eq!(body["success"], true);
    &body["data"]
}

/// S4-01 to S4-04, S4-08 to S4-10, S4-27, C-15, C-16: the eight routes, beginning with the seed's two lines of curl.
#[actix_web::test]
async fn the_routes_answer_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "1", "Ann"), person(&node, "2", "Bob"));
    bob.get("/api/chat/unread-count").await.ok();
    let answer = ann
        .post(
            "/api/chat/send",
            json!({ "receiverId": 2, "content": "Hello!" }),
        )
        .await;
    assert_eq!(answer.status, 201);
    let sent = data(&answer.body);
    let id = sent["conversationId"].as_u64().unwrap();
    let expected = json!({
        "id": sent["id"],
        "conversationId": id,
        "senderId": 1,
        "receiverId": 2,
        "sender": { "id": 1, "name": "Ann", "picture": "https://pictures.test/Ann.jpg" },
        "content": "Hello!",
        "attachments": [],
        "isRead": false,
        "readAt": null,
        "createdAt": sent["createdAt"],
        "updatedAt": sent["createdAt"],
    });
    assert_eq!(*sent, expected);
    assert!(sent["id"].is_u64() && is_moment(&sent["createdAt"]));
    // S4-09: what curl sends with -d and no content type.
    let request = ann
        .request(Method::POST, "/api/chat/send")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(r#"{"receiverId": 2, "content": "Hello"}"#);
    let answer = rest_send(request).await.ok();
    assert_eq!(data(&answer)["conversationId"], id, "the pair has one");
    let reply = json!({ "conversationId": id, "content": "Hi" });
    bob.post("/api/chat/send", reply).await.ok();

    let list = bob.get("/api/chat/conversations").await.ok();
    let conversation = &data(&list)["conversations"][0];
    let other = json!({
        "id": 1,
        "name": "Ann",
        "picture": "https://pictures.test/Ann.jpg",
        "isOnline": false,
        "lastSeen": null,
    });
    assert_eq!(
        (&conversation["id"], &conversation["otherUser"]),
        (&json!(id), &other)
    );
    assert_eq!(conversation["lastMessage"]["content"], "Hi");
    assert_eq!(conversation["unreadCount"], 2);
    assert!(is_moment(&conversation["updatedAt"]) && is_moment(&conversation["createdAt"]));
    let pagination = json!({ "page": 1, "limit": 20, "total": 1, "totalPages": 1 });
    assert_eq!(data(&list)["pagination"], pagination);

    let path = format!("/api/chat/conversations/{id}/messages");
    let page = bob.get(&format!("{path}?page=1&limit=2")).await.ok();
    let messages = data(&page)["messages"].as_array().unwrap();
    let texts: Vec<_> = messages.iter().map(|message| &message["content"]).collect();
    assert_eq!(texts, ["Hello", "Hi"], "the newest page, oldest first");
    assert_eq!(names(&messages[0]), MESSAGE);
    let pagination = &data(&page)["pagination"];
    assert_eq!(
        (
            &pagination["total"],
            &pagination["totalPages"],
            &pagination["hasMore"]
        ),
        (&json!(3), &json!(2), &json!(true))
    );
    let cursor = pagination["nextCursor"].as_str().unwrap();
    let rest = bob.get(&format!("{path}?cursor={cursor}")).await.ok();
    assert_eq!(data(&rest)["messages"][0]["content"], "Hello!");
    assert_eq!(data(&rest)["messages"].as_array().unwrap().len(), 1);

    let read = format!("/api/chat/conversations/{id}/read");
    let answer = bob.ask(Method::PUT, &read, &Value::Null).await.ok();
    let read = data(&answer);
    assert_eq!(
        (&read["conversationId"], &read["unreadCount"]),
        (&json!(id), &json!(0))
    );
    assert!(is_moment(&read["readAt"]));
    let page = ann.get(&path).await.ok();
    let first = &data(&page)["messages"][0];
    assert_eq!(
        (&first["isRead"], &first["readAt"]),
        (&json!(true), &read["readAt"])
    );

    let answer = ann
        .ask(
            Method::DELETE,
            &format!("/api/chat/messages/{}", first["id"]),
            &Value::Null,
        )
        .await
        .ok();
    let deleted = data(&answer);
    assert_eq!(
        (&deleted["id"], &deleted["conversationId"]),
        (&first["id"], &json!(id))
    );
    assert!(is_moment(&deleted["deletedAt"]));
    let page = ann.get(&path).await.ok();
    assert_eq!(
        data(&page)["pagination"]["total"],
        2,
        "S4-29: it is no longer shown"
    );
}

/// S4-05, S4-06, C-39: unread counts are of chats of two.
#[actix_web::test]
async fn unread_counts_leave_groups_out() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "1", "Ann"), person(&node, "2", "Bob"));
    let (id, in_group) = (direct(&ann, "2").await, group(&ann, &["2"]).await);
    let nothing = bob.get("/api/chat/unread").await.ok();
    assert_eq!(nothing, json!({ "success": true, "data": [] }));
    for to in [id, id, in_group] {
        let path = format!("/v1/conversations/{to}/messages");
        ann.post(&path, json!({ "text": "x" })).await.ok();
    }
    let total = bob.get("/api/chat/unread-count").await.ok();
    assert_eq!(
        total,
        json!({ "success": true, "data": { "unreadCount": 2 } })
    );
    let each = bob.get("/api/chat/unread").await.ok();
    let expected = json!([{ "conversationId": id, "unreadCount": 2 }]);
    assert_eq!(*data(&each), expected);
    let list = bob.get("/api/chat/conversations").await.ok();
    assert_eq!(data(&list)["pagination"]["total"], 1);
}

/// S4-07: the words may be called by any of four names.
#[actix_web::test]
async fn a_conversation_is_searched_by_any_of_four_names() {
    let node = Node::start(&[]).await;
    let ann = person(&node, "1", "Ann");
    let mut sent = Value::Null;
    for to in [3, 2] {
        let message = json!({ "receiverId": to, "content": "Hello there" });
        sent = ann.post("/api/chat/send", message).await.ok();
    }
    node.metric_becomes("parlour_search_behind", |behind| behind == 0)
        .await;
    let id = &data(&sent)["conversationId"];
    for name in ["q", "query", "search", "keyword"] {
        let path = format!("/api/chat/conversations/{id}/search?{name}=hell");
        let found = ann.get(&path).await.ok();
        let found = data(&found);
        assert_eq!(found["messages"], json!([data(&sent)]), "{name}");
        let pagination = json!({ "page": 1, "limit": 20, "total": 1, "totalPages": 1 });
        assert_eq!(found["pagination"], pagination);
    }
}

/// S4-07, S4-29, S4-35: what is refused, and what comes later.
#[actix_web::test]
async fn refusals_say_why() {
    let node = Node::start(&[]).await;
    let (ann, eve) = (person(&node, "1", "Ann"), person(&node, "666", "Eve"));
    let id = direct(&ann, "2").await;
    let of = |what: &str| format!("/api/chat/conversations/{id}/{what}");
    let send = "/api/chat/send";
    let file = json!({ "receiverId": 2, "content": "x", "attachments": [{ "url": "x" }] });
    for (status, answer) in [
        (400, ann.get(&of("search")).await),
        (404, eve.get(&of("search?query=x")).await),
        (400, ann.post(send, file).await),
        (400, ann.post(send, json!({ "content": "x" })).await),
        (400, ann.post(send, json!({ "receiverId": 2 })).await),
        (
            400,
            ann.post(send, json!({ "receiverId": 2, "content": "" }))
                .await,
        ),
        (404, eve.get(&of("messages")).await),
        (404, eve.ask(Method::PUT, &of("read"), &Value::Null).await),
        (
            404,
            eve.post(send, json!({ "conversationId": id, "content": "x" }))
                .await,
        ),
        (
            404,
            ann.ask(Method::DELETE, "/api/chat/messages/7", &Value::Null)
                .await,
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.body["success"], false);
        assert!(answer.body["message"].is_string());
    }
}

/// S4-11 to S4-13, S4-19: the seed's client, as written but for the address and the token.
#[actix_web::test]
async fn the_seeds_client_runs_as_written() {
    let node = Node::start(&[]).await;
    let sample = include_str!("../clients/direct.js")
        .replace("http://localhost:3010", &node.url(""))
        .replace("YOUR_TOKEN", &token("1"));
    let Some(mut bob) = Stock::connect(&node, "2", json!({})).await else {
        return;
    };
    let Some(mut script) = Script::run_module(&sample) else {
        return;
    };
    // What it prints is an object as Node shows it.
    let mut printed = script.line().await;
    assert!(printed.starts_with("New message: {"), "{printed}");
    while !printed.ends_with('}') {
        printed += &script.line().await;
    }
    assert!(
        printed.contains("content: 'Hello via WebSocket!'"),
        "{printed}"
    );
    assert!(printed.contains("receiverId: 2"), "{printed}");

    // It looks at the conversation from then on, though it named another: what comes back is a new message too.
    let notified = bob.event("message_notification").await;
    let reply = json!({
        "receiverId": 1, "conversationId": notified["conversationId"], "content": "And back",
    });
    bob.emit("send_message", reply);
    let mut printed = script.line().await;
    while !printed.ends_with('}') {
        printed += &script.line().await;
    }
    assert!(printed.contains("content: 'And back'"), "{printed}");
}

/// S4-13: the seed's shortest client, on a listener that doesn't know its dialect yet.
#[actix_web::test]
async fn the_first_event_tells_the_dialect() {
    let node = Node::start(&[]).await;
    let Some(mut a) = Stock::connect(&node, "1", json!({})).await else {
        return;
    };
    let hi = json!({ "receiverId": 2, "conversationId": 1, "content": "Hi" });
    let answer = a.ask("send_message", hi).await;
    let sent = data(&answer);
    assert_eq!(names(sent), MESSAGE);
    assert_eq!(a.event("new_message").await, *sent, "of one dialect alone");
    a.emit(
        "sendMessage",
        json!({ "conversationId": sent["conversationId"], "content": "x" }),
    );
    assert_eq!(
        a.event("error").await["code"],
        "UNKNOWN_COMMAND",
        "settled for good"
    );
}

/// G4, S4-12: a stock client that comes back is told what it missed in both ways: it doesn't join again, and the node
/// doesn't know what it looked at.
#[actix_web::test]
async fn who_comes_back_may_have_looked() {
    let node = Node::start(&[]).await;
    let Some((mut a, mut b, id)) = two(&node).await else {
        return;
    };
    a.ask("join_conversation", json!({ "conversationId": id }))
        .await;
    b.ask("send_message", json!({ "receiverId": 1, "content": "one" }))
        .await;
    assert_eq!(a.event("new_message").await["content"], "one");
    a.cut();
    a.take("disconnect").await;
    b.ask("send_message", json!({ "receiverId": 1, "content": "two" }))
        .await;
    assert_eq!(a.take("connect").await["recovered"], true);
    for name in ["message_notification", "new_message"] {
        assert_eq!(a.event(name).await["content"], "two");
    }
    a.ask("leave_conversation", json!({ "conversationId": id }))
        .await;
    b.ask(
        "send_message",
        json!({ "receiverId": 1, "content": "three" }),
    )
    .await;
    assert_eq!(a.event("message_notification").await["content"], "three");
    assert_eq!(a.untaken(), ["user_joined"], "b looks since it spoke");
}

/// Two people who speak `direct`, and their conversation.
async fn two(node: &Node) -> Option<(Stock, Stock, u64)> {
    let options = || json!({ "auth": { "dialect": "direct" } });
    let (ann, bob) = (token_of("1", "Ann"), token_of("2", "Bob"));
    let a = Stock::connect_with(node, &ann, options()).await?;
    let b = Stock::connect_with(node, &bob, options()).await?;
    let id = direct(&person(node, "1", "Ann"), "2").await;
    Some((a, b, id))
}

/// S4-12 to S4-26: all fourteen events.
#[actix_web::test]
async fn rooms_and_their_events() {
    let node = Node::start(&[]).await;
    let Some((mut a, mut b, id)) = two(&node).await else {
        return;
    };
    let here = json!({ "conversationId": id });
    let done = json!({ "success": true });
    assert_eq!(a.ask("join_personal_room", Value::Null).await, done);
    assert_eq!(
        b.ask("join_personal_room", json!({ "userId": 2 })).await,
        done
    );
    let refused = b.ask("join_personal_room", json!({ "userId": 1 })).await;
    assert_eq!(refused["code"], "NOT_ALLOWED", "{refused}");

    // Typing is told to those who look, and to nobody else.
    assert_eq!(a.ask("join_conversation", here.clone()).await, done);
    assert_eq!(b.ask("typing", here.clone()).await, done);
    let bob = json!({ "conversationId": id, "userId": 2, "userName": "Bob" });
    assert_eq!(a.event("user_typing").await, bob);
    assert_eq!(b.ask("stop_typing", here.clone()).await, done);
    assert_eq!(a.event("user_stopped_typing").await, bob);

    // Who doesn't look is notified.
    let said = json!({ "receiverId": 2, "conversationId": id, "content": "one" });
    let answer = a.ask("send_message", said).await;
    let sent = data(&answer);
    assert_eq!(
        a.event("new_message").await,
        *sent,
        "its own socket is told"
    );
    assert_eq!(names(sent), MESSAGE);
    assert_eq!(b.event("message_notification").await, *sent);

    // Who looks isn't, and is told who else does.
    assert_eq!(b.ask("join_conversation", here.clone()).await, done);
    assert_eq!(a.event("user_joined").await, bob);
    let answer = a
        .ask("send_message", json!({ "receiverId": 2, "content": "two" }))
        .await;
    let second = data(&answer);
    assert_eq!(b.event("new_message").await, *second);

    // Some, then all.
    let some = json!({ "conversationId": id, "messageIds": [sent["id"]] });
    assert_eq!(b.ask("mark_as_read", some).await, done);
    let read = a.event("messages_read").await;
    let expected = json!({
        "conversationId": id, "readerId": 2, "messageIds": [sent["id"]], "readAt": read["readAt"],
    });
    assert_eq!(read, expected);
    assert!(is_moment(&read["readAt"]));
    assert_eq!(b.ask("mark_as_read", here.clone()).await, done);
    assert_eq!(
        a.event("messages_read").await["messageIds"],
        json!([second["id"]])
    );

    assert_eq!(b.ask("leave_conversation", here.clone()).await, done);
    assert_eq!(a.event("user_left").await, bob);
    a.ask(
        "send_message",
        json!({ "receiverId": 2, "content": "three" }),
    )
    .await;
    assert_eq!(b.event("message_notification").await["content"], "three");
    assert_eq!(a.event("new_message").await["content"], "two");
    assert_eq!(a.event("new_message").await["content"], "three");
    b.ask("typing", here).await;
    assert_eq!(
        b.untaken(),
        ["offset"; 2],
        "told nothing twice, but where to go on after its marks"
    );
}

/// S4-20, G5: other devices, groups, blocks, edits and deletes.
#[actix_web::test]
async fn what_is_told_to_whom() {
    let node = Node::start(&[]).await;
    let Some((mut a, mut b, id)) = two(&node).await else {
        return;
    };
    let options = json!({ "auth": { "dialect": "direct" } });
    let Some(mut other) = Stock::connect(&node, "1", options).await else {
        return;
    };
    let (ann, bob) = (person(&node, "1", "Ann"), person(&node, "2", "Bob"));
    let in_group = group(&ann, &["2"]).await;
    let path = format!("/v1/conversations/{in_group}/messages");
    ann.post(&path, json!({ "text": "to the group" }))
        .await
        .ok();
    a.ask("send_message", json!({ "receiverId": 2, "content": "one" }))
        .await;
    let first = b.event("message_notification").await;
    assert_eq!(first["content"], "one", "and nothing of the group");

    // Nobody is notified of what they said over another device; one that looks is told.
    let here = json!({ "conversationId": id });
    other.ask("join_conversation", here).await;
    a.ask("send_message", json!({ "receiverId": 2, "content": "two" }))
        .await;
    assert_eq!(other.event("new_message").await["content"], "two");
    assert_eq!(b.event("message_notification").await["content"], "two");

    let path = format!("/v1/messages/{}", first["id"]);
    ann.ask(Method::PATCH, &path, &json!({ "text": "edited" }))
        .await
        .ok();
    let updated = b.event("message_updated").await;
    assert_eq!(
        names(&updated),
        ["id", "conversationId", "content", "updatedAt"]
    );
    ann.ask(Method::DELETE, &path, &Value::Null).await.ok();
    let deleted = b.event("message_deleted").await;
    assert_eq!(
        names(&deleted),
        ["messageId", "conversationId", "deletedAt"]
    );

    bob.ask(Method::PUT, "/v1/blocks/1", &Value::Null)
        .await
        .ok();
    let refused = a
        .ask("send_message", json!({ "receiverId": 2, "content": "x" }))
        .await;
    assert_eq!(
        (&refused["success"], &refused["code"]),
        (&json!(false), &json!("NOT_REACHABLE"))
    );
    a.emit("send_message", json!({ "receiverId": 2 }));
    let error = a.event("error").await;
    assert_eq!(
        (&error["event"], &error["code"]),
        (&json!("send_message"), &json!("BAD_VALUE"))
    );
    let mine = ["message_notification"; 0];
    assert_eq!(other.untaken(), mine);
}
