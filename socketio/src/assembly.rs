//! Puts binary packets together: a text that announces attachments, and those. Plain state; the clock is the caller's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::Value;

use crate::{
    Limits,
    packet::{BadPacket, Kind, Packet},
};

/// The packet that is coming in, if one is.
#[derive(Debug, Default)]
pub struct Assembly {
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    packet: Packet,
    attachments: Vec<Bytes>,
    n_wanted: usize,
    /// Seen by [`Assembly::is_late`] for the first time.
    since: Option<Instant>,
}

impl Assembly {
    /// Takes a text. `None`: attachments have to follow.
    ///
    /// # Errors
    ///
    /// It is no packet, or comes amid another one.
    pub fn text(
        &mut self,
        text: &ByteString,
        limits: &Limits,
    ) -> Result<Option<Packet>, BadPacket> {
        if self.partial.is_some() {
            return Err(BadPacket::TextAmid);
        }
        let (packet, n_wanted) = Packet::decode(text, limits)?;
        if !matches!(text.as_bytes().first(), Some(b'5' | b'6')) {
            return Ok(Some(packet));
        }
        check_placeholders(&packet, n_wanted)?;
        // Complete already, and nothing is to be kept of it (GHSA-2m8v-j782-fhvr).
        if n_wanted == 0 {
            return Ok(Some(packet));
        }
        self.partial = Some(Partial {
            packet,
            attachments: Vec::with_capacity(n_wanted),
            n_wanted,
            since: None,
        });
        Ok(None)
    }

    /// Takes an attachment. `None`: more have to follow.
    ///
    /// # Errors
    ///
    /// None was announced.
    pub fn binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, BadPacket> {
        let partial = self.partial.as_mut().ok_or(BadPacket::UnexpectedBinary)?;
        partial.attachments.push(bytes);
        let whole = self
            .partial
            .take_if(|partial| partial.attachments.len() == partial.n_wanted);
        Ok(whole.map(|whole| {
            let mut packet = whole.packet;
            if let Kind::Event(event) | Kind::Ack(event) = &mut packet.kind {
                event.attachments = whole.attachments;
            }
            packet
        }))
    }

    /// Whether a packet has been incomplete for too long. To be asked now and then; counts from the first time.
    pub fn is_late(&mut self, now: Instant, timeout: Duration) -> bool {
        let Some(partial) = &mut self.partial else {
            return false;
        };
        now - *partial.since.get_or_insert(now) >= timeout
    }
}

/// Each placeholder has to stand for one of the attachments (GHSA-qm95-pgcg-qqfq).
fn check_placeholders(packet: &Packet, n_attachments: usize) -> Result<(), BadPacket> {
    let (Kind::Event(event) | Kind::Ack(event)) = &packet.kind else {
        return Err(BadPacket::Payload);
    };
    // Bounds the depth too, at 128.
    let value: Value = serde_json::from_str(&event.arguments).map_err(|_| BadPacket::Payload)?;
    if fit(&value, n_attachments as u64) {
        Ok(())
    } else {
        Err(BadPacket::Placeholder)
    }
}

fn fit(value: &Value, n_attachments: u64) -> bool {
    match value {
        Value::Array(values) => values.iter().all(|value| fit(value, n_attachments)),
        Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => fields
            .get("num")
            .and_then(Value::as_u64)
            .is_some_and(|number| number < n_attachments),
        Value::Object(fields) => fields.values().all(|value| fit(value, n_attachments)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    const TWO: &str =
        r#"52-7["a",{"_placeholder":true,"num":1},[{"x":{"_placeholder":true,"num":0}}]]"#;

    fn text(assembly: &mut Assembly, text: &str) -> Result<Option<Packet>, BadPacket> {
        assembly.text(&text.into(), &Limits::default())
    }

    fn one(byte: u8) -> Bytes {
        Bytes::copy_from_slice(&[byte])
    }

    #[test]
    fn attachments_complete_a_packet() {
        let mut assembly = Assembly::default();
        assert_eq!(text(&mut assembly, TWO), Ok(None));
        assert_eq!(assembly.binary(one(1)), Ok(None));
        let packet = assembly.binary(one(2)).unwrap().unwrap();
        let event = Event {
            id: Some(7),
            arguments: TWO[4..].into(),
            attachments: vec![one(1), one(2)],
        };
        assert_eq!(packet.kind, Kind::Event(event));
        assert!(text(&mut assembly, r#"2["a"]"#).unwrap().is_some());
        assert_eq!(assembly.binary(one(3)), Err(BadPacket::UnexpectedBinary));
    }

    /// CVE-2026-33151, GHSA-677m-j7p3-52f9: as many attachments as a client liked.
    #[test]
    fn attachments_are_bounded() {
        let mut assembly = Assembly::default();
        assert!(text(&mut assembly, r#"510-["a"]"#).is_ok());
        for number in ["11", "100000000", "99999999999999999999"] {
            let packet = format!(r#"5{number}-["a"]"#);
            assert!(text(&mut Assembly::default(), &packet).is_err(), "{packet}");
        }
    }

    /// GHSA-2m8v-j782-fhvr: of a packet without attachments something was kept for ever.
    #[test]
    fn zero_attachments_are_complete_and_leave_nothing() {
        let mut assembly = Assembly::default();
        for _ in 0..2 {
            assert!(text(&mut assembly, r#"50-["a"]"#).unwrap().is_some());
            assert!(assembly.partial.is_none());
        }
        assert_eq!(assembly.binary(one(1)), Err(BadPacket::UnexpectedBinary));
    }

    /// GHSA-qm95-pgcg-qqfq: whatever stood for a number was believed.
    #[test]
    fn placeholders_stand_for_attachments() {
        for number in ["2", "-1", "0.5", "1e400", "\"0\"", "null", "[0]", "true"] {
            let packet = format!(r#"52-["a",{{"_placeholder":true,"num":{number}}}]"#);
            assert!(text(&mut Assembly::default(), &packet).is_err(), "{packet}");
        }
        let without = r#"51-["a",{"_placeholder":true}]"#;
        let bad = Err(BadPacket::Placeholder);
        assert_eq!(text(&mut Assembly::default(), without), bad);
        let none = r#"51-["a",{"_placeholder":false,"num":9}]"#;
        assert_eq!(
            text(&mut Assembly::default(), none),
            Ok(None),
            "no placeholder"
        );
    }

    /// A server of 2024 took text between a packet and its attachments for the packet's end.
    #[test]
    fn text_amid_attachments_is_an_error() {
        let mut assembly = Assembly::default();
        text(&mut assembly, TWO).unwrap();
        assert_eq!(text(&mut assembly, r#"2["a"]"#), Err(BadPacket::TextAmid));
    }

    /// GHSA-55mf-67qm-4wpg: a packet that is never completed was kept for ever.
    #[test]
    fn an_incomplete_packet_gets_late() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut assembly = Assembly::default();
        assert!(!assembly.is_late(start, second));
        text(&mut assembly, TWO).unwrap();
        assert!(!assembly.is_late(start + 10 * second, second));
        assembly.binary(one(1)).unwrap();
        assert!(assembly.is_late(start + 11 * second, second));
        assembly.binary(one(2)).unwrap();
        assert!(!assembly.is_late(start + 20 * second, second));
    }

    #[test]
    fn deep_json_is_refused_and_not_followed() {
        let deep = format!(r#"51-["a",{}{}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            text(&mut Assembly::default(), &deep),
            Err(BadPacket::Payload)
        );
    }
}
