//! Who waits for what an earlier text of the same person comes to, so that each person's writes keep their order.
//!
//! Plain state: knows neither who is asked nor what is waited for.

use std::collections::{HashMap, VecDeque};

use parlour_storage::ids::UserId;

/// Everyone's line. Nobody waits in another's.
#[derive(Debug)]
pub(super) struct Lines<A, B> {
    lines: HashMap<UserId, VecDeque<Place<A, B>>>,
    next: u64,
}

#[derive(Debug)]
enum Place<A, B> {
    /// Something that is out, until it comes back.
    Out { number: u64, back: Option<A> },
    /// Something that waits for its turn.
    Behind(B),
}

/// What can leave a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leaving<A, B> {
    /// It came back.
    Back(A),
    /// Its turn has come.
    Turn(B),
}

impl<A, B> Default for Lines<A, B> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            next: 0,
        }
    }
}

impl<A, B> Lines<A, B> {
    /// How many wait in somebody's line.
    pub(super) fn len(&self, user: &UserId) -> usize {
        self.lines.get(user).map_or(0, VecDeque::len)
    }

    /// The number of what goes out next; all that is out has a lower one.
    pub(super) fn next_number(&self) -> u64 {
        self.next
    }

    /// The lowest number of anything that is out. Looks at everything: for the end of a node.
    pub(super) fn oldest_out(&self) -> Option<u64> {
        let places = self.lines.values().flatten();
        let out = places.filter_map(|place| match place {
            Place::Out { number, .. } => Some(*number),
            Place::Behind(_) => None,
        });
        out.min()
    }

    /// Puts something at the end that is out. Comes back by the number.
    pub(super) fn go_out(&mut self, user: &UserId) -> u64 {
        let number = self.next;
        self.next += 1;
        let out = Place::Out { number, back: None };
        self.lines.entry(user.clone()).or_default().push_back(out);
        number
    }

    /// Puts something at the end that has to wait for its turn.
    pub(super) fn wait(&mut self, user: &UserId, behind: B) {
        let line = self.lines.entry(user.clone()).or_default();
        line.push_back(Place::Behind(behind));
    }

    /// Something came back; it stays in its place.
    pub(super) fn come_back(&mut self, user: &UserId, number: u64, with: A) {
        let places = self.lines.get_mut(user).into_iter().flatten();
        for place in places {
            match place {
                Place::Out { number: n, back } if *n == number => {
                    *back = Some(with);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Takes out who is first, unless that one is out still.
    pub(super) fn first(&mut self, user: &UserId) -> Option<Leaving<A, B>> {
        let line = self.lines.get_mut(user)?;
        let leaving = match line.pop_front()? {
            Place::Behind(behind) => Leaving::Turn(behind),
            Place::Out {
                back: Some(back), ..
            } => Leaving::Back(back),
            out => {
                line.push_front(out);
                return None;
            }
        };
        if line.is_empty() {
            self.lines.remove(user);
        }
        Some(leaving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::user;

    #[test]
    fn each_person_s_order_holds_and_nobody_waits_for_another() {
        let (a, b) = (user("a"), user("b"));
        let mut lines = Lines::<&str, &str>::default();
        let (first, second) = (lines.go_out(&a), lines.go_out(&a));
        lines.wait(&a, "third");
        let other = lines.go_out(&b);
        lines.come_back(&a, second, "second");
        assert_eq!(lines.first(&a), None, "the first is out");
        lines.come_back(&b, other, "other");
        assert_eq!(lines.first(&b), Some(Leaving::Back("other")));
        lines.come_back(&a, first, "first");
        assert_eq!((lines.len(&a), lines.oldest_out()), (3, Some(first)));
        let left: Vec<_> = std::iter::from_fn(|| lines.first(&a)).collect();
        assert_eq!(
            left,
            [
                Leaving::Back("first"),
                Leaving::Back("second"),
                Leaving::Turn("third")
            ]
        );
        assert_eq!((lines.len(&a), lines.oldest_out()), (0, None));
    }
}
