//! Engine.IO 4: connections that may move from polling to a WebSocket, kept alive and ended.
//!
//! An HTTP server reads a request as an [`Ask`], opens connections and finds them in the [`Hub`], and drives what it is
//! given: a [`LongPoll`] for what goes out, a [`Post`] for what comes in, a [`Leg`] for a WebSocket. No timer of
//! its own: [`Hub::tick`] is to be called.

mod ask;
mod channel;
mod connection;
mod heartbeat;
mod hub;
mod leg;
mod line;
pub mod packet;
pub mod payload;
mod poll;
pub mod sid;

pub use self::{
    ask::{Ask, Refused},
    channel::{Channel, Gone, Handle},
    connection::Connection,
    hub::{Hub, Shut},
    leg::Leg,
    packet::Frame,
    poll::{LongPoll, Post},
};
