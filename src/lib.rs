//! The node of Parlour: everything that touches the outside world, and the wiring.

pub mod auth;
pub mod cli;
pub mod config;
pub mod exit;
pub mod node;
