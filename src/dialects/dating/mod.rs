//! The `dating` dialect (S0): requests, matches and conversations of two, over REST and Socket.IO; snake_case, ids as UUIDs,
//! every success in `{"success":true,"data":{}}`.

mod contact;
mod events;
mod rest;
mod shapes;

pub use self::{events::Socket, rest::ROUTES};
