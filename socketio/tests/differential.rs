//! Our codecs against another implementation of the same protocols, engineioxide and socketioxide: what one writes the
//! other reads, and where both read something, they read the same.

use bytes::Bytes;
use bytestring::ByteString;
use engineioxide_core::{
    Packet as TheirFrame, PacketBuf, ProtocolVersion, payload as their_payload,
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http_body_util::Full;
use parlour_socketio::{
    Assembly, Event, Frame, Limits,
    engine::{packet::Packet as OurFrame, payload},
    packet::{self, Kind, Packet},
};
use proptest::prelude::*;
use socketioxide_core::{
    Value,
    packet::{Packet as TheirPacket, PacketData},
    parser::{Parse as _, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_common::CommonParser;

/// Of their readings, ours. `None`: we make no difference where they do, or don't know it.
fn frame_of(theirs: TheirFrame) -> Option<OurFrame> {
    Some(match theirs {
        TheirFrame::Close => OurFrame::Close,
        TheirFrame::Ping => OurFrame::Ping { probe: false },
        TheirFrame::PingUpgrade => OurFrame::Ping { probe: true },
        TheirFrame::Pong | TheirFrame::PongUpgrade => OurFrame::Pong,
        TheirFrame::Message(text) => OurFrame::Text(text.as_str().into()),
        TheirFrame::Binary(bytes) => OurFrame::Binary(bytes),
        TheirFrame::Upgrade => OurFrame::Upgrade,
        TheirFrame::Noop => OurFrame::Noop,
        TheirFrame::Open(_) | TheirFrame::BinaryV3(_) => return None,
    })
}

/// Texts that are nearly packets, and any others.
fn frame_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-7b]?(probe)?[^\u{1e}]{0,12}",
        "b([A-Za-z0-9+/]{4}){0,4}(==|=)?",
        "\\PC{0,8}",
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        "4[^\u{1e}]{0,20}".prop_map(|text| Frame::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Frame::Binary(bytes.into())),
        Just(Frame::Text("2".into())),
        Just(Frame::Text("6".into())),
    ]
}

fn their_frame(frame: &Frame) -> TheirFrame {
    match frame {
        Frame::Binary(bytes) => TheirFrame::Binary(bytes.clone()),
        Frame::Text(text) if text == "2" => TheirFrame::Ping,
        Frame::Text(text) if text == "6" => TheirFrame::Noop,
        Frame::Text(text) => TheirFrame::Message(text[1..].to_owned().into()),
    }
}

proptest! {
    #[test]
    fn frames_are_read_alike(text in frame_text()) {
        let ours = OurFrame::decode(&text.as_str().into());
        let theirs = TheirFrame::parse(ProtocolVersion::V4, text.clone());
        // They take no `open` of a client, and no base64 without its padding, as the reference does.
        let we_take_more = text.starts_with('0') || text.starts_with('b');
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(Some(ours), frame_of(theirs)),
            (Err(_), Err(_)) => {}
            (Ok(_), Err(_)) if we_take_more => {}
            (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
        }
    }

    #[test]
    fn payloads_are_written_alike_and_read_by_both(frames in prop::collection::vec(frame(), 1..6)) {
        let packets: Vec<PacketBuf> = frames.iter().map(|frame| [their_frame(frame)].into_iter().collect()).collect();
        let theirs = their_payload::encoder(stream::iter(packets), ProtocolVersion::V4, true, 1_000_000);
        let theirs = theirs.now_or_never().expect("it waits for nothing");
        let ours = payload::encode(&frames).into_bytes();
        prop_assert_eq!(&ours, &theirs.data);

        let limits = Limits::default();
        let we_read: Result<Vec<_>, _> = payload::decode(ours.clone(), &limits).expect("UTF-8").collect();
        let body = Full::new(ours);
        let they_read = their_payload::decoder(body, None, ProtocolVersion::V4, 1_000_000);
        let they_read: Vec<_> = Box::pin(they_read).collect().now_or_never().expect("it waits for nothing");
        let they_read: Vec<_> = they_read.into_iter().map(|packet| frame_of(packet.expect("theirs")).expect("known")).collect();
        prop_assert_eq!(we_read.expect("ours"), they_read);
    }

    #[test]
    fn payloads_of_anything_are_read_alike(texts in prop::collection::vec(frame_text(), 1..5)) {
        let body = Bytes::from(texts.join("\u{1e}"));
        let limits = Limits::default();
        let we_read: Result<Vec<_>, _> = payload::decode(body.clone(), &limits).expect("UTF-8").collect();
        let they_read = their_payload::decoder(Full::new(body), None, ProtocolVersion::V4, 1_000_000);
        let they_read: Vec<_> = Box::pin(they_read).collect().now_or_never().expect("it waits for nothing");
        let they_read: Option<Vec<_>> = they_read.into_iter().map(|packet| frame_of(packet.ok()?)).collect();
        // They don't mind an empty packet at the end.
        if let Some(they_read) = they_read && texts.last().is_some_and(|last| !last.is_empty()) {
            prop_assert_eq!(we_read.expect("they read it"), they_read);
        }
    }
}

/// What they make of a message and its attachments.
fn they_read(text: &str, attachments: &[Bytes]) -> Option<TheirPacket> {
    let config = ParseConfig {
        max_incoming_binaries: Limits::default().attachments_max,
        ..ParseConfig::default()
    };
    let state = ParserState::default();
    let mut read = CommonParser.decode_str(&config, &state, text.to_owned().into());
    for bytes in attachments {
        if !matches!(read, Err(ParseError::NeedsMoreBinaryData)) {
            return None;
        }
        read = CommonParser.decode_bin(&config, &state, bytes.clone());
    }
    read.ok()
}

fn we_read(text: &str, attachments: &[Bytes]) -> Option<Packet> {
    let mut assembly = Assembly::default();
    let mut read = assembly.text(&text.into(), &Limits::default()).ok()?;
    for bytes in attachments {
        if read.is_some() {
            return None;
        }
        read = assembly.binary(bytes.clone()).ok()?;
    }
    read
}

fn packet_of(theirs: TheirPacket) -> Packet {
    let parts = |value: Value| match value {
        Value::Str(text, bytes) => (
            ByteString::from(text.as_str()),
            bytes.into_iter().flatten().collect::<Vec<_>>(),
        ),
        Value::Bytes(_) => panic!("text comes first"),
    };
    let event = |value: Value, id: Option<i64>| {
        let (arguments, attachments) = parts(value);
        let id = id.map(|id| u64::try_from(id).expect("there is no sign"));
        Event {
            id,
            arguments,
            attachments,
        }
    };
    let kind = match theirs.inner {
        PacketData::Connect(auth) => Kind::Connect(auth.map(|auth| parts(auth).0)),
        PacketData::Disconnect => Kind::Disconnect,
        PacketData::Event(value, id) | PacketData::BinaryEvent(value, id) => {
            Kind::Event(event(value, id))
        }
        PacketData::EventAck(value, id) | PacketData::BinaryAck(value, id) => {
            Kind::Ack(event(value, Some(id)))
        }
        PacketData::ConnectError(_) => panic!("clients don't send it"),
    };
    Packet {
        namespace: theirs.ns.as_str().into(),
        kind,
    }
}

/// Messages that are nearly packets.
fn message_text() -> impl Strategy<Value = String> {
    (
        "[0-7]",
        prop_oneof![Just(String::new()), "[0-9]{0,2}-?"],
        prop_oneof![Just(String::new()), "/[a-z\u{e9}]{0,5},?"],
        prop_oneof![Just(String::new()), "[0-9]{0,9}", "\\PC{0,3}"],
        prop_oneof![
            Just(r#"["a"]"#.to_owned()),
            Just(r#"["a",{"x":[1,null]},"\u00e9"]"#.to_owned()),
            Just(r#"["a",{"_placeholder":true,"num":0}]"#.to_owned()),
            Just(r#"{"token":"t"}"#.to_owned()),
            Just(String::new()),
            "\\PC{0,8}",
        ],
    )
        .prop_map(|(kind, attachments, namespace, id, payload)| {
            kind + &attachments + &namespace + &id + &payload
        })
}

fn event() -> impl Strategy<Value = Event> {
    let attachments = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..4);
    let id = prop::option::of(0_u64..1 << 53);
    (id, "[a-z]{1,5}", attachments).prop_map(|(id, name, attachments)| {
        let places = (0..attachments.len()).map(|n| format!(",{}", packet::placeholder(n)));
        let places: String = places.collect();
        Event {
            id,
            arguments: format!(r#"["{name}"{places}]"#).into(),
            attachments: attachments.into_iter().map(Bytes::from).collect(),
        }
    })
}

/// The text, without the digit of Engine.IO, and the attachments.
fn taken_apart(frames: &[Frame]) -> (&str, Vec<Bytes>) {
    let Some((Frame::Text(text), attachments)) = frames.split_first() else {
        panic!("text comes first");
    };
    let attachments = attachments.iter().map(|frame| match frame {
        Frame::Binary(bytes) => bytes.clone(),
        Frame::Text(_) => panic!("bytes follow"),
    });
    (&text[1..], attachments.collect())
}

proptest! {
    /// We look at the JSON and they don't, so we take less; what we take, they read alike.
    #[test]
    fn messages_are_read_alike(text in message_text(), attachment in any::<bool>()) {
        let attachments = vec![Bytes::from_static(&[7]); usize::from(attachment)];
        if let Some(ours) = we_read(&text, &attachments) {
            let theirs = they_read(&text, &attachments);
            prop_assert_eq!(Some(ours), theirs.map(packet_of), "{}", text);
        }
    }

    #[test]
    fn events_are_written_alike_and_read_by_both(event in event(), answer in any::<bool>()) {
        let value = Value::Str(
            event.arguments.to_string().into(),
            Some(event.attachments.iter().cloned().collect()),
        );
        let id = event.id.map(|id| i64::try_from(id).expect("below 2^53"));
        let (ours, theirs, kind) = match (answer, id) {
            (true, Some(id)) => {
                let theirs = TheirPacket::ack("/", value, id);
                (packet::ack(&event), theirs, Kind::Ack(event))
            }
            _ => {
                let mut theirs = TheirPacket::event("/", value);
                if let Some(id) = id {
                    theirs.inner.set_ack_id(id);
                }
                (packet::event(&event), theirs, Kind::Event(event))
            }
        };
        let (text, attachments) = taken_apart(&ours);
        let Value::Str(their_text, their_attachments) = CommonParser.encode(theirs) else {
            panic!("text comes first");
        };
        prop_assert_eq!(text, their_text.as_str());
        let their_attachments: Vec<_> = their_attachments.into_iter().flatten().collect();
        prop_assert_eq!(&attachments, &their_attachments);

        let wanted = Packet { namespace: "/".into(), kind };
        prop_assert_eq!(we_read(text, &attachments), Some(wanted.clone()));
        prop_assert_eq!(they_read(text, &attachments).map(packet_of), Some(wanted));
    }
}
