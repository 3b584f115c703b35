//! Full text of messages: a derived index, rebuilt from the store whenever that is needed, and never the truth.

#![warn(missing_docs)]

mod index;
mod mark;
mod query;
mod words;

pub use self::{
    index::{Index, IndexError, MEMORY_MIN, Place, Writer},
    mark::Mark,
    query::{Hits, Query, has_words},
    words::highlights,
};

#[cfg(test)]
mod naive;
