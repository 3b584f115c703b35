//! One commit group on its way to its readers: when all rooms have told it, it is released everywhere.
//!
//! Rooms work in parallel, so without this a connection could see the change at position 7 of one room
//! before the change at 5 of another, be cut, resume from 7, and never see 5. Groups are released in the
//! order of their commits; within a group each outbox sorts.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use parlour_storage::ids::Position;

use crate::outbox::{Frame, Outbox, Staged};

/// A commit group that is being told. Each room that has changes to tell holds it, and lets go when it has told
/// them, or dies; the last one releases it.
#[derive(Debug)]
pub struct Group {
    through: Position,
    /// It is a single change, and nothing was being told when it began: there is nothing to sort or to wait for.
    alone: bool,
    touched: Mutex<Vec<Arc<Outbox>>>,
    /// Held by this group, so it isn't released before.
    next: OnceLock<Arc<Group>>,
}

impl Group {
    /// Puts a change of this group into an outbox, to come out when the group is released. `false`: the connection is
    /// closing.
    pub fn stage(&self, outbox: &Arc<Outbox>, position: Position, frame: Frame) -> bool {
        let staged = match self.alone {
            true => outbox.pass(position, frame),
            false => outbox.stage(position, self.through, frame),
        };
        if staged == Staged::ToRelease {
            self.touched
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Arc::clone(outbox));
        }
        staged != Staged::Refused
    }

    fn release(&mut self) {
        let touched = self
            .touched
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for outbox in touched.drain(..) {
            outbox.release(self.through);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.release();
        // A loop, and not what dropping `next` would do by itself: behind a slow room, groups queue up
        // by the thousand, and each would add a frame to the stack.
        let mut next = self.next.take();
        while let Some(mut group) = next.and_then(Arc::into_inner) {
            group.release();
            next = group.next.take();
        }
    }
}

/// Makes groups, each to be released after the one before.
#[derive(Debug, Default)]
pub struct Groups {
    last: Weak<Group>,
}

impl Groups {
    /// The newest group, for as long as it is being told.
    pub fn last(&self) -> Weak<Group> {
        Weak::clone(&self.last)
    }

    /// The next group, with so many changes, up to `through`.
    pub fn begin(&mut self, through: Position, n_changes: usize) -> Arc<Group> {
        let last = self.last.upgrade();
        let group = Arc::new(Group {
            through,
            alone: n_changes == 1 && last.is_none(),
            touched: Mutex::default(),
            next: OnceLock::new(),
        });
        if let Some(last) = last {
            let _only_set_here = last.next.set(Arc::clone(&group));
        }
        self.last = Arc::downgrade(&group);
        group
    }
}

#[cfg(test)]
mod tests {
    use bytestring::ByteString;

    use super::*;
    use crate::outbox::ConnectionId;

    fn at(n: u64) -> Position {
        Position::new(n).unwrap()
    }

    fn told(outbox: &Outbox) -> Vec<String> {
        let mut frames = Vec::new();
        outbox.drain(&mut frames);
        frames
            .iter()
            .map(|f| {
                if let Frame::Text(t) = f {
                    t.to_string()
                } else {
                    String::new()
                }
            })
            .collect()
    }

    fn tell(group: &Group, outbox: &Arc<Outbox>, position: u64) {
        group.stage(
            outbox,
            at(position),
            Frame::Text(ByteString::from(position.to_string())),
        );
    }

    #[test]
    fn a_slow_room_holds_back_what_came_later() {
        let outbox = Outbox::new(ConnectionId(1), 100, 10_000);
        outbox.open_gate(Position::ZERO);
        let mut groups = Groups::default();
        let first = groups.begin(at(5), 2);
        let second = groups.begin(at(9), 1);
        let (slow_room, fast_room) = (Arc::clone(&first), first);
        tell(&fast_room, &outbox, 4);
        drop(fast_room);
        tell(&second, &outbox, 7);
        drop(second);
        assert!(told(&outbox).is_empty(), "position 3 is still to come");
        tell(&slow_room, &outbox, 3);
        drop(slow_room);
        assert_eq!(told(&outbox), ["3", "4", "7"]);
    }

    #[test]
    fn a_long_queue_of_groups_does_not_overflow_the_stack() {
        let outbox = Outbox::new(ConnectionId(1), 100, 10_000);
        outbox.open_gate(Position::ZERO);
        let mut groups = Groups::default();
        let first = groups.begin(at(1), 1);
        let last = 200_000;
        for n in 2..=last {
            let group = groups.begin(at(n), 1);
            if n == last {
                tell(&group, &outbox, n);
            }
        }
        assert!(told(&outbox).is_empty());
        drop(first);
        assert_eq!(told(&outbox), [last.to_string()]);
    }
}
