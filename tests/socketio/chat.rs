//! Chat over Socket.IO, against a real node: signing in, coming back, and the limits that hold for every transport.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{Polling, Ws},
    common::{Node, Rest, Signal, token, until},
};

const PATH: &str = "/socket.io/";

/// Far more than an outbox may hold.
const N_TOO_MANY: usize = 2000;

/// A WebSocket in the namespace `/`, signed in; and what it was told by way of greeting.
async fn signed_in(node: &Node, user: &str) -> (Ws, Value) {
    connect(node, &json!({ "token": token(user), "dialect": "gateway" })).await
}

async fn connect(node: &Node, auth: &Value) -> (Ws, Value) {
    let mut ws = Ws::open(node.address(), PATH, "").await;
    ws.send(&format!("40{auth}")).await;
    let answer = ws.message("4").await;
    let hello = answer.strip_prefix("40");
    let hello = hello.unwrap_or_else(|| panic!("not let in: {answer}"));
    (ws, serde_json::from_str(hello).expect("JSON"))
}

/// The arguments of the next event of that name.
async fn event(ws: &mut Ws, name: &str) -> Vec<Value> {
    let packet = ws.message(&format!(r#"42["{name}""#)).await;
    serde_json::from_str(&packet[2..]).expect("JSON")
}

/// A conversation of two.
async fn conversation(node: &Node, one: &str, other: &str) -> String {
    let opened = Rest::new(node, one)
        .post("/v1/conversations", json!({ "user": other }))
        .await
        .ok();
    opened["conversation"].as_str().expect("an id").to_owned()
}

async fn say(node: &Node, user: &str, conversation: &str, text: &str) {
    let path = format!("/v1/conversations/{conversation}/messages");
    let body = json!({ "text": text });
    Rest::new(node, user).post(&path, body).await.ok();
}

#[tokio::test]
async fn a_token_is_taken_from_auth_header_and_address() {
    let node = Node::start(&[]).await;
    let good = token("alice");
    signed_in(&node, "alice").await;
    connect(&node, &json!({ "token": format!("Bearer {good}") })).await;
    let mut by_address = Ws::open(node.address(), PATH, &format!("&token={good}")).await;
    by_address.send("40").await;
    by_address.message("40").await;
    let polling = Polling::open(node.address(), PATH, &format!("&token={good}")).await;
    assert_eq!(polling.post("40").await, 200);
    polling.packet("40").await;

    for auth in ["", "{}", r#"{"token":"x"}"#, r#"{"token":7}"#] {
        let mut ws = Ws::open(node.address(), PATH, "").await;
        ws.send(&format!("40{auth}")).await;
        let refused = ws.message("4").await;
        let refused = refused.strip_prefix("44").expect("refused");
        let refused: Value = serde_json::from_str(refused).expect("JSON");
        assert!(refused["message"].is_string(), "{refused}");
        let code = refused["data"]["code"].as_str();
        let wanted = if auth.contains('7') {
            "BAD_REQUEST"
        } else {
            "UNAUTHORIZED"
        };
        assert_eq!(code, Some(wanted), "{refused}");
        // The connection is good for another try.
        ws.send(&format!(r#"40{{"token":"{good}"}}"#)).await;
        ws.message("40").await;
    }
}

#[tokio::test]
async fn namespaces_are_those_of_the_dialects() {
    let node = Node::start(&[]).await;
    let mut ws = Ws::open(node.address(), PATH, &format!("&token={}", token("alice"))).await;
    ws.send("40/gateway").await;
    assert!(ws.message("4").await.starts_with(r#"40/gateway,{"sid":""#));
    for namespace in ["/native", "/matched", "/nowhere"] {
        ws.send(&format!("40{namespace}")).await;
        let refused = ws.message("44").await;
        let wanted = format!(r#"44{namespace},{{"message":"Invalid namespace""#);
        assert!(refused.starts_with(&wanted), "{refused}");
    }
}

#[tokio::test]
async fn messages_go_between_polling_websocket_and_rest() {
    let node = Node::start(&[]).await;
    let id = conversation(&node, "alice", "bob").await;
    let alice = Polling::open(node.address(), PATH, &format!("&token={}", token("alice"))).await;
    assert_eq!(alice.post("40/gateway,").await, 200);
    alice.packet("40/gateway,").await;
    let (mut bob, _) = signed_in(&node, "bob").await;

    let send = format!(r#"42/gateway,9["sendMessage",{{"conversationId":"{id}","content":"hi"}}]"#);
    assert_eq!(alice.post(send).await, 200);
    alice.packet("43/gateway,9[").await;
    let told = event(&mut bob, "newMessage").await;
    assert!(told[1].to_string().contains(r#""hi""#), "{told:?}");
    say(&node, "bob", &id, "hello").await;
    let told = alice.packet(r#"42/gateway,["newMessage""#).await;
    assert!(told.contains(r#""hello""#), "{told}");
}

/// G4: after a drop of the connection, and after `kill -9`, the missed ones come, all and once, and the client knows by its `pid`.
#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed() {
    let mut node = Node::start(&[]).await;
    let id = conversation(&node, "alice", "bob").await;
    let (mut bob, hello) = signed_in(&node, "bob").await;
    let pid = hello["pid"].as_str().expect("a pid").to_owned();
    say(&node, "alice", &id, "first").await;
    let first = event(&mut bob, "newMessage").await;
    let offset = first
        .last()
        .and_then(Value::as_str)
        .expect("an offset")
        .to_owned();
    drop(bob);
    say(&node, "alice", &id, "second").await;
    node.kill();
    node.start_again().await;
    say(&node, "alice", &id, "third").await;

    let auth = json!({ "token": token("bob"), "dialect": "gateway", "pid": pid, "offset": offset });
    let (mut bob, hello) = connect(&node, &auth).await;
    assert_eq!(hello["pid"], pid, "recovered");
    for text in ["second", "third"] {
        let told = event(&mut bob, "newMessage").await;
        assert!(told[1].to_string().contains(text), "{told:?}");
    }

    // What another person showed, or nobody gave out, or came without a place, recovers nothing.
    for (user, pid, offset) in [
        ("alice", &*pid, &*offset),
        ("bob", "made up", &*offset),
        ("bob", &*pid, "made up"),
        ("bob", &*pid, "ffffffff:1"),
    ] {
        let auth = json!({ "token": token(user), "pid": pid, "offset": offset });
        let (_ws, hello) = connect(&node, &auth).await;
        assert!(hello["pid"].is_string() && hello["pid"] != pid, "{hello}");
    }
}

/// G4: also if nothing happened before the drop; and what is left over from an earlier session is no place to go on from.
#[tokio::test]
async fn a_client_that_was_told_nothing_yet_goes_on_from_where_it_was_let_in() {
    let node = Node::start(&[]).await;
    let id = conversation(&node, "alice", "bob").await;
    let connect = async |more: Value| {
        let mut auth = json!({ "token": token("bob"), "dialect": "gateway" });
        let more = more.as_object().expect("an object").clone();
        auth.as_object_mut().expect("an object").extend(more);
        connect(&node, &auth).await
    };
    let (bob, hello) = connect(json!({})).await;
    drop(bob);
    say(&node, "alice", &id, "first").await;
    let (mut bob, again) = connect(json!({ "pid": hello["pid"] })).await;
    assert_eq!(again["pid"], hello["pid"], "recovered");
    let first = event(&mut bob, "newMessage").await;
    assert!(first[1].to_string().contains("first"), "{first:?}");
    let offset = first.last().expect("an offset").clone();
    drop(bob);

    say(&node, "alice", &id, "second").await;
    let (bob, fresh) = connect(json!({})).await;
    drop(bob);
    say(&node, "alice", &id, "third").await;
    let (mut bob, again) = connect(json!({ "pid": fresh["pid"], "offset": offset })).await;
    assert_eq!(again["pid"], fresh["pid"], "recovered");
    let third = event(&mut bob, "newMessage").await;
    assert!(third[1].to_string().contains("third"), "{third:?}");

    let (_bob, exact) = connect(json!({ "recovery": false })).await;
    assert_eq!(exact["pid"], Value::Null, "it could not go on");
}

/// G7: a client that opened by polling and polls no more, in a busy conversation.
#[tokio::test]
async fn a_client_that_stops_polling_costs_its_bound_and_is_gone() {
    let node = Node::start(&[
        "--policy-limits",
        "message.send=1000000 per 1s",
        "--session-outbox-frames-max",
        "100",
        "--session-close-deadline",
        "500ms",
        // Only the outbox's bound ends it here, not its silence.
        "--session-ping-interval",
        "10m",
    ])
    .await;
    let id = conversation(&node, "alice", "bob").await;
    let bob = Polling::open(node.address(), PATH, &format!("&token={}", token("bob"))).await;
    assert_eq!(bob.post("40").await, 200);
    bob.packet("40").await;
    node.metric_becomes("parlour_connections", |n| n == 1).await;
    let mut n_said = 0;
    while node.metric("parlour_connections").await > 0 {
        assert!(n_said < N_TOO_MANY, "it is kept for ever");
        say(&node, "alice", &id, "x").await;
        n_said += 1;
    }
    assert!(n_said >= 100, "its bound is its own: {n_said}");
    assert!(bob.is_over().await);
    node.metric_becomes("parlour_slow_clients_total", |n| n == 1)
        .await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let node = Node::start(&[
        "--session-ping-interval",
        "1s",
        "--session-pong-timeout",
        "1s",
    ])
    .await;
    let bob = Polling::open(node.address(), PATH, &format!("&token={}", token("bob"))).await;
    assert_eq!(bob.post("40").await, 200);
    bob.packet("40").await;
    until("the last packet", async || {
        let packets = bob.packets().await.ok()?;
        packets.ends_with(&["1".to_owned()]).then_some(())
    })
    .await;
    node.metric_becomes("parlour_connections", |n| n == 0).await;
    node.metric_becomes("parlour_silent_clients_total", |n| n == 1)
        .await;
}

#[tokio::test]
async fn places_are_counted_as_for_any_connection() {
    let node = Node::start(&["--session-per-ip-max", "2"]).await;
    let polling = Polling::open(node.address(), PATH, "").await;
    let _ws = Ws::open(node.address(), PATH, "").await;
    let url = node.url("/socket.io/?EIO=4&transport=polling");
    let status = async || reqwest::get(&url).await.expect("an answer").status();
    assert_eq!(status().await, StatusCode::TOO_MANY_REQUESTS);
    assert!(Ws::try_open(node.address(), PATH, "").await.is_none());
    assert_eq!(polling.post("1").await, 200);
    assert_eq!(status().await, StatusCode::OK, "the place is free again");
}

#[tokio::test]
async fn a_user_with_too_many_connections_is_told_why() {
    let node = Node::start(&["--session-per-user-max", "1"]).await;
    let (_first, _) = signed_in(&node, "alice").await;
    let mut second = Ws::open(node.address(), PATH, "").await;
    second
        .send(&format!(r#"40{{"token":"{}"}}"#, token("alice")))
        .await;
    let refused = second.message("4").await;
    assert!(
        refused.starts_with(r#"44{"message":"too many connections""#),
        "{refused}"
    );
}

/// OWASP ASVS 4.4.2, also for polling.
#[tokio::test]
async fn pages_of_other_origins_need_to_be_named() {
    let node = Node::start(&["--http-allowed-origins", "https://app.example.org"]).await;
    let url = node.url("/socket.io/?EIO=4&transport=polling");
    let ask = async |origin: &str| {
        let request = Client::new().get(&url).header("origin", origin);
        request.send().await.expect("an answer")
    };
    let foreign = ask("https://evil.example").await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        foreign.text().await.expect("text"),
        r#"{"code":4,"message":"Forbidden"}"#
    );
    let named = ask("https://app.example.org").await;
    assert_eq!(named.status(), StatusCode::OK);
    let allowed = named.headers().get("access-control-allow-origin");
    assert_eq!(allowed.expect("CORS"), "https://app.example.org");
}

/// G11: stock clients come back by themselves when the connection closes, and not when they are sent out of a namespace.
#[tokio::test]
async fn a_stop_closes_connections_and_sends_nobody_away() {
    let mut node = Node::start(&[]).await;
    let (mut ws, _) = signed_in(&node, "alice").await;
    let polling = Polling::open(node.address(), PATH, &format!("&token={}", token("bob"))).await;
    assert_eq!(polling.post("40").await, 200);
    polling.packet("40").await;
    let idle = Polling::open(node.address(), PATH, "").await;
    node.signal(Signal::Terminate);
    let to_end = async |client: &Polling| loop {
        let packets = client
            .packets()
            .await
            .expect("it is told before it is refused");
        assert!(
            !packets.iter().any(|packet| packet.starts_with("41")),
            "{packets:?}"
        );
        if packets.last().is_some_and(|last| last == "1") {
            return;
        }
    };
    let closed = async {
        while let Some(message) = ws.try_read().await {
            assert!(!message.starts_with("41"), "{message}");
        }
    };
    tokio::join!(to_end(&polling), to_end(&idle), closed);
    assert!(node.ended().await.success());
}

/// What a stock client buffered while it was offline, it sends at once: in one body, or as fast as a WebSocket takes it.
#[tokio::test]
async fn all_that_was_buffered_offline_arrives_in_order() {
    const N: usize = 1000;
    let limits = [
        "--policy-limits",
        "message.send=100000 per 1s",
        "--session-in-flight-max",
        "16",
    ];
    let node = Node::start(&limits).await;
    let id = conversation(&node, "alice", "bob").await;
    let sends: Vec<_> = (0..2 * N)
        .map(|n| json!(["sendMessage", { "conversationId": id, "content": n.to_string() }]))
        .collect();
    let polling = Polling::open(node.address(), PATH, "&dialect=gateway").await;
    let hello = format!("40{}", json!({ "token": token("alice") }));
    assert_eq!(polling.post(hello).await, StatusCode::OK);
    polling.packet("40").await;
    let body: Vec<_> = sends[..N].iter().map(|send| format!("42{send}")).collect();
    assert_eq!(polling.post(body.join("\u{1e}")).await, StatusCode::OK);
    let path = format!("/v1/conversations/{id}/messages?limit=1");
    let rest = Rest::new(&node, "bob");
    let arrived = async |n: usize| {
        let page = rest.get(&path).await.ok();
        (page["messages"][0]["seq"] == json!(n)).then_some(())
    };
    until("all of the body is stored", async || arrived(N).await).await;
    let (mut ws, _) = signed_in(&node, "alice").await;
    for send in &sends[N..] {
        ws.send(&format!("42{send}")).await;
    }
    until("all of the WebSocket is stored", async || {
        arrived(2 * N).await
    })
    .await;
    let mut after = 0;
    while after < 2 * N {
        let path = format!("/v1/conversations/{id}/messages?limit=100&after={after}");
        for message in rest.get(&path).await.ok()["messages"].as_array().unwrap() {
            assert_eq!(message["text"], after.to_string());
            after += 1;
        }
    }
}
