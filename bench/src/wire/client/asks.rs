//! What a client is told to do: connect, say something, leave, and tell what was wrong.

use std::{io, rc::Rc};

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, MessageResult,
    ResponseActFuture, WrapFuture as _,
};
use tokio::{net::TcpStream, sync::oneshot};

use super::{
    Client, Waits,
    link::{Link, Pump},
};
use crate::{
    check::Faults,
    tally::Deed,
    wire::{language::Place, websocket},
};

/// Requests that may wait for a client to be woken.
const MAILBOX: usize = 1024;

/// Connect, and tell when the client is in.
#[derive(Debug, Message)]
#[rtype(result = "Result<Back, String>")]
pub(in crate::wire) struct Connect {
    /// Go on from where the last connection was.
    pub(in crate::wire) resume: bool,
    /// Wait also for so many messages that were missed.
    pub(in crate::wire) owed: u32,
}

/// A client is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Back {
    /// When, on the clock of the run.
    pub(in crate::wire) at: u64,
    /// The node says that all that was missed follows.
    pub(in crate::wire) recovered: bool,
}

/// Do something, meant for a moment.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(in crate::wire) struct Ask {
    pub(in crate::wire) deed: Deed,
    pub(in crate::wire) intended: u64,
}

/// Drop the connection without a word.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(in crate::wire) struct Leave;

/// Nothing more will come: tell what was wrong.
#[derive(Debug, Message)]
#[rtype(result = "Faults")]
pub(in crate::wire) struct Settle;

/// Whether the client is in.
#[derive(Debug, Message)]
#[rtype(result = "bool")]
pub(in crate::wire) struct IsIn;

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
