//! `dating`: first contact, from asking to the end of a match, and reports.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FLAGS, JANE, ME, PHOTO, jane, send};
use crate::{
    common::{Answer, Events, Node, Rest, token_with},
    people::{is_moment, is_uuid},
};

const REQUEST: &str = "/api/v1/messages/request";
const HI: &str = "Hi! I noticed we both love hiking.";

/// Asks somebody. Returns what was answered inside the envelope.
async fn request(from: &Rest, to: &str, text: &str) -> Value {
    let body = json!({ "receiver_id": to, "message": text });
    let answer = from.post(REQUEST, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    data(answer)
}

async fn respond(rest: &Rest, asked: &Value, body: Value) -> Answer {
    let id = asked["request_id"].as_str().unwrap();
    rest.post(&format!("{REQUEST}/{id}/respond"), body).await
}

fn data(answer: Answer) -> Value {
    let mut body = answer.ok();
    assert_eq!(body["success"], true);
    body["data"].take()
}

async fn list(rest: &Rest, path: &str, name: &str) -> Vec<Value> {
    let mut data = data(rest.get(path).await);
    match data[name].take() {
        Value::Array(list) => list,
        other => panic!("{path}: {other}"),
    }
}

/// S0-01, S0-02, S0-06, S0-40, S0-43, S0-54: the seed's own example, and what both are told of it as it happens.
#[tokio::test]
async fn a_request_is_accepted_and_its_text_becomes_a_message() {
    let node = Node::start(&FLAGS).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let mut my_events = Events::connect(&node, ME, "dating").await;
    let mut jane_events = Events::connect(&node, JANE, "dating").await;

    let asked = request(&me, JANE, HI).await;
    let expected = json!({
        "request_id": asked["request_id"],
        "message_id": asked["request_id"],
        "message": "Message request sent successfully",
        "preview_text": HI,
        "status": "pending",
    });
    assert_eq!(asked, expected);
    assert!(is_uuid(&asked["request_id"]));

    let told = jane_events.event("message_request").await;
    let received = list(&jane, "/api/v1/messages/requests?type=received", "requests").await;
    let expected = json!({
        "request_id": asked["request_id"],
        "message_id": asked["request_id"],
        "conversation_id": null,
        "sender_id": ME,
        "receiver_id": JANE,
        "user": { "id": ME, "name": ME, "profile_photos": [] },
        "preview_text": HI,
        "direction": "received",
        "status": "pending",
        "is_request": true,
        "request_status": "pending",
        "created_at": told["created_at"],
        "responded_at": null,
    });
    assert_eq!((&told, &*received), (&expected, &[expected.clone()][..]));
    assert!(is_moment(&told["created_at"]));
    assert_eq!(
        my_events.event("message_request").await["direction"],
        "sent"
    );
    assert!(
        list(&jane, "/api/v1/messages/requests?type=sent", "requests")
            .await
            .is_empty()
    );
    assert!(
        list(&me, "/api/v1/conversations", "conversations")
            .await
            .is_empty()
    );

    let refused = respond(&me, &asked, json!({ "action": "accept" })).await;
    assert_eq!((refused.status, refused.code()), (403, "NOT_ALLOWED"));
    let stranger = Rest::new(&node, "stranger");
    let refused = respond(&stranger, &asked, json!({ "action": "accept" })).await;
    assert_eq!((refused.status, refused.code()), (404, "NO_REQUEST"));

    let accepted = data(respond(&jane, &asked, json!({ "action": "accept" })).await);
    let expected = json!({
        "message": "Request accepted successfully",
        "conversation_id": accepted["conversation_id"],
        "match_created": true,
        "match_id": accepted["match_id"],
        "message_id": accepted["message_id"],
    });
    assert_eq!(accepted, expected);
    let again = respond(&jane, &asked, json!({ "action": "accept" })).await;
    assert_eq!((again.status, again.code()), (409, "NOT_PENDING"));

    let told = my_events.event("request_accepted").await;
    assert_eq!(told["status"], "accepted");
    assert_eq!(told["message_id"], accepted["message_id"]);
    assert!(is_moment(&told["responded_at"]));
    let told = my_events.event("match_created").await;
    let expected = json!({
        "user": { "id": JANE, "name": "Jane Doe", "profile_photos": [PHOTO] },
        "created_at": told["created_at"],
        "match_id": accepted["match_id"],
        "match_type": "request_accepted",
        "conversation_id": accepted["conversation_id"],
    });
    assert_eq!(told, expected);
    assert_eq!(list(&me, "/api/v1/matches", "matches").await, [expected]);
    assert_eq!(jane_events.event("new_message").await["content"], HI);

    let conversation = accepted["conversation_id"].as_str().unwrap();
    let history = format!("/api/v1/conversations/{conversation}/messages");
    let messages = list(&jane, &history, "messages").await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["id"], accepted["message_id"]);
    assert_eq!(
        (&messages[0]["sender_id"], &messages[0]["content"]),
        (&json!(ME), &json!(HI))
    );
}

/// S0-02, S0-37: one request of a pair is pending at a time; who declines says nothing to who asked.
#[tokio::test]
async fn a_declined_request_goes_on_looking_pending() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let mut my_events = Events::connect(&node, ME, "dating").await;
    let asked = request(&me, JANE, HI).await;
    for (from, to) in [(&me, JANE), (&jane, ME)] {
        let body = json!({ "receiver_id": to, "content": "Hi?" });
        let refused = from.post(REQUEST, body).await;
        assert_eq!((refused.status, refused.code()), (409, "ALREADY_ASKED"));
    }
    let declined = data(respond(&jane, &asked, json!({ "accept": false })).await);
    let expected = json!({ "message": "Request declined successfully", "match_created": false });
    assert_eq!(declined, expected);
    let refused = respond(&jane, &asked, json!({ "status": "accepted" })).await;
    assert_eq!((refused.status, refused.code()), (409, "NOT_PENDING"));

    let requests = "/api/v1/messages/requests?status=pending";
    let mine = list(&me, requests, "requests").await;
    assert_eq!((mine.len(), &mine[0]["status"]), (1, &json!("pending")));
    assert!(list(&jane, requests, "requests").await.is_empty());
    let again = me
        .post(REQUEST, json!({ "userId": JANE, "text": "Hi?" }))
        .await;
    assert_eq!((again.status, again.code()), (409, "ALREADY_ASKED"));

    let id = asked["request_id"].as_str().unwrap();
    let withdrawn = me
        .ask(Method::DELETE, &format!("{REQUEST}/{id}"), &Value::Null)
        .await;
    assert_eq!(data(withdrawn)["request_id"], asked["request_id"]);
    let second = request(&me, JANE, "Once more?").await;
    assert_ne!(second["request_id"], asked["request_id"]);
    data(respond(&jane, &second, json!({ "response": "accept" })).await);
    my_events.event("request_accepted").await;
    for silent in ["request_closed", "error"] {
        assert!(my_events.untaken(silent).is_empty(), "{silent}");
    }
    let refused = me
        .post(REQUEST, json!({ "receiver_id": JANE, "message": "?" }))
        .await;
    assert_eq!((refused.status, refused.code()), (409, "ALREADY_MATCHED"));
}

/// S0-39, S0-41 to S0-43, C-40: a match comes about in four ways, and says which.
#[tokio::test]
async fn a_match_keeps_how_it_came_about() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let like = |user: &str| format!("/api/v1/users/{user}/like");

    // Both like each other: the second one learns of it, and the first by an event.
    let mut my_events = Events::connect(&node, ME, "dating").await;
    let liked = data(me.post(&like(JANE), Value::Null).await);
    let expected =
        json!({ "message": "User liked successfully", "user_id": JANE, "match_created": false });
    assert_eq!(liked, expected);
    let back = data(jane.post(&like(ME), Value::Null).await);
    assert_eq!(
        (&back["match_created"], &back["match_type"]),
        (&json!(true), &json!("mutual_like"))
    );
    let told = my_events.event("match_created").await;
    assert_eq!(told["match_id"], back["match_id"]);
    send(
        &me,
        json!({ "conversation_id": back["conversation_id"], "content": "Hi" }),
    )
    .await;

    // Who was asked likes who asked.
    let ann = Rest::new(&node, "ann");
    request(&ann, JANE, "Hi").await;
    let back = data(jane.post(&like("ann"), Value::Null).await);
    assert_eq!(back["match_type"], "like_after_request");

    // Who was asked writes.
    let bob = Rest::new(&node, "bob");
    request(&bob, JANE, "Hello").await;
    let reply = send(
        &jane,
        json!({ "receiver_id": "bob", "content": "Hello you" }),
    )
    .await;
    let conversation = reply["conversation_id"].as_str().unwrap();
    let history = format!("/api/v1/conversations/{conversation}/messages?order=asc");
    let said: Vec<_> = list(&bob, &history, "messages").await;
    let said: Vec<_> = said.iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["Hello", "Hello you"]);

    let kinds = list(&jane, "/api/v1/matches", "matches").await;
    let kinds: Vec<_> = kinds.iter().map(|one| &one["match_type"]).collect();
    assert_eq!(
        kinds,
        ["reply", "like_after_request", "mutual_like"],
        "newest first"
    );
    let page = data(jane.get("/api/v1/matches?page=2&limit=2").await);
    assert_eq!(page["matches"][0]["match_type"], "mutual_like");
    assert_eq!(
        page["pagination"],
        json!({ "page": 2, "limit": 2, "has_more": false, "next_cursor": null })
    );

    let unliked = me.ask(Method::DELETE, &like(JANE), &Value::Null).await;
    assert_eq!(data(unliked)["user_id"], JANE);
}

/// S0-35, S0-36, S0-38: under the gate of the seed a free member asks first; a premium one writes, and whom they wrote to
/// need not be shown to them any more.
#[tokio::test]
async fn the_free_ask_and_the_premium_write() {
    let node = Node::start(&["--policy-contact-gate", "request"]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let path = "/api/v1/messages/send";
    let to_jane = json!({ "receiver_id": JANE, "content": "Hi" });
    let refused = me.post(path, to_jane.clone()).await;
    assert_eq!((refused.status, refused.code()), (403, "ASK_FIRST"));
    let mut socket = Events::connect(&node, ME, "dating").await;
    let ack = socket.ask("send_message", to_jane.clone()).await;
    assert_eq!(ack["code"], "ASK_FIRST");

    let token = token_with("rich", |claims| claims.plan = Some("premium".into()));
    let rich = Rest::with_token(&node, &token);
    let auth = json!({ "token": token, "dialect": "dating" });
    let mut events = Events::connect_with(&node, &auth).await.unwrap();
    let sent = send(&rich, to_jane).await;
    let told = events.event("discovery_hidden").await;
    assert_eq!(
        told,
        json!({ "user_id": JANE, "hidden": true, "reason": "written" })
    );
    assert!(list(&rich, "/api/v1/matches", "matches").await.is_empty());
    let back = json!({ "conversation_id": sent["conversation_id"], "content": "Hello" });
    send(&jane, back).await;
    assert_eq!(events.event("match_created").await["match_type"], "reply");
}

/// S0-10, S0-50, S0-53: who ends a match archives its conversation, and neither is shown to the other any more.
#[tokio::test]
async fn the_end_of_a_match_archives_its_conversation() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let asked = request(&me, JANE, HI).await;
    let accepted = data(respond(&jane, &asked, json!({ "action": "accept" })).await);
    assert_eq!(
        list(&me, "/api/v1/conversations", "conversations")
            .await
            .len(),
        1
    );

    let mut my_events = Events::connect(&node, ME, "dating").await;
    let path = format!("/api/v1/matches/{}", accepted["match_id"].as_str().unwrap());
    let stranger = Rest::new(&node, "stranger");
    let refused = stranger.ask(Method::DELETE, &path, &Value::Null).await;
    assert_eq!((refused.status, refused.code()), (404, "NO_MATCH"));
    let ended = data(jane.ask(Method::DELETE, &path, &Value::Null).await);
    let expected = json!({ "message": "Unmatched successfully", "match_id": accepted["match_id"] });
    assert_eq!(ended, expected);
    assert_eq!(
        my_events.event("match_removed").await["match_id"],
        accepted["match_id"]
    );
    let told = my_events.event("discovery_hidden").await;
    assert_eq!(
        told,
        json!({ "user_id": JANE, "hidden": true, "reason": "removed" })
    );

    for rest in [&me, &jane] {
        assert!(list(rest, "/api/v1/matches", "matches").await.is_empty());
        assert!(
            list(rest, "/api/v1/conversations", "conversations")
                .await
                .is_empty()
        );
        let hidden = list(rest, "/api/v1/discovery/hidden", "users").await;
        assert_eq!((hidden.len(), &hidden[0]["reason"]), (1, &json!("removed")));
        assert!(is_moment(&hidden[0]["hidden_at"]));
    }
    let again = me.ask(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(again.status, 404);
    let conversation = accepted["conversation_id"].as_str().unwrap();
    let history = format!("/api/v1/conversations/{conversation}/messages");
    assert_eq!(
        list(&me, &history, "messages").await.len(),
        1,
        "it can still be read"
    );
}

/// S0-08, S0-48: a block ends the match and hides, and says nothing of it to the blocked one.
#[tokio::test]
async fn a_block_ends_the_match_in_silence() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let asked = request(&me, JANE, HI).await;
    data(respond(&jane, &asked, json!({ "action": "accept" })).await);
    let mut my_events = Events::connect(&node, ME, "dating").await;
    let mut jane_events = Events::connect(&node, JANE, "dating").await;
    let block = format!("/api/v1/users/{ME}/block");
    data(jane.post(&block, json!({ "reason": "rude" })).await);
    jane_events.event("match_removed").await;
    for (rest, reason) in [(&me, "removed"), (&jane, "blocked")] {
        assert!(list(rest, "/api/v1/matches", "matches").await.is_empty());
        let hidden = list(rest, "/api/v1/discovery/hidden", "users").await;
        assert_eq!(hidden[0]["reason"], reason);
    }
    for (path, body) in [
        (
            REQUEST.to_owned(),
            json!({ "receiver_id": JANE, "message": "?" }),
        ),
        (format!("/api/v1/users/{JANE}/like"), Value::Null),
        (
            "/api/v1/messages/send".into(),
            json!({ "receiver_id": JANE, "content": "?" }),
        ),
    ] {
        let refused = me.post(&path, body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "NOT_REACHABLE"),
            "{path}"
        );
    }
    let unblocked = jane.ask(Method::DELETE, &block, &Value::Null).await;
    assert_eq!(data(unblocked)["user_id"], ME);
    // What the node had to say to me until now has come by the time this has.
    request(&jane, ME, "Sorry").await;
    my_events.event("message_request").await;
    assert!(my_events.untaken("match_removed").is_empty());
}

/// S0-09, S0-49, S0-56, C-22: reports have a category, and moderators move them on.
#[tokio::test]
async fn a_report_has_a_category_and_moves_on() {
    let node = Node::start(&[]).await;
    let (me, jane) = (Rest::new(&node, ME), jane(&node).await);
    let path = format!("/api/v1/users/{ME}/report");
    let body = json!({ "category": "harassment", "description": "rude" });
    let answer = jane.post(&path, body).await;
    assert_eq!(answer.status, 201);
    let filed = data(answer);
    let expected = json!({
        "message": "User reported successfully",
        "report_id": filed["report_id"],
        "user_id": ME,
        "category": "harassment",
        "status": "pending",
        "created_at": filed["created_at"],
    });
    assert_eq!(filed, expected);
    assert!(is_uuid(&filed["report_id"]) && is_moment(&filed["created_at"]));
    data(jane.post(&path, json!({ "reason": "spam" })).await);
    let refused = jane.post(&path, json!({ "description": "rude" })).await;
    assert_eq!((refused.status, refused.code()), (400, "BAD_VALUE"));

    let moderator = token_with("mona", |claims| claims.role = Some("moderator".into()));
    let moderator = Rest::with_token(&node, &moderator);
    let reports = "/v1/moderation/reports?status=pending";
    let queue = moderator.get(reports).await.ok();
    let seen = |n: usize, field: &str| queue["reports"][n][field].clone();
    assert_eq!(
        (seen(0, "category"), seen(0, "reason")),
        (json!("spam"), Value::Null)
    );
    assert_eq!(
        (seen(1, "category"), seen(1, "reason")),
        (json!("harassment"), json!("rude"))
    );
    assert_eq!((seen(1, "by"), seen(1, "user")), (json!(JANE), json!(ME)));
    let path = format!("/v1/moderation/reports/{}", seen(1, "id").as_str().unwrap());
    let review = json!({ "status": "dismissed", "note": "a misunderstanding" });
    assert_eq!(me.ask(Method::PATCH, &path, &review).await.status, 403);
    moderator.ask(Method::PATCH, &path, &review).await.ok();
    let left = moderator.get(reports).await.ok();
    assert_eq!(left["reports"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        moderator.get(&path).await.ok()["report"]["reviewed_by"],
        "mona"
    );
}

/// What is wrong with a request is said with the status of the seed.
#[tokio::test]
async fn what_can_not_be_read_is_refused() {
    let node = Node::start(&[]).await;
    let me = Rest::new(&node, ME);
    let respond = format!("{REQUEST}/4711/respond");
    let report = format!("/api/v1/users/{JANE}/report");
    for (method, path, body, status) in [
        (Method::POST, REQUEST, json!({ "message": HI }), 400),
        (Method::POST, REQUEST, json!({ "receiver_id": JANE }), 400),
        (
            Method::POST,
            REQUEST,
            json!({ "receiver_id": ME, "message": HI }),
            400,
        ),
        (Method::POST, &respond, json!({ "action": "perhaps" }), 400),
        (Method::POST, &respond, json!({}), 400),
        (Method::POST, &respond, json!({ "action": "accept" }), 404),
        (
            Method::POST,
            "/api/v1/messages/request/x/respond",
            json!({}),
            404,
        ),
        (
            Method::GET,
            "/api/v1/messages/requests?type=lost",
            Value::Null,
            400,
        ),
        (
            Method::GET,
            "/api/v1/messages/requests?status=lost",
            Value::Null,
            400,
        ),
        (Method::GET, "/api/v1/matches?limit=1000", Value::Null, 400),
        (Method::GET, "/api/v1/matches?page=100000", Value::Null, 400),
        (
            Method::GET,
            "/api/v1/discovery/hidden?limit=0",
            Value::Null,
            400,
        ),
        (Method::POST, &report, json!({}), 400),
        (Method::DELETE, "/api/v1/matches/4711", Value::Null, 404),
    ] {
        let answer = me.ask(method.clone(), path, &body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        assert_eq!(answer.body["success"], false);
    }
}

/// What is left of a limit is in the headers of every answer that counted, and in a refusal itself.
#[tokio::test]
async fn limits_are_told_before_and_when_they_are_reached() {
    let node = Node::start(&["--policy-limits", "request.send=1 per 1h"]).await;
    let me = Rest::new(&node, ME);
    let ask = async |to: &str| {
        let body = json!({ "receiver_id": to, "message": HI });
        let request = me.request(Method::POST, REQUEST).json(&body);
        request.send().await.unwrap()
    };
    let header = |answer: &reqwest::Response, name: &str| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    for (to, status) in [("a", 201), ("b", 429)] {
        let answer = ask(to).await;
        assert_eq!(answer.status().as_u16(), status);
        let policy = header(&answer, "ratelimit-policy").unwrap();
        assert_eq!(policy, r#""request.send";q=1;w=3600"#);
        let left = header(&answer, "ratelimit").unwrap();
        assert!(left.starts_with(r#""request.send";r=0;t="#), "{left}");
        assert_eq!(header(&answer, "x-ratelimit-limit").unwrap(), "1");
        assert_eq!(header(&answer, "x-ratelimit-remaining").unwrap(), "0");
        assert_eq!(header(&answer, "retry-after").is_some(), status == 429);
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let limit = &body["limit"];
        if status == 429 {
            let expected = json!({
                "action": "request.send", "n": 1, "period_ms": 3_600_000,
                "remaining": 0, "reset_ms": limit["reset_ms"],
            });
            assert_eq!(*limit, expected);
            assert!(limit["reset_ms"].as_u64() >= body["retry_after_ms"].as_u64());
        }
    }
    let unlimited = me
        .request(Method::GET, "/api/v1/matches")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&unlimited, "ratelimit"), None);
}
