//! What a room tells of one commit group: encoded once, and shared by all who are told the same of it.
//!
//! In a large room under load this is most of what a node does. So a connection is handed all of it at once, and a
//! transport may keep beside it what it makes of it.

use std::sync::OnceLock;

use bytes::Bytes;
use parlour_storage::ids::Position;

use super::Frame;

/// Changes of one room and one commit group, encoded, in the order of positions.
#[derive(Debug)]
pub struct Run {
    /// Never empty.
    changes: Vec<(Position, Frame)>,
    n_bytes: usize,
    framed: OnceLock<Bytes>,
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl Eq for Run {}

impl Run {
    /// Of changes in the order of positions; `None` if there are none.
    pub fn new(changes: Vec<(Position, Frame)>) -> Option<Self> {
        if changes.is_empty() {
            return None;
        }
        debug_assert!(changes.is_sorted_by(|(a, _), (b, _)| a < b));
        Some(Self {
            n_bytes: changes.iter().map(|(_, frame)| frame.n_bytes()).sum(),
            changes,
            framed: OnceLock::new(),
        })
    }

    /// Each change, with its position.
    pub(super) fn changes(&self) -> &[(Position, Frame)] {
        &self.changes
    }

    /// The position of the first.
    pub fn first(&self) -> Position {
        self.changes.first().map_or(Position::ZERO, |&(at, _)| at)
    }

    pub(super) fn last(&self) -> Position {
        self.changes.last().map_or(Position::ZERO, |&(at, _)| at)
    }

    /// How many changes.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// The frames of the changes, in order.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.changes.iter().map(|(_, frame)| frame)
    }

    /// All of it as a transport puts it on the wire, made by the first that asks: those who ask have to make the same of it.
    pub fn framed(&self, frame: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.framed.get_or_init(|| frame(self))
    }
}

/// Whether some change lies between those of a run. In the order of positions.
pub(super) fn overlap(staged: &[(Position, Frame)]) -> bool {
    staged.windows(2).any(|pair| match &pair[0].1 {
        Frame::Run(run) => run.last() > pair[1].0,
        _ => false,
    })
}

/// Each change by itself, in the order of positions.
pub(super) fn taken_apart(staged: Vec<(Position, Frame)>) -> Vec<(Position, Frame)> {
    let mut single = Vec::with_capacity(staged.iter().map(|(_, frame)| frame.n_frames()).sum());
    for (position, frame) in staged {
        match frame {
            Frame::Run(run) => single.extend_from_slice(run.changes()),
            frame => single.push((position, frame)),
        }
    }
    single.sort_unstable_by_key(|&(position, _)| position);
    single
}
