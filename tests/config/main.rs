//! The configuration from outside: the real binary, its five sources, its messages and exit codes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod bench;
mod presets;
mod problems;
mod secrets;
mod sources;
