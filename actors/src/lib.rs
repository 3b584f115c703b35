//! How Parlour behaves: sessions, rooms, presence, moderation and the archive, as actors that exchange
//! typed messages.
//!
//! | Actor | One per | Started by | Ends |
//! |---|---|---|---|
//! | [`session::Session`] | connection | its transport | with its transport |
//! | [`room::Room`] | active conversation | the first request or change | idle, or by a panic |
//! | [`moderation::Moderation`] | node | [`system::System`] | with the node |
//! | [`archive::Archive`] | node | [`system::System`] | with the node |
//! | [`presence::Presence`] | node | [`system::System`] | with the node |
//! | [`sweeper::Sweeper`] | node | [`system::System`] | with the node |
//! | `notifier::Notifier` | node | [`system::System`] | with the node |
//! | [`collector::Collector`] | node, if it has files | [`system::System`] | with the node |
//! | [`scheduler::Scheduler`] | node | [`system::System`] | with the node |
//! | [`janitor::Janitor`] | node, if not everything is kept | [`system::System`] | with the node |
//!
//! Knows no HTTP, no database, no command line and no environment.

#![warn(missing_docs)]

pub mod action;
pub mod archive;
pub mod clock;
pub mod codec;
mod collector;
pub mod command;
pub mod connection;
pub mod counters;
pub mod desk;
pub mod erasure;
pub mod error;
pub mod export;
pub mod feed;
pub mod files;
pub mod group;
mod herald;
mod janitor;
pub mod limits;
pub mod moderation;
mod notifier;
pub mod outbox;
pub mod policy;
pub mod presence;
pub mod push;
pub mod pusher;
mod questions;
pub mod registry;
pub mod reply;
mod resume;
pub mod reviewer;
pub mod room;
mod safety;
#[cfg(test)]
mod scenarios;
mod scenes;
mod scheduler;
pub mod searcher;
pub mod session;
pub mod shadows;
mod sight;
mod sweeper;
pub mod system;
mod targets;
#[cfg(test)]
mod testkit;
mod vigil;
pub mod visibility;
