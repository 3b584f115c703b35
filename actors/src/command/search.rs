//! Looking for messages by their words.

use std::ops::Range;

use parlour_storage::ids::{Timestamp, UserId};

use super::{Item, Target};

/// Which messages are looked for, of those that the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// All of these words are in it; of the last one, the beginning.
    pub words: String,
    /// Where. `None`: in all conversations of the caller.
    pub of: Option<Target>,
    /// By whom.
    pub author: Option<UserId>,
    /// Sent then or later.
    pub since: Option<Timestamp>,
    /// Sent before.
    pub until: Option<Timestamp>,
    /// With files, or without.
    pub has_file: Option<bool>,
    /// So many are skipped; at most [`OFFSET_MAX`](crate::limits::OFFSET_MAX).
    pub offset: usize,
    /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The message. Not deleted, not hidden.
    pub item: Item,
    /// Where in its text the words stand: ranges of bytes, ascending, at the bounds of characters.
    pub highlights: Vec<Range<usize>>,
}
