//! The server's half of WebSocket (RFC 6455), as far as a broadcast needs it: the handshake, unfragmented texts, pings, closes.
//!
//! Does no I/O. Bytes are looked at where they lie, and unmasked there.

use std::ops::Range;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha1::{Digest as _, Sha1};

/// Longest head of a handshake.
const HEAD_MAX: usize = 16 << 10;
/// Longest text that is taken.
const TEXT_MAX: u64 = 64 << 10;
/// What RFC 6455 has appended to a client's key, so that no server answers rightly by chance.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub(super) const TEXT: u8 = 0x81;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PING: u8 = 0x89;
pub(super) const PONG: u8 = 0x8a;

/// A handshake.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The room that is asked for.
    pub(super) room: String,
    /// What to answer.
    pub(super) answer: String,
    /// Frames begin so many bytes further on.
    pub(super) length: usize,
}

/// Reads a handshake. `None`: not all of it is there.
///
/// # Errors
///
/// It is none.
pub(super) fn opening(bytes: &[u8]) -> Result<Option<Opening>, &'static str> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return match bytes.len() {
            0..HEAD_MAX => Ok(None),
            _ => Err("a head without end"),
        };
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that isn't text")?;
    let mut lines = head.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1));
    let query = target.and_then(|target| target.split_once('?'));
    let mut pairs = query.iter().flat_map(|(_, query)| query.split('&'));
    let room = pairs.find_map(|pair| pair.strip_prefix("room="));
    let key = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let (Some(room), Some(key)) = (room, key) else {
        return Err("no WebSocket at /?room=N");
    };
    Ok(Some(Opening {
        room: room.to_owned(),
        answer: format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept(key)
        ),
        length: end + 4,
    }))
}

fn accept(key: &str) -> String {
    BASE64_STANDARD.encode(Sha1::new().chain_update(key).chain_update(MAGIC).finalize())
}

/// Reads the frame at the front of `bytes`, and unmasks it where it lies: its kind, where its payload is, and how long all of it
/// is. `None`: not all of it is there.
///
/// # Errors
///
/// It is none that a client of a broadcast sends.
pub(super) fn next(bytes: &mut [u8]) -> Result<Option<(u8, Range<usize>)>, &'static str> {
    let (head, length) = match *bytes {
        [] | [_] => return Ok(None),
        [_, second, ..] if second & 0x80 == 0 => return Err("a frame that isn't masked"),
        [_, 0xfe, a, b, ..] => (4, u64::from(u16::from_be_bytes([a, b]))),
        [_, 0xff, a, b, c, d, e, f, g, h, ..] => (10, u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        [_, 0xfe | 0xff, ..] => return Ok(None),
        [_, second, ..] => (2, u64::from(second & 0x7f)),
    };
    let kind = bytes[0];
    if ![TEXT, CLOSE, PING, PONG].contains(&kind) {
        return Err("a frame that is no whole text, ping or close");
    }
    if length > TEXT_MAX {
        return Err("a text that is too long");
    }
    let payload = head + 4..head + 4 + usize::try_from(length).unwrap_or(usize::MAX);
    if bytes.len() < payload.end {
        return Ok(None);
    }
    let (head, rest) = bytes.split_at_mut(payload.start);
    let key = &head[head.len() - 4..];
    // Four at a time, which compiles to wider steps than a cycle of the key does.
    for part in rest[..payload.len()].chunks_mut(4) {
        part.iter_mut()
            .zip(key)
            .for_each(|(byte, mask)| *byte ^= mask);
    }
    Ok(Some((kind, payload)))
}

/// Adds a frame of the server to `out`.
pub(super) fn add(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    out.push(kind);
    // Each length is in its range, so nothing is cut off.
    match payload.len() {
        length @ 0..126 => out.push(length as u8),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a client sends it.
    fn masked(kind: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
        let mut frame = Vec::new();
        add(&mut frame, kind, payload);
        let head = frame.len() - payload.len();
        frame[1] |= 0x80;
        frame.splice(head..head, key);
        let bytes = frame[head + 4..].iter_mut().zip(key.iter().cycle());
        bytes.for_each(|(byte, mask)| *byte ^= mask);
        frame
    }

    #[test]
    fn the_example_of_the_standard_is_answered() {
        assert_eq!(
            accept("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn a_handshake_is_read_once_it_is_all_there() {
        let head = b"GET /?room=7&user=u HTTP/1.1\r\nHost: x\r\nsec-websocket-KEY: k\r\n\r\n";
        assert_eq!(opening(&head[..head.len() - 1]), Ok(None));
        let opened = opening(&[head, &b"more"[..]].concat()).unwrap().unwrap();
        assert_eq!((opened.room.as_str(), opened.length), ("7", head.len()));
        assert!(opened.answer.contains(&accept("k")));
        for wrong in [
            "GET / HTTP/1.1\r\nSec-WebSocket-Key: k\r\n\r\n",
            "GET /?room=7 HTTP/1.1\r\n\r\n",
        ] {
            assert!(opening(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(opening(&[b'x'; HEAD_MAX]).is_err());
    }

    #[test]
    fn a_frame_is_read_once_it_is_all_there_and_unmasked() {
        for length in [0, 1, 3, 125, 126, 200, 65_536] {
            let payload: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let mut frame = masked(TEXT, &payload, [1, 2, 3, 4]);
            for part in [0, 1, 2, 5, frame.len() - 1] {
                let mut part = frame[..part].to_vec();
                assert_eq!(next(&mut part), Ok(None), "{} of {length}", part.len());
            }
            frame.extend(b"more");
            let (kind, found) = next(&mut frame).unwrap().unwrap();
            assert_eq!((kind, &frame[found.clone()]), (TEXT, &payload[..]));
            assert_eq!(&frame[found.end..], b"more");
        }
    }

    #[test]
    fn what_no_client_of_a_broadcast_sends_is_refused() {
        let long = vec![b'x'; 65_537];
        for mut wrong in [
            masked(0x01, b"a part", [0; 4]),
            masked(0x82, b"bytes", [0; 4]),
            masked(TEXT, &long, [0; 4]),
            vec![TEXT, 1, b'x'],
        ] {
            assert!(next(&mut wrong).is_err(), "{:?}", &wrong[..3]);
        }
    }
}
