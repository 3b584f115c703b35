//! flags/marketplace.flags: what is said is looked at.

use parlour::dialects::Dialect;
use serde_json::{Value, json};

use super::scene::{free, node, node_with, refused, text, with_role, write};
use crate::common::{Client, Node, Rest};

const SWEARING: &str = "you are a fucking idiot";
const PLACEHOLDER: &str = "[message removed by moderation]";

async fn flags(node: &Node, role: &str) -> Vec<Value> {
    let answer = with_role(node, "mod", role)
        .get("/v1/moderation/flags")
        .await;
    answer.ok()["flags"].as_array().unwrap().clone()
}

async fn create(rest: &Rest, to: &str, words: &str) -> Value {
    let body = json!({ "receiver_id": to, "content": words });
    rest.post("/api/v1/messages/", body).await.ok()
}

/// S1-31, S1-33, S1-34, S1-56, C-28: not strict, so that a placeholder goes out and moderators see the original.
#[tokio::test]
async fn profanity_shows_a_placeholder_and_its_original_to_moderators_alone() {
    let node = node(Dialect::Marketplace).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    let mut heard = Client::connect(&node, "2").await;
    let sent = create(&ann, "2", SWEARING).await;
    assert_eq!(sent["content"], PLACEHOLDER, "{sent}");
    heard.hears(PLACEHOLDER).await;
    for rest in [&ann, &ben] {
        let list = rest.get("/api/v1/messages/").await.ok();
        assert_eq!(list[0]["content"], PLACEHOLDER);
        assert!(!list.to_string().contains("idiot"), "{list}");
        let queue = rest.get("/v1/moderation/flags").await;
        assert_eq!(refused(&queue), (403, "NOT_ALLOWED"));
    }
    let flags = flags(&node, "moderator").await;
    assert_eq!(flags.len(), 1);
    assert_eq!(flags[0]["original"], SWEARING);
    assert_eq!(flags[0]["found"], json!(["profanity"]));
    assert_eq!(flags[0]["status"], "pending");
    assert_eq!(node.metric("parlour_texts_replaced_total").await, 1);
}

/// S1-32, S1-33: phone numbers, mail addresses and links are flagged, and go out.
#[tokio::test]
async fn contact_details_are_flagged() {
    let node = node(Dialect::Marketplace).await;
    let ann = free(&node, "1").await;
    free(&node, "2").await;
    let suspicious = [
        "call me at +1 415 555 2671",
        "write to ann@example.org",
        "look at https://example.org/x",
    ];
    for words in suspicious {
        assert_eq!(create(&ann, "2", words).await["content"], words);
    }
    create(&ann, "2", "see you at 10, it costs 250").await;
    let flags = flags(&node, "admin").await;
    assert_eq!(flags.len(), suspicious.len(), "{flags:?}");
    for (flag, words) in flags.iter().rev().zip(suspicious) {
        assert_eq!(flag["found"], json!(["contact_details"]));
        assert_eq!(text(&flag["shown"]["text"]), words);
    }
}

/// S1-56: strict refuses; nothing is stored.
#[tokio::test]
async fn strict_refuses_profanity() {
    let node = node_with(Dialect::Marketplace, &["--policy-profanity=reject"]).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    let answer = write(&ann, "2", SWEARING).await;
    assert_eq!(refused(&answer), (422, "CONTENT_REFUSED"));
    assert!(!answer.body.to_string().contains("idiot"), "{answer:?}");
    assert_eq!(ben.get("/api/v1/messages/").await.ok(), json!([]));
    assert_eq!(flags(&node, "moderator").await, [Value::Null; 0]);
    // A clean text goes through, so it was not the way that was refused.
    create(&ann, "2", "good morning").await;
}

/// S1-46, C-29: markup is taken out, the rest stays byte for byte.
#[tokio::test]
async fn markup_is_taken_out() {
    let node = node(Dialect::Marketplace).await;
    let ann = free(&node, "1").await;
    free(&node, "2").await;
    for (sent, kept) in [
        ("<script>alert(1)</script>hi", "alert(1)hi"),
        ("<img src=x onerror=alert(1)>a & b", "a & b"),
        ("<3 and 1 < 2 and &lt;b&gt;", "<3 and 1 < 2 and &lt;b&gt;"),
    ] {
        assert_eq!(create(&ann, "2", sent).await["content"], kept);
    }
}
