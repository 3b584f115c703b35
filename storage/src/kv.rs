//! What an embedded engine has to offer: an ordered map of bytes with atomic batches and a sync.
//!
//! Knows no record and no rule; those are `engine`'s. Whoever implements [`Kv`] gets a whole store from
//! `local`.

use std::{collections::BTreeMap, fmt, ops::Range};

use crate::error::StoreError;

/// A key and what is stored there.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// Entries in the order of keys, or the reverse. Writes made meanwhile may or may not be met.
pub(crate) type Scan<'a> = Box<dyn Iterator<Item = Result<Entry, StoreError>> + 'a>;

/// Writes that happen together; `None` removes. Ordered, so that runs repeat.
pub(crate) type Batch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// In which direction a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Something that keys can be read from.
pub(crate) trait Source {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_>;

    /// Between two steps of a long read that needn't see the same moment: lets the writer in.
    fn breathe(&self) {}
}

/// An ordered map on some medium. Errors are of kind `Failed`, and final: nothing is tried twice.
pub(crate) trait Kv: Source + Send + Sync + fmt::Debug {
    /// Makes the writes visible, all or none, also after a crash. Not durable before [`sync`](Self::sync).
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Makes everything applied before the call survive the end of the process and of power.
    fn sync(&self) -> Result<(), StoreError>;
}
