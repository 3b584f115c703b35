//! `/socket.io/` under attack by many requests, where `socketio/bugs.rs` has the single malformed ones: every flood is
//! bounded, costs its author alone, and leaves nothing behind.

use futures_util::{StreamExt as _, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::{Client, Node, Plain, Raw, token, until};

const PATH: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// As many requests at once as one process of an attacker makes.
const AT_ONCE: usize = 32;

/// Opens connections by polling. Returns the ids of their sessions, and how many were refused.
async fn open_many(node: &Node, n: usize) -> (Vec<String>, usize) {
    let http = reqwest::Client::new();
    let url = node.url(PATH);
    let opened: Vec<_> = stream::iter(0..n)
        .map(|_| http.get(&url).send())
        .buffer_unordered(AT_ONCE)
        .then(async |answer| {
            let answer = answer.unwrap();
            match answer.status() {
                StatusCode::OK => Some(sid(&answer.text().await.unwrap())),
                StatusCode::TOO_MANY_REQUESTS => None,
                other => panic!("{other}"),
            }
        })
        .collect()
        .await;
    let n_refused = opened.iter().filter(|sid| sid.is_none()).count();
    (opened.into_iter().flatten().collect(), n_refused)
}

/// The session that an open packet is of.
fn sid(open: &str) -> String {
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

/// Opens a connection by polling, and signs in.
async fn signed_in(node: &Node, user: &str) -> String {
    let (mut sids, _) = open_many(node, 1).await;
    let url = node.url(&format!("{PATH}&sid={}", sids[0]));
    let auth = json!({ "token": token(user), "dialect": "gateway" });
    let http = reqwest::Client::new();
    let posted = http.post(&url).body(format!("40{auth}")).send().await;
    assert_eq!(posted.unwrap().status(), StatusCode::OK);
    let packets = http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(packets.starts_with("40{"), "{packets}");
    sids.remove(0)
}

async fn is_over(node: &Node, sid: &str) -> bool {
    let url = node.url(&format!("{PATH}&sid={sid}"));
    let posted = reqwest::Client::new().post(url).body("3").send().await;
    posted.unwrap().status() == StatusCode::BAD_REQUEST
}

/// Two others talk, as if nothing were the matter.
async fn others_are_served(node: &Node) {
    let mut carol = Client::connect(node, "carol").await;
    let mut dave = Client::connect(node, "dave").await;
    let id = carol.direct("dave").await;
    let said = carol.say(&id, "All quiet?").await;
    assert_eq!(dave.hears("All quiet?").await["message"]["id"], said["id"]);
    carol.close().await;
    dave.close().await;
}

/// G7: ten thousand who open a connection and say nothing more.
#[tokio::test]
async fn handshakes_that_never_connect() {
    const N: usize = 5000;
    let flags = [
        "--session-per-ip-max",
        "100000",
        "--session-auth-timeout",
        "2s",
    ];
    let node = Node::start(&flags).await;
    let mut resident = Vec::new();
    // The second time finds what the first one left.
    for _ in 0..2 {
        let (sids, n_refused) = open_many(&node, N).await;
        assert_eq!((sids.len(), n_refused), (N, 0));
        others_are_served(&node).await;
        let last = sids.last().unwrap();
        until("end of the newest of them", async || {
            is_over(&node, last).await.then_some(())
        })
        .await;
        for sid in sids.iter().step_by(100) {
            assert!(is_over(&node, sid).await, "{sid} outlived a newer one");
        }
        resident.push(node.resident_bytes());
    }
    let grown = resident[1].saturating_sub(resident[0]);
    assert!(grown < 8 << 20, "{N} more cost {grown} bytes for good");
}

/// G7: the same within the usual bound. Who comes from elsewhere doesn't notice, and places are free again soon.
#[tokio::test]
async fn one_address_has_so_many_places() {
    let flags = ["--session-per-ip-max", "10", "--session-auth-timeout", "1s"];
    let node = Node::start(&flags).await;
    let (sids, n_refused) = open_many(&node, 1000).await;
    assert!(
        sids.len() >= 10 && n_refused > 0,
        "{} of 1000 were let in",
        sids.len()
    );
    let elsewhere = reqwest::Client::builder().local_address(Some([127, 0, 0, 2].into()));
    let elsewhere = elsewhere.build().unwrap();
    let answer = elsewhere.get(node.url(PATH)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    until("free places", async || {
        (open_many(&node, 1).await.1 == 0).then_some(())
    })
    .await;
}

/// G7: a signed-in client posts packets as fast as it can. It may be answered or sent away; others are served.
#[tokio::test]
async fn floods_of_posts() {
    let flags = [
        // However slow the machine is that has to answer both at once.
        "--session-auth-timeout",
        "1m",
        // The index takes its memory with the first messages that others are served, and stops there
        // (`tests/search`): that is no flood's doing.
        "--no-search-enabled",
    ];
    let node = Node::start(&flags).await;
    let before = node.resident_bytes();
    let event = r#"42["sendMessage",{"conversationId":"7","content":"x"}]"#;
    for (name, body) in [
        ("pongs", vec!["3"; 256].join("\u{1e}")),
        ("events", vec![event; 256].join("\u{1e}")),
        ("too many packets", vec!["3"; 10_001].join("\u{1e}")),
        ("unknown events", vec![r#"421["x"]"#; 256].join("\u{1e}")),
        ("refused namespaces", vec!["40/x,"; 256].join("\u{1e}")),
    ] {
        let sid = signed_in(&node, "mallory").await;
        let url = node.url(&format!("{PATH}&sid={sid}"));
        let http = reqwest::Client::new();
        let (url, http, body) = (&url, &http, &body);
        let flood = async {
            for _ in 0..200 {
                let posted = http.post(url).body(body.clone()).send().await.unwrap();
                match posted.status() {
                    StatusCode::OK => {}
                    StatusCode::BAD_REQUEST => return,
                    other => panic!("{name}: {other}"),
                }
            }
        };
        tokio::join!(flood, others_are_served(&node));
        if name == "pongs" {
            // That is all allowed, and costs nothing.
            let left = http.post(url).body("1").send().await.unwrap();
            assert_eq!(left.status(), StatusCode::OK);
        }
        // Nothing fetched its answers: they were too many in the end.
        node.metric_becomes("parlour_connections", |n| n == 0).await;
    }
    let grown = node.resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes");
}

/// Many posts of one client at once: one is read, and the client that can't count is gone.
#[tokio::test]
async fn posts_at_once() {
    let node = Node::start(&[]).await;
    let sid = signed_in(&node, "mallory").await;
    let head = format!(
        "POST {PATH}&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
    );
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::connect(&node).await;
        assert!(raw.write(head.as_bytes()).await);
        waiting.push(raw);
    }
    until("end of it", async || {
        is_over(&node, &sid).await.then_some(())
    })
    .await;
    others_are_served(&node).await;
}

/// What comes before anybody is known is small, or the connection is gone.
#[tokio::test]
async fn huge_and_deep_auth() {
    let node = Node::start(&[]).await;
    let long = "x".repeat(60_000);
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let many: Vec<_> = (0..5000).map(|n| format!(r#""{n}":0"#)).collect();
    for auth in [
        json!({ "token": long }).to_string(),
        format!(r#"{{"token":{deep}}}"#),
        format!(r#"{{"x":{deep}}}"#),
        format!("{{{}}}", many.join(",")),
        deep.clone(),
    ] {
        let mut client = Plain::dial(&node, WEBSOCKET).await;
        client.send_text(format!("40{auth}")).await;
        let shown = &auth[..20];
        loop {
            match client.text().await {
                Ok(text) if text.starts_with("0{") => {}
                Ok(text) => {
                    break assert!(
                        text.starts_with("44{") && text.len() < 1000,
                        "{shown}: {text}"
                    );
                }
                Err(code) => break assert!(code.is_some(), "{shown}"),
            }
        }
    }
    let mut client = Plain::dial(&node, WEBSOCKET).await;
    client
        .send_text(format!(r#"40{{"token":"{}"}}"#, "x".repeat(70_000)))
        .await;
    assert_eq!(
        client.closed().await,
        Some(1009),
        "longer than a frame may be"
    );
    others_are_served(&node).await;
}

/// A connection has a few namespaces. Whoever asks for one after the other, and reads no refusal, is gone.
#[tokio::test]
async fn floods_of_namespaces() {
    let node = Node::start(&["--session-auth-timeout", "3s"]).await;
    let sid = signed_in(&node, "mallory").await;
    let url = node.url(&format!("{PATH}&sid={sid}"));
    let http = reqwest::Client::new();
    for round in 0..100 {
        let packets: Vec<_> = (0..100).map(|n| format!("40/{round}-{n},")).collect();
        let body = packets.join("\u{1e}");
        let posted = http.post(&url).body(body).send().await.unwrap();
        if posted.status() != StatusCode::OK {
            break;
        }
    }
    assert!(is_over(&node, &sid).await);
    // Over a WebSocket that is read, each is refused, in short, until the time to sign in is up.
    let mut client = Plain::dial(&node, WEBSOCKET).await;
    let mut n = 0;
    client.send_text("40/first,").await;
    let code = loop {
        match client.text().await {
            Ok(text) if text.starts_with("44/") => {
                assert!(text.len() < 1000, "{text}");
                n += 1;
                client.send_text(format!("40/{n},")).await;
            }
            Ok(_open_or_ping) => {}
            Err(code) => break code,
        }
    };
    assert_eq!((code, n > 0), (Some(4004), true));
    others_are_served(&node).await;
}

/// G7: a client that asks for packets and reads none of the answer's bytes. What it doesn't ask for any more is too much
/// one day; and the kernel ends its socket 30 seconds after it last took a byte (`http/kill.rs`), which is too long to
/// wait for here.
#[tokio::test]
async fn a_poll_that_nobody_reads() {
    let flags = [
        // Only the outbox's bound ends it here, not its silence.
        "--session-ping-interval",
        "10m",
        "--policy-limits",
        "message.send=100000 per 1s",
        "--session-outbox-max",
        "16MiB",
        "--policy-message-length-max",
        "40000",
    ];
    let node = Node::start(&flags).await;
    let sid = signed_in(&node, "mallory").await;
    let mut bob = Client::connect(&node, "bob").await;
    let long = json!({ "user": "mallory", "text": "x".repeat(40_000) });
    // More than the kernel takes for a socket.
    for _ in 0..200 {
        bob.ok("send", long.clone()).await;
    }
    let mut raw = Raw::connect_tiny(&node).await;
    let poll = format!("GET {PATH}&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(raw.write(poll.as_bytes()).await);
    // It is being answered; so much for the kernel, the rest waits.
    assert!(raw.head().await.starts_with("HTTP/1.1 200"));
    others_are_served(&node).await;
    // More than the outbox's bound, which nobody fetches.
    for _ in 0..500 {
        bob.ok("send", long.clone()).await;
    }
    node.metric_becomes("parlour_slow_clients_total", |n| n == 1)
        .await;
    bob.close().await;
    node.metric_becomes("parlour_connections", |n| n == 0).await;
}
