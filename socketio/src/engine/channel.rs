//! What a connection has above and beside it: who takes its messages, and who can wake or end it.

use std::{fmt, time::Instant};

use bytes::Bytes;
use bytestring::ByteString;

use super::Frame;

/// Wakes and ends the other side of a connection, whatever it is doing. Called from any thread, also while a call of
/// [`Channel`] runs; must not block and must not call back.
pub trait Handle: Send + Sync {
    /// There is something to take out.
    fn wake(&self);

    /// It is to end now, without anything being sent.
    fn kill(&self);
}

/// Who takes a connection's messages, and has messages for it.
///
/// Messages come in their order, one at a time; only from a client that posts on while it moves to a WebSocket, which none
/// should, two may come at once. After [`gone`](Self::gone) nothing is called any more, save what was under way.
pub trait Channel: Send + Sync {
    /// A text message.
    ///
    /// # Errors
    ///
    /// The connection is to end, for this reason.
    fn text(&self, message: ByteString) -> Result<(), Gone>;

    /// A binary message.
    ///
    /// # Errors
    ///
    /// The connection is to end, for this reason.
    fn binary(&self, message: Bytes) -> Result<(), Gone>;

    /// Takes out what is to be sent now, behind what is in `into` already.
    ///
    /// # Errors
    ///
    /// The connection is to end, for this reason, once what was taken out is sent.
    fn drain(&self, into: &mut Vec<Frame>) -> Result<(), Gone>;

    /// The client gave a sign of life.
    fn heard(&self) {}

    /// Time passed.
    ///
    /// # Errors
    ///
    /// The connection is to end, for this reason.
    fn tick(&self, _now: Instant) -> Result<(), Gone> {
        Ok(())
    }

    /// The connection is over. Called once.
    fn gone(&self, why: Gone);
}

/// Why a connection, or its part in a namespace, is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The client said so.
    ClientLeft,
    /// The client's WebSocket or polling request went away.
    TransportClosed,
    /// The client answered no ping.
    PingTimeout,
    /// The client broke the protocol.
    Protocol,
    /// The client sent more than may be.
    TooMuch,
    /// The client entered no namespace in time.
    NoNamespace,
    /// A binary packet wasn't completed in time.
    Incomplete,
    /// The application said so.
    Ended,
    /// The server stops.
    Shutdown,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientLeft => "the client left",
            Self::TransportClosed => "the transport closed",
            Self::PingTimeout => "ping timeout",
            Self::Protocol => "protocol error",
            Self::TooMuch => "too much",
            Self::NoNamespace => "no namespace was entered in time",
            Self::Incomplete => "binary attachments did not come in time",
            Self::Ended => "ended by the application",
            Self::Shutdown => "the server stops",
        })
    }
}
