//! What a native client is sent: hello, events, answers.

use bytestring::ByteString;
use parlour_actors::{
    codec::RequestId,
    command::Reply,
    error::Failure,
    limits::Settings,
    outbox::Frame,
    push::{Hello, Push},
};
use parlour_storage::ids::{Epoch, Position, Timestamp};
use serde::{Serialize, Serializer};

use super::{
    VERSION,
    answer::Answer,
    event::Event,
    failure::WireFailure,
    wire::{self, Text, Time},
};

fn frame(value: &impl Serialize) -> Frame {
    let text =
        serde_json::to_string(value).expect("our types have text keys and no failing serializer");
    Frame::Text(ByteString::from(text))
}

#[derive(Serialize)]
struct HelloFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    protocol: u32,
    user: &'a str,
    connection: u64,
    resume: Text<parlour_actors::codec::Resume>,
    recovered: Option<bool>,
    time: Time,
    heartbeat_ms: u64,
    limits: Limits,
}

#[derive(Serialize)]
struct Limits {
    text_length: usize,
    frame_bytes: usize,
    requests_in_flight: usize,
    typing_ms: u64,
}

pub(super) fn hello(hello: &Hello<'_>) -> Frame {
    let settings: &Settings = hello.settings;
    let ms =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    frame(&HelloFrame {
        kind: "hello",
        protocol: VERSION,
        user: hello.user.as_str(),
        connection: hello.connection.0,
        resume: wire::resume(hello.epoch, hello.position),
        recovered: hello.recovered,
        time: Time(Timestamp::now()),
        heartbeat_ms: ms(settings.ping_interval),
        limits: Limits {
            text_length: settings.message_length_max,
            frame_bytes: settings.frame_bytes_max,
            requests_in_flight: settings.in_flight_max,
            typing_ms: ms(settings.typing_timeout),
        },
    })
}

pub(super) fn push(epoch: Epoch, push: &Push) -> Frame {
    frame(&Event { epoch, push })
}

struct WireId<'a>(&'a RequestId);

impl Serialize for WireId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // Native requests go by an id of their own, never by an event.
            RequestId::None | RequestId::Event { .. } => serializer.serialize_none(),
            RequestId::Number(number) => serializer.serialize_u64(*number),
            RequestId::Text(text) => serializer.serialize_str(text),
        }
    }
}

#[derive(Serialize)]
struct OkFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: WireId<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<Text<parlour_actors::codec::Resume>>,
    result: Answer<'a>,
}

#[derive(Serialize)]
struct ErrorFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: WireId<'a>,
    #[serde(flatten)]
    failure: WireFailure<'a>,
}

pub(super) fn reply(
    epoch: Epoch,
    request: &RequestId,
    position: Option<Position>,
    result: Result<&Reply, &Failure>,
) -> Frame {
    let id = WireId(request);
    match result {
        Ok(reply) => {
            let resume = position.map(|position| wire::resume(epoch, position));
            frame(&OkFrame {
                kind: "ok",
                id,
                resume,
                result: Answer { reply, epoch },
            })
        }
        Err(failure) => frame(&ErrorFrame {
            kind: "error",
            id,
            failure: failure.into(),
        }),
    }
}
