//! Load for a chat node, and figures of it that can be believed.
//!
//! [`plan`] says when something is asked, [`tally`] how long answers took from then on, [`check`] whether all that was
//! promised came, once and in order. [`course`] brings the three together, [`search`] repeats it for the highest rate that
//! a node bears, [`report`] tells. [`actors`] drives the core in process, [`wire`] a running node by what its protocol's
//! document says and nothing else.
//!
//! Judges nothing and knows no target: what a figure should be stands in docs/performance.md.
#![warn(missing_docs)]

pub mod actors;
pub mod check;
mod clock;
pub mod course;
mod limits;
pub mod plan;
pub mod proc;
mod progress;
pub mod report;
pub mod rounds;
pub mod search;
pub mod stamp;
pub mod tally;
pub mod trial;
pub mod wire;
