//! Other people's conversations and messages: on every route they look as if they did not exist.

use parlour::http::api::ROUTES;
use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, Way};

/// All requests that name a conversation, and all that name a message.
fn probes(conversation: &Value, message: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let c = |more: Value| with(json!({ "conversation": conversation }), more);
    let m = |more: Value| with(json!({ "message": message }), more);
    vec![
        ("send", c(json!({ "text": "x" })), "NO_CONVERSATION"),
        (
            "send",
            c(json!({ "text": "x", "key": "stranger", "reply_to": message })),
            "NO_CONVERSATION",
        ),
        ("read", c(json!({ "seq": 1 })), "NO_CONVERSATION"),
        ("delivered", c(json!({ "seq": 1 })), "NO_CONVERSATION"),
        ("typing", c(json!({})), "NO_CONVERSATION"),
        (
            "add_members",
            c(json!({ "users": ["mallory"] })),
            "NO_CONVERSATION",
        ),
        (
            "remove_member",
            c(json!({ "user": "alice" })),
            "NO_CONVERSATION",
        ),
        (
            "remove_member",
            c(json!({ "user": "mallory" })),
            "NO_CONVERSATION",
        ),
        (
            "set_role",
            c(json!({ "user": "mallory", "role": "owner" })),
            "NO_CONVERSATION",
        ),
        ("rename", c(json!({ "name": "mine" })), "NO_CONVERSATION"),
        ("conversation", c(json!({})), "NO_CONVERSATION"),
        ("members", c(json!({})), "NO_CONVERSATION"),
        ("messages", c(json!({})), "NO_CONVERSATION"),
        ("messages", c(json!({ "after": 0 })), "NO_CONVERSATION"),
        ("edit", m(json!({ "text": "x" })), "NO_MESSAGE"),
        ("delete", m(json!({})), "NO_MESSAGE"),
        ("react", m(json!({ "emoji": "x" })), "NO_MESSAGE"),
        (
            "react",
            m(json!({ "emoji": "x", "on": false })),
            "NO_MESSAGE",
        ),
        ("read", m(json!({})), "NO_MESSAGE"),
        ("delivered", m(json!({})), "NO_MESSAGE"),
        ("message", m(json!({})), "NO_MESSAGE"),
        ("revisions", m(json!({})), "NO_MESSAGE"),
        ("receipts", m(json!({})), "NO_MESSAGE"),
    ]
}

fn with(mut fields: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    fields.as_object_mut().unwrap().extend(more);
    fields
}

/// G10: a stranger, also one who was a member once, gets the same answer for what is not theirs as for what is not
/// there; and nothing of it happens.
#[tokio::test]
async fn what_is_not_yours_looks_as_if_it_were_not_there() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let direct = alice
        .ok("send", json!({ "user": "bob", "text": "private" }))
        .await["message"]
        .take();
    let group = alice.group(&["bob", "former"]).await;
    let in_group = alice.say(&group, "private too").await;
    alice
        .ok(
            "remove_member",
            json!({ "conversation": group, "user": "former" }),
        )
        .await;
    let mut bob = Client::connect(&node, "bob").await;
    // A message is no conversation, and the other way round.
    let theirs = [
        (&direct["conversation"], &direct["id"]),
        (&in_group["conversation"], &in_group["id"]),
    ];
    let nowhere = [
        (&json!("1"), &json!("1")),
        (&direct["id"], &direct["conversation"]),
        (&json!("9007199254740991"), &json!(7)),
    ];
    for user in ["mallory", "former"] {
        for mut way in Way::both(&node, user).await {
            for (conversation, message) in theirs.iter().chain(&nowhere) {
                for (kind, fields, code) in probes(conversation, message) {
                    assert_eq!(
                        way.refused(kind, fields.clone()).await,
                        code,
                        "{user}: {kind} {fields}"
                    );
                }
            }
            assert_eq!(
                way.ask("conversations", json!({})).await["conversations"],
                json!([])
            );
            assert_eq!(way.ask("unread", json!({})).await["total"], 0);
        }
    }
    // To members too, what is not there is not.
    for mut way in Way::both(&node, "alice").await {
        for (conversation, message) in nowhere {
            for (kind, fields, code) in probes(conversation, message) {
                assert_eq!(
                    way.refused(kind, fields.clone()).await,
                    code,
                    "{kind} {fields}"
                );
            }
        }
        let history = way.ask("messages", json!({ "conversation": group })).await;
        assert_eq!(
            history["messages"],
            json!([in_group]),
            "nothing happened to it"
        );
        let history = way
            .ask(
                "messages",
                json!({ "conversation": direct["conversation"] }),
            )
            .await;
        assert_eq!(history["messages"], json!([direct]));
    }
    bob.settle().await;
    assert_eq!(
        bob.untaken()
            .find(|event| event.to_string().contains("mallory")),
        None
    );
}

/// A message of one conversation is not reached by way of another.
#[tokio::test]
async fn a_reply_reaches_into_no_other_conversation() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let private = alice
        .ok("send", json!({ "user": "bob", "text": "private" }))
        .await["message"]
        .take();
    for mut way in Way::both(&node, "mallory").await {
        let fields = json!({ "user": "eve", "text": "x", "reply_to": private["id"] });
        assert_eq!(way.refused("send", fields).await, "NO_MESSAGE");
    }
}

/// G10: message requests and matches of others look as if they were not there, and who is no moderator is told nothing.
#[tokio::test]
async fn what_others_have_with_each_other_is_theirs() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut bob = Client::connect(&node, "bob").await;
    let asked = alice
        .ok("ask", json!({ "user": "bob", "text": "private" }))
        .await;
    let asked = &asked["request"]["id"];
    alice.ok("like", json!({ "user": "carol" })).await;
    let mut carol = Client::connect(&node, "carol").await;
    let matched = carol.ok("like", json!({ "user": "alice" })).await;
    let matched = &matched["match"]["id"];
    for mut mallory in Way::both(&node, "mallory").await {
        for id in [asked, matched, &json!("1"), &json!(7)] {
            for kind in ["request", "accept", "decline", "withdraw"] {
                let refused = mallory.refused(kind, json!({ "request": id })).await;
                assert_eq!(refused, "NO_REQUEST", "{kind} {id}");
            }
            let refused = mallory.refused("unmatch", json!({ "match": id })).await;
            assert_eq!(refused, "NO_MATCH", "{id}");
        }
        for kind in ["requests", "matches"] {
            assert_eq!(mallory.ask(kind, json!({})).await[kind], json!([]));
        }
        for kind in ["likes", "hidden"] {
            assert_eq!(mallory.ask(kind, json!({})).await["users"], json!([]));
        }
    }
    let mallory = Rest::new(&node, "mallory");
    for (method, path) in ROUTES
        .iter()
        .filter(|(_, path)| path.contains("/moderation/"))
    {
        let path = path
            .replace("{user}", "bob")
            .replace("{message}", "7")
            .replace("{report}", "7")
            .replace("{attachment}", "7");
        let body = json!({ "action": "ban", "status": "dismissed" });
        let method = method.to_uppercase().parse().unwrap();
        let answer = mallory.ask(method, &path, &body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "NOT_ALLOWED"),
            "{path}"
        );
    }
    bob.ok("accept", json!({ "request": asked })).await;
}
