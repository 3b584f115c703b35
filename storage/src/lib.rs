//! What Parlour keeps, and the promises it keeps it by.
//!
//! [`store::Store`] is the contract, in the domain's verbs; `domain` the nouns; `ids` the names and
//! numbers. Knows no actor, no socket and no wire format.

#![warn(missing_docs)]

pub mod domain;
pub mod error;
pub mod ids;
pub mod store;
