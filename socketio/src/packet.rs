//! The packets of Socket.IO, as they stand in the text messages of Engine.IO. No state, no I/O.
//!
//! Their JSON is looked at only as far as the protocol goes, and handed on as text: what it means is for the application,
//! which parses it anyway.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Event, Frame, Limits, Refusal};

/// The namespace that needs no naming.
pub const DEFAULT_NAMESPACE: &str = "/";

/// Names of events that mean something to clients and servers of the reference.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// One packet of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which namespace it is for, beginning with a slash.
    pub namespace: ByteString,
    /// What it says.
    pub kind: Kind,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client wants in, and shows this: the text of a JSON object.
    Connect(Option<ByteString>),
    /// The client leaves.
    Disconnect,
    /// Something happened.
    Event(Event),
    /// The answer to an event, whose id it has.
    Ack(Event),
}

/// Why a text is no packet, or binary data is none of its attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// Not one of the types that clients send.
    #[error("an unknown packet type")]
    UnknownType,
    /// The number of attachments is no number, or doesn't end.
    #[error("a bad number of attachments")]
    Attachments,
    /// There would be more attachments than may be.
    #[error("too many attachments")]
    TooManyAttachments,
    /// The namespace's name is too long.
    #[error("a namespace with too long a name")]
    Namespace,
    /// The id is missing or no number.
    #[error("a bad id")]
    Id,
    /// What follows is not the JSON that belongs there.
    #[error("a bad payload")]
    Payload,
    /// A placeholder stands for no attachment.
    #[error("a bad placeholder")]
    Placeholder,
    /// Something came between a packet and its attachments.
    #[error("text amid attachments")]
    TextAmid,
    /// No attachment was expected.
    #[error("an unexpected attachment")]
    UnexpectedBinary,
}

impl Packet {
    /// Reads a text message; returns how many attachments have to follow, too.
    ///
    /// # Errors
    ///
    /// It is no packet.
    pub fn decode(text: &ByteString, limits: &Limits) -> Result<(Self, usize), BadPacket> {
        let kind = *text.as_bytes().first().ok_or(BadPacket::UnknownType)?;
        if !matches!(kind, b'0'..=b'3' | b'5' | b'6') {
            return Err(BadPacket::UnknownType);
        }
        let mut rest = &text[1..];
        let mut n_attachments = 0;
        if matches!(kind, b'5' | b'6') {
            let (number, others) = rest.split_once('-').ok_or(BadPacket::Attachments)?;
            n_attachments = digits(number).ok_or(BadPacket::Attachments)?;
            if n_attachments > limits.attachments_max as u64 {
                return Err(BadPacket::TooManyAttachments);
            }
            rest = others;
        }
        let mut namespace = ByteString::from_static(DEFAULT_NAMESPACE);
        if rest.starts_with('/') {
            let (name, others) = rest.split_once(',').unwrap_or((rest, ""));
            if name.len() > limits.namespace_bytes_max {
                return Err(BadPacket::Namespace);
            }
            namespace = text.slice_ref(name);
            rest = others;
        }
        let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let id = match &rest[..n_digits] {
            "" => None,
            id => Some(digits(id).ok_or(BadPacket::Id)?),
        };
        let payload = &rest[n_digits..];
        let event = || Event {
            id,
            arguments: text.slice_ref(payload),
            attachments: Vec::new(),
        };
        let kind = match kind {
            b'0' if id.is_none() => Kind::Connect(auth(payload)?.then(|| text.slice_ref(payload))),
            b'1' if id.is_none() && payload.is_empty() => Kind::Disconnect,
            b'2' | b'5' => {
                check_event(payload)?;
                Kind::Event(event())
            }
            b'3' | b'6' => {
                array(payload)?;
                id.ok_or(BadPacket::Id)?;
                Kind::Ack(event())
            }
            _ => return Err(BadPacket::Payload),
        };
        // At most `attachments_max`, so it fits.
        Ok((Self { namespace, kind }, n_attachments as usize))
    }
}

/// A number of nothing but digits: `parse` alone takes a sign as well.
fn digits(text: &str) -> Option<u64> {
    let all = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| all)
}

/// Whether there is something, which is an object then.
fn auth(payload: &str) -> Result<bool, BadPacket> {
    if payload.is_empty() {
        return Ok(false);
    }
    let object: &RawValue = serde_json::from_str(payload).map_err(|_| BadPacket::Payload)?;
    if object.get().starts_with('{') {
        Ok(true)
    } else {
        Err(BadPacket::Payload)
    }
}

fn array(payload: &str) -> Result<Vec<&RawValue>, BadPacket> {
    serde_json::from_str(payload).map_err(|_| BadPacket::Payload)
}

/// An event begins with its name: a text that isn't reserved, or a number.
fn check_event(payload: &str) -> Result<(), BadPacket> {
    let values = array(payload)?;
    let name = values.first().ok_or(BadPacket::Payload)?.get();
    let fits = if name.starts_with('"') {
        let name: String = serde_json::from_str(name).map_err(|_| BadPacket::Payload)?;
        !RESERVED.contains(&&*name)
    } else {
        name.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    };
    fits.then_some(()).ok_or(BadPacket::Payload)
}

/// An event for the namespace `/`, and its attachments. With an id, the client is to answer.
pub fn event(event: &Event) -> Vec<Frame> {
    frames(['2', '5'], event)
}

/// An answer, under the id that the client gave, for the namespace `/`; and its attachments.
pub fn ack(event: &Event) -> Vec<Frame> {
    frames(['3', '6'], event)
}

fn frames([plain, binary]: [char; 2], event: &Event) -> Vec<Frame> {
    let id = event.id.map(|id| id.to_string()).unwrap_or_default();
    let arguments = &event.arguments;
    let text = match event.attachments.len() {
        0 => format!("4{plain}{id}{arguments}"),
        n => format!("4{binary}{n}-{id}{arguments}"),
    };
    let attachments = event.attachments.iter().cloned().map(Frame::Binary);
    std::iter::once(Frame::Text(text.into()))
        .chain(attachments)
        .collect()
}

/// Lets a client into the namespace `/`. With a `pid`, it shows that when it comes back.
pub fn connected(sid: &str, pid: Option<&str>) -> Frame {
    #[derive(Serialize)]
    struct Connected<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }
    let json = serde_json::to_string(&Connected { sid, pid }).expect("texts");
    Frame::Text(format!("40{json}").into())
}

/// Whether a frame lets a client in.
pub(crate) fn is_connected(frame: &Frame) -> bool {
    matches!(frame, Frame::Text(text) if text.starts_with("40"))
}

/// Tells a client that it isn't let in, for the namespace `/`.
pub(crate) fn connect_error(refusal: &Refusal) -> Frame {
    let message = serde_json::to_string(&refusal.message).expect("a text");
    let data = match &refusal.data {
        Some(data) => format!(r#","data":{data}"#),
        None => String::new(),
    };
    Frame::Text(format!(r#"44{{"message":{message}{data}}}"#).into())
}

/// Tells a client that it left, for the namespace `/`.
pub(crate) const DISCONNECT: Frame = Frame::Text(ByteString::from_static("41"));

/// Puts the name of a namespace into a text that was made for `/`.
pub(crate) fn in_namespace(text: &str, namespace: &str) -> ByteString {
    // The types with attachments, whose number stands before the name.
    let head = if matches!(text.as_bytes().get(1), Some(b'5' | b'6')) {
        text.find('-').map_or(text.len(), |at| at + 1)
    } else {
        text.len().min(2)
    };
    let (head, rest) = text.split_at(head);
    format!("{head}{namespace},{rest}").into()
}

/// The text of an attachment's place: what clients put in JSON where bytes belong.
pub fn placeholder(number: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{number}}}"#)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn decode(text: &str) -> Result<(Packet, usize), BadPacket> {
        Packet::decode(&text.into(), &Limits::default())
    }

    fn plain(id: Option<u64>, arguments: &'static str) -> Event {
        Event {
            id,
            arguments: arguments.into(),
            attachments: Vec::new(),
        }
    }

    fn packet(namespace: &'static str, kind: Kind) -> Packet {
        Packet {
            namespace: namespace.into(),
            kind,
        }
    }

    #[test]
    fn what_clients_send() {
        for (text, wanted, n_attachments) in [
            ("0", packet("/", Kind::Connect(None)), 0),
            (
                r#"0{"token":"a"}"#,
                packet("/", Kind::Connect(Some(r#"{"token":"a"}"#.into()))),
                0,
            ),
            ("0/custom", packet("/custom", Kind::Connect(None)), 0),
            (
                "0/custom,{}",
                packet("/custom", Kind::Connect(Some("{}".into()))),
                0,
            ),
            ("1", packet("/", Kind::Disconnect), 0),
            ("1/custom,", packet("/custom", Kind::Disconnect), 0),
            (
                r#"2["a",1]"#,
                packet("/", Kind::Event(plain(None, r#"["a",1]"#))),
                0,
            ),
            (
                r#"2/c,12["a"]"#,
                packet("/c", Kind::Event(plain(Some(12), r#"["a"]"#))),
                0,
            ),
            ("2[7]", packet("/", Kind::Event(plain(None, "[7]"))), 0),
            ("312[]", packet("/", Kind::Ack(plain(Some(12), "[]"))), 0),
            (
                r#"52-/c,3["a"]"#,
                packet("/c", Kind::Event(plain(Some(3), r#"["a"]"#))),
                2,
            ),
        ] {
            assert_eq!(decode(text), Ok((wanted, n_attachments)), "{text}");
        }
    }

    #[test]
    fn what_is_no_packet() {
        use BadPacket as B;
        for (text, why) in [
            ("", B::UnknownType),
            ("abc", B::UnknownType),
            ("7", B::UnknownType),
            ("\u{e9}", B::UnknownType),
            ("4{}", B::UnknownType),
            ("2{}", B::Payload),
            ("2", B::Payload),
            ("2[]", B::Payload),
            ("2[{}]", B::Payload),
            (r#"2["connect"]"#, B::Payload),
            (r#"2["conn\u0065ct"]"#, B::Payload),
            (r#"2["a"]x"#, B::Payload),
            (r#"2["a"#, B::Payload),
            (r#"2abc["a"]"#, B::Payload),
            (r#"299999999999999999999["a"]"#, B::Id),
            ("3[]", B::Id),
            ("31{}", B::Payload),
            ("0[]", B::Payload),
            ("0null", B::Payload),
            ("05{}", B::Payload),
            ("1{}", B::Payload),
            (r#"5["a"]"#, B::Attachments),
            (r#"5-["a"]"#, B::Attachments),
            (r#"5+1-["a"]"#, B::Attachments),
            (r#"51.5-["a"]"#, B::Attachments),
            (r#"511-["a"]"#, B::TooManyAttachments),
        ] {
            assert_eq!(decode(text), Err(why), "{text}");
        }
        let long = format!("0/{}", "n".repeat(128));
        assert_eq!(decode(&long), Err(B::Namespace));
    }

    #[test]
    fn deep_json_does_not_overflow_the_stack() {
        let deep = format!(r#"2["a",{}{}]"#, "[".repeat(400_000), "]".repeat(400_000));
        let _either_way = decode(&deep);
    }

    #[test]
    fn what_clients_are_sent() {
        let text = |text: &'static str| Frame::Text(text.into());
        assert_eq!(connected("s", None), text(r#"40{"sid":"s"}"#));
        assert_eq!(
            connected("s", Some("p")),
            text(r#"40{"sid":"s","pid":"p"}"#)
        );
        assert_eq!(event(&plain(None, r#"["a"]"#)), [text(r#"42["a"]"#)]);
        assert_eq!(event(&plain(Some(7), r#"["a"]"#)), [text(r#"427["a"]"#)]);
        let bytes = Bytes::from_static(&[1]);
        let mut answer = plain(Some(7), r#"[{"_placeholder":true,"num":0}]"#);
        answer.attachments.push(bytes.clone());
        assert_eq!(
            ack(&answer),
            [
                text(r#"461-7[{"_placeholder":true,"num":0}]"#),
                Frame::Binary(bytes)
            ]
        );
        let refusal = Refusal {
            message: "no \"entry\"".to_owned(),
            data: Some(r#"{"code":1}"#.into()),
        };
        assert_eq!(
            connect_error(&refusal),
            text(r#"44{"message":"no \"entry\"","data":{"code":1}}"#)
        );
    }

    #[test]
    fn a_namespace_is_put_in_its_place() {
        for (text, wanted) in [
            ("41", "41/c,"),
            (r#"40{"sid":"a"}"#, r#"40/c,{"sid":"a"}"#),
            (r#"42["a-b"]"#, r#"42/c,["a-b"]"#),
            (r#"4312[1]"#, r#"43/c,12[1]"#),
            (r#"4512-7["a-b"]"#, r#"4512-/c,7["a-b"]"#),
            ("4", "4/c,"),
        ] {
            assert_eq!(in_namespace(text, "/c"), wanted);
        }
    }
}
