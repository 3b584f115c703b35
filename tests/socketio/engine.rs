//! Engine.IO: handshakes, polling, WebSockets, heartbeats, upgrades, ends.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::json;

use crate::{
    client::{PING_TIMEOUT, Polling, Ws, suites},
    common::until,
};

const PATH: &str = "/engine.io/";

#[tokio::test]
async fn a_connection_opens_by_polling_and_by_websocket() {
    let polling = Polling::open(suites(), PATH, "").await;
    let mut open = polling.open.clone();
    let sid = open["sid"].take();
    assert!(sid.as_str().unwrap().len() >= 22, "128 bits at least");
    let told = json!({
        "sid": null, "upgrades": ["websocket"],
        "pingInterval": 300, "pingTimeout": 1000, "maxPayload": 1_000_000,
    });
    assert_eq!(open, told);
    let mut ws = Ws::open(suites(), PATH, "").await;
    let open = ws.read().await;
    assert!(
        open.starts_with('0') && open.contains(r#""upgrades":[]"#),
        "{open}"
    );
}

#[tokio::test]
async fn handshakes_that_are_none_are_refused_with_the_references_codes() {
    let ask = async |method: Method, query: &str| {
        let url = format!("http://{}{PATH}?{query}", suites());
        let answer = Client::new().request(method, url).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: serde_json::Value = answer.json().await.unwrap();
        (status, body["code"].as_u64().unwrap())
    };
    assert_eq!(ask(Method::GET, "").await, (400, 0));
    assert_eq!(ask(Method::GET, "EIO=4&transport=abc").await, (400, 0));
    let unknown = "EIO=4&transport=polling&sid=abc";
    assert_eq!(ask(Method::GET, unknown).await, (400, 1));
    assert_eq!(ask(Method::POST, unknown).await, (400, 1));
    assert_eq!(ask(Method::POST, "EIO=4&transport=polling").await, (400, 2));
    assert_eq!(ask(Method::PUT, "EIO=4&transport=polling").await, (400, 2));
    assert_eq!(
        ask(Method::GET, "EIO=4&transport=websocket").await,
        (400, 3)
    );
    assert_eq!(
        ask(Method::GET, "EIO=4&transport=polling&j=0").await,
        (400, 3)
    );
    assert_eq!(ask(Method::GET, "EIO=3&transport=polling").await, (400, 5));
    assert!(Ws::try_open(suites(), PATH, "&sid=abc").await.is_none());
}

#[tokio::test]
async fn the_path_is_exact() {
    let status = async |path: &str| {
        let url = format!("http://{}{path}?EIO=4&transport=polling", suites());
        reqwest::get(url).await.unwrap().status()
    };
    assert_eq!(status("/engine.io").await, StatusCode::OK);
    assert_eq!(status("/engine.io/").await, StatusCode::OK);
    for path in [
        "/engine.io-admin",
        "/engine.io-admin/",
        "/engine.io/x",
        "/engine.iox",
    ] {
        assert_eq!(status(path).await, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn payloads_go_there_and_back() {
    let polling = Polling::open(suites(), PATH, "").await;
    assert_eq!(polling.post("4h\u{e9}\u{1e}bAQIDBA==\u{1e}4c").await, 200);
    let packets = polling.packets().await.unwrap();
    assert_eq!(packets, ["4h\u{e9}", "bAQIDBA==", "4c"]);
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.message("0").await;
    ws.send("4hello").await;
    assert_eq!(ws.message("4").await, "4hello");
    ws.send_bytes(&[1, 2]).await;
    assert_eq!(ws.message("b").await, r#"b"\x01\x02""#);
}

#[tokio::test]
async fn a_body_that_is_too_long_ends_the_connection() {
    let polling = Polling::open(suites(), PATH, "").await;
    let status = polling.post("4".repeat(1_000_001)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(polling.is_over().await);
    let polling = Polling::open(suites(), PATH, "").await;
    let many = ["6"; 257].join("\u{1e}");
    assert_eq!(polling.post(many).await, 400);
    assert!(polling.is_over().await);
    let polling = Polling::open(suites(), PATH, "").await;
    assert_eq!(polling.post(["6"; 256].join("\u{1e}")).await, 200);
}

#[tokio::test]
async fn a_websocket_message_that_is_too_long_closes_it() {
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.send(&"4".repeat(1_000_010)).await;
    ws.closed().await;
}

#[tokio::test]
async fn a_second_poll_ends_both() {
    let polling = Polling::open(suites(), PATH, "").await;
    let (first, second) = tokio::join!(polling.packets(), polling.packets());
    let ends = [first, second];
    let closed: Result<_, StatusCode> = Ok(vec!["1".to_owned()]);
    assert!(ends.contains(&closed), "{ends:?}");
    assert!(ends.contains(&Err(StatusCode::BAD_REQUEST)), "{ends:?}");
    assert!(polling.is_over().await);
}

#[tokio::test]
async fn a_cancelled_poll_ends_the_connection() {
    let polling = Polling::open(suites(), PATH, "").await;
    let cancelled = tokio::time::timeout(Duration::from_millis(50), polling.poll()).await;
    assert!(cancelled.is_err(), "there was nothing to send");
    let begun = Instant::now();
    until("the end of the connection", async || {
        polling.is_over().await.then_some(())
    })
    .await;
    // Its ping would have ended it too, but not so soon.
    assert!(begun.elapsed() < PING_TIMEOUT, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nonsense_ends_the_connection() {
    for body in ["abc", "", "2", "4a\u{1e}"] {
        let polling = Polling::open(suites(), PATH, "").await;
        assert_eq!(polling.post(body).await, 400, "{body:?}");
        assert!(polling.is_over().await, "{body:?}");
    }
    let polling = Polling::open(suites(), PATH, "").await;
    assert_eq!(polling.post(vec![b'4', 0xff]).await, 400);
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.send("abc").await;
    ws.closed().await;
}

#[tokio::test]
async fn pings_keep_a_connection_and_their_want_ends_it() {
    let polling = Polling::open(suites(), PATH, "").await;
    for _ in 0..3 {
        assert_eq!(polling.packets().await.unwrap(), ["2"]);
        assert_eq!(polling.post("3").await, 200);
    }
    assert_eq!(polling.packets().await.unwrap(), ["2"]);
    assert_eq!(polling.packets().await.unwrap(), ["1"], "no pong came");
    assert!(polling.is_over().await);

    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.message("0").await;
    for _ in 0..2 {
        assert_eq!(ws.read().await, "2");
        ws.send("3").await;
    }
    assert_eq!(ws.read().await, "2");
    assert_eq!(ws.try_read().await, None);
}

#[tokio::test]
async fn a_client_may_leave() {
    let polling = Polling::open(suites(), PATH, "").await;
    assert_eq!(polling.post("1").await, 200);
    assert!(polling.is_over().await);
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.send("1").await;
    ws.closed().await;
}

#[tokio::test]
async fn a_connection_moves_to_a_websocket() {
    let polling = Polling::open(suites(), PATH, "").await;
    let sid = format!("&sid={}", polling.sid());
    let mut ws = Ws::open(suites(), PATH, &sid).await;
    ws.send("2probe").await;
    assert_eq!(ws.read().await, "3probe");
    assert_eq!(polling.packets().await.unwrap(), ["6"], "let go at once");
    ws.send("5").await;
    ws.send("4hello").await;
    assert_eq!(ws.message("4").await, "4hello");

    // What still polls, posts or wants to upgrade is refused, and changes nothing.
    assert_eq!(polling.packets().await, Err(StatusCode::BAD_REQUEST));
    assert_eq!(polling.post("4late").await, 400);
    let mut second = Ws::open(suites(), PATH, &sid).await;
    second.closed().await;
    ws.send("4still").await;
    assert_eq!(ws.message("4").await, "4still");
}

#[tokio::test]
async fn a_websocket_that_stops_answering_is_shut_down() {
    let ws = Ws::open(suites(), PATH, "").await;
    let frozen = ws.freeze();
    let socket = match frozen.get_ref() {
        tokio_tungstenite::MaybeTlsStream::Plain(stream) => stream,
        _ => panic!("no TLS here"),
    };
    // Nobody reads the close frame, nor answers it.
    let gone = async || socket.peek(&mut [0; 4096]).await.ok().filter(|&n| n > 0);
    until("bytes that nobody reads", gone).await;
    until("the end of the socket", async || {
        let mut bytes = vec![0; 4096];
        match socket.try_read(&mut bytes) {
            Ok(0) => Some(()),
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => Some(()),
            _ => None,
        }
    })
    .await;
}
