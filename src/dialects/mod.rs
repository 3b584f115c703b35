//! The dialects: codecs between what goes over a wire and the typed commands and changes of the core.
//!
//! A dialect holds no rule, no state and no storage; all of them share one data space.

pub mod native;
