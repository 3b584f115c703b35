//! What stands above Socket.IO: an application that lets clients into namespaces, and a socket for each that is in one.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{Frame, Gone, Handle};

/// Who decides on the namespaces of one connection. It keeps what it has to know of the handshake.
pub trait Application: Send + Sync {
    /// A client wants into a namespace.
    ///
    /// # Errors
    ///
    /// It may not.
    fn connect(&self, connect: Connect) -> Result<Box<dyn Socket>, Denied>;
}

/// How a client is kept out of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is told why, and doesn't try again by itself.
    Refused(Refusal),
    /// The connection ends. Clients try again by themselves.
    Cut,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A client wants into a namespace.
pub struct Connect {
    /// Its name, beginning with a slash.
    pub namespace: ByteString,
    /// What the client sent along: the text of a JSON object.
    pub auth: Option<ByteString>,
    /// Wakes the connection when there is something to drain, and ends it.
    pub handle: Arc<dyn Handle>,
}

/// A client in a namespace: takes its events, and has frames for it. None of its calls must block.
pub trait Socket: Send + Sync {
    /// The client sent an event.
    fn event(&self, event: Event);

    /// The client answered what was sent under the answer's id.
    fn ack(&self, answer: Event);

    /// Takes out what is to be sent now, behind what is in `into` already.
    ///
    /// Frames are complete as for the namespace `/`, such as `42["hello"]`; for another one its name is put in. The first
    /// is `40{"sid":"..."}`, which lets the client in. Called again only after the handle was woken, or the
    /// transport had reason to look.
    fn drain(&self, into: &mut Vec<Frame>) -> Drained;

    /// The client gave a sign of life.
    fn heard(&self) {}

    /// It is over. Called once.
    fn gone(&self, why: Gone);
}

/// What a client sent: an event, or the answer to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Of an event: the client wants an answer under this id. Of an answer: what it is to.
    pub id: Option<u64>,
    /// The text of a JSON array; of an event, its name stands first.
    pub arguments: ByteString,
    /// What the placeholders in it stand for, by their numbers.
    pub attachments: Vec<Bytes>,
}

/// What [`Socket::drain`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drained {
    /// That is all for now.
    Open,
    /// Then the client leaves the namespace, for good: it is told (`41`), and doesn't come back by itself. If it
    /// was not let in yet, this is why (`44`).
    Leave(Refusal),
    /// Then the connection ends. Clients come back by themselves.
    Cut,
}

/// Why a client is not let into a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// For people.
    pub message: String,
    /// For programs: the text of a JSON value.
    pub data: Option<ByteString>,
}

impl std::fmt::Debug for Connect {
    /// What a client sends along is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connect")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
