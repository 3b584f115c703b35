//! Engine.IO 4 and Socket.IO 5, the server's side, without I/O: bytes and text go in, frames come out.
//!
//! Two layers. [`engine`] is a connection: opened by polling or WebSocket, upgraded, kept alive, ended.
//! [`Namespaces`] is what Socket.IO puts on top of one: packets, binary attachments, namespaces. An
//! [`Application`] sits above both. Knows nothing of HTTP servers, of actors or of chat.
//!
//! What goes out is pulled: whoever has something to say wakes the connection through its [`Handle`], and is
//! asked for frames when the transport can take them. So nothing waits here, and the bound of what may wait
//! is the application's own.
#![warn(missing_docs)]

mod application;
mod assembly;
pub mod engine;
mod limits;
mod namespaces;
pub mod packet;

pub use self::{
    application::{Application, Connect, Denied, Drained, Event, Refusal, Socket},
    assembly::Assembly,
    engine::{Channel, Frame, Gone, Handle, Hub},
    limits::Limits,
    namespaces::Namespaces,
};
