//! The paths below `/api/v1` that two dialects share, and that could hide each other.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{is_moment, is_uuid};
use crate::common::{Node, Rest};

/// S0-07, S1-05, C-01: one route, one body with what the clients of both look for.
#[tokio::test]
async fn one_route_marks_as_read_for_two_dialects() {
    let node = Node::start(&[]).await;
    let (one, two) = (Rest::new(&node, "1"), Rest::new(&node, "2"));
    let sent = one
        .post(
            "/api/v1/messages/",
            json!({ "receiver_id": 2, "content": "Hi" }),
        )
        .await
        .ok();
    let number = &sent["id"];
    let path = format!("/api/v1/messages/{number}/read");
    let by_number = two.ask(Method::PUT, &path, &Value::Null).await;
    assert_eq!(by_number.status, 200, "{by_number:?}");
    let read = by_number.body;
    let uuid = read["data"]["message_id"].clone();
    let expected = json!({
        "success": true,
        "data": { "message_id": uuid, "is_read": true, "read_at": read["read_at"] },
        "id": number,
        "is_read": true,
        "read_at": read["read_at"],
    });
    assert_eq!(read, expected);
    assert!(is_uuid(&uuid));
    assert!(is_moment(&read["read_at"]));
    let path = format!("/api/v1/messages/{}/read", uuid.as_str().unwrap());
    assert_eq!(
        two.ask(Method::PUT, &path, &Value::Null).await.ok(),
        read,
        "by either spelling, once more"
    );

    for (rest, path) in [
        (&two, "/api/v1/messages/x/read"),
        (&two, "/api/v1/messages/4711/read"),
        (&Rest::new(&node, "3"), path.as_str()),
    ] {
        let refused = rest.ask(Method::PUT, path, &Value::Null).await;
        assert_eq!(refused.status, 404, "{path}");
    }
    let mine = one
        .post(
            "/api/v1/messages",
            json!({ "receiver_id": 2, "content": "Ho" }),
        )
        .await
        .ok();
    let path = format!("/api/v1/messages/{}/read", mine["id"]);
    let mine = one.ask(Method::PUT, &path, &Value::Null).await.ok();
    assert_eq!(
        (&mine["is_read"], &mine["read_at"]),
        (&json!(false), &Value::Null),
        "not by whom it is for"
    );
}

/// C-03 to C-07: no literal is taken for an id, no method hides another, a slash at the end changes nothing.
#[tokio::test]
async fn no_path_hides_another() {
    let node = Node::start(&[]).await;
    let me = Rest::new(&node, "1");
    let messages = "/api/v1/messages";
    for (method, path, status) in [
        (Method::GET, "", 200),
        (Method::POST, "", 400),
        (Method::GET, "/conversations", 200),
        (Method::GET, "/participants", 200),
        (Method::GET, "/online-users", 200),
        (Method::PUT, "/read-bulk", 400),
        (Method::POST, "/upload-attachment", 400),
        (Method::POST, "/request", 400),
        (Method::POST, "/send", 400),
        (Method::GET, "/requests", 200),
        (Method::DELETE, "/4711", 404),
        (Method::DELETE, "/participants", 405),
        (Method::DELETE, "/x", 404),
        (Method::PUT, "/4711/read", 404),
        (Method::PUT, "/ws/read", 405),
        (Method::PUT, "/ws", 404),
        (Method::GET, "/4711", 405),
        (Method::GET, "x", 404),
    ] {
        for slash in ["", "/"] {
            let path = format!("{messages}{path}{slash}");
            let answer = me.ask(method.clone(), &path, &Value::Null).await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        }
    }
}
