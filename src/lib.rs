//! The node of Parlour: everything that touches the outside world, and the wiring.

pub mod config;
pub mod exit;
