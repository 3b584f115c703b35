//! The dialects: codecs between what goes over a wire and the typed commands and changes of the core.
//!
//! A dialect holds no rule, no state and no storage; all of them share one data space.

pub mod attachments;
pub mod contacts;
pub mod dating;
pub mod direct;
pub mod fields;
pub mod gateway;
pub mod links;
pub mod marketplace;
pub mod matched;
pub mod native;
pub mod pages;
pub mod refusal;
pub mod rest;
pub mod shape;
pub mod socketio;
pub mod v1;

use std::fmt;

use self::rest::Route;

/// A way to speak with the node. `native` is Parlour's own, the others are those of existing chat systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Parlour's own protocol.
    Native,
    /// S0: requests and matches; REST and Socket.IO.
    Dating,
    /// S1: clients and workers; REST and WebSocket.
    Marketplace,
    /// S2: matched users; REST and WebSocket.
    Matched,
    /// S3: direct and group conversations; REST and Socket.IO.
    Gateway,
    /// S4: one to one, with rooms to look into; REST and Socket.IO.
    Direct,
}

impl Dialect {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Native,
        Self::Dating,
        Self::Marketplace,
        Self::Matched,
        Self::Gateway,
        Self::Direct,
    ];

    /// Its name in options, addresses and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Dating => "dating",
            Self::Marketplace => "marketplace",
            Self::Matched => "matched",
            Self::Gateway => "gateway",
            Self::Direct => "direct",
        }
    }

    /// By its name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|dialect| dialect.name() == name)
    }

    /// Whether it is spoken over Socket.IO.
    pub fn uses_socketio(self) -> bool {
        matches!(self, Self::Dating | Self::Gateway | Self::Direct)
    }
}

/// The REST routes of all dialects but the native one.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    [
        v1::ROUTES,
        dating::ROUTES,
        marketplace::ROUTES,
        matched::ROUTES,
        gateway::ROUTES,
        direct::ROUTES,
    ]
    .into_iter()
    .flatten()
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
