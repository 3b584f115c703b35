//! From a client's message to the command it means, and from the reply to the frame of its answer.

use std::{hint::black_box, sync::Arc};

use anyhow::{Context as _, anyhow, bail};
use bytestring::ByteString;
use parlour_actors::{
    codec::{ClientFrame, Codec, RequestId},
    command::{Command, Reply, Request},
};
use parlour_paths::dialects::{Dialect, links::Links, native::Native, socketio::SocketIo};
use parlour_socketio::{
    Assembly, Limits,
    packet::{Kind, Packet},
};
use parlour_storage::ids::Epoch;

use super::scene;
use crate::counted::counted;

const FRAMES: usize = 500;
const EPOCH: Epoch = Epoch(1);

/// Over a WebSocket: the message is the frame's text.
pub(crate) fn native() -> anyhow::Result<u64> {
    let id = scene::group(2)?.id;
    let frame = |n| {
        let (text, key) = (scene::TEXT, scene::key(n)?);
        let key = key.as_str();
        let frame = format!(
            r#"{{"type":"send","id":{n},"conversation":"{id}","text":"{text}","key":"{key}"}}"#
        );
        Ok(ByteString::from(frame))
    };
    run(&Native, frame, |frame| Some(frame.clone()))
}

/// Over Socket.IO: the message is a packet with an event in it.
pub(crate) fn socketio() -> anyhow::Result<u64> {
    let id = scene::group(2)?.id.to_uuid();
    let frame = |n| {
        let (text, key) = (scene::TEXT, scene::key(n)?);
        let key = key.as_str();
        let frame = format!(
            r#"2{n}["sendMessage",{{"conversationId":"{id}","content":"{text}","type":"TEXT","idempotencyKey":"{key}"}}]"#
        );
        Ok(ByteString::from(frame))
    };
    let codec = SocketIo::new(
        "sid".into(),
        scene::user(0)?,
        None,
        Some(Dialect::Gateway),
        true,
        Arc::new(Links::plain("https://chat.example.org".into())),
    );
    let (mut assembly, limits) = (Assembly::default(), Limits::default());
    run(&codec, frame, move |frame| {
        let packet = assembly.text(frame, &limits).ok()??;
        let Packet {
            kind: Kind::Event(event),
            ..
        } = packet
        else {
            return None;
        };
        // As the edge hands it over to the session.
        let ack = event.id?;
        Some(format!("{ack}{}", event.arguments).into())
    })
}

/// `unpack` finds what the codec is given in what came over the wire.
fn run(
    codec: &dyn Codec,
    frame: impl Fn(usize) -> anyhow::Result<ByteString>,
    mut unpack: impl FnMut(&ByteString) -> Option<ByteString>,
) -> anyhow::Result<u64> {
    let conversation = scene::group(2)?;
    let about = scene::about(conversation.clone())?;
    let mut pairs = Vec::with_capacity(FRAMES);
    for n in 1..=FRAMES {
        let reply = Reply::Sent {
            change: scene::sent(conversation.id, n)?,
            about: about.clone(),
            repeated: false,
        };
        pairs.push((frame(n)?, reply));
    }
    let mut once = |(frame, reply): &(ByteString, Reply)| -> anyhow::Result<()> {
        let text = unpack(frame).context("no packet with an event")?;
        let (id, command) = decoded(codec, &text)?;
        black_box(&command);
        let position = match reply {
            Reply::Sent { change, .. } => Some(change.position),
            _ => None,
        };
        let answer = codec.reply(EPOCH, &id, position, Ok(reply));
        black_box(&answer.context("no answer")?);
        Ok(())
    };
    pairs.iter().try_for_each(&mut once)?;
    counted(|| pairs.iter().try_for_each(&mut once))?;
    Ok(pairs.len() as u64)
}

fn decoded(codec: &dyn Codec, text: &str) -> anyhow::Result<(RequestId, Command)> {
    let frame = codec.decode(text);
    let frame = frame.map_err(|(_, failure)| anyhow!("{text}: {}", failure.message))?;
    let ClientFrame::Request { id, request } = frame else {
        bail!("{text} is no request");
    };
    match *request {
        Request::Do(command @ Command::Send { .. }) => Ok((id, command)),
        other => bail!("{text} was taken for {other:?}"),
    }
}
