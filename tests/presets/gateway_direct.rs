//! flags/gateway.flags and flags/direct.flags: open systems, of which one takes markup out.

use parlour::dialects::Dialect;
use serde_json::json;

use super::scene::{free, node, text};
use crate::common::{Events, Node};

const MARKED: &str = "<b>a & b</b>";

/// Sends by the dialect's event to somebody one never met; what they were told of it.
async fn sent(node: &Node, dialect: Dialect) -> String {
    let (ann, _ben) = (free(node, "1").await, free(node, "2").await);
    let mut heard = Events::connect(node, "2", dialect.name()).await;
    let mut ann_says = Events::connect(node, "1", dialect.name()).await;
    match dialect {
        Dialect::Gateway => {
            let body = json!({ "participantIds": ["2"], "type": "DIRECT" });
            let opened = ann.post("/api/messages/conversations", body).await.ok();
            let message = json!({ "conversationId": opened["data"]["id"], "content": MARKED });
            ann_says.emit("sendMessage", message).await;
            text(&heard.event("newMessage").await["content"])
        }
        _ => {
            let message = json!({ "receiverId": 2, "content": MARKED });
            ann_says.emit("send_message", message).await;
            text(&heard.event("message_notification").await["content"])
        }
    }
}

/// S3-01, S3-11: anybody opens a conversation with anybody, in groups too, and texts stay as they are.
#[tokio::test]
async fn gateway_is_open_and_keeps_texts() {
    let node = node(Dialect::Gateway).await;
    assert_eq!(sent(&node, Dialect::Gateway).await, MARKED);
    let ann = free(&node, "1").await;
    let body = json!({ "participantIds": ["2", "3"], "type": "GROUP", "name": "all" });
    ann.post("/api/messages/conversations", body).await.ok();
}

/// S4-01, S4-13, S4-35: anybody writes to anybody, and markup is taken out.
#[tokio::test]
async fn direct_is_open_and_takes_markup_out() {
    let node = node(Dialect::Direct).await;
    assert_eq!(sent(&node, Dialect::Direct).await, "a & b");
    let ann = free(&node, "1").await;
    let body = json!({ "receiverId": 3, "content": "<i>hi</i>" });
    let answer = ann.post("/api/chat/send", body).await.ok();
    assert_eq!(answer["data"]["content"], "hi");
}
