//! The `marketplace` dialect (S1): clients and workers write to each other, over REST and WebSocket; snake_case, ids as
//! integers, bodies without an envelope, and conversations that are known by the two in them.

mod frames;
mod pair;
mod rest;
mod shapes;

pub use self::{
    frames::{INCOMING, Marketplace},
    rest::ROUTES,
};

/// What the WebSocket is called in its handshake: browsers want to be told one of the names that they offer.
pub const SUBPROTOCOL: &str = "parlour.marketplace";
