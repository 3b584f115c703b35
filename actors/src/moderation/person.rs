//! What Moderation knows of one person: their blocks and their rate limits.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use parlour_storage::{
    domain::user::Blocks,
    ids::{Timestamp, UserId},
    store::LimiterState,
};

use super::gcra::{Bucket, Verdict};
use crate::{
    command::Action,
    error::{ErrorCode, Failure},
    limits::Rate,
    visibility::Audience,
};

/// Whom a request concerns, beside the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// Nobody in particular: groups, or oneself.
    Nobody,
    /// The other one of a direct conversation.
    Peer(UserId),
    /// People who are brought into a conversation.
    People(Vec<UserId>),
}

/// One person blocks another, or no longer does.
#[derive(Clone, Debug)]
pub(super) struct BlockChange {
    pub(super) by: UserId,
    pub(super) other: UserId,
    pub(super) on: bool,
}

impl BlockChange {
    pub(super) fn concerns(&self, user: &UserId) -> bool {
        self.by == *user || self.other == *user
    }
}

/// One person. Plain state.
#[derive(Debug, Default)]
pub(super) struct Person {
    audience: Audience,
    /// By rule name; see [`rule_name`].
    buckets: HashMap<String, Bucket>,
    /// When they last did something.
    pub(super) used_at: Timestamp,
}

impl Person {
    pub(super) fn new(blocks: Blocks, limits: Vec<LimiterState>) -> Self {
        Self {
            audience: blocks.into(),
            buckets: limits
                .into_iter()
                .map(|l| (l.rule, Bucket::stored(l.tat_us)))
                .collect(),
            used_at: Timestamp(0),
        }
    }

    /// Whom they block, and who blocks them.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Takes the blocks as they are stored. The rate limits stay: they are newer than what is stored.
    pub(super) fn reload(&mut self, blocks: Blocks) {
        self.audience = blocks.into();
    }

    /// A block that `user`, who is this person, gave or was given.
    pub(super) fn note(&mut self, user: &UserId, change: &BlockChange) {
        if change.by == *user {
            self.audience.set_blocks(&change.other, change.on);
        }
        if change.other == *user {
            self.audience.set_blocked_by(&change.by, change.on);
        }
    }

    /// Whether blocks let a request pass.
    pub(super) fn check_blocks(&self, action: Action, concerns: &Concerns) -> Result<(), Failure> {
        let people = match concerns {
            Concerns::Nobody => return Ok(()),
            // Taking back what one wrote, and one's own cursor, are no contact.
            Concerns::Peer(_) if matches!(action, Action::Delete | Action::Mark | Action::Read) => {
                return Ok(());
            }
            Concerns::Peer(peer) => std::slice::from_ref(peer),
            Concerns::People(people) => people,
        };
        if people.iter().any(|p| self.audience.blocks.contains(p)) {
            return Err(Failure::new(
                ErrorCode::BlockedByYou,
                "you block this person; unblock them first",
            ));
        }
        if people.iter().any(|p| self.audience.blocked_by.contains(p)) {
            return Err(Failure::new(
                ErrorCode::NotReachable,
                "this person can't be reached by you",
            ));
        }
        Ok(())
    }

    /// Whether all rates of an action let one more pass, and what to store if so. Charges them only if all do.
    pub(super) fn charge(
        &mut self,
        user: &UserId,
        action: Action,
        rates: &BTreeMap<String, Vec<Rate>>,
        now: Timestamp,
    ) -> Result<Vec<LimiterState>, Failure> {
        let Some(rates) = rates.get(action.name()) else {
            return Ok(Vec::new());
        };
        let now_us = now.0.saturating_mul(1000);
        let mut passed = Vec::with_capacity(rates.len());
        for &rate in rates {
            let rule = rule_name(action, rate);
            let bucket = self.buckets.get(&rule).copied().unwrap_or_default();
            match bucket.check(rate, now_us) {
                Verdict::Pass(next) => passed.push((rule, bucket, next)),
                Verdict::Wait(wait) => return Err(limited(rate, wait)),
            }
        }
        let mut store = Vec::new();
        for (rule, bucket, next) in passed {
            if let Some(tat_us) = bucket.to_store(next) {
                store.push(LimiterState {
                    user: user.clone(),
                    rule: rule.clone(),
                    tat_us,
                });
            }
            self.buckets.insert(rule, next);
        }
        Ok(store)
    }

    /// Whether forgetting them, to be loaded again on demand, changes nothing.
    pub(super) fn is_idle(&self, now: Timestamp, since: Duration) -> bool {
        let idle_ms = now.0.saturating_sub(self.used_at.0);
        let now_us = now.0.saturating_mul(1000);
        u128::try_from(idle_ms).is_ok_and(|ms| ms >= since.as_millis())
            && self.buckets.values().all(|bucket| bucket.is_idle(now_us))
    }
}

/// Names the state of one rate of an action. A changed rate has a new name, and starts afresh.
fn rule_name(action: Action, rate: Rate) -> String {
    format!("{}/{}/{}", action.name(), rate.n, rate.period.as_millis())
}

fn limited(rate: Rate, wait: Duration) -> Failure {
    let seconds = wait.as_millis().div_ceil(1000);
    let message = format!("at most {} per {:?}; wait {seconds} s", rate.n, rate.period);
    Failure {
        retry_after: Some(wait),
        ..Failure::new(ErrorCode::RateLimited, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn code(result: Result<(), Failure>) -> Option<ErrorCode> {
        result.err().map(|failure| failure.code)
    }

    #[test]
    fn a_block_stops_contact_both_ways_and_nothing_else() {
        let mut person = Person::default();
        let note = |person: &mut Person, by, other, on| {
            let (by, other) = (user(by), user(other));
            person.note(&user("a"), &BlockChange { by, other, on });
        };
        note(&mut person, "a", "b", true);
        note(&mut person, "c", "a", true);
        for action in [
            Action::Send,
            Action::Edit,
            Action::React,
            Action::Type,
            Action::Open,
        ] {
            let check = |name| code(person.check_blocks(action, &Concerns::Peer(user(name))));
            assert_eq!(check("b"), Some(ErrorCode::BlockedByYou));
            assert_eq!(check("c"), Some(ErrorCode::NotReachable));
            assert_eq!(check("d"), None);
        }
        for action in [Action::Delete, Action::Mark, Action::Read] {
            assert_eq!(
                code(person.check_blocks(action, &Concerns::Peer(user("b")))),
                None
            );
        }
        let people = Concerns::People(vec![user("d"), user("c")]);
        assert_eq!(
            code(person.check_blocks(Action::Manage, &people)),
            Some(ErrorCode::NotReachable)
        );
        note(&mut person, "c", "a", false);
        assert_eq!(code(person.check_blocks(Action::Manage, &people)), None);
    }

    #[test]
    fn every_rate_of_an_action_holds_and_a_refusal_charges_none() {
        let rates = BTreeMap::from([(
            Action::Send.name().to_owned(),
            vec![
                Rate {
                    n: 10,
                    period: Duration::from_secs(10),
                },
                Rate {
                    n: 2,
                    period: Duration::from_secs(1),
                },
            ],
        )]);
        let mut person = Person::default();
        let mut now = Timestamp(1_800_000_000_000);
        let mut n_passed = 0;
        for _ in 0..100 {
            n_passed += usize::from(person.charge(&user("a"), Action::Send, &rates, now).is_ok());
            now = now.plus_ms(50);
        }
        assert!(
            (11..=15).contains(&n_passed),
            "{n_passed}: 10 at once and one a second for 5 s, never above 2 a second"
        );
        assert!(
            person.charge(&user("a"), Action::Type, &rates, now).is_ok(),
            "no rate, no limit"
        );
    }

    #[test]
    fn somebody_with_a_used_up_bucket_is_not_forgotten() {
        let rates = BTreeMap::from([(
            "message.send".to_owned(),
            vec![Rate {
                n: 1,
                period: Duration::from_secs(60),
            }],
        )]);
        let mut person = Person::default();
        let now = Timestamp(1_800_000_000_000);
        person.used_at = now;
        person
            .charge(&user("a"), Action::Send, &rates, now)
            .unwrap();
        assert!(!person.is_idle(now.plus_ms(30_000), Duration::from_secs(10)));
        assert!(person.is_idle(now.plus_ms(60_000), Duration::from_secs(10)));
    }
}
