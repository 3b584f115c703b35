//! flags/dating.flags: free members ask, premium members write, and who is read shows to who pays.

use parlour::dialects::Dialect;
use serde_json::{Value, json};

use super::scene::{
    ask, free, matched, node, node_with, premium, premium_token, refused, text, write,
};
use crate::common::{Client, Events, Node, Rest};

async fn dating() -> Node {
    node(Dialect::Dating).await
}

async fn post(rest: &Rest, path: &str, body: Value) -> Value {
    let mut answer = rest.post(path, body).await.ok();
    assert_eq!(answer["success"], true, "{path}: {answer}");
    answer["data"].take()
}

/// S0-01, S0-02, S0-35, S0-40: free asks, is accepted, and then writes.
#[tokio::test]
async fn free_asks_and_writes_once_accepted() {
    let node = dating().await;
    let (ann, ben) = (free(&node, "ann").await, free(&node, "ben").await);
    assert_eq!(refused(&write(&ann, "ben", "hi").await), (403, "ASK_FIRST"));
    let asked = json!({ "receiver_id": "ben", "message": "shall we talk?" });
    let asked = post(&ann, "/api/v1/messages/request", asked).await;
    assert_eq!(refused(&write(&ann, "ben", "hi").await), (403, "ASK_FIRST"));
    let path = format!(
        "/api/v1/messages/request/{}/respond",
        text(&asked["request_id"])
    );
    let accepted = post(&ben, &path, json!({ "action": "accept" })).await;
    assert_eq!(accepted["match_created"], true);
    write(&ann, "ben", "hi").await.ok();
    let path = format!(
        "/api/v1/conversations/{}/messages?order=asc",
        text(&accepted["conversation_id"])
    );
    let page = ben.get(&path).await.ok();
    let texts = page["data"]["messages"].as_array().unwrap().iter();
    let texts: Vec<_> = texts.map(|message| &message["content"]).collect();
    assert_eq!(texts, ["shall we talk?", "hi"]);
}

/// S0-41, C-40: a reply through another dialect accepts the request, and is the second message.
#[tokio::test]
async fn a_reply_through_another_dialect_accepts() {
    let node = dating().await;
    let (ann, ben) = (free(&node, "ann").await, free(&node, "ben").await);
    ask(&ann, "ben", "shall we talk?").await.ok();
    let sent = json!({ "receiverId": "ann", "content": "gladly" });
    let sent = post(&ben, "/api/chat/send", sent).await;
    let matches = ann.get("/v1/matches").await.ok();
    assert_eq!(matches["matches"][0]["kind"], "reply");
    let conversation = sent["conversationId"].to_string();
    let texts = ann.history(&conversation).await.into_iter();
    let texts: Vec<_> = texts.map(|message| text(&message["text"])).collect();
    assert_eq!(texts, ["shall we talk?", "gladly"]);
    write(&ann, "ben", "so").await.ok();
}

/// S0-36, S0-38: premium writes directly, and has the other one no longer in discovery. Who was written to may answer.
#[tokio::test]
async fn premium_writes_directly_and_has_no_more_to_discover() {
    let node = dating().await;
    let (pam, ben) = (premium(&node, "pam").await, free(&node, "ben").await);
    // Her token's plan counts, whichever of her tokens came last.
    let query = format!("?token={}", premium_token("pam"));
    let mut events = Client::dial(&node, &query).await;
    events.event("hello").await;
    write(&pam, "ben", "hi").await.ok();
    let told = events.event("hidden").await;
    assert_eq!(told["user"], "ben", "{told}");
    let hidden = pam.get("/v1/discovery/hidden").await.ok();
    assert_eq!(hidden["users"][0]["user"], "ben", "{hidden}");
    assert_eq!(hidden["users"][0]["because"], "written", "{hidden}");
    assert_eq!(
        ben.get("/v1/discovery/hidden").await.ok()["users"],
        json!([])
    );
    write(&ben, "pam", "hello").await.ok();
    assert_eq!(
        ben.get("/v1/matches").await.ok()["matches"][0]["kind"],
        "reply"
    );
}

/// S0-47: both read; only who pays is shown it, live and in lists.
#[tokio::test]
async fn receipts_are_for_premium() {
    let node = dating().await;
    let (pam, ben) = (premium(&node, "pam").await, free(&node, "ben").await);
    let conversation = matched((&pam, "pam"), (&ben, "ben")).await;
    let auth = json!({ "token": premium_token("pam"), "dialect": "dating" });
    let mut pam_told = Events::connect_with(&node, &auth).await.unwrap();
    let mut ben_told = Events::connect(&node, "ben", "dating").await;
    for (from, to, reader) in [(&pam, "ben", &ben), (&ben, "pam", &pam)] {
        let sent = write(from, to, "read this").await.ok();
        let path = format!("/v1/messages/{}/read", text(&sent["message"]["id"]));
        reader.post(&path, json!({})).await.ok();
        // Marking counts for unread, whoever is shown it.
        assert_eq!(reader.get("/v1/unread").await.ok()["total"], 0);
    }
    pam_told.event("message_read").await;
    ben_told
        .ask("typing_stop", json!({ "receiver_id": "pam" }))
        .await;
    assert_eq!(ben_told.untaken("message_read"), [&Value::Null; 0]);
    for (rest, shown) in [(&pam, true), (&ben, false)] {
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let page = rest.get(&path).await.ok();
        let me = if shown { "pam" } else { "ben" };
        let messages = page["data"]["messages"].as_array().unwrap();
        let own = messages.iter().find(|message| message["sender_id"] == me);
        assert_eq!(own.unwrap()["is_read"], shown, "{me}: {page}");
    }
}

/// S0-57: ten requests an hour, and the eleventh is told how long to wait.
#[tokio::test]
async fn ten_requests_an_hour() {
    let node = dating().await;
    let ann = free(&node, "ann").await;
    for n in 0..11 {
        free(&node, &format!("b{n}")).await;
    }
    for n in 0..10 {
        ask(&ann, &format!("b{n}"), "hi").await.ok();
    }
    let eleventh = ask(&ann, "b10", "hi").await;
    assert_eq!(refused(&eleventh), (429, "RATE_LIMITED"));
    let wait = eleventh.retry_after.unwrap();
    assert!((1..=360).contains(&wait), "one in six minutes: {wait}");
}

/// S0-59: two messages a second over sockets; REST has the hour's hundred alone (S0-58).
#[tokio::test]
async fn two_messages_a_second_over_sockets() {
    let node = dating().await;
    let (ann, ben) = (free(&node, "ann").await, free(&node, "ben").await);
    matched((&ann, "ann"), (&ben, "ben")).await;
    let mut socket = Events::connect(&node, "ann", "dating").await;
    let message = json!({ "receiver_id": "ben", "content": "x" });
    let mut codes = Vec::new();
    for _ in 0..4 {
        let ack = socket.ask("send_message", message.clone()).await;
        codes.push(ack["code"].as_str().unwrap_or("ok").to_owned());
    }
    assert_eq!(codes[..2], ["ok", "ok"]);
    assert!(codes.contains(&"RATE_LIMITED".to_owned()), "{codes:?}");
    let n_sent = codes.iter().filter(|code| *code == "ok").count();
    for _ in n_sent..100 {
        write(&ann, "ben", "x").await.ok();
    }
    assert_eq!(
        refused(&write(&ann, "ben", "x").await),
        (429, "RATE_LIMITED")
    );
}

/// S0-60: sixty reads of conversations a minute.
#[tokio::test]
async fn sixty_reads_a_minute() {
    let node = dating().await;
    let ann = Rest::new(&node, "ann");
    let mut n_read = 0;
    let refusal = loop {
        let answer = ann.get("/api/v1/conversations").await;
        match answer.status {
            200 => n_read += 1,
            _ => break answer,
        }
    };
    assert_eq!(refused(&refusal), (429, "RATE_LIMITED"));
    // One a second comes back while the test asks.
    assert!((60..90).contains(&n_read), "{n_read}");
}

/// S0-91, S0-92, C-27: 1000 and 250 characters, counted as people count, after markup was taken out (S0-62, S0-65, C-29).
#[tokio::test]
async fn lengths_are_counted_in_characters_after_markup_is_gone() {
    let node = dating().await;
    let (ann, ben) = (free(&node, "ann").await, free(&node, "ben").await);
    let of = |n: usize| "é".repeat(n);
    assert_eq!(
        refused(&ask(&ann, "ben", &of(251)).await),
        (413, "TOO_LARGE")
    );
    let marked = format!("<b>{}</b><script src='x'>", of(250));
    let asked = ask(&ann, "ben", &marked).await.ok();
    assert_eq!(text(&asked["request"]["text"]), of(250));
    matched((&ann, "ann"), (&ben, "ben")).await;
    assert_eq!(
        refused(&write(&ann, "ben", &of(1001)).await),
        (413, "TOO_LARGE")
    );
    let sent = write(&ann, "ben", &format!("<i>{}</i>", of(1000)))
        .await
        .ok();
    assert_eq!(text(&sent["message"]["text"]), of(1000));
    let kept = "1 < 2 & <3 stay";
    let sent = write(&ann, "ben", kept).await.ok();
    assert_eq!(text(&sent["message"]["text"]), kept);
}

/// S0-10, S0-50: whoever unmatches has the conversation archived, and both are gone from each other's discovery.
#[tokio::test]
async fn unmatching_archives() {
    let node = dating().await;
    let (ann, ben) = (free(&node, "ann").await, free(&node, "ben").await);
    matched((&ann, "ann"), (&ben, "ben")).await;
    write(&ann, "ben", "hi").await.ok();
    let matches = ann.get("/api/v1/matches").await.ok();
    let id = text(&matches["data"]["matches"][0]["match_id"]);
    ann.delete(&format!("/api/v1/matches/{id}")).await.ok();
    for rest in [&ann, &ben] {
        let listed = rest.get("/api/v1/conversations").await.ok();
        assert_eq!(listed["data"]["conversations"], json!([]));
        let hidden = rest.get("/api/v1/discovery/hidden").await.ok();
        let users = hidden["data"]["users"].as_array().unwrap();
        assert_eq!(users.len(), 1, "{hidden}");
        assert_eq!(users[0]["reason"], "removed", "{hidden}");
        assert_eq!(rest.get("/v1/unread").await.ok()["total"], 0);
    }
    assert_eq!(
        refused(&write(&ben, "ann", "why?").await),
        (403, "ASK_FIRST")
    );
}

/// What the operator says after the preset wins over it.
#[tokio::test]
async fn a_flag_behind_the_preset_wins() {
    let node = node_with(Dialect::Dating, &["--policy-contact-gate=open"]).await;
    let (ann, _ben) = (free(&node, "ann").await, free(&node, "ben").await);
    write(&ann, "ben", "hi").await.ok();
}
