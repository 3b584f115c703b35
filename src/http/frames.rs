//! Frames as a server writes them: whole, and not masked (RFC 6455 section 5.2). Without I/O.
//!
//! actix-http can do it too, one message at a time. What many are sent is framed once here, and shared as bytes.

use bytes::{BufMut as _, Bytes, BytesMut};
use parlour_actors::{
    error::CloseCode,
    outbox::{Frame, Run},
};

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;

const HEAD_BYTES_MAX: usize = 10;

/// Adds what a connection is told.
pub fn put(bytes: &mut BytesMut, frame: &Frame) {
    match frame {
        Frame::Text(text) => put_one(bytes, TEXT, text.as_bytes()),
        Frame::Binary(payload) => put_one(bytes, BINARY, payload),
        Frame::Ping => put_one(bytes, PING, b""),
        Frame::Many(frames) => frames.iter().for_each(|frame| put(bytes, frame)),
        Frame::Run(run) => bytes.extend_from_slice(run.framed(of_run)),
    }
}

/// What a room tells many, as each of them is sent it.
pub fn of_run(run: &Run) -> Bytes {
    let mut bytes = BytesMut::new();
    run.frames().for_each(|frame| put(&mut bytes, frame));
    bytes.freeze()
}

/// Adds a close frame.
pub fn put_close(bytes: &mut BytesMut, code: CloseCode) {
    let reason = code.reason().as_bytes();
    put_one(
        bytes,
        CLOSE,
        &[&code.number().to_be_bytes(), reason].concat(),
    );
}

fn put_one(bytes: &mut BytesMut, kind: u8, payload: &[u8]) {
    const FINAL: u8 = 0x80;
    bytes.reserve(HEAD_BYTES_MAX + payload.len());
    bytes.put_u8(FINAL | kind);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(n @ 0..126), _) => bytes.put_u8(n),
        (_, Ok(n)) => {
            bytes.put_u8(126);
            bytes.put_u16(n);
        }
        _ => {
            bytes.put_u8(127);
            bytes.put_u64(payload.len() as u64);
        }
    }
    bytes.put_slice(payload);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_http::ws::{CloseCode as Code, Parser};
    use parlour_storage::ids::Position;

    use super::*;

    /// What actix-http's parser, as a client's, finds in it.
    fn parsed(bytes: &mut BytesMut) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        while let Some((is_final, code, payload)) = Parser::parse(bytes, false, usize::MAX).unwrap()
        {
            assert!(is_final);
            all.push((code.to_string(), payload.unwrap_or_default().to_vec()));
        }
        assert!(bytes.is_empty());
        all
    }

    #[test]
    fn frames_of_all_lengths_are_read_as_they_were_meant() {
        for n in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let text = "x".repeat(n);
            let mut bytes = BytesMut::new();
            put(&mut bytes, &Frame::Text(text.clone().into()));
            put(&mut bytes, &Frame::Binary(text.clone().into()));
            put(&mut bytes, &Frame::Ping);
            let text = text.into_bytes();
            let expected = [("TEXT", &text), ("BINARY", &text), ("PING", &Vec::new())];
            let expected = expected.map(|(code, payload)| (code.to_owned(), payload.clone()));
            assert_eq!(parsed(&mut bytes), expected, "{n}");
        }
    }

    #[test]
    fn a_run_is_all_of_its_frames_and_the_same_bytes_each_time() {
        let changes = ["one", "two"].map(|text| Frame::Text(text.into()));
        let changes = (1..).zip(changes);
        let changes = changes.map(|(n, frame)| (Position::new(n).unwrap(), frame));
        let run = Arc::new(Run::new(changes.collect()).unwrap());
        let mut bytes = BytesMut::new();
        put(&mut bytes, &Frame::Run(Arc::clone(&run)));
        let texts: Vec<_> = parsed(&mut bytes)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(texts, [b"one", b"two"]);
        assert_eq!(run.framed(of_run).as_ptr(), run.framed(of_run).as_ptr());
    }

    #[test]
    fn a_close_says_why() {
        let mut bytes = BytesMut::new();
        put_close(&mut bytes, CloseCode::Slow);
        let [(code, payload)] = &parsed(&mut bytes)[..] else {
            panic!("one frame")
        };
        assert_eq!(code, "CLOSE");
        let reason = Parser::try_parse_close_payload(payload).unwrap().unwrap();
        assert_eq!(reason.code, Code::from(CloseCode::Slow.number()));
        assert_eq!(
            reason.description.as_deref(),
            Some(CloseCode::Slow.reason())
        );
    }
}
