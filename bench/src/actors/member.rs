//! A member of a conversation: a session without client. Typed commands go in, and what comes out is encoded as for any client.

use std::{collections::HashMap, ops::Range, rc::Rc, sync::Arc};

use actix::{
    Actor, Addr, AsyncContext as _, Context, Handler, Message, MessageResult, WrapFuture as _,
};
use parlour_actors::{
    codec::{Codec, RequestId},
    command::{Caller, Command, Identity, Request, Target},
    connection::Connection,
    desk::Begun,
    outbox::{Drained, Frame, Wake},
    presence::Online,
    reply::ReplyTo,
    system::Core,
};
use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, IdempotencyKey, Position},
};

use crate::{
    check::{Check, Faults},
    course::Course,
    stamp::{Line, Stamp, padding},
    tally::Deed,
    wire::{self, Heard, Texts},
};

/// Requests that may wait for a member to be woken.
const MAILBOX: usize = 1024;

/// See the file.
#[derive(Debug)]
pub(super) struct Member {
    core: Arc<Core>,
    course: Rc<Course>,
    seat: Seat,
    conversation: ConversationId,
    line: Line,
    room: Range<Line>,
    padding: String,
    keys: bool,
    check: Check,
    frames: Vec<Frame>,
    /// The intended moments of messages without answer, by number.
    pending: HashMap<u32, u64>,
}

/// There is something in the outbox.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Look;

/// Say something, meant for a moment.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Ask {
    pub(super) intended: u64,
}

/// Nothing more will come: tell what was wrong.
#[derive(Debug, Message)]
#[rtype(result = "Faults")]
pub(super) struct Settle;

/// Stands in for a pump.
struct Bell(Addr<Member>);

impl Wake for Bell {
    fn wake(&self) {
        // A member whose mailbox is full has messages to handle, and looks after each of them.
        let _looks_anyway = self.0.try_send(Look);
    }
}

/// Somebody who is signed in, as a session signs them in.
#[derive(Debug)]
pub(super) struct Seat {
    connection: Arc<Connection>,
    caller: Arc<Caller>,
}

impl Seat {
    /// `None`: the node takes no more.
    pub(super) fn take(
        core: &Arc<Core>,
        codec: &Arc<dyn Codec>,
        identity: &Identity,
    ) -> Option<Self> {
        let settings = &core.settings;
        let outbox = core
            .registry
            .open_outbox(settings.outbox_frames_max, settings.outbox_bytes_max)?;
        let connection = Connection::new(identity, Arc::clone(codec), outbox);
        core.registry
            .connect(&connection, settings.per_user_max)
            .ok()?;
        // There is nothing that it missed.
        connection.outbox.open_gate(Position::ZERO);
        core.tell_presence(Online(Arc::clone(&connection)));
        let caller = Caller::new(identity, Some(connection.outbox.id()));
        Some(Self { connection, caller })
    }
}

impl Member {
    pub(super) fn new(
        core: &Arc<Core>,
        course: &Rc<Course>,
        seat: Seat,
        conversation: ConversationId,
        line: Line,
        room: Range<Line>,
        texts: Texts,
    ) -> Self {
        Self {
            core: Arc::clone(core),
            course: Rc::clone(course),
            seat,
            conversation,
            line,
            check: Check::new(room.clone()),
            room,
            padding: padding(texts.length, line.into()),
            keys: texts.keys,
            frames: Vec::new(),
            pending: HashMap::new(),
        }
    }

    /// Says the next thing. What can't be done at once is done before what comes after it.
    fn say(&mut self, intended: u64, ctx: &mut Context<Self>) {
        let outbox = &self.seat.connection.outbox;
        self.course.sent(intended);
        if !outbox.begin_request(self.core.settings.in_flight_max) {
            return self.course.refused("TOO_MANY_IN_FLIGHT");
        }
        let line = self.line;
        let number = self.course.say(line);
        self.pending.insert(number, intended);
        let mut text = String::new();
        Stamp {
            line,
            number,
            intended,
        }
        .write(&mut text);
        text.push_str(&self.padding);
        let key = self.keys.then(|| IdempotencyKey::new(&number.to_string()));
        let send = Command::Send {
            to: Target::Conversation(self.conversation),
            content: Content {
                text,
                ..Content::default()
            },
            attachments: Vec::new(),
            key: key.and_then(Result::ok),
        };
        let reply = ReplyTo::connection(
            Arc::clone(outbox),
            Arc::clone(&self.seat.connection.codec),
            self.core.epoch(),
            RequestId::Number(number.into()),
        );
        let caller = Arc::clone(&self.seat.caller);
        match self.core.begin(caller, Request::Do(send), reply) {
            Begun::Gone => {}
            Begun::InOrder(rest) => ctx.wait(rest.into_actor(self)),
            Begun::Aside(rest) => _ = ctx.spawn(rest.into_actor(self)),
        }
    }

    /// Takes out what is there.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let mut frames = std::mem::take(&mut self.frames);
        if let Drained::Close(code) = self.seat.connection.outbox.drain(&mut frames) {
            self.course.closed(code.reason());
        }
        let (now, mut n_messages) = (self.course.now(), 0);
        for frame in frames.drain(..) {
            let Frame::Text(text) = frame else {
                continue;
            };
            match wire::hear_native(text.as_bytes()) {
                Heard::Message(stamp) => {
                    n_messages += 1;
                    self.check.arrived(stamp.line, stamp.number);
                    self.course.tally().delivered(stamp.intended, now);
                }
                Heard::Answer(Some(number), refusal) => {
                    self.answered(number, refusal.as_deref(), now, ctx);
                }
                _ => {}
            }
        }
        self.course.delivered(n_messages);
        self.frames = frames;
    }

    fn answered(&mut self, number: u32, refusal: Option<&str>, now: u64, ctx: &mut Context<Self>) {
        let Some(intended) = self.pending.remove(&number) else {
            return;
        };
        match refusal {
            Some(code) => self.course.refused(code),
            None => {
                let n_others = self.room.len() as u64 - 1;
                self.course.acknowledged(self.line, number, n_others);
                self.course.answered(Deed::Send, intended, now);
            }
        }
        if self.course.next_of_flood() {
            self.say(self.course.now(), ctx);
        }
    }
}

impl Actor for Member {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let outbox = &self.seat.connection.outbox;
        outbox.attach(Arc::new(Bell(ctx.address())));
    }
}

impl Handler<Look> for Member {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.look(ctx);
    }
}

impl Handler<Ask> for Member {
    type Result = ();

    fn handle(&mut self, Ask { intended }: Ask, ctx: &mut Self::Context) {
        self.say(intended, ctx);
        self.look(ctx);
    }
}

impl Handler<Settle> for Member {
    type Result = MessageResult<Settle>;

    fn handle(&mut self, _: Settle, _ctx: &mut Self::Context) -> Self::Result {
        for line in self.room.clone() {
            let said = self.course.said(line);
            // Of its own messages it has the answers.
            if line == self.line {
                self.check.forget(line, &said);
            } else {
                self.check.settle(line, &said);
            }
        }
        MessageResult(self.check.take_faults())
    }
}
