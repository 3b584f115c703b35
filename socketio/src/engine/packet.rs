//! The packets of Engine.IO, as they stand in WebSocket frames. No state, no I/O.
//!
//! What a client sends becomes a [`Packet`]; what it is sent is a [`Frame`] that is complete as it is, so that
//! what many are sent can be encoded once and shared.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use bytestring::ByteString;

/// Clients pad, as the reference does; that server takes both.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One packet for a client, as a WebSocket frame carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A type digit and what follows it, such as `42["hello"]`. Must not contain U+001E, which separates
    /// packets in polling; JSON never does.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
}

pub(super) const CLOSE: Frame = Frame::Text(ByteString::from_static("1"));
pub(super) const PING: Frame = Frame::Text(ByteString::from_static("2"));
pub(super) const PROBE_ANSWER: Frame = Frame::Text(ByteString::from_static("3probe"));
pub(super) const NOOP: Frame = Frame::Text(ByteString::from_static("6"));

/// What a client may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// `0`: only servers send it.
    Open,
    /// `1`: the connection ends.
    Close,
    /// `2`: before an upgrade, with `probe`.
    Ping {
        /// It is the upgrade's.
        probe: bool,
    },
    /// `3`: the answer to a ping.
    Pong,
    /// `4`: text for whoever is above, without the digit.
    Text(ByteString),
    /// Bytes for whoever is above.
    Binary(Bytes),
    /// `5`: the upgrade is complete.
    Upgrade,
    /// `6`: nothing.
    Noop,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// There is no type.
    #[error("an empty packet")]
    Empty,
    /// There is another character where the type stands.
    #[error("an unknown packet type")]
    UnknownType,
    /// What follows a `b` isn't base64.
    #[error("bad base64")]
    Base64,
    /// The text isn't UTF-8.
    #[error("bad UTF-8")]
    Utf8,
    /// A packet is longer than may be.
    #[error("a packet that is too long")]
    TooLong,
    /// There are more packets than may be.
    #[error("too many packets")]
    TooMany,
}

impl Packet {
    /// Reads the text of a WebSocket frame, or one packet of a polling payload.
    ///
    /// # Errors
    ///
    /// It is no packet.
    pub fn decode(text: &ByteString) -> Result<Self, BadPacket> {
        let kind = text.as_bytes().first().ok_or(BadPacket::Empty)?;
        // After the first byte, and no sooner, there is a character boundary: the digits are ASCII.
        let rest = |text: &ByteString| text.slice_ref(&text[1..]);
        Ok(match kind {
            b'0' => Self::Open,
            b'1' => Self::Close,
            b'2' => Self::Ping {
                probe: &text[1..] == "probe",
            },
            b'3' => Self::Pong,
            b'4' => Self::Text(rest(text)),
            b'5' => Self::Upgrade,
            b'6' => Self::Noop,
            b'b' => {
                let bytes = BASE64.decode(&text[1..]).map_err(|_| BadPacket::Base64)?;
                Self::Binary(bytes.into())
            }
            _ => return Err(BadPacket::UnknownType),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Packet, BadPacket> {
        Packet::decode(&text.into())
    }

    #[test]
    fn each_type_is_read() {
        assert_eq!(decode("1"), Ok(Packet::Close));
        assert_eq!(decode("2"), Ok(Packet::Ping { probe: false }));
        assert_eq!(decode("2probe"), Ok(Packet::Ping { probe: true }));
        assert_eq!(decode("3"), Ok(Packet::Pong));
        assert_eq!(decode("4"), Ok(Packet::Text("".into())));
        assert_eq!(decode("4h\u{e9}"), Ok(Packet::Text("h\u{e9}".into())));
        assert_eq!(decode("5"), Ok(Packet::Upgrade));
        let binary = Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(decode("bAQIDBA=="), Ok(binary.clone()));
        assert_eq!(decode("bAQIDBA"), Ok(binary));
    }

    /// engineioxide 0.2.3 panicked on a multibyte first character, and on `b` alone.
    #[test]
    fn multibyte_and_b_alone_do_not_panic() {
        for text in ["\u{e9}", "\u{1f600}abcdef", "\u{1f600}"] {
            assert_eq!(decode(text), Err(BadPacket::UnknownType));
        }
        assert_eq!(decode("b"), Ok(Packet::Binary(Bytes::new())));
        assert_eq!(decode("b\u{e9}"), Err(BadPacket::Base64));
        assert_eq!(decode("b="), Err(BadPacket::Base64));
        assert_eq!(decode(""), Err(BadPacket::Empty));
        assert_eq!(decode("abc"), Err(BadPacket::UnknownType));
    }
}
