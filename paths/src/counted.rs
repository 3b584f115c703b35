//! What is counted.

use std::hint::black_box;

/// How callgrind finds [`counted`] among the symbols, whatever the closure is.
pub(crate) const SYMBOL: &str = "*parlour_paths*counted*";

/// Does something, and callgrind counts it. Not within itself.
#[inline(never)]
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> T {
    let done = work();
    // With something left to do here, the work can't be jumped to in place of this function, which would then seem to have
    // ended before it.
    black_box(&done);
    done
}
