//! Which device is told what next, and when it is tried again.
//!
//! One thing at a time to each device; a newer one about the same conversation takes the place of one that waits. No I/O.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use parlour_storage::{
    domain::{notification::NotificationId, push::PushTarget},
    ids::{ConversationId, PushTargetId, UserId},
};
use tokio::time::Instant;

/// Devices with something waiting. One more is told nothing.
const DEVICES_MAX: usize = 10_000;
/// What waits for one device. Beyond it the oldest is let go of.
const WAITING_MAX: usize = 16;
/// So often one thing is tried.
pub(super) const ATTEMPTS_MAX: u32 = 8;
/// After the first failure it is tried again after so long, then twice as long each time ...
const BACK_OFF: Duration = Duration::from_secs(1);
/// ... and never after longer than this, whatever the other side says.
const BACK_OFF_MAX: Duration = Duration::from_secs(300);

/// A device: whose, and which; `None` is the operator's own service.
pub(super) type Device = (UserId, Option<PushTargetId>);

/// What a device is to be told. What that is, is looked up when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) notification: NotificationId,
    pub(super) collapse: Option<ConversationId>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over: told, not wanted any more, or refused.
    Over,
    /// The device is gone.
    Gone,
    /// Again, no sooner than after this.
    Later(Option<Duration>),
}

#[derive(Debug)]
struct Line {
    target: PushTarget,
    /// The first is the one that is tried.
    waiting: VecDeque<Told>,
    /// The first is under way.
    is_under_way: bool,
    /// How often the first was tried.
    n_attempts: u32,
}

/// What waits for all devices.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: HashMap<Device, Line>,
    ready: VecDeque<Device>,
    resting: BTreeSet<(Instant, Device)>,
}

impl Queue {
    /// Has a device told something. `false`: something was let go of for want of room.
    pub(super) fn add(&mut self, device: Device, target: PushTarget, told: Told) -> bool {
        if let Some(line) = self.lines.get_mut(&device) {
            line.target = target;
            let from = usize::from(line.is_under_way);
            let same = line.waiting.iter_mut().skip(from);
            let mut same = same.filter(|old| old.collapse.is_some());
            if let Some(old) = same.find(|old| old.collapse == told.collapse) {
                *old = told;
                return true;
            }
            line.waiting.push_back(told);
            let is_full = line.waiting.len() > WAITING_MAX;
            if is_full {
                line.waiting.remove(from);
            }
            return !is_full;
        }
        if self.lines.len() >= DEVICES_MAX {
            return false;
        }
        let line = Line {
            target,
            waiting: VecDeque::from([told]),
            is_under_way: false,
            n_attempts: 0,
        };
        self.lines.insert(device.clone(), line);
        self.ready.push_back(device);
        true
    }

    /// What is to be tried now, if anything.
    pub(super) fn take(&mut self, now: Instant) -> Option<(Device, PushTarget, Told)> {
        while let Some((at, _)) = self.resting.first()
            && *at <= now
        {
            self.ready
                .extend(self.resting.pop_first().map(|(_, device)| device));
        }
        let device = self.ready.pop_front()?;
        let line = self.lines.get_mut(&device)?;
        let told = *line.waiting.front()?;
        line.is_under_way = true;
        Some((device, line.target.clone(), told))
    }

    /// An attempt is over. `false`: it was the last of this.
    pub(super) fn done(&mut self, device: &Device, verdict: Verdict, now: Instant) -> bool {
        let Some(line) = self.lines.get_mut(device) else {
            return true;
        };
        line.is_under_way = false;
        line.n_attempts += 1;
        if verdict == Verdict::Gone {
            self.lines.remove(device);
            return true;
        }
        if let Verdict::Later(after) = verdict
            && line.n_attempts < ATTEMPTS_MAX
        {
            let wait = BACK_OFF.saturating_mul(1 << (line.n_attempts - 1));
            let wait = wait.max(after.unwrap_or_default()).min(BACK_OFF_MAX);
            self.resting.insert((now + wait, device.clone()));
            return true;
        }
        line.waiting.pop_front();
        line.n_attempts = 0;
        if line.waiting.is_empty() {
            self.lines.remove(device);
        } else {
            self.ready.push_back(device.clone());
        }
        verdict == Verdict::Over
    }

    /// When something has rested enough. `None`: nothing rests.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.resting.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::ids::Position;

    use super::*;

    fn device(name: &str) -> Device {
        (UserId::new(name).unwrap(), None)
    }

    fn told(n: u64, conversation: Option<u64>) -> Told {
        let position = |n| Position::new(n).unwrap();
        Told {
            notification: NotificationId(position(n)),
            collapse: conversation.map(|n| ConversationId::created_at(position(n))),
        }
    }

    fn add(queue: &mut Queue, name: &str, what: Told) -> bool {
        queue.add(device(name), PushTarget::Webhook, what)
    }

    fn next(queue: &mut Queue, now: Instant) -> Option<(Device, Told)> {
        queue.take(now).map(|(device, _, told)| (device, told))
    }

    #[test]
    fn a_device_is_told_one_thing_after_the_other() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for (name, n) in [("a", 1), ("a", 2), ("b", 3)] {
            assert!(add(&mut queue, name, told(n, None)));
        }
        assert_eq!(next(&mut queue, now), Some((device("a"), told(1, None))));
        assert_eq!(next(&mut queue, now), Some((device("b"), told(3, None))));
        assert_eq!(next(&mut queue, now), None, "the first is under way");
        assert!(queue.done(&device("a"), Verdict::Over, now));
        assert_eq!(next(&mut queue, now), Some((device("a"), told(2, None))));
        for name in ["a", "b"] {
            assert!(queue.done(&device(name), Verdict::Over, now));
        }
        assert!(queue.lines.is_empty() && queue.next_at().is_none());
    }

    #[test]
    fn a_newer_one_about_the_same_conversation_takes_the_place_of_one_that_waits() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        add(&mut queue, "a", told(1, Some(7)));
        assert!(next(&mut queue, now).is_some());
        for n in 2..100 {
            assert!(add(&mut queue, "a", told(n, Some(7))), "never full");
        }
        queue.done(&device("a"), Verdict::Over, now);
        let last = told(99, Some(7));
        assert_eq!(next(&mut queue, now), Some((device("a"), last)));
    }

    #[test]
    fn what_fails_is_tried_again_after_longer_and_longer_and_then_no_more() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        add(&mut queue, "a", told(1, None));
        add(&mut queue, "a", told(2, None));
        let mut waits = Vec::new();
        loop {
            let (_, what) = next(&mut queue, now).unwrap();
            assert_eq!(what, told(1, None));
            if !queue.done(&device("a"), Verdict::Later(None), now) {
                break;
            }
            assert_eq!(next(&mut queue, now), None, "it rests");
            let at = queue.next_at().unwrap();
            waits.push((at - now).as_secs());
            now = at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(next(&mut queue, now), Some((device("a"), told(2, None))));
        for (after, seconds) in [(30, 30), (1, 2), (100_000, 300)] {
            let after = Some(Duration::from_secs(after));
            assert!(queue.done(&device("a"), Verdict::Later(after), now));
            let at = queue.next_at().unwrap();
            assert_eq!((at - now).as_secs(), seconds);
            now = at;
            assert!(next(&mut queue, now).is_some());
        }
    }

    #[test]
    fn what_waits_has_bounds_and_a_device_that_is_gone_is_told_nothing() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for n in 1..=WAITING_MAX as u64 {
            assert!(add(&mut queue, "a", told(n, None)));
        }
        assert!(next(&mut queue, now).is_some());
        assert!(!add(&mut queue, "a", told(99, None)));
        assert_eq!(queue.lines[&device("a")].waiting[1], told(3, None));
        assert!(queue.done(&device("a"), Verdict::Gone, now));
        assert_eq!(next(&mut queue, now), None);
        for n in 0..DEVICES_MAX {
            assert!(add(&mut queue, &n.to_string(), told(1, None)));
        }
        assert!(!add(&mut queue, "one more", told(1, None)));
    }
}
