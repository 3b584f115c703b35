//! The rate limiter's arithmetic: the generic cell rate algorithm over plain numbers.
//!
//! Lets through `n` at once and then one per `period / n`, so never more than `n + n * t / period` in any
//! time `t`. A bucket is one number, the theoretical arrival time; so are its past and its copy on disk.

use std::time::Duration;

use crate::limits::Rate;

/// One user's state under one rate, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    tat_us: i64,
    /// What the store knows, or will with the next commit. At least `tat_us`.
    stored_us: i64,
}

/// What one more request would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may pass; then this is the bucket.
    Pass(Bucket),
    /// It may not, for so long.
    Wait(Duration),
}

/// How far ahead the stored state runs, as a share of the burst: one write in so many requests. After a
/// crash a user has at most an eighth of a burst less, and never more, than without one (G6).
const STORED_AHEAD: u32 = 8;

impl Bucket {
    /// A bucket as the store has it.
    pub(super) fn stored(tat_us: i64) -> Self {
        Self {
            tat_us,
            stored_us: tat_us,
        }
    }

    /// Whether one more request may pass now.
    pub(super) fn check(self, rate: Rate, now_us: i64) -> Verdict {
        let (period, each) = spread(rate);
        let tat_us = self.tat_us.max(now_us).saturating_add(each);
        let wait = tat_us.saturating_sub(now_us).saturating_sub(period);
        if wait > 0 {
            return Verdict::Wait(Duration::from_micros(wait.unsigned_abs()));
        }
        let stored_us = if tat_us > self.stored_us {
            tat_us
                .saturating_add(each.saturating_mul(i64::from((rate.n / STORED_AHEAD).max(1) - 1)))
        } else {
            self.stored_us
        };
        Verdict::Pass(Self { tat_us, stored_us })
    }

    /// What has to be stored on the way from `self` to `next`, if anything.
    pub(super) fn to_store(self, next: Self) -> Option<i64> {
        (next.stored_us != self.stored_us).then_some(next.stored_us)
    }

    /// How many more would pass now.
    pub(super) fn remaining(self, rate: Rate, now_us: i64) -> u32 {
        let (period, each) = spread(rate);
        let left = period.saturating_sub(self.ahead_us(now_us)) / each;
        u32::try_from(left.max(0)).map_or(rate.n, |left| left.min(rate.n))
    }

    /// How long until its burst is whole again.
    pub(super) fn reset(self, now_us: i64) -> Duration {
        Duration::from_micros(self.ahead_us(now_us).unsigned_abs())
    }

    /// How much of the time to come is used up; never negative.
    fn ahead_us(self, now_us: i64) -> i64 {
        self.tat_us.saturating_sub(now_us).max(0)
    }

    /// Whether forgetting it changes nothing: its burst is whole again.
    pub(super) fn is_idle(self, now_us: i64) -> bool {
        self.stored_us <= now_us
    }
}

/// The period of a rate, and the part of it that one request takes.
fn spread(rate: Rate) -> (i64, i64) {
    let period = micros(rate.period).max(1);
    (period, (period / i64::from(rate.n.max(1))).max(1))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::{
        Quota, RateLimiter, clock::FakeRelativeClock, middleware::StateInformationMiddleware,
    };
    use proptest::prelude::*;

    use super::*;

    const START_US: i64 = 1_800_000_000_000_000;

    fn rate(n: u32, period_ms: u64) -> Rate {
        Rate {
            n,
            period: Duration::from_millis(period_ms),
        }
    }

    proptest! {
        #[test]
        fn governor_comes_to_the_same_verdicts(
            n in 1_u32..50,
            each_ms in 1_u64..1000,
            steps in prop::collection::vec(0_u64..3000, 1..200),
        ) {
            let rate = rate(n, each_ms * u64::from(n));
            let clock = FakeRelativeClock::default();
            let quota = Quota::with_period(Duration::from_millis(each_ms)).unwrap()
                .allow_burst(NonZeroU32::new(n).unwrap());
            let oracle = RateLimiter::direct_with_clock(quota, clock.clone())
                .with_middleware::<StateInformationMiddleware>();
            let (mut bucket, mut now) = (Bucket::default(), START_US);
            for step in steps {
                clock.advance(Duration::from_millis(step));
                now += i64::try_from(step).unwrap() * 1000;
                let (verdict, expected) = (bucket.check(rate, now), oracle.check());
                prop_assert_eq!(matches!(verdict, Verdict::Pass(_)), expected.is_ok());
                if let Verdict::Pass(next) = verdict {
                    bucket = next;
                }
                let remaining = expected.map_or(0, |state| state.remaining_burst_capacity());
                prop_assert_eq!(bucket.remaining(rate, now), remaining);
            }
            // It is whole when it says so, and not before.
            let reset = bucket.reset(now);
            if let Some(short) = reset.checked_sub(Duration::from_micros(1)) {
                let short = i64::try_from(short.as_micros()).unwrap();
                prop_assert!(bucket.remaining(rate, now + short) < n);
            }
            clock.advance(reset);
            let state = oracle.check().expect("a whole burst");
            prop_assert_eq!(state.remaining_burst_capacity() + 1, n);
        }

        #[test]
        fn no_crash_lets_more_through(
            n in 1_u32..50,
            each_ms in 1_u64..1000,
            steps in prop::collection::vec((0_u64..2000, prop::bool::weighted(0.1)), 1..300),
        ) {
            let rate = rate(n, each_ms * u64::from(n));
            let (mut bucket, mut stored, mut now, mut passed) = (Bucket::default(), 0, START_US, Vec::new());
            for (step, crash) in steps {
                now += i64::try_from(step).unwrap() * 1000;
                if crash {
                    bucket = Bucket::stored(stored);
                }
                if let Verdict::Pass(next) = bucket.check(rate, now) {
                    stored = bucket.to_store(next).unwrap_or(stored);
                    bucket = next;
                    passed.push(now);
                }
            }
            for (i, from) in passed.iter().enumerate() {
                for (j, to) in passed.iter().enumerate().skip(i) {
                    let bound = i64::from(n) + (to - from) / (i64::try_from(each_ms).unwrap() * 1000);
                    prop_assert!(i64::try_from(j - i + 1).unwrap() <= bound);
                }
            }
        }
    }

    #[test]
    fn the_wait_it_names_is_enough_and_not_too_long() {
        let rate = rate(3, 3000);
        let mut bucket = Bucket::default();
        for _ in 0..3 {
            let Verdict::Pass(next) = bucket.check(rate, START_US) else {
                panic!("within the burst")
            };
            bucket = next;
        }
        let Verdict::Wait(wait) = bucket.check(rate, START_US) else {
            panic!("the burst is over")
        };
        assert_eq!(wait, Duration::from_secs(1));
        assert!(matches!(
            bucket.check(rate, START_US + 1_000_000),
            Verdict::Pass(_)
        ));
        assert!(matches!(
            bucket.check(rate, START_US + 999_999),
            Verdict::Wait(_)
        ));
    }

    #[test]
    fn a_large_burst_is_not_stored_each_time() {
        let rate = rate(80, 80_000);
        let (mut bucket, mut n_stored) = (Bucket::default(), 0);
        for _ in 0..80 {
            let Verdict::Pass(next) = bucket.check(rate, START_US) else {
                panic!("within the burst")
            };
            n_stored += usize::from(bucket.to_store(next).is_some());
            bucket = next;
        }
        assert_eq!(n_stored, 8);
    }
}
