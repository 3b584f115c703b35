//! Ways to reach somebody elsewhere: phone numbers, e-mail addresses, links.
//!
//! Rather misses one than hides half a sentence: what could as well be a date, a price or an order number is left alone.
//! The cases that decided are the tables in the tests. Handles and numbers in words are not looked for.

mod digits;
mod links;
mod phones;

use std::ops::Range;

/// Where they are, in bytes. Parts may overlap.
pub(super) fn look(text: &str) -> Vec<Range<usize>> {
    let mut found = links::look(text);
    phones::look(text, &mut found);
    found
}
