//! The stock client over each transport, and from one to the other while messages flow.

use serde_json::{Value, json};

use crate::common::{Client, NEWEST, Node, Proxy, Rest, Stock, token};

/// So many at least are on their way while a client moves from polling to a WebSocket.
const N_MESSAGES: u64 = 1000;

const FLAGS: [&str; 2] = ["--policy-limits", "message.send=100000 per 1s"];

/// Both ways, over polling alone and over a WebSocket alone.
#[tokio::test]
async fn each_transport_works_alone() {
    let node = Node::start(&FLAGS).await;
    let bob = Rest::new(&node, "bob");
    let opened = bob.post("/v1/conversations", json!({ "user": "alice" }));
    let id = opened.await.ok()["conversation"].take();
    let path = format!("/v1/conversations/{}/messages", id.as_str().unwrap());
    for transport in ["polling", "websocket"] {
        let options = json!({ "transports": [transport], "auth": { "dialect": "gateway" } });
        let Some(mut alice) = Stock::connect(&node, "alice", options).await else {
            return;
        };
        for n in 0..20 {
            let text = format!("{transport} {n}");
            bob.post(&path, json!({ "text": text })).await.ok();
            assert_eq!(alice.event("newMessage").await["content"], text);
            let payload = json!({ "conversationId": id, "content": format!("{text} too") });
            let answer = alice.ask("sendMessage", payload).await;
            assert_eq!(answer["success"], true, "{answer}");
            assert_eq!(
                alice.event("newMessage").await["content"],
                format!("{text} too")
            );
        }
        let history = bob.history_after(id.as_str().unwrap(), 0).await;
        let texts = history
            .iter()
            .filter_map(|message| message["text"].as_str());
        assert_eq!(texts.filter(|text| text.starts_with(transport)).count(), 40);
    }
}

/// Nothing is lost, doubled or turned around by an upgrade, in either direction.
#[tokio::test]
async fn nothing_is_lost_while_the_transport_changes() {
    let node = Node::start(&FLAGS).await;
    let proxy = Proxy::start(&node).await;
    proxy.hold_websockets(true);
    let mut bob = Client::connect(&node, "bob").await;
    let id = bob.direct("alice").await;
    let options = json!({ "auth": { "dialect": "gateway" } });
    let alice = Stock::dial_at(&proxy.url(), &token("alice"), options, NEWEST);
    let Some(mut alice) = alice else { return };
    alice.take("connect").await;

    let (mut n_said, mut n_answered, mut n_heard) = (0, 0, 0);
    let mut is_upgraded = false;
    // The upgrade is let through in the middle, and messages go on until it is done.
    while n_heard < n_said || n_said < N_MESSAGES || !is_upgraded {
        if n_said < N_MESSAGES || !is_upgraded {
            for _ in 0..10 {
                let fields = json!({ "conversation": id, "text": format!("down {n_said}") });
                bob.begin("send", &fields).await;
                let payload = json!({ "conversationId": id, "content": format!("up {n_said}") });
                alice.emit("sendMessage", payload);
                n_said += 1;
            }
        }
        if n_said == N_MESSAGES / 4 {
            assert!(!is_upgraded, "its WebSocket waits at the door");
            proxy.hold_websockets(false);
        }
        // Ten of his, and whatever of hers comes between.
        while n_heard < n_said {
            let told = alice.next().await;
            if told.get("upgrade").is_some() {
                assert_eq!(told["upgrade"], "websocket");
                is_upgraded = true;
                continue;
            }
            let text = told["args"][0]["content"].as_str().unwrap_or_default();
            if let Some(n) = text.strip_prefix("down ") {
                assert_eq!(n, n_heard.to_string(), "in order, each once");
                n_heard += 1;
            } else if let Some(n) = text.strip_prefix("up ") {
                assert_eq!(n, n_answered.to_string(), "in order, each once");
                n_answered += 1;
            }
        }
    }
    while n_answered < n_said {
        let own = alice.event("newMessage").await;
        assert_eq!(own["content"], format!("up {n_answered}"));
        n_answered += 1;
    }
    let history = Rest::new(&node, "bob").history(&id).await;
    for direction in ["up", "down"] {
        let texts = history
            .iter()
            .map(|message: &Value| message["text"].as_str().unwrap());
        let of_it: Vec<_> = texts.filter(|text| text.starts_with(direction)).collect();
        let wanted: Vec<_> = (0..n_said).map(|n| format!("{direction} {n}")).collect();
        assert_eq!(of_it, wanted);
    }
}
