//! The dialects, compiled from the sources of the edge without the edge: with all that it links (TLS, search, pictures), an
//! optimised build would take minutes more, for two codecs.
//!
//! Their tests run where they belong. What else is measured is in crates that are light enough.

#[path = "../../src/dialects/mod.rs"]
pub mod dialects;
// What the dialects know of the edge's files: the key that addresses are signed with.
#[path = "../../src/files/link.rs"]
pub mod files;
// How the pump puts them on the wire.
#[path = "../../src/http/frames.rs"]
pub mod frames;
