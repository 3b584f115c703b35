//! What is left of one person's rate limits.
//!
//! Knows rules and buckets, and not what a request is: whoever asks says under which actions it counts.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use parlour_storage::{
    ids::{Timestamp, UserId},
    store::LimiterState,
};

use super::gcra::{Bucket, Verdict};
use crate::{
    command::Action,
    error::{ErrorCode, Failure},
    limits::{Quota, Rate},
};

/// The buckets of one person. Plain state.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// By rule name; see [`rule_name`].
    buckets: HashMap<String, Bucket>,
}

/// What follows from a request that was let through.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Charged {
    /// What has to be stored of it.
    pub(super) states: Vec<LimiterState>,
    /// Of all limits that applied, the one with the least left, by its share.
    pub(super) quota: Option<Quota>,
}

impl Budget {
    /// As the store has it.
    pub(super) fn new(states: Vec<LimiterState>) -> Self {
        let buckets = states.into_iter();
        Self {
            buckets: buckets
                .map(|state| (state.rule, Bucket::stored(state.tat_us)))
                .collect(),
        }
    }

    /// Lets a request pass that counts under some actions, if every rate of each of them has room for it, and charges
    /// all of them; or none.
    pub(super) fn charge(
        &mut self,
        user: &UserId,
        actions: &[Action],
        rates: &BTreeMap<String, Vec<Rate>>,
        now: Timestamp,
    ) -> Result<Charged, Failure> {
        let now_us = now.0.saturating_mul(1000);
        let (mut passed, mut refused) = (Vec::new(), None);
        for &action in actions {
            for &rate in rates.get(action.name()).into_iter().flatten() {
                let rule = rule_name(action, rate);
                let bucket = self.buckets.get(&rule).copied().unwrap_or_default();
                let quota = |bucket: Bucket| Quota {
                    action,
                    rate,
                    remaining: bucket.remaining(rate, now_us),
                    reset: bucket.reset(now_us),
                };
                match bucket.check(rate, now_us) {
                    Verdict::Pass(next) => passed.push((rule, bucket, next, quota(next))),
                    // Of several, the one that lasts longest: who waits that long is let through.
                    Verdict::Wait(wait) if refused.is_none_or(|(longest, _)| wait > longest) => {
                        refused = Some((wait, quota(bucket)));
                    }
                    Verdict::Wait(_) => {}
                }
            }
        }
        if let Some((wait, quota)) = refused {
            return Err(limited(quota, wait));
        }
        let mut charged = Charged::default();
        for (rule, bucket, next, quota) in passed {
            if let Some(tat_us) = bucket.to_store(next) {
                charged.states.push(LimiterState {
                    user: user.clone(),
                    rule: rule.clone(),
                    tat_us,
                });
            }
            self.buckets.insert(rule, next);
            if charged.quota.is_none_or(|least| tighter(&quota, &least)) {
                charged.quota = Some(quota);
            }
        }
        Ok(charged)
    }

    /// Whether forgetting it, to be loaded again on demand, changes nothing.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let now_us = now.0.saturating_mul(1000);
        self.buckets.values().all(|bucket| bucket.is_idle(now_us))
    }
}

/// Whether less is left of one than of the other, each as a share of its burst.
fn tighter(a: &Quota, b: &Quota) -> bool {
    u64::from(a.remaining) * u64::from(b.rate.n) < u64::from(b.remaining) * u64::from(a.rate.n)
}

/// Names the state of one rate of an action. A changed rate has a new name, and starts afresh.
fn rule_name(action: Action, rate: Rate) -> String {
    format!("{}/{}/{}", action.name(), rate.n, rate.period.as_millis())
}

fn limited(quota: Quota, wait: Duration) -> Failure {
    let seconds = wait.as_millis().div_ceil(1000);
    let Rate { n, period } = quota.rate;
    let message = format!("at most {n} per {period:?}; wait {seconds} s");
    Failure {
        retry_after: Some(wait),
        quota: Some(quota),
        ..Failure::new(ErrorCode::RateLimited, message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);

    fn user() -> UserId {
        UserId::new("a").unwrap()
    }

    fn rate(n: u32, seconds: u64) -> Rate {
        Rate {
            n,
            period: Duration::from_secs(seconds),
        }
    }

    fn rates(of: &[(Action, &[Rate])]) -> BTreeMap<String, Vec<Rate>> {
        let named = of.iter();
        named
            .map(|(action, rates)| (action.name().to_owned(), rates.to_vec()))
            .collect()
    }

    #[test]
    fn every_rate_of_an_action_holds_and_a_refusal_charges_none() {
        let rates = rates(&[(Action::Send, &[rate(10, 10), rate(2, 1)])]);
        let mut budget = Budget::default();
        let mut now = START;
        let mut n_passed = 0;
        for _ in 0..100 {
            let charged = budget.charge(&user(), &[Action::Send], &rates, now);
            n_passed += usize::from(charged.is_ok());
            now = now.plus_ms(50);
        }
        assert!(
            (11..=15).contains(&n_passed),
            "{n_passed}: 10 at once and one a second for 5 s, never above 2 a second"
        );
        let charged = budget.charge(&user(), &[Action::Type], &rates, now);
        assert_eq!(charged, Ok(Charged::default()), "no rate, no limit");
    }

    #[test]
    fn all_actions_of_a_request_must_have_room_and_the_longest_wait_is_named() {
        let rates = rates(&[
            (Action::Ask, &[rate(1, 10)]),
            (Action::ColdContact, &[rate(2, 100), rate(3, 1)]),
        ]);
        let (asks, opens) = (
            [Action::Ask, Action::ColdContact],
            [Action::Open, Action::ColdContact],
        );
        let mut budget = Budget::default();
        let quota = budget.charge(&user(), &asks, &rates, START).unwrap().quota;
        let quota = quota.expect("limits apply");
        assert_eq!((quota.action, quota.remaining), (Action::Ask, 0));
        let refused = budget.charge(&user(), &asks, &rates, START).unwrap_err();
        assert_eq!(refused.retry_after, Some(Duration::from_secs(10)));
        assert_eq!(refused.quota.map(|quota| quota.action), Some(Action::Ask));
        // What was refused was not charged: one of the two is left, and then none.
        let quota = budget.charge(&user(), &opens, &rates, START).unwrap().quota;
        let quota = quota.expect("limits apply");
        assert_eq!((quota.rate, quota.remaining), (rate(2, 100), 0));
        assert_eq!(quota.reset, Duration::from_secs(100));
        let refused = budget.charge(&user(), &asks, &rates, START).unwrap_err();
        assert_eq!(refused.retry_after, Some(Duration::from_secs(50)));
    }

    #[test]
    fn a_used_up_bucket_is_not_idle() {
        let rates = rates(&[(Action::Send, &[rate(1, 60)])]);
        let mut budget = Budget::default();
        let charged = budget.charge(&user(), &[Action::Send], &rates, START);
        assert!(charged.is_ok());
        assert!(!budget.is_idle(START.plus_ms(30_000)));
        assert!(budget.is_idle(START.plus_ms(60_000)));
    }

    proptest! {
        /// G6, of several rules at once, whatever is refused meanwhile and however often the node dies.
        #[test]
        fn limits_hold_over_restarts(
            of in prop::collection::vec((0_usize..3, 1_u32..20, 1_u64..60), 1..5),
            steps in prop::collection::vec((0_i64..3000, 0_usize..3, prop::bool::weighted(0.1)), 1..300),
        ) {
            let actions = [Action::Send, Action::SocketSend, Action::ColdContact];
            let requests = [&actions[..1], &actions[..2], &actions[1..]];
            let mut rates: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
            for &(action, n, seconds) in &of {
                rates.entry(actions[action].name().to_owned()).or_default().push(rate(n, seconds));
            }
            let mut stored: BTreeMap<String, LimiterState> = BTreeMap::new();
            let (mut budget, mut now, mut passed) = (Budget::default(), START, Vec::new());
            for (step, request, dies) in steps {
                now = now.plus_ms(step);
                if dies {
                    budget = Budget::new(stored.values().cloned().collect());
                }
                if let Ok(charged) = budget.charge(&user(), requests[request], &rates, now) {
                    stored.extend(charged.states.into_iter().map(|state| (state.rule.clone(), state)));
                    passed.push((now, requests[request]));
                }
            }
            for &(action, n, seconds) in &of {
                let counted = passed.iter().filter(|(_, counts)| counts.contains(&actions[action]));
                let at: Vec<_> = counted.map(|(at, _)| at.0).collect();
                for (i, from) in at.iter().enumerate() {
                    for (j, to) in at.iter().enumerate().skip(i) {
                        // Each takes its part of the period, rounded down to a microsecond.
                        let each = i64::try_from(seconds).unwrap() * 1_000_000 / i64::from(n);
                        let bound = i64::from(n) + ((to - from) * 1000 + i64::from(n)) / each;
                        prop_assert!(i64::try_from(j - i + 1).unwrap() <= bound);
                    }
                }
            }
        }
    }
}
