//! A client: an actor with a socket of its own, woken once for each chunk that came.
//!
//! It has no buffer while nothing is under way: chunks are read into the world's one buffer, frames are looked at where they
//! lie, and only the part of a frame that is still to come is kept. So ten thousand of them cost little, and one
//! thread reads millions of frames a second.
//!
//! Here is what it makes of what comes and what it says. [`asks`] is what it is told to do, [`link`] its socket.

mod asks;
mod link;

use std::{collections::VecDeque, rc::Rc};

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use tokio::sync::oneshot;

pub(super) use self::asks::{Ask, Back, Connect, IsIn, Leave, Settle};
use self::link::Link;
use super::{
    language::{Heard, Place, Saying, Seat},
    rest,
    websocket::{self, Frame, Kind, Next, Opened},
    world::World,
};
use crate::{
    check::Check,
    stamp::{Line, Stamp},
    tally::Deed,
};

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
    /// Requests without answer, by number. Most are answered in order, so the one that is looked for is in front.
    pending: VecDeque<(u32, Asked)>,
    n_asked: u32,
    check: Check,
    place: Place,
    /// Requests that the dialect has by REST alone: numbers and addresses.
    by_rest: Vec<(u32, String)>,
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
            pending: VecDeque::new(),
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
        let at = self.pending.iter().position(|(asked, _)| *asked == id);
        let Some((_, asked)) = at.and_then(|at| self.pending.remove(at)) else {
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
        self.pending.push_back((id, asked));
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
