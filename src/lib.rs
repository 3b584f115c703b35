//! The node: everything that touches the outside world, and the wiring.

pub mod auth;
pub mod cli;
pub mod config;
pub mod dialects;
pub mod events;
pub mod exit;
pub mod files;
pub mod http;
pub mod node;
mod outbound;
mod policy;
pub mod push;
mod reviewer;
pub mod search;
mod telemetry;
mod webhooks;
