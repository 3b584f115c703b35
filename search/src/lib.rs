//! Full text of messages: a derived index, rebuilt from the store whenever that is needed, and never the truth.

#![warn(missing_docs)]

mod background;
mod check;
mod fold;
mod index;
mod indexer;
mod mark;
mod query;
mod terms;
mod words;

pub use self::{
    check::{Report, check},
    index::{Index, IndexError, MEMORY_MIN, Place, Writer},
    indexer::{Broken, Indexer, Progress, Running},
    mark::Mark,
    query::{Hits, Query, has_words},
    words::highlights,
};

#[cfg(test)]
mod naive;
