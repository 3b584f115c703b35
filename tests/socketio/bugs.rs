//! Known faults of other servers, each with its name: what they did over the wire must not happen here.
//!
//! Those of the codecs alone are tested beside them: in `socketio/src`, and `socketio/tests/engine.rs`.

use std::cell::Cell;

use reqwest::StatusCode;

use crate::{
    client::{Polling, Ws, suites},
    common::until,
};

const ENGINE: &str = "/engine.io/";
const SOCKET: &str = "/socket.io/";

async fn in_namespace() -> Ws {
    let mut ws = Ws::open(suites(), SOCKET, "").await;
    ws.send("40").await;
    ws.message(r#"42["auth""#).await;
    ws
}

/// CVE-2026-33151, GHSA-677m-j7p3-52f9 and GHSA-2m8v-j782-fhvr.
#[tokio::test]
async fn attachments_without_bound_and_without_any() {
    let mut ws = in_namespace().await;
    ws.send(r#"450-["message","none"]"#).await;
    assert_eq!(ws.message("42").await, r#"42["message-back","none"]"#);
    ws.send(r#"42["message","and on"]"#).await;
    assert_eq!(ws.message("42").await, r#"42["message-back","and on"]"#);
    ws.send(r#"411-["message"]"#).await;
    ws.closed().await;
    let mut ws = in_namespace().await;
    ws.send(r#"4511-["message"]"#).await;
    ws.closed().await;
}

/// GHSA-qm95-pgcg-qqfq.
#[tokio::test]
async fn placeholders_of_nothing() {
    for number in ["1", "-1", "\"0\"", "0.5"] {
        let mut ws = in_namespace().await;
        let place = format!(r#"451-["message",{{"_placeholder":true,"num":{number}}}]"#);
        ws.send(&place).await;
        ws.closed().await;
    }
}

/// GHSA-55mf-67qm-4wpg, the second half of it: a packet that is never completed.
#[tokio::test]
async fn a_packet_that_is_never_completed() {
    let mut ws = in_namespace().await;
    ws.send(r#"451-["message",{"_placeholder":true,"num":0}]"#)
        .await;
    loop {
        match ws.try_read().await.as_deref() {
            Some("2") => ws.send("3").await,
            Some(other) => panic!("{other}"),
            None => break,
        }
    }
}

/// GHSA-96hv-2xvq-fx4p and ws issue 2331: a message in a hundred thousand fragments of a byte.
#[tokio::test]
async fn fragments_of_a_byte() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(suites()).await.unwrap();
    let head = "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let first = [0x02, 0x81, 0, 0, 0, 0, b'x'];
    let next = [0x00, 0x81, 0, 0, 0, 0, b'x'];
    let flood = [&first[..], &next.repeat(131_000)].concat();
    let (mut reader, mut writer) = stream.split();
    let write = async {
        // The server need not read to the end.
        let _closed = writer.write_all(&flood).await;
    };
    let mut read = Vec::new();
    let _reset = tokio::join!(write, reader.read_to_end(&mut read)).1;
    let is_echo = read.windows(100).any(|bytes| bytes == [b'x'; 100]);
    assert!(!is_echo, "the message was put together");
}

/// core 0.2.3 of socketioxide: a panic on a packet that begins with several bytes, and on `b`.
#[tokio::test]
async fn multibyte_packets_and_b() {
    for packet in ["\u{e9}", "\u{1f600}abcdef", "b\u{e9}"] {
        let mut ws = Ws::open(suites(), ENGINE, "").await;
        ws.send(packet).await;
        ws.closed().await;
        let polling = Polling::open(suites(), ENGINE, "").await;
        assert_eq!(polling.post(packet).await, 400, "{packet}");
    }
    let polling = Polling::open(suites(), ENGINE, "").await;
    assert_eq!(polling.post("b").await, 200);
    assert_eq!(polling.packet("b").await, "b", "nothing, as bytes");
}

/// socketioxide issue 731: an upgrade that is begun and never completed.
#[tokio::test]
async fn upgrades_that_are_never_completed() {
    let polling = Polling::open(suites(), ENGINE, "").await;
    let sid = format!("&sid={}", polling.sid());
    let mut ws = Ws::open(suites(), ENGINE, &sid).await;
    // Polling goes on meanwhile, so the connection lives; no poll is cancelled, since that would end it.
    let is_closed = Cell::new(false);
    let keep_alive = async {
        while !is_closed.get() {
            assert_eq!(polling.packets().await.unwrap(), ["2"]);
            assert_eq!(polling.post("3").await, StatusCode::OK);
        }
    };
    let watch = async {
        ws.closed().await;
        is_closed.set(true);
    };
    tokio::join!(keep_alive, watch);
    let mut second = Ws::open(suites(), ENGINE, &sid).await;
    second.send("2probe").await;
    assert_eq!(second.read().await, "3probe", "another one may try");
}

/// A malformed session id opened a new session.
#[tokio::test]
async fn malformed_session_ids() {
    for sid in ["", "%00", "..", "%ff%fe", "x".repeat(4000).as_str()] {
        let url = format!(
            "http://{}{ENGINE}?EIO=4&transport=polling&sid={sid}",
            suites()
        );
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{sid}");
        assert!(
            answer.text().await.unwrap().contains(r#""code":1"#),
            "{sid}"
        );
    }
}

/// An extra pong made for a false timeout.
#[tokio::test]
async fn extra_pongs() {
    let mut ws = Ws::open(suites(), ENGINE, "").await;
    ws.message("0").await;
    for _ in 0..5 {
        ws.send("3").await;
        ws.send("3").await;
        assert_eq!(ws.read().await, "2");
        ws.send("3").await;
    }
}

/// Text that came between a packet and its attachments.
#[tokio::test]
async fn text_amid_attachments() {
    let mut ws = in_namespace().await;
    ws.send(r#"451-["message",{"_placeholder":true,"num":0}]"#)
        .await;
    ws.send(r#"42["message","in between"]"#).await;
    ws.closed().await;
}

/// A poll that is held while the connection moves to a WebSocket.
#[tokio::test]
async fn polls_held_during_an_upgrade() {
    let polling = Polling::open(suites(), ENGINE, "").await;
    let sid = format!("&sid={}", polling.sid());
    let mut ws = Ws::open(suites(), ENGINE, &sid).await;
    let (held, ()) = tokio::join!(polling.packets(), async {
        ws.send("2probe").await;
        assert_eq!(ws.read().await, "3probe");
    });
    assert_eq!(held.unwrap(), ["6"]);
    ws.send("5").await;
    ws.send("4moved").await;
    assert_eq!(ws.message("4").await, "4moved");
    until("an end to polling", async || {
        (polling.packets().await == Err(StatusCode::BAD_REQUEST)).then_some(())
    })
    .await;
}
