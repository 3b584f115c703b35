//! G6: rate limits let through burst + rate * time and no more, whatever the transport and over restarts; and the
//! bounds on connections and requests in flight.

mod common;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use common::{Client, Node, Raw, Rest, Way, rest_send, until};

/// What a rule lets through in a time, at most. The time is the client's, so it is longer than the node's.
fn most(n: u32, period: Duration, time: Duration) -> u32 {
    n + (f64::from(n) * time.as_secs_f64() / period.as_secs_f64()).floor() as u32
}

/// G6: over two connections and REST together, and over a `kill -9` in the middle.
#[tokio::test]
async fn a_rate_holds_over_transports_and_crashes() {
    let (n, period) = (10, Duration::from_secs(20));
    let mut node = Node::start(&["--policy-limits", "message.send=10 per 20s"]).await;
    let mut begun = None;
    let mut n_passed = 0;
    for _ in 0..3 {
        let mut ways = vec![Way::socket(&node, "alice").await];
        ways.extend(Way::both(&node, "alice").await);
        begun.get_or_insert_with(Instant::now);
        let mut n_refused = 0;
        while n_refused < 5 {
            for way in &mut ways {
                match way
                    .try_ask("send", json!({ "user": "bob", "text": "x" }))
                    .await
                {
                    Ok(_) => n_passed += 1,
                    Err(refusal) => {
                        assert_eq!(refusal.code, "RATE_LIMITED");
                        let wait = refusal.retry_after_ms.expect("how long to wait");
                        assert!((1..=2000).contains(&wait), "one in 2 s: {wait} ms");
                        n_refused += 1;
                    }
                }
            }
        }
        node.kill();
        node.start_again().await;
    }
    let time = begun.expect("set").elapsed();
    assert!(n_passed <= most(n, period, time), "{n_passed} in {time:?}");
    assert!(n_passed >= n, "the burst is there at first: {n_passed}");
    // What was let through is there, and what was refused is not.
    let alice = Rest::new(&node, "alice");
    let direct = alice
        .post("/v1/conversations", json!({ "user": "bob" }))
        .await
        .ok();
    let history = alice
        .history(direct["conversation"].as_str().unwrap())
        .await;
    assert_eq!(history.len(), n_passed as usize);
    // The limit is Alice's own.
    Way::rest(&node, "bob")
        .ask("send", json!({ "user": "alice", "text": "x" }))
        .await;
}

/// G6: who waits as long as the answer says is let through, over either transport; REST says it in `Retry-After` too.
#[tokio::test]
async fn waiting_as_long_as_told_is_enough() {
    let node = Node::start(&["--policy-limits", "message.send=2 per 2s"]).await;
    let send = json!({ "user": "bob", "text": "x" });
    let mut alice = Way::socket(&node, "alice").await;
    alice.ask("send", send.clone()).await;
    alice.ask("send", send.clone()).await;
    let refusal = alice
        .try_ask("send", send.clone())
        .await
        .expect_err("the burst is over");
    let wait = Duration::from_millis(refusal.retry_after_ms.expect("how long to wait"));
    tokio::time::sleep(wait).await;
    alice.ask("send", send.clone()).await;

    let rest = Rest::new(&node, "alice");
    let refused = rest.post("/v1/messages", send.clone()).await;
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
    assert_eq!(refused.body["retry"], true);
    let (seconds, ms) = (
        refused.retry_after.expect("a header"),
        refused.body["retry_after_ms"].as_u64().unwrap(),
    );
    assert_eq!(seconds, ms.div_ceil(1000), "whole seconds, rounded up");
    let wait = Duration::from_secs(seconds);
    tokio::time::sleep(wait).await;
    rest.post("/v1/messages", send).await.ok();
    assert_eq!(node.metric("parlour_rate_limited_total").await, 2);
}

/// G6: each action that can be limited is, over both transports, and by itself.
#[tokio::test]
async fn each_action_has_a_rate_of_its_own() {
    let limits = "message.send=3 per 1h, message.edit=2 per 1h, reaction=1 per 1h, typing=1 per 1h, \
                  conversation.open=2 per 1h, block=1 per 1h";
    let node = Node::start(&["--policy-limits", limits]).await;
    for (user, mut way) in [
        ("alice", Way::socket(&node, "alice").await),
        ("carol", Way::rest(&node, "carol")),
    ] {
        let direct = way.ask("open_direct", json!({ "user": "bob" })).await["conversation"].take();
        let sent = way
            .ask("send", json!({ "conversation": direct, "text": "x" }))
            .await;
        let message = &sent["message"]["id"];
        let script = [
            ("edit", json!({ "message": message, "text": "y" }), 2),
            ("react", json!({ "message": message, "emoji": "x" }), 1),
            ("typing", json!({ "conversation": direct }), 1),
            ("open_group", json!({ "members": [] }), 1),
            ("block", json!({ "user": "eve" }), 1),
            ("send", json!({ "conversation": direct, "text": "x" }), 2),
        ];
        for (kind, fields, n) in script {
            for _ in 0..n {
                way.ask(kind, fields.clone()).await;
            }
            assert_eq!(
                way.refused(kind, fields).await,
                "RATE_LIMITED",
                "{user}: {kind}"
            );
        }
        // Reading is not limited by these.
        way.ask("messages", json!({ "conversation": direct })).await;
    }
}

/// What is told of a limit that was reached is the same in an error frame, in a body and in headers; what is told of one
/// that wasn't is in headers.
#[tokio::test]
async fn a_limit_is_told_in_the_same_numbers_over_every_way() {
    let limits = "message.send=9 per 1s,message.send=4 per 1h,message.send=9 per 1day";
    let node = Node::start(&["--policy-limits", limits]).await;
    let mut socket = Client::connect(&node, "alice").await;
    let alice = Rest::new(&node, "alice");
    let send = json!({ "user": "bob", "text": "x" });
    let post = || {
        let request = alice.request(Method::POST, "/v1/messages");
        let sent = request.json(&send).send();
        async { common::within("answer", sent).await.unwrap() }
    };
    let header = |answer: &reqwest::Response, name: &str| {
        let value = answer.headers().get(name).map(|value| value.to_str());
        value
            .unwrap_or_else(|| panic!("no {name}"))
            .unwrap()
            .to_owned()
    };
    for left in ["3", "2", "1", "0"] {
        let answer = post().await;
        assert_eq!(answer.status(), 201);
        let policy = header(&answer, "ratelimit-policy");
        assert_eq!(
            policy, r#""message.send";q=4;w=3600"#,
            "the tightest of three"
        );
        assert_eq!(header(&answer, "x-ratelimit-limit"), "4");
        assert_eq!(header(&answer, "x-ratelimit-remaining"), left);
        assert_eq!(answer.headers().get("retry-after"), None);
    }

    let now = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap().as_secs()
    };
    let before = now();
    let refused = post().await;
    let after = now();
    assert_eq!(refused.status(), 429);
    let told: Vec<_> = [
        "ratelimit-policy",
        "ratelimit",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "retry-after",
    ]
    .map(|name| header(&refused, name))
    .into();
    let body: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    let frame = socket.request("send", send.clone()).await;
    assert_eq!(frame["type"], "error");
    for refusal in [&body, &frame] {
        assert_eq!(refusal["code"], "RATE_LIMITED");
        assert_eq!(refusal["limit"]["action"], "message.send");
        assert_eq!(refusal["limit"]["n"], 4);
        assert_eq!(refusal["limit"]["period_ms"], 3_600_000);
        assert_eq!(refusal["limit"]["remaining"], 0);
    }
    // Of one moment the times agree to the second; the frame is of a moment later.
    let number = |value: &Value| value.as_u64().expect("a number");
    let (reset, wait) = (
        number(&body["limit"]["reset_ms"]),
        number(&body["retry_after_ms"]),
    );
    assert!(
        wait <= 900_000 && wait < reset && reset <= 3_600_000,
        "{body}"
    );
    assert!(number(&frame["limit"]["reset_ms"]) <= reset, "{frame}");
    assert!(number(&frame["retry_after_ms"]) <= wait, "{frame}");
    let seconds = reset.div_ceil(1000);
    let at: u64 = told[4].parse().unwrap();
    assert!((before + seconds..=after + seconds).contains(&at), "{at}");
    let expected = [
        r#""message.send";q=4;w=3600"#.to_owned(),
        format!(r#""message.send";r=0;t={seconds}"#),
        "4".to_owned(),
        "0".to_owned(),
        told[4].clone(),
        wait.div_ceil(1000).to_string(),
    ];
    assert_eq!(told, expected);
    let unlimited = alice.request(Method::GET, "/v1/me").send().await.unwrap();
    assert_eq!(unlimited.headers().get("ratelimit"), None);
}

/// An action has any number of rules, and each of them holds.
#[tokio::test]
async fn every_rule_of_an_action_holds() {
    let limits = "message.send=1 per 2s,message.send=3 per 1h,message.send=100 per 1day";
    let node = Node::start(&["--policy-limits", limits]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let send = json!({ "user": "bob", "text": "x" });
    let (mut n_passed, mut n_paced) = (0, 0);
    loop {
        let answer = alice.request("send", send.clone()).await;
        if answer["type"] == "ok" {
            n_passed += 1;
            assert!(n_passed <= 3, "the rule of the hour is not kept");
            continue;
        }
        assert_eq!(answer["code"], "RATE_LIMITED");
        if answer["limit"]["period_ms"] == 3_600_000 {
            break;
        }
        assert_eq!(answer["limit"]["period_ms"], 2_000, "{answer}");
        n_paced += 1;
        let wait = answer["retry_after_ms"].as_u64().expect("how long to wait");
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    assert_eq!(n_passed, 3);
    assert!(n_paced >= 1, "the rule of two seconds is not kept");
}

/// Who was cut off connects again and catches up, however little of their limits is left; who begins afresh doesn't.
#[tokio::test]
async fn resuming_is_exempt() {
    let limits = "connect=1 per 1h,conversation.read=1 per 1h";
    let node = Node::start(&["--policy-limits", limits]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let direct = alice.direct("bob").await;
    alice.ok("unread", json!({})).await;
    assert_eq!(alice.refused("unread", json!({})).await, "RATE_LIMITED");
    let mut again = Client::dial(&node, &format!("?token={}", common::token("alice"))).await;
    assert_eq!(again.closed().await, Some(4429));

    let (rest, bob) = (Rest::new(&node, "alice"), Rest::new(&node, "bob"));
    let place = format!("/v1/conversations/{direct}/messages");
    for n in 0..4 {
        let since = alice.resume.clone();
        alice.close().await;
        let text = format!("while away {n}");
        bob.post(&place, json!({ "text": text })).await.ok();
        let (resumed, recovered) = Client::reconnect(&node, "alice", &since).await;
        alice = resumed;
        assert!(recovered);
        alice.hears(&text).await;
        let changes = alice.ok("changes", json!({ "since": since })).await;
        let over_rest = rest.get(&format!("/v1/changes?since={since}")).await.ok();
        assert_eq!(changes, over_rest);
        assert_eq!(changes["changes"][0]["message"]["text"], text.as_str());
    }
    assert_eq!(alice.refused("unread", json!({})).await, "RATE_LIMITED");
    assert_eq!(rest.get("/v1/unread").await.code(), "RATE_LIMITED");
}

/// A person's connections are bounded; closing one makes room, and others are not concerned.
#[tokio::test]
async fn a_person_has_so_many_connections() {
    let node = Node::start(&["--session-per-user-max", "2"]).await;
    let first = Client::connect(&node, "alice").await;
    let mut second = Client::connect(&node, "alice").await;
    let query = format!("?token={}", common::token("alice"));
    let mut third = Client::dial(&node, &query).await;
    assert_eq!(third.closed().await, Some(4429));
    let mut in_band = Client::dial(&node, "").await;
    in_band
        .begin("auth", &json!({ "token": common::token("alice") }))
        .await;
    assert_eq!(in_band.closed().await, Some(4429));
    second.settle().await;
    let _other = Client::connect(&node, "bob").await;
    first.close().await;
    until("room for one more", async || {
        let mut client = Client::dial(&node, &query).await;
        client.try_read().await.ok()
    })
    .await;
}

/// An address's connections are bounded, signed in or not; a forged header makes it no other address.
#[tokio::test]
async fn an_address_has_so_many_connections() {
    let node = Node::start(&["--session-per-ip-max", "3"]).await;
    let [alice, _bob, _anonymous] = [
        Client::connect(&node, "alice").await,
        Client::connect(&node, "bob").await,
        Client::dial(&node, "").await,
    ];
    for headers in [&[][..], &[("x-forwarded-for", "192.0.2.7")]] {
        let query = format!("?token={}", common::token("carol"));
        let mut fourth = Client::try_dial(&node, &query, headers).await.unwrap();
        assert_eq!(fourth.closed().await, Some(4429));
    }
    alice.close().await;
    until("room for one more", async || {
        let query = format!("?token={}", common::token("carol"));
        Client::dial(&node, &query).await.try_read().await.ok()
    })
    .await;
}

/// Requests of one connection that wait for their answer are bounded; each of them is answered.
#[tokio::test]
async fn a_connection_has_so_many_requests_in_flight() {
    let flags = [
        "--session-in-flight-max",
        "3",
        "--storage-commit-wait",
        "500ms",
    ];
    let node = Node::start(&flags).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let mut begun = Vec::new();
    for n in 0..10 {
        let fields = json!({ "conversation": conversation, "text": n.to_string() });
        begun.push(alice.begin("send", &fields).await);
    }
    let mut codes = Vec::new();
    for id in begun {
        let reply = alice.reply(id).await;
        codes.push(reply["code"].as_str().unwrap_or("ok").to_owned());
    }
    let expected: Vec<_> = ["ok"; 3]
        .into_iter()
        .chain(["TOO_MANY_IN_FLIGHT"; 7])
        .collect();
    assert_eq!(codes, expected);
    alice.say(&conversation, "again").await;
}

/// A flood of frames ends one connection at most, and none of the others.
#[tokio::test]
async fn a_flood_costs_the_flooder_alone() {
    let node = Node::start(&["--policy-limits", "message.send=1000000 per 1s"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("flooder").await;
    let mut flooder = Raw::connect(&node).await.sign_in("flooder").await;
    let fields = json!({ "type": "send", "id": 1, "conversation": conversation, "text": "flood" });
    let frame = common::Frame::text(fields.to_string().as_bytes()).encode();
    let burst = frame.repeat(5000);
    let _may_be_closed_meanwhile = flooder.write(&burst).await;
    alice.hears("flood").await;
    for n in 0..20 {
        alice.say(&conversation, &n.to_string()).await;
    }
    alice.settle().await;
    Client::connect(&node, "bob").await.settle().await;
}

/// Bodies have a bound of their own, however they are sent.
#[tokio::test]
async fn a_body_is_bounded() {
    let node = Node::start(&["--http-body-max", "4KiB"]).await;
    let alice = Rest::new(&node, "alice");
    let fits = json!({ "user": "bob", "text": "x".repeat(3000) });
    alice.post("/v1/messages", fits).await.ok();
    let large = json!({ "user": "bob", "text": "x".repeat(5000) }).to_string();
    let whole = alice.request(Method::POST, "/v1/messages").body(large);
    let refused = rest_send(whole).await;
    assert_eq!((refused.status, refused.code()), (413, "TOO_LARGE"));

    // In chunks, with no length to be known by.
    let mut chunked = Raw::connect(&node).await;
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        common::token("alice")
    );
    assert!(chunked.write(head.as_bytes()).await);
    for _ in 0..8 {
        let _may_be_answered_already = chunked
            .write(format!("400\r\n{}\r\n", " ".repeat(1024)).as_bytes())
            .await;
    }
    let head = chunked.head().await;
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    alice.get("/v1/me").await.ok();
}
