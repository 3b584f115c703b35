//! Whether a client was told all that it was promised: nothing lost, nothing twice, each line in order.
//!
//! Looked at with each message while the run goes on: one comparison when all is well, so that it can watch millions a
//! second. What is missing is remembered until it comes after all, or the run ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{AddAssign, Range},
};

use serde::Serialize;

use crate::stamp::Line;

/// What a node did against its word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Acknowledged messages that never came to somebody whom they were for, though later ones did.
    pub lost: u64,
    /// Acknowledged messages at the end of a line that had not come when nobody waited any more: lost, or late.
    pub late: u64,
    /// Messages that came once more.
    pub repeated: u64,
    /// Messages that came behind a later one of the same sender in the same conversation.
    pub swapped: u64,
    /// Messages that came to somebody whom they were not for.
    pub stray: u64,
}

impl Faults {
    /// Whether there is none.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.late += other.late;
        self.repeated += other.repeated;
        self.swapped += other.swapped;
        self.stray += other.stray;
    }
}

/// What one client was told.
#[derive(Debug, Default)]
pub struct Check {
    /// The first line that it may hear of; those of its conversation are next to each other.
    first: Line,
    lines: Vec<Heard>,
    /// Numbers that were left out so far.
    gaps: BTreeMap<Line, BTreeSet<u32>>,
    faults: Faults,
}

/// What came of a line.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// The highest number.
    last: u32,
    /// What is not above this was settled: it may come after all, and is not judged.
    settled: u32,
}

/// What became of the messages of a line.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The highest number that was sent.
    pub last: u32,
    /// Of these, the ones that were refused or not answered: they may come or not.
    pub open: BTreeSet<u32>,
}

impl Check {
    /// Of a client that hears these lines, from their first messages on.
    pub fn new(lines: Range<Line>) -> Self {
        Self {
            first: lines.start,
            lines: vec![Heard::default(); lines.len()],
            ..Self::default()
        }
    }

    /// A message came. `false`: not as it should have.
    pub fn arrived(&mut self, line: Line, number: u32) -> bool {
        let index = line.wrapping_sub(self.first) as usize;
        let Some(heard) = self.lines.get_mut(index) else {
            self.faults.stray += 1;
            return false;
        };
        let last = heard.last;
        heard.last = last.max(number);
        if number == last + 1 || number <= heard.settled {
            return true;
        }
        if number > last {
            // It isn't known yet whether they are lost, late, or were refused.
            self.gaps.entry(line).or_default().extend(last + 1..number);
            return true;
        }
        let was_missing = self
            .gaps
            .get_mut(&line)
            .is_some_and(|missing| missing.remove(&number));
        if was_missing {
            self.faults.swapped += 1;
        } else {
            self.faults.repeated += 1;
        }
        false
    }

    /// Nothing more is waited for of what was said so far. The next messages count anew.
    pub fn settle(&mut self, line: Line, said: &Said) {
        let index = line.wrapping_sub(self.first) as usize;
        let Some(heard) = self.lines.get_mut(index) else {
            return;
        };
        let is_missing = |number: &u32| !said.open.contains(number);
        let gaps = self.gaps.remove(&line).unwrap_or_default();
        self.faults.lost += gaps.iter().filter(|number| is_missing(number)).count() as u64;
        self.faults.late += (heard.last + 1..=said.last).filter(is_missing).count() as u64;
        heard.last = said.last.max(heard.last);
        heard.settled = heard.last;
    }

    /// Nothing is expected of what was said so far: this client was away.
    pub fn forget(&mut self, line: Line, said: &Said) {
        let faults = self.faults;
        self.settle(line, said);
        self.faults = faults;
    }

    /// What was wrong since this was last asked.
    pub fn take_faults(&mut self) -> Faults {
        std::mem::take(&mut self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(last: u32, open: &[u32]) -> Said {
        let open = open.iter().copied().collect();
        Said { last, open }
    }

    /// What a client finds that hears these numbers of line 5, of which `last` were said.
    fn faults(numbers: &[u32], last: u32, open: &[u32]) -> Faults {
        let mut check = Check::new(4..8);
        for number in numbers {
            check.arrived(5, *number);
        }
        check.settle(5, &said(last, open));
        check.take_faults()
    }

    fn of(lost: u64, repeated: u64, swapped: u64, stray: u64) -> Faults {
        Faults {
            lost,
            late: 0,
            repeated,
            swapped,
            stray,
        }
    }

    #[test]
    fn all_in_order_is_clean() {
        assert!(faults(&[1, 2, 3], 3, &[]).is_clean());
        assert!(faults(&[], 0, &[]).is_clean());
    }

    #[test]
    fn what_is_dropped_is_found_at_the_front_in_the_middle_and_at_the_end() {
        assert_eq!(faults(&[2, 3], 3, &[]), of(1, 0, 0, 0));
        assert_eq!(faults(&[1, 5], 5, &[]), of(3, 0, 0, 0));
        // What nothing followed may be on its way.
        let late = |late| Faults {
            late,
            ..Faults::default()
        };
        assert_eq!(faults(&[1, 2], 4, &[]), late(2));
        assert_eq!(faults(&[], 3, &[]), late(3));
    }

    #[test]
    fn what_was_refused_need_not_come() {
        assert!(faults(&[1, 3], 4, &[2, 4]).is_clean());
        // And may: a request without an answer can have been carried out.
        assert!(faults(&[1, 2, 3, 4], 4, &[2, 4]).is_clean());
    }

    #[test]
    fn what_comes_late_is_swapped_and_not_lost() {
        assert_eq!(faults(&[1, 3, 2, 4], 4, &[]), of(0, 0, 1, 0));
        assert_eq!(faults(&[4, 3, 2, 1], 4, &[]), of(0, 0, 3, 0));
    }

    #[test]
    fn what_comes_again_is_repeated() {
        assert_eq!(faults(&[1, 1, 2], 2, &[]), of(0, 1, 0, 0));
        assert_eq!(faults(&[1, 3, 2, 2, 3], 3, &[]), of(0, 2, 1, 0));
    }

    #[test]
    fn lines_do_not_mix_and_those_of_others_are_strays() {
        let mut check = Check::new(4..6);
        assert!(check.arrived(4, 1) && check.arrived(5, 1) && check.arrived(4, 2));
        assert!(!check.arrived(3, 1) && !check.arrived(6, 1) && !check.arrived(Line::MAX, 1));
        assert_eq!(check.take_faults(), of(0, 0, 0, 3));
        assert!(check.take_faults().is_clean());
    }

    #[test]
    fn after_settling_it_goes_on_with_what_is_new() {
        let mut check = Check::new(0..1);
        check.arrived(0, 1);
        check.forget(0, &said(10, &[]));
        // Late, and no fault of a run that is over.
        assert!(check.arrived(0, 3) && check.arrived(0, 2));
        assert!(check.take_faults().is_clean());
        check.arrived(0, 11);
        check.arrived(0, 13);
        check.settle(0, &said(13, &[]));
        assert_eq!(check.take_faults(), of(1, 0, 0, 0));
    }
}
