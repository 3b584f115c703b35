//! Which event is sent to an endpoint next. No clock and no I/O: who asks says what time it is.
//!
//! Events of one lane go one after the other, and each stays in front of the next until it is done with; lanes don't wait
//! for one another. Knows places of events and nothing that they say.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use parlour_storage::domain::event::{EventId, Lane};
use tokio::time::Instant;

use super::backoff;

/// Events that may be open at a time. One lane alone may fill them, if its first one is never taken; then the others wait
/// until it is given up.
const OPEN_MAX: usize = 16_384;

/// After so many failures in a row, of whatever lanes, it is the endpoint that fails, and one attempt at a time shows when
/// it is back.
const DOWN_AFTER: u32 = 5;

/// The events of an endpoint that were read and aren't done with.
#[derive(Debug)]
pub(super) struct Lanes {
    at_once_max: usize,
    open: BTreeMap<EventId, Item>,
    lanes: HashMap<Lane, VecDeque<EventId>>,
    /// The first of each lane, unless it is on its way, by when it is due.
    ready: BTreeSet<(Instant, EventId)>,
    n_on_their_way: usize,
    /// Everything up to here was read.
    read: EventId,
    /// Failures since the endpoint last answered otherwise.
    n_failures: u32,
    /// It asked to be left alone, and is, whatever it answers meanwhile to what was on its way.
    asked_for_rest_until: Option<Instant>,
    /// It gets some rest since it is down, until it answers.
    rests_until: Option<Instant>,
}

#[derive(Debug)]
struct Item {
    lane: Lane,
    n_attempts: u32,
    give_up_at: Instant,
    /// It was dead: where it stands has been passed already.
    revived: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this one.
    Send(EventId),
    /// Give this one up: its time is over, and the endpoint is down.
    GiveUp(EventId),
    /// Nothing before then.
    Wait(Instant),
    /// Nothing before something is done with, or added.
    Nothing,
}

/// What becomes of an event that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It goes again when its time has come.
    Waits,
    /// Its time is over. It is still in the way of its lane, until it is [done](Lanes::done).
    GivenUp,
}

impl Lanes {
    /// None, after everything up to `read`.
    pub(super) fn new(read: EventId, at_once_max: usize) -> Self {
        Self {
            at_once_max,
            open: BTreeMap::new(),
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            n_on_their_way: 0,
            read,
            n_failures: 0,
            asked_for_rest_until: None,
            rests_until: None,
        }
    }

    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() < OPEN_MAX
    }

    /// Adds an event that was read. They come in order.
    pub(super) fn add(&mut self, id: EventId, lane: Lane, give_up_at: Instant, now: Instant) {
        self.read = self.read.max(id);
        self.insert(id, lane, give_up_at, false, now);
    }

    /// Adds one that was dead, unless it is there.
    pub(super) fn revive(&mut self, id: EventId, lane: Lane, give_up_at: Instant, now: Instant) {
        if !self.open.contains_key(&id) {
            self.insert(id, lane, give_up_at, true, now);
        }
    }

    fn insert(&mut self, id: EventId, lane: Lane, at: Instant, revived: bool, now: Instant) {
        let queue = self.lanes.entry(lane.clone()).or_default();
        queue.push_back(id);
        if queue.len() == 1 {
            self.ready.insert((now, id));
        }
        let item = Item {
            lane,
            n_attempts: 0,
            give_up_at: at,
            revived,
        };
        self.open.insert(id, item);
    }

    /// Everything up to a place was read, whether or not it is for this endpoint.
    pub(super) fn read_through(&mut self, read: EventId) {
        self.read = self.read.max(read);
    }

    /// What to do next. What is to be sent or given up counts as on its way from now on.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        let at_once = if self.is_down() { 1 } else { self.at_once_max };
        let first = self.ready.first().copied();
        let Some((due, id)) = first.filter(|_| self.n_on_their_way < at_once) else {
            return Next::Nothing;
        };
        let rests = [self.asked_for_rest_until, self.rests_until];
        let due = rests.into_iter().flatten().fold(due, Instant::max);
        if due > now {
            return Next::Wait(due);
        }
        self.ready.pop_first();
        self.n_on_their_way += 1;
        let over = self
            .open
            .get(&id)
            .is_some_and(|item| item.give_up_at <= now);
        match over && self.is_down() {
            true => Next::GiveUp(id),
            false => Next::Send(id),
        }
    }

    /// One on its way is done with: taken, or given up. Tells whether it was dead before.
    pub(super) fn done(&mut self, id: EventId, now: Instant) -> bool {
        self.n_on_their_way -= 1;
        let Some(item) = self.open.remove(&id) else {
            return false;
        };
        if let Some(queue) = self.lanes.get_mut(&item.lane) {
            queue.pop_front();
            match queue.front() {
                Some(next) => drop(self.ready.insert((now, *next))),
                None => drop(self.lanes.remove(&item.lane)),
            }
        }
        item.revived
    }

    /// The endpoint answered, and not that it can't. Tells whether it failed before.
    pub(super) fn answered(&mut self) -> bool {
        self.rests_until = None;
        std::mem::take(&mut self.n_failures) > 0
    }

    /// One on its way failed.
    pub(super) fn failed(
        &mut self,
        id: EventId,
        retry_after: Option<Duration>,
        chance: f64,
        now: Instant,
    ) -> Failed {
        self.n_failures = self.n_failures.saturating_add(1);
        if let Some(asked) = retry_after {
            self.asked_for_rest_until = self.asked_for_rest_until.max(Some(now + asked));
        } else if self.is_down() {
            let rest = backoff::wait(self.n_failures - DOWN_AFTER + 1, chance);
            self.rests_until = self.rests_until.max(Some(now + rest));
        }
        let Some(item) = self.open.get_mut(&id) else {
            return Failed::GivenUp;
        };
        item.n_attempts += 1;
        let due = now + backoff::wait(item.n_attempts, chance).max(retry_after.unwrap_or_default());
        if due > item.give_up_at {
            return Failed::GivenUp;
        }
        self.wait(id, due);
        Failed::Waits
    }

    /// One on its way was not sent at all, and goes again at a time.
    pub(super) fn wait(&mut self, id: EventId, due: Instant) {
        self.n_on_their_way -= 1;
        self.ready.insert((due, id));
    }

    /// Failures in a row.
    pub(super) fn n_failures(&self) -> u32 {
        self.n_failures
    }

    /// How often an event was sent.
    pub(super) fn n_attempts(&self, id: EventId) -> u32 {
        self.open.get(&id).map_or(0, |item| item.n_attempts)
    }

    /// The oldest one that isn't done with.
    pub(super) fn oldest(&self) -> Option<EventId> {
        let mut open = self.open.iter();
        open.find(|(_, item)| !item.revived).map(|(id, _)| *id)
    }

    /// Everything up to here is done with.
    pub(super) fn through(&self) -> EventId {
        self.oldest().map_or(self.read, EventId::before)
    }

    fn is_down(&self) -> bool {
        self.n_failures >= DOWN_AFTER
    }
}

#[cfg(test)]
mod tests;
