//! The two requests of polling: one that waits for packets, one that brings some.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use bytestring::ByteString;

use super::{
    Connection, Frame, Gone, Refused, line,
    packet::{CLOSE, NOOP, PING},
    payload,
};

/// A poll that is held: the body of its answer, as a future. Dropped before that, the client is gone, unless a
/// WebSocket took over.
pub struct LongPoll {
    connection: Arc<Connection>,
    answered: bool,
}

impl LongPoll {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            answered: false,
        }
    }

    fn look(&self, cx: &Context<'_>) -> Option<Vec<Frame>> {
        let mut frames = Vec::new();
        match self.connection.line.poll(cx.waker()) {
            line::Poll::Moved => frames.push(NOOP),
            // It knows, and its request is to be answered with something.
            line::Poll::Over(Gone::ClientLeft) => frames.push(NOOP),
            line::Poll::Over(_) => frames.push(CLOSE),
            line::Poll::Look { ping, noop } => {
                if ping {
                    frames.push(PING);
                }
                if let Err(why) = self.connection.channel.drain(&mut frames) {
                    frames.push(CLOSE);
                    self.connection.end(why);
                } else if frames.is_empty() {
                    if !noop {
                        return None;
                    }
                    frames.push(NOOP);
                }
            }
        }
        Some(frames)
    }
}

impl Future for LongPoll {
    type Output = ByteString;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ByteString> {
        let Some(frames) = self.look(cx) else {
            return Poll::Pending;
        };
        self.answered = true;
        self.connection.line.end_poll();
        Poll::Ready(payload::encode(&frames))
    }
}

impl Drop for LongPoll {
    fn drop(&mut self) {
        if !self.answered && self.connection.line.end_poll() {
            self.connection.end(Gone::TransportClosed);
        }
    }
}

impl fmt::Debug for LongPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongPoll").finish_non_exhaustive()
    }
}

/// A post whose body is to come. Dropped before it has, the client is gone, unless a WebSocket took over.
pub struct Post {
    connection: Arc<Connection>,
    delivered: bool,
}

impl Post {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            delivered: false,
        }
    }

    /// Hands the body over. To be answered with `ok`.
    ///
    /// # Errors
    ///
    /// There is something in it that is no packet, or not one to be sent now. The connection is over then; what came
    /// before in it was taken.
    pub fn deliver(mut self, body: Bytes, now: Instant) -> Result<(), Refused> {
        self.delivered = true;
        let taken = self.take(body, now);
        self.connection.line.end_post();
        match taken {
            Ok(()) | Err(Gone::ClientLeft) => Ok(()),
            Err(_) => Err(Refused::BadRequest),
        }
    }

    fn take(&self, body: Bytes, now: Instant) -> Result<(), Gone> {
        let broken = |_| {
            self.connection.end(Gone::Protocol);
            Gone::Protocol
        };
        for packet in payload::decode(body, &self.connection.limits).map_err(broken)? {
            self.connection.take(packet.map_err(broken)?, now)?;
        }
        Ok(())
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if !self.delivered && self.connection.line.end_post() {
            self.connection.end(Gone::TransportClosed);
        }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}
