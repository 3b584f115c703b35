//! Full text of messages: a derived index, rebuilt from the store whenever that is needed, and never the truth.

#![warn(missing_docs)]

mod words;

pub use words::highlights;
