//! What one dialect brings about and others show: matches, replies that accept, and warnings.

use serde_json::{Value, json};

use super::{
    common::{Events, Node, Plain, Rest, token, token_with},
    people::{direct, is_moment, person},
};

/// Somebody's frames.
async fn plain(node: &Node, path: &str, user: &str) -> Plain {
    Plain::dial(node, &format!("{path}?token={}", token(user))).await
}

/// S2-21, C-08: a match that came about in another dialect is one in `matched`, too.
#[tokio::test]
async fn matches_are_shared_by_all_dialects() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    for rest in [&ann, &bob] {
        rest.get("/v1/me").await.ok();
    }
    let mut frames = plain(&node, "/chat/connect", "456").await;
    ann.post("/api/v1/users/789/like", Value::Null).await.ok();
    let back = bob.post("/v1/users/456/like", Value::Null).await.ok();
    let id = back["match"]["id"].as_str().unwrap();
    let number = |value: &Value| -> u64 { value.as_str().unwrap().parse().unwrap() };

    let told = frames.take("match").await;
    let mut expected = json!({
        "type": "match",
        "match_id": number(&back["match"]["id"]),
        "user_id": 789,
        "user_name": "Bob",
        "user_photo": "https://pictures.test/Bob.jpg",
        "match_type": "mutual_like",
        "conversation_id": number(&back["match"]["conversation"]),
        "created_at": told["created_at"],
    });
    assert_eq!(told, expected);
    assert!(is_moment(&told["created_at"]));
    expected.as_object_mut().unwrap().remove("type");
    let list = ann.get("/chat/matches").await.ok();
    assert_eq!(list, json!({ "matches": [expected], "next_cursor": null }));

    let path = format!("/v1/matches/{id}");
    bob.ask(reqwest::Method::DELETE, &path, &Value::Null)
        .await
        .ok();
    assert_eq!(frames.take("unmatch").await["match_id"], told["match_id"]);
    assert_eq!(ann.get("/chat/matches").await.ok()["matches"], json!([]));
}

/// S2-21: under the gate of the seed only people who are matched write, for as long as they are.
#[tokio::test]
async fn only_the_matched_write() {
    let node = Node::start(&["--policy-contact-gate", "match"]).await;
    let (ann, bob) = (person(&node, "456", "Ann"), person(&node, "789", "Bob"));
    let open = json!({ "user": "789" });
    let refused = ann.post("/v1/conversations", open).await;
    assert_eq!((refused.status, refused.code()), (403, "NOT_MATCHED"));
    bob.get("/v1/me").await.ok();
    ann.post("/v1/users/789/like", Value::Null).await.ok();
    bob.post("/v1/users/456/like", Value::Null).await.ok();
    let matched = ann.get("/chat/matches").await.ok()["matches"][0].take();
    let body = json!({ "conversation_id": matched["conversation_id"], "content": "Hi" });
    assert_eq!(ann.post("/chat/messages", body.clone()).await.status, 201);
    let mut frames = plain(&node, "/chat/connect", "456").await;
    let path = format!("/v1/matches/{}", matched["match_id"]);
    bob.ask(reqwest::Method::DELETE, &path, &Value::Null)
        .await
        .ok();
    for rest in [&ann, &bob] {
        let refused = rest.post("/chat/messages", body.clone()).await;
        assert_eq!((refused.status, refused.code()), (403, "NOT_MATCHED"));
    }
    let mut frame = body;
    frame["type"] = "message".into();
    frames.send(&frame).await;
    assert_eq!(frames.take("error").await["code"], "NOT_MATCHED");
}

/// C-40: whoever answers a request in any dialect accepts it, also in one that knows no requests.
#[tokio::test]
async fn a_reply_in_any_dialect_accepts_a_request() {
    let node = Node::start(&[]).await;
    for (path, reply) in [
        ("/v1/messages", json!({ "user": "1", "text": "Hello" })),
        (
            "/api/v1/messages/send",
            json!({ "receiver_id": "1", "content": "Hello" }),
        ),
        (
            "/api/v1/messages",
            json!({ "receiver_id": 1, "content": "Hello" }),
        ),
        (
            "/api/chat/send",
            json!({ "receiverId": 1, "content": "Hello" }),
        ),
    ] {
        let user = format!("who-{}", path.replace('/', "-"));
        let (me, other) = (Rest::new(&node, "1"), Rest::new(&node, &user));
        let body = json!({ "user": user, "text": "Hi" });
        let asked = me.post("/v1/requests", body).await.ok();
        assert_eq!(other.post(path, reply).await.status, 201, "{path}");
        let request = format!("/v1/requests/{}", asked["request"]["id"].as_str().unwrap());
        let now = me.get(&request).await.ok();
        assert_eq!(now["request"]["status"], "accepted", "{path}");
        let relation = format!("/v1/users/{user}/relation");
        let relation = me.get(&relation).await.ok();
        assert_eq!(relation["relation"]["match"]["kind"], "reply", "{path}");
    }
}

/// A warning reaches the person whatever they are connected by.
#[tokio::test]
async fn a_warning_comes_in_every_dialect() {
    let node = Node::start(&[]).await;
    let moderator = token_with("mona", |claims| claims.role = Some("moderator".into()));
    let moderator = Rest::with_token(&node, &moderator);
    direct(&Rest::new(&node, "1"), "2").await;
    let mut matched = plain(&node, "/chat/connect", "1").await;
    let mut marketplace = plain(&node, "/api/v1/messages/ws/1", "1").await;
    let mut sockets = Vec::new();
    for dialect in ["dating", "gateway", "direct"] {
        sockets.push((dialect, Events::connect(&node, "1", dialect).await));
    }
    let body = json!({ "action": "warn", "reason": "be kind" });
    let answer = moderator.post("/v1/moderation/users/1/actions", body).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let told = matched.take("warning").await;
    assert!(
        told["reason"] == "be kind" && is_moment(&told["warned_at"]),
        "{told}"
    );
    let told = marketplace.take("warning").await;
    let data = &told["data"];
    assert!(
        data["reason"] == "be kind" && is_moment(&data["created_at"]),
        "{told}"
    );
    for (dialect, mut socket) in sockets {
        let told = socket.event("warning").await;
        let at = if dialect == "dating" {
            "created_at"
        } else {
            "createdAt"
        };
        assert!(
            told["reason"] == "be kind" && is_moment(&told[at]),
            "{dialect}: {told}"
        );
    }
}

/// S1-44: clients and workers are users. (A role that nobody knows is refused: `src/auth/profile.rs`.)
#[tokio::test]
async fn clients_and_workers_may_talk() {
    let node = Node::start(&[]).await;
    let of_role = |user: &str, role: &str| {
        let token = token_with(user, |claims| claims.role = Some(role.to_owned()));
        Rest::with_token(&node, &token)
    };
    let body = json!({ "receiver_id": 2, "content": "Is the job still open?" });
    let client = of_role("1", "client");
    assert_eq!(client.post("/api/v1/messages", body).await.status, 201);
    let worker = of_role("2", "worker");
    let list = worker.get("/api/v1/messages/conversations").await.ok();
    assert_eq!(list[0]["unread_count"], 1);
    assert_eq!(worker.get("/v1/me").await.ok()["user"]["role"], "user");
}
