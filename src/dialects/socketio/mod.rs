//! What the dialects of Socket.IO have in common: packets around their events, which of them a connection speaks, and
//! where it can go on from.
//!
//! Knows no transport: it is given the acknowledgement's number and the arguments of an event, and makes packets of the
//! default namespace. The dialects themselves are [`Events`].

mod emit;
mod pid;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use parlour_actors::{
    codec::{ClientFrame, Codec, Minds, RequestId, Resume, View},
    command::{Reply, Request},
    error::{ErrorCode, Failure},
    outbox::Frame,
    push::{Hello, Push},
};
use parlour_storage::{
    domain::change::ChangeBody,
    ids::{Epoch, Position, UserId},
};
use serde_json::{Value, json};

pub use self::{emit::Emit, pid::Pid};
use super::{Dialect, dating, direct, fields::Fields, gateway, links::Links, refusal::refusal};

/// A dialect's events.
pub trait Events: Send + Sync + fmt::Debug {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// The events that a client may send.
    fn incoming(&self) -> &'static [&'static str];

    /// The events that a client may be sent.
    fn outgoing(&self) -> &'static [&'static str];

    /// Whether an event that another dialect has too is of this one, by the names of its fields.
    fn claims(&self, event: &str, payload: &Value) -> bool;

    /// What the core has to do for an event that this dialect has.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn decode(&self, event: &str, fields: &Fields) -> Result<Asked, Failure>;

    /// Tells what happened.
    fn tell(&self, push: &Push, view: View, emit: &mut Emit<'_>);

    /// Tells the sender itself what came of its event, beside the acknowledgement that is returned.
    fn answer(&self, event: &str, reply: &Reply, emit: &mut Emit<'_>) -> Value;

    /// Greets a client that was let in.
    fn greet(&self, _hello: &Hello<'_>, _emit: &mut Emit<'_>) {}
}

/// What the core has to do for an event.
#[derive(Debug)]
pub enum Asked {
    /// This.
    Request(Request),
    /// Nothing: it is so already.
    Nothing,
    /// Nothing, if it is this person who asks; nobody may ask it for another.
    NothingBy(UserId),
}

/// The dialects, in the order in which they speak when all do. What integers and camelCase clients expect of
/// a name that they share counts, since it comes last.
static SPOKEN: [&dyn Events; 3] = [&dating::Socket, &gateway::Socket, &direct::Socket];

/// The dialects that have events.
pub fn dialects() -> impl Iterator<Item = &'static dyn Events> {
    SPOKEN.iter().copied()
}

/// The dialect isn't known yet: all are spoken.
const UNKNOWN: u8 = u8::MAX;

/// What an event is called in answers if no dialect has it.
const NO_EVENT: &str = "unknown";

/// The codec of one connection.
#[derive(Debug)]
pub struct SocketIo {
    /// The connection's name for the client.
    sid: String,
    user: UserId,
    /// What the client showed to go on with, if it did.
    shown: Option<Pid>,
    /// An index of [`SPOKEN`], or [`UNKNOWN`]. Settled once.
    spoken: AtomicU8,
    /// The client looks for a place to go on from at the end of an event.
    offsets: bool,
    /// Addresses of files: the same for all connections, as frames are.
    links: Arc<Links>,
}

impl SocketIo {
    /// A codec for a connection of `user` that is called `sid`; `dialect` is what the listener or the handshake settled; `shown` the
    /// `pid` that the client wants to go on with; `offsets`, whether events say where to go on from.
    pub fn new(
        sid: String,
        user: UserId,
        shown: Option<Pid>,
        dialect: Option<Dialect>,
        offsets: bool,
        links: Arc<Links>,
    ) -> Self {
        let place = SPOKEN
            .iter()
            .position(|events| Some(events.dialect()) == dialect);
        let spoken = place.and_then(|place| u8::try_from(place).ok());
        Self {
            sid,
            user,
            shown,
            spoken: AtomicU8::new(spoken.unwrap_or(UNKNOWN)),
            offsets,
            links,
        }
    }

    /// Those that this connection speaks now.
    fn spoken(&self) -> &'static [&'static dyn Events] {
        let place = usize::from(self.spoken.load(Ordering::Relaxed));
        SPOKEN.get(place..=place).unwrap_or(&SPOKEN)
    }

    /// Reads an event of one of the dialects. If only one of them can be meant, it is settled from here on.
    fn event(
        &self,
        name: &str,
        payload: Value,
    ) -> Result<(&'static str, Result<Asked, Failure>), Failure> {
        let has = |events: &&&dyn Events| events.incoming().contains(&name);
        let meant: Vec<_> = self.spoken().iter().filter(has).collect();
        let claimed: Vec<_> = meant
            .iter()
            .filter(|events| meant.len() > 1 && events.claims(name, &payload))
            .collect();
        let (events, is_settled) = match (&*meant, &*claimed) {
            ([], _) => return Err(no_event(name)),
            ([one], _) => (*one, true),
            (_, [one]) => (**one, true),
            ([first, ..], _) => (*first, false),
        };
        if is_settled {
            self.settle(events.dialect());
        }
        let known = events.incoming().iter().find(|known| **known == name);
        let asked = Fields::of(payload).and_then(|fields| events.decode(name, &fields));
        Ok((known.copied().unwrap_or(NO_EVENT), asked))
    }

    fn settle(&self, dialect: Dialect) {
        let place = SPOKEN
            .iter()
            .position(|events| events.dialect() == dialect)
            .and_then(|place| u8::try_from(place).ok());
        if let Some(place) = place {
            let now = (Ordering::Relaxed, Ordering::Relaxed);
            // Settled before: it stays.
            let _settled = self.spoken.compare_exchange(UNKNOWN, place, now.0, now.1);
        }
    }

    fn offset(&self, epoch: Epoch, position: Option<Position>) -> Option<String> {
        let position = position.filter(|_| self.offsets)?;
        Some(Resume { epoch, position }.to_string())
    }
}

fn no_event(name: &str) -> Failure {
    let shown: String = name.chars().take(64).collect();
    Failure::new(
        ErrorCode::UnknownCommand,
        format!("there is no event {shown:?} here; docs/dialects.md lists them"),
    )
}

impl Codec for SocketIo {
    fn key(&self) -> u16 {
        // Above those of the other codecs, one for each dialect and one for all together, twice.
        let spoken = u16::from(self.spoken.load(Ordering::Relaxed));
        0x1000 | spoken << 1 | u16::from(self.offsets)
    }

    fn paces(&self) -> bool {
        true
    }

    fn minds(&self) -> Minds {
        Minds {
            own: true,
            joined: self.spoken().iter().any(|e| e.dialect() == Dialect::Direct),
        }
    }

    /// Reads the number of an acknowledgement, if one is asked for, and the arguments: `12["name",{...}]`.
    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        let start = text.find('[').unwrap_or(0);
        let ack = text[..start].parse().ok();
        let refused = |name, failure| (RequestId::Event { name, ack }, failure);
        let arguments: Vec<Value> = serde_json::from_str(&text[start..])
            .map_err(|error| refused(NO_EVENT, super::native::input::bad_json(&error)))?;
        let mut arguments = arguments.into_iter();
        let Some(Value::String(name)) = arguments.next() else {
            let message = "an event begins with its name";
            let failure = Failure::new(ErrorCode::BadRequest, message);
            return Err(refused(NO_EVENT, failure));
        };
        let payload = arguments.next().unwrap_or_default();
        let (name, asked) = self
            .event(&name, payload)
            .map_err(|failure| refused(NO_EVENT, failure))?;
        let id = RequestId::Event { name, ack };
        let asked = asked.map_err(|failure| refused(name, failure))?;
        Ok(match asked {
            Asked::Nothing => ClientFrame::Ping(id),
            Asked::NothingBy(user) if self.user == user => ClientFrame::Ping(id),
            Asked::NothingBy(_) => {
                let message = "that is for yourself only; leave out the user, or name yourself";
                return Err(refused(name, Failure::new(ErrorCode::NotAllowed, message)));
            }
            Asked::Request(request) => ClientFrame::Request {
                id,
                request: Box::new(request),
            },
        })
    }

    /// The connect packet, which says whether the client goes on from where it was, then greetings.
    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        let mut connect = json!({ "sid": self.sid });
        // One that isn't told where to go on from must not ask to: it would get all that it had once more.
        if self.offsets {
            let goes_on = hello.recovered == Some(true);
            let from = Resume {
                epoch: hello.epoch,
                position: hello.position,
            };
            let pid = self.shown.filter(|_| goes_on);
            let pid = pid.unwrap_or_else(|| Pid::new(hello.user, from));
            connect["pid"] = pid.to_string().into();
        }
        let mut frames = vec![emit::connect(&connect)];
        let mut emit = Emit::new(&self.links);
        for events in self.spoken() {
            events.greet(hello, &mut emit);
        }
        let offset = self.offset(hello.epoch, Some(hello.position));
        frames.extend(emit.into_frames(offset.as_deref()));
        Frame::many(frames)
    }

    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame> {
        let mut emit = Emit::new(&self.links);
        for events in self.spoken() {
            events.tell(push, view, &mut emit);
        }
        let offset = self.offset(epoch, push.position());
        Frame::many(emit.into_frames(offset.as_deref()))
    }

    fn reply(
        &self,
        epoch: Epoch,
        request: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        let RequestId::Event { name, ack } = request else {
            return None;
        };
        let mut emit = Emit::new(&self.links);
        let payload = match result {
            Ok(reply) => {
                let mut payload = Value::Null;
                for events in self.spoken() {
                    if events.incoming().contains(name) {
                        payload = events.answer(name, reply, &mut emit);
                    }
                }
                payload
            }
            Err(failure) => {
                let mut payload = refusal(failure);
                // Whoever asks for no acknowledgement has no other way to know.
                if ack.is_none() {
                    payload["event"] = (*name).into();
                    emit.event("error", payload.clone());
                }
                payload
            }
        };
        let offset = self.offset(epoch, position);
        // What was done is told to its author too, or at least where to go on from behind it: else a client that resumes
        // would be told of its own doing as news.
        if emit.is_empty() && offset.is_some() {
            emit.event("offset", Value::Null);
        }
        let mut frames = emit.into_frames(offset.as_deref());
        frames.extend(ack.map(|number| emit::ack(number, &payload)));
        Frame::many(frames)
    }
}

/// The message that a change sent.
pub fn sent(push: &Push) -> Option<&parlour_storage::domain::message::Message> {
    match push {
        Push::Change(change, _) => match &change.body {
            ChangeBody::Sent(message) => Some(message),
            _ => None,
        },
        _ => None,
    }
}
