//! One connection: its line, its channel, and how it ends.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Instant,
};

use super::{
    Channel, Gone, Leg, LongPoll, Post, Refused,
    hub::Connections,
    line::{Line, Tick},
    packet::Packet,
};
use crate::Limits;

/// One connection.
pub struct Connection {
    pub(super) sid: String,
    pub(super) line: Arc<Line>,
    pub(super) channel: Box<dyn Channel>,
    pub(super) limits: Arc<Limits>,
    pub(super) all: Weak<Connections>,
}

impl Connection {
    /// A poll: held until there is something, or the connection ends.
    ///
    /// # Errors
    ///
    /// It is over, or not polled any more, or there is a poll already: then it ends.
    pub fn poll(self: &Arc<Self>, now: Instant) -> Result<LongPoll, Refused> {
        self.look(now);
        match self.line.begin_poll() {
            Ok(()) => Ok(LongPoll::new(Arc::clone(self))),
            Err(refused) => Err(self.refuse(refused)),
        }
    }

    /// A post, whose body is to be delivered.
    ///
    /// # Errors
    ///
    /// It is over, or not polled any more, or there is a post already: then it ends.
    pub fn post(self: &Arc<Self>, now: Instant) -> Result<Post, Refused> {
        self.look(now);
        match self.line.begin_post() {
            Ok(()) => Ok(Post::new(Arc::clone(self))),
            Err(refused) => Err(self.refuse(refused)),
        }
    }

    /// A WebSocket that wants to take over from polling.
    ///
    /// # Errors
    ///
    /// It is over, or a WebSocket carries it already, or wants to.
    pub fn upgrade(self: &Arc<Self>, now: Instant) -> Result<Leg, Refused> {
        self.look(now);
        let number = self.line.begin_probe(now)?;
        Ok(Leg::probing(Arc::clone(self), number))
    }

    /// Its bounds and times.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn refuse(&self, (refused, why): (Refused, Option<Gone>)) -> Refused {
        if let Some(why) = why {
            self.end(why);
        }
        refused
    }

    /// Ends it. Who waits for it is told; its channel is, once.
    pub(super) fn end(&self, why: Gone) {
        if self.line.end(why) {
            self.channel.gone(why);
            self.forget();
        }
    }

    /// Leaves the table, unless its WebSocket has still to be seen to its end.
    fn forget(&self) {
        if self.line.is_done()
            && let Some(all) = self.all.upgrade()
        {
            all.remove(&self.sid);
        }
    }

    /// Takes a packet of the client, over whatever it came. `Err`: the connection is over, from now on or before.
    pub(super) fn take(&self, packet: Packet, now: Instant) -> Result<(), Gone> {
        if let Some(why) = self.line.over() {
            return Err(why);
        }
        self.channel.heard();
        let taken = match packet {
            Packet::Text(message) => self.channel.text(message),
            Packet::Binary(message) => self.channel.binary(message),
            Packet::Pong => {
                self.line.pong(now);
                Ok(())
            }
            Packet::Close => Err(Gone::ClientLeft),
            // Servers ask in this version of the protocol, and clients answer.
            Packet::Ping { .. } => Err(Gone::Protocol),
            // Without meaning here, and harmless: the reference ignores them too.
            Packet::Open | Packet::Upgrade | Packet::Noop => Ok(()),
        };
        taken.inspect_err(|&why| self.end(why))
    }

    /// Looks at the clock, for the line alone: a request must not meet a connection whose time is up, however
    /// long ago the last tick was.
    fn look(&self, now: Instant) {
        match self.line.tick(&self.limits, now) {
            Tick::Fine => {}
            Tick::End(why) => self.end(why),
        }
    }

    /// Looks at the clock.
    pub(super) fn tick(&self, now: Instant) {
        self.look(now);
        if self.line.over().is_none()
            && let Err(why) = self.channel.tick(now)
        {
            self.end(why);
        }
    }

    /// The WebSocket that carried it is gone.
    pub(super) fn detach(&self) {
        self.line.detach();
        self.end(Gone::TransportClosed);
        self.forget();
    }
}

impl fmt::Debug for Connection {
    /// The session id is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
