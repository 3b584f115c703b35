//! A client: an actor with a socket of its own, woken once for each chunk that came.
//!
//! It has no buffer while nothing is under way: chunks are read into the world's one buffer, frames are looked at where they
//! lie, and only the part of a frame that is still to come is kept. So ten thousand of them cost little, and one
//! thread reads millions of frames a second.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context as Task, Poll},
};

use actix::{
    Actor, ActorFuture, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message,
    MessageResult, ResponseActFuture, WrapFuture as _,
};
use tokio::{
    io::{AsyncRead as _, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};

use super::{
    language::{Heard, Place, Saying, Seat},
    rest,
    websocket::{self, Frame, Kind, Next, Opened},
    world::World,
};
use crate::{
    check::{Check, Faults},
    stamp::{Line, Stamp},
    tally::Deed,
};

/// Requests that may wait for a client to be woken.
const MAILBOX: usize = 1024;
/// So many chunks are read before other clients get their turn.
const CHUNKS: usize = 4;
/// A larger buffer is given back when it is empty.
const KEPT: usize = 1024;

/// See the file.
#[derive(Debug)]
pub(super) struct Client {
    world: Rc<World>,
    line: Line,
    seat: Seat,
    padding: String,
    link: Option<Link>,
    /// Tells the pump of a link that is over from that of the next.
    n_links: u32,
    /// Who waits for this client to be in.
    waits: Option<Waits>,
    /// Requests without answer.
    pending: HashMap<u32, Asked>,
    n_asked: u32,
    check: Check,
    place: Place,
    /// Requests that the dialect has by REST alone: numbers and addresses.
    by_rest: Vec<(u32, String)>,
}

/// A connection.
#[derive(Debug)]
struct Link {
    stream: TcpStream,
    /// Frames are spoken; before that it is HTTP.
    open: bool,
    /// The client is let in, and may ask.
    ready: bool,
    /// The part of a frame that is there already.
    part: Vec<u8>,
    /// How long all of it is.
    needed: usize,
    /// What the socket could not take yet.
    out: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    deed: Deed,
    intended: u64,
    /// Of a message.
    number: u32,
}

/// Who waits for a client to be in, and what for.
#[derive(Debug)]
struct Waits {
    tell: oneshot::Sender<Result<Back, String>>,
    /// So many messages that were missed have to come, too.
    owed: u32,
    ready: Option<bool>,
}

/// Connect, and tell when the client is in.
#[derive(Debug, Message)]
#[rtype(result = "Result<Back, String>")]
pub(super) struct Connect {
    /// Go on from where the last connection was.
    pub(super) resume: bool,
    /// Wait also for so many messages that were missed.
    pub(super) owed: u32,
}

/// A client is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Back {
    /// When, on the clock of the run.
    pub(super) at: u64,
    /// The node says that all that was missed follows.
    pub(super) recovered: bool,
}

/// Do something, meant for a moment.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Ask {
    pub(super) deed: Deed,
    pub(super) intended: u64,
}

/// Drop the connection without a word.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Leave;

/// Nothing more will come: tell what was wrong.
#[derive(Debug, Message)]
#[rtype(result = "Faults")]
pub(super) struct Settle;

/// Whether the client is in.
#[derive(Debug, Message)]
#[rtype(result = "bool")]
pub(super) struct IsIn;

impl Client {
    pub(super) fn new(world: Rc<World>, line: Line) -> Self {
        Self {
            seat: world.seat(line),
            padding: world.padding(line),
            check: Check::new(world.heard_by(line)),
            world,
            line,
            link: None,
            n_links: 0,
            waits: None,
            pending: HashMap::new(),
            n_asked: 0,
            place: Place::default(),
            by_rest: Vec::new(),
        }
    }

    fn is_in(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.ready)
    }

    /// The connection is over, for a reason that somebody should hear.
    fn lost(&mut self, reason: String) {
        self.drop_link();
        match self.waits.take() {
            Some(waits) => _ = waits.tell.send(Err(reason)),
            None => self.world.course.closed(&reason),
        }
    }

    fn drop_link(&mut self) {
        self.link = None;
        self.world.course.give_up(self.pending.len() as u64);
        self.pending.clear();
    }

    /// Takes what stands at the front of `bytes` as far as it is all there; tells how much of it that was, and how much is
    /// needed to go on.
    fn take(&mut self, bytes: &[u8]) -> Result<(usize, usize), String> {
        let now = self.world.course.now();
        let mut used = 0;
        if self.link.as_ref().is_some_and(|link| !link.open) {
            match websocket::opened(bytes) {
                Opened::NotYet => return Ok((0, bytes.len() + 1)),
                Opened::Refused(status) => return Err(status),
                Opened::Open(length) => used = length,
            }
            self.opened(now);
        }
        let mut n_messages = 0;
        let needed = loop {
            match websocket::next(&bytes[used..])? {
                Next::Part(needed) => break needed,
                Next::Frame(frame, length) => {
                    used += length;
                    match frame {
                        Frame::Text(text) => n_messages += self.hear(text, now)?,
                        Frame::Ping(payload) => self.put(Kind::Pong, payload),
                        Frame::Close(code, reason) => return Err(websocket::reason(code, reason)),
                        Frame::Other => {}
                    }
                }
            }
        };
        self.world.course.delivered(n_messages);
        Ok((used, needed))
    }

    /// Takes one frame; 1 if it is a message.
    fn hear(&mut self, text: &[u8], now: u64) -> Result<u64, String> {
        let world = Rc::clone(&self.world);
        let heard = world.language.hear(text);
        // Only a client that comes back needs to know where it was.
        if world.resumes
            && let Some(place) = world.language.place(text)
        {
            self.place.at = Some(place.to_owned());
        }
        match heard {
            Heard::Message(stamp) => {
                self.message(stamp, now);
                return Ok(1);
            }
            Heard::Answer(Some(id), refusal) => self.answer(id, refusal.as_deref(), now),
            Heard::Answer(None, Some(code)) => return Err(code),
            Heard::Ready {
                name,
                recovered,
                place,
            } => {
                // A dialect that doesn't say so gives the same name again.
                let again = name.is_some() && name == self.place.name;
                self.place.name = name;
                self.place.at = place.or(self.place.at.take());
                self.ready(now, recovered.unwrap_or(again));
            }
            Heard::Asked => {
                let token = world.token(self.line).map_err(|error| error.to_string())?;
                let frame = world.language.sign_in(&token, Some(&self.place));
                self.put(Kind::Text, frame.as_bytes());
            }
            Heard::Reply(reply) => self.put(Kind::Text, reply.as_bytes()),
            Heard::Refused(reason) => return Err(reason),
            Heard::Answer(None, None) | Heard::Other => {}
        }
        Ok(0)
    }

    fn message(&mut self, stamp: Stamp, now: u64) {
        self.check.arrived(stamp.line, stamp.number);
        let course = &self.world.course;
        course.tally().delivered(stamp.intended, now);
        if let Some(waits) = &mut self.waits {
            waits.owed = waits.owed.saturating_sub(1);
            self.tell_if_back(now);
        }
        if stamp.line == self.line && self.world.language.answers_by_echo() {
            self.answer(stamp.number, None, now);
        }
    }

    fn opened(&mut self, now: u64) {
        if let Some(link) = &mut self.link {
            link.open = true;
        }
        if self.world.language.is_in_at_once() {
            self.ready(now, false);
        }
    }

    fn ready(&mut self, now: u64, recovered: bool) {
        if let Some(link) = &mut self.link {
            link.ready = true;
        }
        if let Some(waits) = &mut self.waits {
            waits.ready = Some(recovered);
        }
        self.tell_if_back(now);
    }

    fn tell_if_back(&mut self, at: u64) {
        let is_back = |waits: &mut Waits| {
            // What isn't recovered won't come.
            waits
                .ready
                .is_some_and(|recovered| waits.owed == 0 || !recovered)
        };
        if let Some(waits) = self.waits.take_if(is_back) {
            let recovered = waits.ready == Some(true);
            let _gave_up = waits.tell.send(Ok(Back { at, recovered }));
        }
    }

    fn answer(&mut self, id: u32, refusal: Option<&str>, now: u64) {
        // Else it is of a request before a reconnect, or of none of ours.
        let Some(asked) = self.pending.remove(&id) else {
            return;
        };
        let world = Rc::clone(&self.world);
        match refusal {
            Some(code) => world.course.refused(code),
            None => {
                if asked.deed == Deed::Send {
                    let n = world.n_deliveries(self.line);
                    world.course.acknowledged(self.line, asked.number, n);
                }
                world.course.answered(asked.deed, asked.intended, now);
            }
        }
        if world.course.next_of_flood() {
            self.ask(asked.deed, world.course.now());
        }
    }

    fn ask(&mut self, deed: Deed, intended: u64) {
        let world = Rc::clone(&self.world);
        let course = &world.course;
        course.sent(intended);
        if !self.is_in() {
            return course.refused("not connected");
        }
        let (line, mut text) = (self.line, String::new());
        let (mut number, mut key) = (0, None);
        match deed {
            Deed::Send => {
                number = course.say(line);
                Stamp {
                    line,
                    number,
                    intended,
                }
                .write(&mut text);
                text.push_str(&self.padding);
                key = world.keys.then(|| world.key(line, number));
            }
            Deed::Search => text = world.word(self.n_asked),
            _ => {}
        }
        self.n_asked = self.n_asked.wrapping_add(1);
        let id = match world.language.answers_by_echo() {
            true => number,
            false => self.n_asked,
        };
        let asked = Asked {
            deed,
            intended,
            number,
        };
        let language = &world.language;
        match language.say(deed, id, &self.seat, &text, key.as_deref()) {
            Saying::Frame(frame) => self.put(Kind::Text, frame.as_bytes()),
            Saying::Rest(path) => self.by_rest.push((id, path)),
            Saying::Nothing => return course.refused("not in this dialect"),
        }
        self.pending.insert(id, asked);
    }

    fn put(&mut self, kind: Kind, payload: &[u8]) {
        if let Some(link) = &mut self.link {
            websocket::add(&mut link.out, kind, payload, rand::random());
        }
    }

    /// Sends what was put, as far as the socket takes it.
    fn flush(&mut self, ctx: &mut Context<Self>) {
        if let Some(link) = &mut self.link {
            link.flush();
        }
        for (id, path) in std::mem::take(&mut self.by_rest) {
            let world = Rc::clone(&self.world);
            let line = self.line;
            let asked = async move {
                let answer = rest::get(&world, line, &path).await;
                let refusal = answer.err().map(|error| error.to_string());
                (id, refusal, world.course.now())
            };
            ctx.spawn(asked.into_actor(self).map(|(id, refusal, now), this, ctx| {
                this.answer(id, refusal.as_deref(), now);
                this.flush(ctx);
            }));
        }
    }

    /// Whatever came while this client was away is not for it.
    fn forget(&mut self) {
        for line in self.world.heard_by(self.line) {
            self.check.forget(line, &self.world.course.said(line));
        }
    }
}

impl Link {
    /// Keeps the part of a frame, which will take up so many bytes.
    fn keep(&mut self, part: &[u8], needed: usize) {
        self.needed = needed;
        self.part.clear();
        self.part.extend_from_slice(part);
        if part.is_empty() && self.part.capacity() > KEPT {
            self.part = Vec::new();
        }
    }

    fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(n) => drop(self.out.drain(..n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Met again when it is read from.
                Err(_) => self.out.clear(),
            }
        }
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
    }
}

impl Actor for Client {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Connect> for Client {
    type Result = ResponseActFuture<Self, Result<Back, String>>;

    fn handle(
        &mut self,
        Connect { resume, owed }: Connect,
        _ctx: &mut Self::Context,
    ) -> Self::Result {
        self.drop_link();
        self.n_links += 1;
        if !resume {
            self.place = Place::default();
            self.forget();
        }
        let (tell, told) = oneshot::channel();
        let ready = None;
        self.waits = Some(Waits { tell, owed, ready });
        let (world, line) = (Rc::clone(&self.world), self.line as usize);
        let connected = async move { world.target.connect(line).await };
        let connected = connected.into_actor(self).map(|stream, this, ctx| {
            this.begin(stream, ctx);
        });
        let told = connected.then(move |(), this, _ctx| told.into_actor(this));
        Box::pin(told.map(|back, _this, _ctx| {
            back.unwrap_or_else(|_| Err("another connection was begun".to_owned()))
        }))
    }
}

impl Client {
    /// The socket is there: shakes hands, and reads from now on.
    fn begin(&mut self, stream: io::Result<TcpStream>, ctx: &mut Context<Self>) {
        let world = Rc::clone(&self.world);
        let begun = stream
            .map_err(|error| error.to_string())
            .and_then(|stream| {
                let token = world.token(self.line).map_err(|error| error.to_string())?;
                Ok((stream, token))
            });
        let (stream, token) = match begun {
            Ok(begun) => begun,
            Err(reason) => return self.lost(reason),
        };
        let place = Some(&self.place);
        let handshake = world.language.handshake(&self.seat, &token, place);
        let target = match world.target.path.as_str() {
            "" => handshake.target,
            // An address with a path means that one.
            path => {
                let query = handshake.target.find('?').map(|at| &handshake.target[at..]);
                format!("{path}{}", query.unwrap_or_default())
            }
        };
        let request = websocket::handshake(&world.target.host, &target, &handshake.headers);
        self.link = Some(Link {
            stream,
            open: false,
            ready: false,
            part: Vec::new(),
            needed: 0,
            out: request.into_bytes(),
        });
        self.flush(ctx);
        let link = self.n_links;
        ctx.spawn(Pump { link });
    }
}

impl Handler<Ask> for Client {
    type Result = ();

    fn handle(&mut self, Ask { deed, intended }: Ask, ctx: &mut Self::Context) {
        self.ask(deed, intended);
        self.flush(ctx);
    }
}

impl Handler<Leave> for Client {
    type Result = ();

    fn handle(&mut self, _: Leave, _ctx: &mut Self::Context) {
        self.drop_link();
    }
}

impl Handler<Settle> for Client {
    type Result = MessageResult<Settle>;

    fn handle(&mut self, _: Settle, _ctx: &mut Self::Context) -> Self::Result {
        if !self.is_in() {
            // What it didn't get is no longer owed to this connection.
            self.forget();
        }
        for line in self.world.heard_by(self.line) {
            // Of its own messages it has the answers.
            if line == self.line && !self.world.language.echoes() {
                self.check.forget(line, &self.world.course.said(line));
            } else {
                self.check.settle(line, &self.world.course.said(line));
            }
        }
        MessageResult(self.check.take_faults())
    }
}

impl Handler<IsIn> for Client {
    type Result = bool;

    fn handle(&mut self, _: IsIn, _ctx: &mut Self::Context) -> bool {
        self.is_in()
    }
}

/// Reads from a client's socket, and writes what it didn't take at once, for as long as the connection lives.
struct Pump {
    link: u32,
}

impl ActorFuture<Client> for Pump {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        client: &mut Client,
        ctx: &mut Context<Client>,
        task: &mut Task<'_>,
    ) -> Poll<()> {
        if client.n_links != self.link {
            return Poll::Ready(());
        }
        let world = Rc::clone(&client.world);
        let mut chunk = world.chunk.borrow_mut();
        for _ in 0..CHUNKS {
            match client.read(&mut chunk, task) {
                Poll::Ready(Ok(())) => client.flush(ctx),
                Poll::Ready(Err(reason)) => {
                    client.lost(reason);
                    return Poll::Ready(());
                }
                Poll::Pending if client.link.is_none() => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        // There may be more; the others first.
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Client {
    /// Reads one chunk, and takes what is in it.
    fn read(&mut self, chunk: &mut Vec<u8>, task: &mut Task<'_>) -> Poll<Result<(), String>> {
        let Some(link) = &mut self.link else {
            return Poll::Pending;
        };
        // Until the socket takes all, or says when to go on.
        while !link.out.is_empty() && link.stream.poll_write_ready(task).is_ready() {
            link.flush();
        }
        let had = link.part.len();
        // A frame that is longer than the buffer makes it grow.
        if chunk.len() < link.needed.max(2 * had) {
            chunk.resize(link.needed.max(2 * had), 0);
        }
        chunk[..had].copy_from_slice(&link.part);
        let mut into = ReadBuf::new(&mut chunk[had..]);
        let read = Pin::new(&mut link.stream).poll_read(task, &mut into);
        let n = match read {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error.to_string())),
            Poll::Ready(Ok(())) => into.filled().len(),
        };
        if n == 0 {
            return Poll::Ready(Err("cut off without a close".to_owned()));
        }
        let bytes = &chunk[..had + n];
        let taken = self.take(bytes);
        Poll::Ready(taken.map(|(used, needed)| {
            if let Some(link) = &mut self.link {
                link.keep(&bytes[used..], needed);
            }
        }))
    }
}
