//! Lanes on a clock that stands where the test puts it.

use parlour_storage::ids::{Position, UserId};
use proptest::prelude::*;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn id(position: u64) -> EventId {
    EventId {
        position: Position::new(position).unwrap(),
        n: 0,
    }
}

fn lane(name: &str) -> Lane {
    Lane::User(UserId::new(name).unwrap())
}

/// Events 1, 2, ... each in the lane named by its letter.
fn lanes(letters: &str, at_once_max: usize, now: Instant) -> Lanes {
    let mut lanes = Lanes::new(EventId::default(), at_once_max);
    for (position, letter) in (1..).zip(letters.chars()) {
        lanes.add(id(position), lane(&letter.to_string()), now + DAY, now);
    }
    lanes
}

/// Everything that may be sent now.
fn sent(lanes: &mut Lanes, now: Instant) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Next::Send(id) = lanes.next(now) {
        sent.push(id.position.get());
    }
    sent
}

#[test]
fn lanes_go_side_by_side_and_each_in_order() {
    let now = Instant::now();
    let mut lanes = lanes("aabba", 8, now);
    assert_eq!(sent(&mut lanes, now), [1, 3]);
    assert!(!lanes.done(id(3), now));
    assert_eq!(sent(&mut lanes, now), [4]);
    lanes.done(id(1), now);
    assert_eq!(sent(&mut lanes, now), [2]);
    lanes.done(id(4), now);
    lanes.done(id(2), now);
    assert_eq!(sent(&mut lanes, now), [5]);
    lanes.done(id(5), now);
    assert_eq!(lanes.next(now), Next::Nothing);
    assert_eq!(lanes.through(), id(5));
}

#[test]
fn only_so_many_go_at_once() {
    let now = Instant::now();
    let mut lanes = lanes("abcd", 2, now);
    assert_eq!(sent(&mut lanes, now), [1, 2]);
    lanes.done(id(2), now);
    assert_eq!(sent(&mut lanes, now), [3]);
}

#[test]
fn what_is_done_with_is_told_up_to_the_oldest_that_is_not() {
    let now = Instant::now();
    let mut lanes = lanes("abc", 8, now);
    sent(&mut lanes, now);
    assert_eq!(lanes.through(), EventId::through(Position::ZERO));
    lanes.done(id(2), now);
    lanes.done(id(3), now);
    assert_eq!(
        (lanes.oldest(), lanes.through()),
        (Some(id(1)), EventId::through(Position::ZERO))
    );
    lanes.done(id(1), now);
    assert_eq!((lanes.oldest(), lanes.through()), (None, id(3)));
    lanes.read_through(id(9));
    assert_eq!(lanes.through(), id(9));
    let second = EventId { n: 2, ..id(12) };
    lanes.add(second, lane("a"), now + DAY, now);
    assert_eq!(lanes.through(), EventId { n: 1, ..id(12) });
}

#[test]
fn what_failed_goes_again_in_its_time_and_its_lane_waits() {
    let now = Instant::now();
    let mut lanes = lanes("aab", 8, now);
    assert_eq!(sent(&mut lanes, now), [1, 3]);
    assert_eq!(lanes.failed(id(1), None, 1.0, now), Failed::Waits);
    lanes.done(id(3), now);
    assert!(lanes.answered());
    assert!(!lanes.answered());
    assert_eq!(lanes.next(now), Next::Wait(now + SECOND));
    assert_eq!(sent(&mut lanes, now + SECOND), [1]);
    assert_eq!(lanes.failed(id(1), None, 1.0, now + SECOND), Failed::Waits);
    assert_eq!(lanes.next(now + SECOND), Next::Wait(now + 3 * SECOND));
    assert_eq!(lanes.n_attempts(id(1)), 2);
}

#[test]
fn an_endpoint_that_asks_to_be_left_alone_is() {
    let now = Instant::now();
    let mut lanes = lanes("ab", 1, now);
    assert_eq!(sent(&mut lanes, now), [1]);
    lanes.failed(id(1), Some(10 * SECOND), 1.0, now);
    assert_eq!(lanes.next(now), Next::Wait(now + 10 * SECOND));
    assert_eq!(sent(&mut lanes, now + 10 * SECOND), [2]);
}

#[test]
fn what_a_neighbour_is_answered_does_not_end_the_rest_that_was_asked_for() {
    let now = Instant::now();
    let mut lanes = lanes("abc", 2, now);
    assert_eq!(sent(&mut lanes, now), [1, 2]);
    lanes.failed(id(1), Some(3600 * SECOND), 1.0, now);
    lanes.answered();
    lanes.done(id(2), now);
    assert_eq!(lanes.next(now), Next::Wait(now + 3600 * SECOND));
    assert_eq!(sent(&mut lanes, now + 3600 * SECOND), [3, 1]);
}

#[test]
fn an_endpoint_that_is_down_is_tried_with_one_at_a_time() {
    let now = Instant::now();
    let mut lanes = lanes("abcdefgh", 8, now);
    assert_eq!(sent(&mut lanes, now).len(), 8);
    for position in 1..=8 {
        lanes.failed(id(position), None, 1.0, now);
    }
    // Three of them found it down.
    assert_eq!(lanes.next(now + 3 * SECOND), Next::Wait(now + 8 * SECOND));
    let later = now + 8 * SECOND;
    assert_eq!(sent(&mut lanes, later), [1]);
    lanes.answered();
    lanes.done(id(1), later);
    assert_eq!(sent(&mut lanes, later).len(), 7);
}

#[test]
fn what_is_never_taken_is_given_up_and_its_lane_goes_on() {
    let now = Instant::now();
    let mut lanes = lanes("aa", 8, now);
    sent(&mut lanes, now);
    let late = now + DAY;
    assert_eq!(lanes.failed(id(1), None, 1.0, late), Failed::GivenUp);
    assert_eq!(lanes.next(late), Next::Nothing, "until it is done with");
    lanes.done(id(1), late);
    assert_eq!(sent(&mut lanes, late), [2], "the endpoint isn't down");
}

#[test]
fn while_an_endpoint_is_down_what_is_too_old_is_given_up_unsent() {
    let mut now = Instant::now();
    let over = now + DAY;
    let mut lanes = lanes("ab", 8, now);
    while lanes.n_failures() < DOWN_AFTER {
        match lanes.next(now) {
            Next::Send(id) => assert_eq!(lanes.failed(id, None, 1.0, now), Failed::Waits),
            Next::Wait(until) => now = until,
            next => panic!("{next:?}"),
        }
    }
    let Next::GiveUp(first) = lanes.next(over) else {
        panic!()
    };
    lanes.done(first, over);
    lanes.add(id(3), lane("a"), over + DAY, over);
    let Next::GiveUp(second) = lanes.next(over) else {
        panic!()
    };
    lanes.done(second, over);
    assert_eq!(lanes.next(over), Next::Send(id(3)), "its time is not over");
}

#[test]
fn what_was_dead_moves_nothing() {
    let now = Instant::now();
    let mut lanes = lanes("a", 8, now);
    sent(&mut lanes, now);
    lanes.done(id(1), now);
    lanes.revive(EventId::default(), lane("a"), now + DAY, now);
    lanes.revive(EventId::default(), lane("a"), now + DAY, now);
    assert_eq!((lanes.through(), lanes.oldest()), (id(1), None));
    assert_eq!(sent(&mut lanes, now), [0]);
    assert!(lanes.done(EventId::default(), now), "it was dead");
    assert_eq!(lanes.next(now), Next::Nothing);
}

proptest! {
    /// Whatever fails and however long: all are done with in the order of their lanes, no more at once than allowed, and
    /// nothing is told to be done with before it is.
    #[test]
    fn every_event_is_done_with_once_in_the_order_of_its_lane(
        letters in "[a-e]{1,40}",
        at_once_max in 1_usize..6,
        fates in prop::collection::vec((0_usize..6, 0_u8..4), 1..400),
    ) {
        let mut now = Instant::now();
        let mut lanes = lanes(&letters, at_once_max, now);
        let mut on_their_way = Vec::new();
        let mut done = Vec::new();
        let mut fates = fates.into_iter().chain(std::iter::repeat((0, 3)));
        while done.len() < letters.len() {
            match lanes.next(now) {
                Next::Send(id) => on_their_way.push(id),
                Next::GiveUp(id) => panic!("{id:?}: a day is not over"),
                Next::Wait(until) if on_their_way.is_empty() => now = until,
                Next::Wait(_) | Next::Nothing => {
                    prop_assert!(!on_their_way.is_empty(), "nothing is on its way and nothing due");
                    let (which, fate) = fates.next().unwrap();
                    let id = on_their_way.remove(which % on_their_way.len());
                    if fate == 0 {
                        prop_assert_eq!(lanes.failed(id, None, 0.3, now), Failed::Waits);
                    } else {
                        lanes.answered();
                        lanes.done(id, now);
                        done.push(id);
                    }
                }
            }
            prop_assert!(on_their_way.len() <= at_once_max);
            let through = lanes.through();
            for position in 1..=letters.len() as u64 {
                prop_assert!(id(position) > through || done.contains(&id(position)));
            }
        }
        prop_assert_eq!(lanes.through(), id(letters.len() as u64));
        let lane_of = |id: &EventId| letters.as_bytes()[id.position.get() as usize - 1];
        for letter in b'a'..=b'e' {
            let lane: Vec<_> = done.iter().filter(|id| lane_of(id) == letter).collect();
            prop_assert!(lane.is_sorted());
        }
    }
}
