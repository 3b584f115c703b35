//! `dating` over REST: the seed's examples, in its shapes.

use serde_json::json;

use super::{FLAGS, JANE, ME, PHOTO, jane, send};
use crate::{
    common::{Client, Events, Node, Rest, until},
    people::{is_moment, is_uuid},
};

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
