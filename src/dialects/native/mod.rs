//! Parlour's own protocol, version 1: JSON over WebSocket, and the same objects over REST. docs/protocol.md
//! is its specification.

mod answer;
pub mod attachment;
pub mod contact;
mod event;
pub mod export;
mod failure;
pub mod fields;
pub mod input;
pub mod later;
pub mod moderation;
pub mod notice;
mod output;
pub mod push;
pub mod safety;
pub mod scalar;
pub mod search;
pub mod types;
mod wire;

pub use answer::Answer;
pub use failure::WireFailure;

use self::types::EventType;
use parlour_actors::{
    codec::{ClientFrame, Codec, RequestId, View},
    command::Reply,
    error::Failure,
    outbox::Frame,
    push::{Hello, Push},
};
use parlour_storage::ids::{Epoch, Position};

/// The protocol's version, told in `hello`.
pub const VERSION: u32 = 1;

/// What the WebSocket subprotocol is called.
pub const SUBPROTOCOL: &str = "parlour.v1";

/// The codec.
#[derive(Debug)]
pub struct Native;

impl Codec for Native {
    fn key(&self) -> u16 {
        0
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        input::decode(text)
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        Some(output::hello(hello))
    }

    fn push(&self, epoch: Epoch, push: &Push, _view: View) -> Option<Frame> {
        EventType::of(push).map(|_| output::push(epoch, push))
    }

    fn reply(
        &self,
        epoch: Epoch,
        request: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        Some(output::reply(epoch, request, position, result))
    }
}
