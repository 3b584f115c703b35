//! The machinery around an embedded engine: one thread that writes, one that syncs, a few that read, and one
//! that watches them.
//!
//! ```text
//! commit ─► queue ─► writer: applies small batches ─► syncer: one sync for all applied ─► answers
//! read   ─► queue ─► readers: a view of one moment ──► (waits until that moment is durable) ─► answer
//! ```
//!
//! While the syncer waits for the disk, the writer applies what comes next: that is how groups form.

mod attachments;
mod contacts;
mod events;
mod notices;
mod options;
#[cfg(feature = "paths")]
pub mod paths;
mod personal;
mod pulse;
mod reader;
mod safety;
mod scheduled;
mod store;
mod syncer;
mod tide;
mod writer;

pub use options::Options;
pub use store::LocalStore;
