//! How clients speak: what they send, and what they make of what comes.
//!
//! Written down from docs/protocol.md and docs/dialects.md, and not from the node's code: the bench is a client like any
//! other. Frames that come by the million are looked at by their first bytes and by the stamp in them; the others are parsed.

mod native;
mod raw;
mod socketio;

use std::fmt;

pub(super) use self::{native::Native, raw::Raw, socketio::SocketIo};
use crate::{stamp::Stamp, tally::Deed};

/// Who a client is, and where they talk.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) user: String,
    /// The conversation's id. Empty: they have none.
    pub(super) conversation: String,
    /// Some who are in it.
    pub(super) others: Vec<String>,
}

/// Where a client goes on that was away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What the node calls the client, if its dialect has names for them.
    pub(super) name: Option<String>,
    /// The last place that it was told of.
    pub(super) at: Option<String>,
}

/// The handshake of a WebSocket: its address behind the host, and further headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    pub(super) target: String,
    pub(super) headers: String,
}

/// What to do for a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Saying {
    /// Send this frame; the answer bears the request's number.
    Frame(String),
    /// GET this by REST: the dialect has no frame for it.
    Rest(String),
    /// Nothing: the dialect doesn't know it.
    Nothing,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Somebody sent a message.
    Message(Stamp),
    /// A request is answered, with the code of a refusal if it is one.
    Answer(Option<u32>, Option<String>),
    /// The client is let in, and may ask.
    Ready {
        /// What the node calls it.
        name: Option<String>,
        /// Whether what it missed follows. `None`: its name tells.
        recovered: Option<bool>,
        /// Where to go on from if nothing else comes.
        place: Option<String>,
    },
    /// The client has to say who it is, now: see [`Language::sign_in`].
    Asked,
    /// This has to be sent back now.
    Reply(String),
    /// The client isn't let in, or sent away.
    Refused(String),
    /// Nothing that the bench minds.
    Other,
}

/// A dialect, as its clients speak it.
pub(super) trait Language: fmt::Debug {
    /// Where a client connects that shows this token, and wants to go on from a place.
    fn handshake(&self, seat: &Seat, token: &str, place: Option<&Place>) -> Handshake;

    /// The frame that a client says who it is with, when it is asked to.
    fn sign_in(&self, _token: &str, _place: Option<&Place>) -> String {
        String::new()
    }

    /// Whether a client is in as soon as the WebSocket is open.
    fn is_in_at_once(&self) -> bool {
        false
    }

    /// Whether who sends a message is told of it like the others.
    fn echoes(&self) -> bool;

    /// Whether there is no other answer than that.
    fn answers_by_echo(&self) -> bool {
        false
    }

    /// Whether conversations are opened by the native REST routes before the run; else they are there by being named.
    fn opens_conversations(&self) -> bool {
        true
    }

    /// What to do for a deed. `text` is what to send, or to look for.
    fn say(&self, deed: Deed, id: u32, seat: &Seat, text: &str, key: Option<&str>) -> Saying;

    /// What a frame says.
    fn hear(&self, frame: &[u8]) -> Heard;

    /// The place to go on from that a frame carries.
    fn place<'a>(&self, _frame: &'a [u8]) -> Option<&'a str> {
        None
    }
}
