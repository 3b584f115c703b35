//! Bytes that break RFC 6455, or its spirit.

use serde_json::json;

use crate::common::{Client, Frame, Node, Raw};

const PING: &[u8] = br#"{"type":"ping","id":1}"#;

fn fragment(opcode: u8, payload: &[u8]) -> Frame<'_> {
    Frame {
        fin: false,
        opcode,
        ..Frame::text(payload)
    }
}

fn frame(opcode: u8, payload: &[u8]) -> Frame<'_> {
    Frame {
        opcode,
        ..Frame::text(payload)
    }
}

/// A frame's head that announces so many bytes, without them.
fn head_of(n_bytes: u64) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | 127];
    bytes.extend(n_bytes.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// G10: what breaks the protocol ends the connection with the code for it, and no other connection.
#[tokio::test]
async fn broken_frames_end_their_connection_alone() {
    let node = Node::start(&[]).await;
    let mut witness = Client::connect(&node, "witness").await;
    let mut cases: Vec<(String, Vec<u8>, u16)> = Vec::new();
    let mut case = |what: &str, frames: &[Frame<'_>], code| {
        let bytes = frames.iter().flat_map(Frame::encode).collect();
        cases.push((what.to_owned(), bytes, code));
    };
    case("binary", &[frame(2, PING)], 1003);
    case("fragmented binary", &[fragment(2, PING)], 1003);
    case("bad UTF-8", &[frame(1, b"{\"type\":\"\xff\"}")], 1007);
    case("a surrogate as UTF-8", &[frame(1, b"\xed\xa0\x80")], 1007);
    case(
        "bad UTF-8 in fragments",
        &[fragment(1, b"caf\xc3"), frame(0, b"x")],
        1007,
    );
    case(
        "half a character at the end",
        &[fragment(1, b"x"), frame(0, b"caf\xc3")],
        1007,
    );
    case("a continuation of nothing", &[frame(0, PING)], 1002);
    case("a fragment of nothing", &[fragment(0, PING)], 1002);
    case(
        "a message in a message",
        &[fragment(1, b"{"), frame(1, PING)],
        1002,
    );
    case(
        "a beginning in a message",
        &[fragment(1, b"{"), fragment(1, PING)],
        1002,
    );
    case("a fragmented ping", &[fragment(9, b"x")], 1002);
    case("a ping that is too long", &[frame(9, &[b'x'; 126])], 1002);
    case("too many bytes", &[frame(1, &[b' '; 65_537])], 1009);
    let part = [b' '; 33_000];
    case(
        "too many bytes in fragments",
        &[fragment(1, &part), frame(0, &part)],
        1009,
    );
    let many: Vec<_> = (0..129).map(|n| fragment(u8::from(n == 0), b" ")).collect();
    case("too many fragments", &many, 1009);
    for reserved in 1..8 {
        let frame = Frame {
            reserved,
            ..Frame::text(PING)
        };
        case(&format!("reserved bits {reserved:03b}"), &[frame], 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        case(&format!("opcode {opcode}"), &[frame(opcode, PING)], 1002);
    }
    let unmasked = Frame {
        masked: false,
        ..Frame::text(PING)
    };
    case("no mask", &[unmasked], 1002);
    cases.push(("ten megabytes announced".into(), head_of(10_000_000), 1009));

    for (what, bytes, code) in cases {
        let mut broken = Raw::connect(&node).await.sign_in("broken").await;
        broken.write(&bytes).await;
        assert_eq!(broken.closed().await, Some(code), "{what}");
        witness.settle().await;
    }
    node.metric_becomes("parlour_connections", |n| n == 1).await;
}

/// G10: what is odd and allowed works: a character over two fragments, a ping between them, the longest message.
#[tokio::test]
async fn odd_frames_that_are_allowed_work() {
    let node = Node::start(&[]).await;
    let mut odd = Raw::connect(&node).await.sign_in("odd").await;
    let text = json!({ "type": "send", "id": "ü", "user": "bob", "text": "café" }).to_string();
    let (first, rest) = text.as_bytes().split_at(text.find('é').unwrap() + 1);
    let (middle, last) = rest.split_at(1);
    let long = [PING, &vec![b' '; 65_536 - PING.len()]].concat();
    let frames = [
        fragment(1, first),
        frame(9, b"between"),
        fragment(0, middle),
        fragment(0, b""),
        frame(0, last),
        frame(1, &long),
    ];
    for frame in frames {
        assert!(odd.write_frame(&frame).await);
    }
    let (mut sent, mut ponged, mut pinged) = (false, false, false);
    while !(sent && ponged && pinged) {
        let (opcode, payload) = odd.frame().await.expect("the connection stays");
        let text = String::from_utf8(payload).unwrap();
        match opcode {
            10 => ponged = text == "between",
            1 => {
                sent |= text.contains(r#""id":"ü""#) && text.contains("café");
                pinged |= text.contains(r#"{"type":"ok","id":1"#);
            }
            _ => panic!("{opcode} {text}"),
        }
    }
}

/// G10: the real thing and not only its head: megabytes, and a hundred thousand fragments. The node may be gone before
/// all of it was written, and its close frame lost by that; never is it read on.
#[tokio::test]
async fn floods_of_bytes_and_fragments_are_cut_off() {
    let node = Node::start(&[]).await;
    let mut witness = Client::connect(&node, "witness").await;
    let megabytes = Frame::text(&vec![b'x'; 10_000_000]).encode();
    let mut fragments = fragment(1, b"{").encode();
    for _ in 0..100_000 {
        fragments.extend(fragment(0, b" ").encode());
    }
    let before = node.resident_bytes();
    for bytes in [megabytes, fragments] {
        for _ in 0..5 {
            let mut flood = Raw::connect(&node).await.sign_in("flood").await;
            flood.write(&bytes).await;
            assert!(matches!(flood.closed().await, Some(1009) | None));
            witness.settle().await;
        }
    }
    node.metric_becomes("parlour_connections", |n| n == 1).await;
    let grown = node.resident_bytes().saturating_sub(before);
    assert!(grown < 8 * 1024 * 1024, "{grown} bytes");
}

/// A close is echoed, and a connection that just goes is cleaned up.
#[tokio::test]
async fn a_close_is_echoed() {
    let node = Node::start(&[]).await;
    let mut client = Raw::connect(&node).await.sign_in("closing").await;
    client.write_frame(&frame(8, &1000_u16.to_be_bytes())).await;
    assert_eq!(client.closed().await, Some(1000));
    drop(Raw::connect(&node).await.sign_in("going").await);
    node.metric_becomes("parlour_connections", |n| n == 0).await;
}

/// Browsers take a second close frame for a fault, and hide the code from their page.
#[tokio::test]
async fn the_node_says_close_once_however_the_peer_answers() {
    let node = Node::start(&[]).await;
    let mut client = Raw::connect(&node).await;
    assert!(client.write(&Raw::handshake_bytes("")).await);
    assert!(client.head().await.starts_with("HTTP/1.1 101"));
    let auth = br#"{"type":"auth","id":1,"token":"nonsense"}"#;
    assert!(client.write_frame(&Frame::text(auth)).await);
    let (opcode, payload) = loop {
        let frame = client.frame().await.unwrap();
        if frame.0 != 1 {
            break frame;
        }
    };
    assert_eq!(
        (opcode, &payload[..2]),
        (8, 4500_u16.to_be_bytes().as_slice())
    );
    let echo = Frame {
        opcode: 8,
        ..Frame::text(&payload[..2])
    };
    assert!(client.write_frame(&echo).await);
    assert_eq!(client.frame().await, None, "nothing follows a close");
}
