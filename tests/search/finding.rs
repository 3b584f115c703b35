//! What is found, and by whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    FREELY,
    common::{Client, Node, Rest, token_with, until},
    direct, found, indexed, send, texts,
};

#[actix_web::test]
async fn messages_are_found_by_their_words() {
    let node = Node::start(&FREELY).await;
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| Rest::new(&node, name));
    let (chat, other) = (direct(&ann, "bob").await, direct(&ann, "cyd").await);
    let first = send(&ann, &chat, "🎉 Crème brûlée tonight?").await;
    // How soon, `search/src/indexer/tests.rs` tells: by its own clock, since here a whole test suite may run beside it.
    until("hit", async || {
        let found = found(&bob, "query=creme").await;
        (found["total"] == 1).then_some(())
    })
    .await;
    send(&bob, &chat, "creme it is; 東京都で会いましょう").await;
    send(&ann, &other, "cremes are for bob").await;
    indexed(&node).await;

    let all = found(&ann, "query=creme").await;
    assert_eq!(all["total"], 3, "of the last word the beginning");
    assert_eq!(all["more"], false);
    assert_eq!(
        all["found"][2]["message"]["id"],
        json!(first),
        "the newest first"
    );
    // As JavaScript counts: the party popper is two.
    assert_eq!(all["found"][2]["highlights"], json!([[3, 8]]));
    for (rest, query, n) in [
        (&ann, "query=creme+brulee", 1),
        (&ann, "query=brulee+creme+ton", 1),
        (&ann, "query=ton+creme", 0),
        (&ann, "query=京都", 1),
        (&ann, "query=都京", 0),
        (&bob, "query=creme", 2),
        (&eve, "query=creme", 0),
        (&ann, "query=creme&author=bob", 1),
        (&ann, "query=creme&user=cyd", 1),
        (&ann, "query=creme&since=2001-01-01T00:00:00Z", 3),
        (&ann, "query=creme&until=2001-01-01T00:00:00Z", 0),
        (&ann, "query=creme&has_file=true", 0),
        (&ann, "has_file=false", 3),
    ] {
        let found = found(rest, query).await;
        assert_eq!(found["total"], n, "{query}: {found}");
        assert_eq!(texts(&found).len(), n, "{query}");
    }
    let page = found(
        &ann,
        &format!("query=creme&conversation={chat}&offset=1&limit=1"),
    )
    .await;
    assert_eq!(texts(&page), ["🎉 Crème brûlée tonight?"]);
    assert_eq!((&page["total"], &page["more"]), (&json!(2), &json!(false)));

    for (rest, query, status) in [
        (&ann, "", 400),
        (&ann, "query=%20", 400),
        (&ann, "query=🎉", 400),
        (&ann, "query=x&limit=0", 400),
        (&ann, "query=x&offset=10001", 400),
        (&ann, "query=x&since=soon", 400),
        (&eve, &format!("query=x&conversation={chat}"), 404),
        (&ann, &format!("query=x&conversation={chat}&user=bob"), 400),
        (&ann, &format!("query={}", "x".repeat(257)), 400),
    ] {
        let answer = rest.get(&format!("/v1/search?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
    }

    // The same over a WebSocket.
    let mut client = Client::connect(&node, "bob").await;
    let fields = json!({ "query": "creme", "conversation": chat, "limit": 1 });
    let result = client.ok("search", fields).await;
    assert_eq!(
        (&result["total"], &result["more"]),
        (&json!(2), &json!(true))
    );
}

#[actix_web::test]
async fn what_is_edited_deleted_or_erased_is_found_no_more() {
    let node = Node::start(&FREELY).await;
    let [ann, bob] = ["ann", "bob"].map(|name| Rest::new(&node, name));
    let chat = direct(&ann, "bob").await;
    let edited = send(&ann, &chat, "walrus one").await;
    let deleted = send(&ann, &chat, "walrus two").await;
    send(&bob, &chat, "walrus three").await;
    indexed(&node).await;
    assert_eq!(found(&bob, "query=walrus").await["total"], 3);

    let path = format!("/v1/messages/{edited}");
    let edit = json!({ "text": "narwhal one" });
    ann.ask(Method::PATCH, &path, &edit).await.ok();
    ann.delete(&format!("/v1/messages/{deleted}")).await.ok();
    indexed(&node).await;
    assert_eq!(texts(&found(&bob, "query=walrus").await), ["walrus three"]);
    assert_eq!(texts(&found(&bob, "query=narwhal").await), ["narwhal one"]);

    let admin = token_with("root", |claims| claims.role = Some("admin".to_owned()));
    let admin = Rest::with_token(&node, &admin);
    let erased = admin
        .post("/v1/moderation/users/bob/erase", Value::Null)
        .await;
    erased.ok();
    indexed(&node).await;
    assert_eq!(found(&ann, "query=walrus").await["total"], 0);
}

#[actix_web::test]
async fn a_block_holds_for_search_at_once() {
    let node = Node::start(&FREELY).await;
    let [ann, bob, cyd] = ["ann", "bob", "cyd"].map(|name| Rest::new(&node, name));
    let group = json!({ "name": "g", "members": ["bob", "cyd"] });
    let group = ann.post("/v1/conversations", group).await.ok();
    let group = group["conversation"].as_str().unwrap();
    send(&bob, group, "otter before").await;
    ann.put("/v1/blocks/bob", json!({})).await.ok();
    send(&bob, group, "otter after").await;
    indexed(&node).await;
    let seen = found(&ann, "query=otter").await;
    assert_eq!(texts(&seen), ["otter before"]);
    assert_eq!(seen["total"], 1, "not even counted");
    assert_eq!(found(&cyd, "query=otter").await["total"], 2);
    assert_eq!(found(&bob, "query=otter").await["total"], 2);
    cyd.delete(&format!("/v1/conversations/{group}/members/cyd"))
        .await
        .ok();
    assert_eq!(found(&cyd, "query=otter").await["total"], 0, "who left");
    ann.delete("/v1/blocks/bob").await.ok();
    assert_eq!(found(&ann, "query=otter").await["total"], 2);
}

#[actix_web::test]
async fn search_can_be_turned_off_and_limited() {
    let node = Node::start(&["--no-search-enabled"]).await;
    let answer = Rest::new(&node, "ann").get("/v1/search?query=x").await;
    assert_eq!((answer.status, answer.code()), (501, "NOT_IMPLEMENTED"));
    assert!(!node.data().join("search").exists());

    let node = Node::start(&["--policy-limits", "search=2 per 1h"]).await;
    let ann = Rest::new(&node, "ann");
    for status in [200, 200, 429] {
        assert_eq!(ann.get("/v1/search?query=x").await.status, status);
    }
    assert_eq!(ann.get("/v1/conversations").await.status, 200);
}

/// What the index works with is taken by the first commits, and used again by all others.
#[actix_web::test]
async fn the_index_keeps_to_its_memory() {
    let node = Node::start(&FREELY).await;
    let ann = Rest::new(&node, "ann");
    let chat = direct(&ann, "bob").await;
    let mut resident = Vec::new();
    for n in 0..24 {
        send(&ann, &chat, &format!("beaver {n}")).await;
        indexed(&node).await;
        resident.push(node.resident_bytes());
    }
    let grown = resident[23].saturating_sub(resident[11]);
    assert!(grown < 8 << 20, "12 more commits cost {grown} bytes");
}
