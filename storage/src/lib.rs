//! What Parlour keeps, and the promises it keeps it by.
//!
//! [`store::Store`] is the contract, in the domain's verbs; `domain` the nouns; `ids` the names and
//! numbers. Knows no actor, no socket and no wire format.
//!
//! Inside, `engine` holds every rule over `kv`'s ordered map of bytes; `memory_store` and `sled_store` are
//! such maps; `local` is the threads around them.

#![warn(missing_docs)]

pub mod attachments;
pub mod audit;
mod codec;
pub mod compact;
pub mod contacts;
pub mod domain;
mod engine;
pub mod error;
pub mod events;
#[cfg(feature = "testsuite")]
pub mod faulty;
pub mod ids;
mod keys;
mod kv;
pub mod local;
pub mod memory_store;
mod migrate;
pub mod notices;
pub use migrate::FORMAT;
pub mod personal;
mod record;
pub mod safety;
pub mod scheduled;
pub mod sled_store;
pub mod store;
#[cfg(feature = "testsuite")]
pub mod suite;
pub mod transaction;
pub mod verify;
