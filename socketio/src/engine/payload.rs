//! Polling payloads: several packets in one body. No state, no I/O.

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;

use super::packet::{BASE64, BadPacket, Frame, Packet};
use crate::Limits;

/// Between packets. It can't stand in JSON text.
const SEPARATOR: char = '\u{1e}';

/// Puts frames into the body of an answer.
pub fn encode(frames: &[Frame]) -> ByteString {
    let n_bytes = frames.iter().map(|frame| match frame {
        Frame::Text(text) => text.len() + 1,
        Frame::Binary(bytes) => bytes.len().div_ceil(3) * 4 + 2,
    });
    let mut body = String::with_capacity(n_bytes.sum());
    for (i, frame) in frames.iter().enumerate() {
        if i > 0 {
            body.push(SEPARATOR);
        }
        match frame {
            Frame::Text(text) => body.push_str(text),
            Frame::Binary(bytes) => {
                body.push('b');
                BASE64.encode_string(bytes, &mut body);
            }
        }
    }
    body.into()
}

/// Reads the body of a client's request, a packet at a time.
///
/// # Errors
///
/// The body isn't UTF-8, or holds more packets than may be. What is wrong with a single packet is said when its turn comes.
pub fn decode(
    body: Bytes,
    limits: &Limits,
) -> Result<impl Iterator<Item = Result<Packet, BadPacket>> + use<>, BadPacket> {
    let body = ByteString::try_from(body).map_err(|_| BadPacket::Utf8)?;
    if body.matches(SEPARATOR).count() >= limits.packets_max {
        return Err(BadPacket::TooMany);
    }
    let bytes_max = limits.packet_bytes_max;
    let mut rest = Some(body);
    Ok(std::iter::from_fn(move || {
        let body = rest.take()?;
        let (packet, others) = match body.split_once(SEPARATOR) {
            Some((packet, others)) => (body.slice_ref(packet), Some(body.slice_ref(others))),
            None => (body, None),
        };
        rest = others;
        // The type's digit, and the base64 of a binary packet, don't count.
        let n_bytes = match packet.as_bytes().first() {
            Some(b'b') => (packet.len() - 1) / 4 * 3,
            _ => packet.len().saturating_sub(1),
        };
        Some(if n_bytes > bytes_max {
            Err(BadPacket::TooLong)
        } else {
            Packet::decode(&packet)
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], limits: &Limits) -> Result<Vec<Packet>, BadPacket> {
        decode(Bytes::copy_from_slice(body), limits)?.collect()
    }

    #[test]
    fn text_and_binary_stand_side_by_side() {
        let body = "4hello\u{1e}2\u{1e}4w\u{f6}rld\u{1e}bAQIDBA==";
        let packets = read(body.as_bytes(), &Limits::default()).unwrap();
        let binary = Bytes::from_static(&[1, 2, 3, 4]);
        assert_eq!(
            packets,
            [
                Packet::Text("hello".into()),
                Packet::Ping { probe: false },
                Packet::Text("w\u{f6}rld".into()),
                Packet::Binary(binary.clone()),
            ]
        );
        let frames = [
            Frame::Text("4hello".into()),
            Frame::Text("2".into()),
            Frame::Text("4w\u{f6}rld".into()),
            Frame::Binary(binary),
        ];
        assert_eq!(encode(&frames), body);
        assert_eq!(encode(&[]), "");
    }

    #[test]
    fn bodies_that_are_none() {
        let limits = Limits::default();
        assert_eq!(read(b"", &limits), Err(BadPacket::Empty));
        assert_eq!(read(b"4a\x1e", &limits), Err(BadPacket::Empty));
        assert_eq!(read(b"4\xff", &limits), Err(BadPacket::Utf8));
        assert_eq!(read(b"4a\x1eabc", &limits), Err(BadPacket::UnknownType));
    }

    #[test]
    fn number_and_length_are_bounded() {
        let limits = Limits {
            packets_max: 3,
            packet_bytes_max: 6,
            ..Limits::default()
        };
        assert_eq!(read(b"3\x1e3\x1e3", &limits).map(|p| p.len()), Ok(3));
        assert_eq!(
            read(b"3\x1e3\x1e3\x1e3", &limits),
            Err(BadPacket::TooMany),
            "before any of them is looked at"
        );
        assert!(read(b"4123456", &limits).is_ok());
        assert_eq!(read(b"41234567", &limits), Err(BadPacket::TooLong));
        assert!(read(b"bAAAAAAAA", &limits).is_ok());
        assert_eq!(read(b"bAAAAAAAAAAAA", &limits), Err(BadPacket::TooLong));
    }
}
