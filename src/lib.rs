//! p

pub mod auth;
