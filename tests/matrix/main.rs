//! Every way to do something, by every kind of person, under each contact gate: the real node against two tables.
//!
//! `ways.txt` says what each route and event does, `verdicts.txt` what comes of it. A new route or event without a row
//! fails `every_way_has_a_row`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod coverage;
mod first_contact;
mod speak;
mod tables;
mod walk;
mod world;
