//! flags/matched.flags: the matched alone write, little is allowed at a time, and all of it is on record.

use std::collections::BTreeSet;

use parlour::dialects::Dialect;
use serde_json::json;

use super::scene::{ask, free, matched, node, node_with, premium, refused, text, with_role, write};
use crate::common::{Client, Plain, token, until};

/// S2-21: premium or not, who isn't matched doesn't write; a request may be made, and accepted.
#[tokio::test]
async fn only_matched_people_write() {
    let node = node(Dialect::Matched).await;
    let (ann, ben) = (premium(&node, "1").await, free(&node, "2").await);
    assert_eq!(refused(&write(&ann, "2", "hi").await), (403, "NOT_MATCHED"));
    let group = json!({ "members": ["2"] });
    let group = ann.post("/v1/conversations", group).await;
    assert_eq!(refused(&group), (403, "NOT_MATCHED"));
    let asked = ask(&ann, "2", "may I?").await.ok();
    let path = format!("/v1/requests/{}/accept", text(&asked["request"]["id"]));
    ben.post(&path, json!({})).await.ok();
    let list = ann.get("/chat/conversations?user_id=1").await.ok();
    let body =
        json!({ "conversation_id": list["conversations"][0]["id"], "user_id": 1, "content": "hi" });
    ann.post("/chat/messages", body).await.ok();
}

/// S2-26: ten messages a minute.
#[tokio::test]
async fn ten_messages_a_minute() {
    let node = node(Dialect::Matched).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    matched((&ann, "1"), (&ben, "2")).await;
    for _ in 0..10 {
        write(&ann, "2", "x").await.ok();
    }
    let eleventh = write(&ann, "2", "x").await;
    assert_eq!(refused(&eleventh), (429, "RATE_LIMITED"));
    assert!((1..=6).contains(&eleventh.retry_after.unwrap()));
}

/// S2-27, C-10: the sixth connection is closed with 4429, and the five before it stay.
#[tokio::test]
async fn the_sixth_connection_is_one_too_many() {
    let node = node(Dialect::Matched).await;
    let path = format!("/chat/connect?token={}", token("1"));
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Plain::dial(&node, &path).await);
    }
    let mut sixth = Plain::dial(&node, &path).await;
    assert_eq!(sixth.closed().await, Some(4429));
    for socket in &mut open {
        socket.send(&json!({ "type": "ping", "id": 1 })).await;
        socket.take("pong").await;
    }
}

/// S2-07, S2-28: five reports a day, and the sixth is refused.
#[tokio::test]
async fn five_reports_a_day() {
    let node = node(Dialect::Matched).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    let conversation = matched((&ann, "1"), (&ben, "2")).await;
    let path = format!("/chat/conversations/{conversation}/report");
    let body = json!({ "report_type": "spam", "reason": "again" });
    for _ in 0..5 {
        let filed = ann.post(&path, body.clone()).await.ok();
        assert!(text(&filed["report_id"]).starts_with("report_"), "{filed}");
    }
    assert_eq!(refused(&ann.post(&path, body).await), (429, "RATE_LIMITED"));
}

/// S2-55, S2-58, S2-62: the twenty-first report within an hour is said in the log and by a metric, and all are counted.
#[tokio::test]
async fn many_reports_in_an_hour_are_an_alarm() {
    const ALARM: &str = "more than 20 reports";
    let node = node(Dialect::Matched).await;
    let ben = free(&node, "2").await;
    let report = json!({ "user": "2", "category": "spam" });
    for n in 0..21 {
        let reporter = free(&node, &(100 + n / 5).to_string()).await;
        assert!(!node.log().contains(ALARM), "after {n}");
        assert_eq!(node.metric("parlour_report_surges_total").await, 0);
        reporter.post("/v1/reports", report.clone()).await.ok();
    }
    assert_eq!(node.metric("parlour_reports_total").await, 21);
    assert_eq!(node.metric("parlour_report_surges_total").await, 1);
    until("the warning", async || {
        node.log().contains(ALARM).then_some(())
    })
    .await;

    let ann = free(&node, "1").await;
    let asked = ask(&ann, "2", "may I?").await.ok();
    let path = format!("/v1/requests/{}/accept", text(&asked["request"]["id"]));
    ben.post(&path, json!({})).await.ok();
    let message = json!({ "user": "2", "text": "hi", "key": "k" });
    for _ in 0..2 {
        ann.post("/v1/messages", message.clone()).await.ok();
    }
    // The request's text and hers; what was sent again is none.
    assert_eq!(node.metric("parlour_messages_total").await, 2);
    for _ in 0..2 {
        ben.put("/v1/blocks/1", json!({})).await.ok();
    }
    assert_eq!(node.metric("parlour_blocks_total").await, 1);
}

/// S2-25: all that people do is on record, and nothing of what they said.
#[tokio::test]
async fn every_interaction_is_on_record_and_no_text_is() {
    const SAID: &str = "between the two of us";
    let node = node(Dialect::Matched).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    Client::connect(&node, "1").await.close().await;
    let asked = ask(&ann, "2", SAID).await.ok();
    let request = text(&asked["request"]["id"]);
    ben.post(&format!("/v1/requests/{request}/decline"), json!({}))
        .await
        .ok();
    ann.delete(&format!("/v1/requests/{request}")).await;
    matched((&ann, "1"), (&ben, "2")).await;
    let sent = write(&ann, "2", SAID).await.ok();
    let message = text(&sent["message"]["id"]);
    let at = |rest: &str| format!("/v1/messages/{message}{rest}");
    ben.post(&at("/read"), json!({})).await.ok();
    ben.put(&at("/reactions/x"), json!({})).await.ok();
    let edit = json!({ "text": format!("{SAID}!") });
    ann.ask(reqwest::Method::PATCH, &at(""), &edit).await.ok();
    ann.delete(&at("")).await.ok();
    let report = json!({ "user": "1", "category": "spam", "reason": SAID });
    ben.post("/v1/reports", report).await.ok();
    ben.put("/v1/blocks/1", json!({ "reason": SAID }))
        .await
        .ok();
    ben.delete("/v1/blocks/1").await.ok();

    let moderator = with_role(&node, "mod", "moderator");
    let wanted = BTreeSet::from([
        "user.connected",
        "user.disconnected",
        "request.sent",
        "request.declined",
        "user.liked",
        "message.sent",
        "messages.read",
        "reaction",
        "message.edited",
        "message.deleted",
        "user.reported",
        "user.blocked",
        "user.unblocked",
    ]);
    let lines = until("all of it in the audit log", async || {
        let page = moderator.get("/v1/moderation/audit?limit=100").await.ok();
        let lines = page["lines"].as_array().unwrap().clone();
        let is_there = |name: &&str| lines.iter().any(|line| line["action"] == *name);
        wanted.iter().all(is_there).then_some(lines)
    })
    .await;
    for line in &lines {
        assert!(!line.to_string().contains("between"), "{line}");
        assert!(!text(&line["by"]).is_empty());
    }
}

/// S2-23, C-30: what is older than the preset's year goes by itself. Here the year is a second.
#[tokio::test]
async fn old_messages_go() {
    let node = node_with(Dialect::Matched, &["--policy-retention-age=1s"]).await;
    let (ann, ben) = (free(&node, "1").await, free(&node, "2").await);
    let conversation = matched((&ann, "1"), (&ben, "2")).await;
    for n in 0..3 {
        write(&ann, "2", &format!("old {n}")).await.ok();
    }
    until("old messages gone", async || {
        ben.history(&conversation).await.is_empty().then_some(())
    })
    .await;
}
