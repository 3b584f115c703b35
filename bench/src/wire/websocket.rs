//! The client's half of WebSocket (RFC 6455), as far as a chat node speaks it: text that isn't fragmented, pings, closes.
//!
//! Frames are looked at where they lie. What a node has no reason to send (fragments, extensions) is an error that says so.

use std::fmt::Write as _;

/// The key and its answer that RFC 6455 has as an example. A key is there to tell a WebSocket server from a cache, which the
/// answer does; there is no cache on the way to a node under load.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Longest head of an answer to the handshake.
pub(super) const HEAD_MAX: usize = 16 << 10;
/// Longest frame that is taken.
const FRAME_MAX: u64 = 64 << 20;

/// The request that opens a WebSocket. Extra headers end with a line break each.
pub(super) fn handshake(host: &str, target: &str, headers: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nUser-Agent: parlour-bench\r\n{headers}\r\n"
    )
}

/// What came of a handshake.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// The head isn't there yet.
    NotYet,
    /// Frames begin so many bytes further on.
    Open(usize),
    /// Refused, with this status line.
    Refused(String),
}

/// Reads the answer to a handshake.
pub(super) fn opened(bytes: &[u8]) -> Opened {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return match bytes.len() {
            0..HEAD_MAX => Opened::NotYet,
            _ => Opened::Refused("an answer without end".to_owned()),
        };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 101") {
        return Opened::Refused(status.to_owned());
    }
    let accepts = |line: &str| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == ACCEPT
        })
    };
    if lines.any(accepts) {
        Opened::Open(end + 4)
    } else {
        Opened::Refused("a server that doesn't speak WebSocket".to_owned())
    }
}

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    /// With its code, if it has one, and its reason.
    Close(Option<u16>, &'a [u8]),
    /// Bytes, or the answer to a ping: nothing that the bench asks for.
    Other,
}

/// What the front of some bytes is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A frame, which takes up so many of them.
    Frame(Frame<'a>, usize),
    /// A part of a frame that takes up so many; if its head isn't there either, at least so many.
    Part(usize),
}

/// Reads the frame at the front of `bytes`.
///
/// # Errors
///
/// It is none that a server should send.
pub(super) fn next(bytes: &[u8]) -> Result<Next<'_>, &'static str> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(Next::Part(2));
    };
    let (head, length) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (126, _) => return Ok(Next::Part(4)),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (127, _) => return Ok(Next::Part(10)),
        (length, _) => (2, u64::from(length)),
    };
    if second & 0x80 != 0 {
        return Err("a masked frame of a server");
    }
    if first & 0x70 != 0 {
        return Err("a frame of an extension that was not asked for");
    }
    if length > FRAME_MAX {
        return Err("a frame of more than 64 MiB");
    }
    let whole = head + usize::try_from(length).unwrap_or(usize::MAX);
    let Some(payload) = bytes.get(head..whole) else {
        return Ok(Next::Part(whole));
    };
    let frame = match first {
        0x81 => Frame::Text(payload),
        0x82 | 0x8a => Frame::Other,
        0x89 => Frame::Ping(payload),
        0x88 => match payload {
            [a, b, reason @ ..] => Frame::Close(Some(u16::from_be_bytes([*a, *b])), reason),
            _ => Frame::Close(None, b""),
        },
        0x01 | 0x02 | 0x00 | 0x80 => {
            return Err("a fragmented message, which this client doesn't read");
        }
        _ => return Err("a frame of an unknown kind"),
    };
    Ok(Next::Frame(frame, whole))
}

/// Frames of a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text = 0x81,
    Pong = 0x8a,
}

/// Adds a frame to what is to be sent, masked by `key`.
pub(super) fn add(out: &mut Vec<u8>, kind: Kind, payload: &[u8], key: [u8; 4]) {
    out.push(kind as u8);
    // Each length is in its range, so nothing is cut off.
    match payload.len() {
        length @ 0..126 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(key);
    let from = out.len();
    out.extend_from_slice(payload);
    // Four at a time, which compiles to wider steps than a cycle of the key does.
    for part in out[from..].chunks_mut(4) {
        part.iter_mut()
            .zip(key)
            .for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// What a close says, for people.
pub(super) fn reason(code: Option<u16>, reason: &[u8]) -> String {
    let mut text = code.map_or("closed".to_owned(), |code| code.to_string());
    if !reason.is_empty() {
        let _infallible = write!(text, " {}", String::from_utf8_lossy(reason));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame as a server sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut masked = Vec::new();
        add(&mut masked, Kind::Text, payload, [0; 4]);
        let head = masked.len() - payload.len() - 4;
        let mut frame = masked[..head].to_vec();
        (frame[0], frame[1]) = (first, frame[1] & 0x7f);
        frame.extend(payload);
        frame
    }

    proptest! {
        #[test]
        fn a_frame_is_read_once_all_of_it_is_there(payload in proptest::collection::vec(any::<u8>(), 0..70_000), more: Vec<u8>) {
            let whole = frame(0x81, &payload);
            let followed = [&whole[..], &more].concat();
            prop_assert_eq!(next(&followed), Ok(Next::Frame(Frame::Text(&payload), whole.len())));
            let lengths = [0, 1, 2, 3, 5, 9, whole.len() / 2, whole.len() - 1];
            for length in lengths.into_iter().filter(|length| *length < whole.len()) {
                let Ok(Next::Part(wanted)) = next(&whole[..length]) else {
                    panic!("{length}");
                };
                prop_assert!(length < wanted && wanted <= whole.len());
            }
        }

        #[test]
        fn no_bytes_of_a_server_end_the_client(bytes: Vec<u8>) {
            let _any = (next(&bytes), opened(&bytes));
        }

        #[test]
        fn what_is_masked_is_the_payload_again(payload: Vec<u8>, key: [u8; 4]) {
            let mut out = Vec::new();
            add(&mut out, Kind::Text, &payload, key);
            let masked = &out[out.len() - payload.len()..];
            let plain: Vec<u8> = masked.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            prop_assert_eq!(plain, payload);
        }
    }

    #[test]
    fn the_example_of_the_standard_is_sent() {
        let mut out = Vec::new();
        add(&mut out, Kind::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        let standard = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(out, standard);
    }

    #[test]
    fn other_frames_are_known_and_wrong_ones_refused() {
        let read = |first, payload: &[u8]| match next(&frame(first, payload)) {
            Ok(Next::Frame(Frame::Close(code, why), _)) => reason(code, why),
            other => format!("{other:?}"),
        };
        assert_eq!(
            read(0x88, b"\x11\x4dtoo many connections"),
            "4429 too many connections"
        );
        assert_eq!(read(0x88, b""), "closed");
        assert!(read(0x89, b"x").contains("Ping([120])"));
        assert!(read(0x8a, b"").contains("Other"));
        assert!(read(0x01, b"x").contains("fragmented"));
        assert!(read(0x80, b"x").contains("fragmented"));
        assert!(read(0x83, b"x").contains("unknown kind"));
        assert!(read(0xc1, b"x").contains("extension"));
        assert!(next(&[0x81, 0x80, 0, 0, 0, 0]).is_err());
        assert!(next(&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_handshake_is_judged_by_its_status_and_its_key() {
        let head =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-ACCEPT: {ACCEPT}\r\n\r\n");
        let n = head.len();
        assert_eq!(opened(format!("{head}\u{1}").as_bytes()), Opened::Open(n));
        assert_eq!(opened(&head.as_bytes()[..n - 1]), Opened::NotYet);
        let refused = opened(b"HTTP/1.1 401 Unauthorized\r\n\r\n{}");
        assert_eq!(
            refused,
            Opened::Refused("HTTP/1.1 401 Unauthorized".to_owned())
        );
        let no_websocket = opened(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        assert!(matches!(no_websocket, Opened::Refused(_)));
        assert!(matches!(opened(&[b'x'; HEAD_MAX]), Opened::Refused(_)));
    }
}
