//! What Moderation knows of one person: their blocks, how they stand, what they chose, and their rate limits.

use std::time::Duration;

use parlour_storage::{
    domain::{
        safety::{Preferences, Standing},
        user::Blocks,
    },
    ids::{Timestamp, UserId},
    store::LimiterState,
};

use super::{budget::Budget, noted::Noted};
use crate::{
    command::Action,
    error::{ErrorCode, Failure},
    policy::Receipts,
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

/// What the store says of a person.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) blocks: Blocks,
    pub(super) standing: Standing,
    pub(super) preferences: Preferences,
}

/// One person. Plain state.
#[derive(Debug, Default)]
pub(super) struct Person {
    audience: Audience,
    /// But for the number of warnings, which nobody here asks for.
    standing: Standing,
    pub(super) budget: Budget,
    /// When they last did something.
    pub(super) used_at: Timestamp,
}

impl Person {
    pub(super) fn new(known: Known, limits: Vec<LimiterState>, receipts: Receipts) -> Self {
        let mut person = Self {
            budget: Budget::new(limits),
            ..Self::default()
        };
        person.audience.receipts = receipts;
        person.reload(known);
        person
    }

    /// Who is told less of what they do.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Takes all but the rate limits as it is stored: those here are newer than what is stored.
    pub(super) fn reload(&mut self, known: Known) {
        let Known {
            blocks,
            standing,
            preferences,
        } = known;
        let receipts = self.audience.receipts;
        self.audience = Audience {
            receipts,
            ..blocks.into()
        };
        self.stands(standing);
        self.audience.hides_receipts = preferences.hide_receipts;
    }

    /// Something that was written about `user`, who is this person, or that they wrote.
    pub(super) fn note(&mut self, user: &UserId, noted: &Noted) {
        match noted {
            Noted::Block { by, other, on } => {
                if by == user {
                    self.audience.set_blocks(other, *on);
                }
                if other == user {
                    self.audience.set_blocked_by(by, *on);
                }
            }
            Noted::Sanction { sanction, at, .. } => {
                self.stands(self.standing.after(*sanction, *at))
            }
            Noted::Prefer { preferences, .. } => {
                self.audience.hides_receipts = preferences.hide_receipts
            }
        }
    }

    fn stands(&mut self, standing: Standing) {
        self.standing = standing;
        self.audience.shadowed = standing.shadowed_since.is_some();
    }

    /// Whether moderators let them do anything at all; if they `write`, also that.
    pub(super) fn check_standing(&self, writes: bool, now: Timestamp) -> Result<(), Failure> {
        let Standing {
            muted_until,
            suspended_until,
            banned,
            ..
        } = self.standing;
        if self.standing.is_suspended(now) {
            let what = if banned { "banned" } else { "suspended" };
            let message = format!("a moderator {what} you");
            return Err(until(ErrorCode::Suspended, message, suspended_until, now));
        }
        if writes && self.standing.is_muted(now) {
            let message = "a moderator muted you: you can read, and not write".to_owned();
            return Err(until(ErrorCode::Muted, message, muted_until, now));
        }
        Ok(())
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

    /// Whether forgetting them, to be loaded again on demand, changes nothing.
    pub(super) fn is_idle(&self, now: Timestamp, since: Duration) -> bool {
        let idle_ms = now.0.saturating_sub(self.used_at.0);
        u128::try_from(idle_ms).is_ok_and(|ms| ms >= since.as_millis()) && self.budget.is_idle(now)
    }
}

/// A refusal that ends by itself, if it has an end.
fn until(code: ErrorCode, message: String, end: Option<Timestamp>, now: Timestamp) -> Failure {
    let end = end.filter(|end| *end != Timestamp::MAX);
    let Some(end) = end else {
        return Failure::new(code, format!("{message}; ask those who run this node"));
    };
    let wait = Duration::from_millis(end.0.saturating_sub(now.0).max(0).unsigned_abs());
    Failure {
        retry_after: Some(wait),
        ..Failure::new(code, format!("{message}, for another {}", spoken(wait)))
    }
}

/// A time as people say it, rounded up.
fn spoken(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000);
    let (each, unit) = match seconds {
        0..=120 => (1, "seconds"),
        121..=7_200 => (60, "minutes"),
        7_201..=172_800 => (3_600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {unit}", seconds.div_ceil(each))
}

#[cfg(test)]
mod tests {
    use parlour_storage::domain::safety::Sanction;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

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
            person.note(&user("a"), &Noted::Block { by, other, on });
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

    fn sanction(person: &mut Person, sanction: Sanction) {
        let noted = Noted::Sanction {
            user: user("a"),
            sanction,
            at: NOW,
            reason: None,
        };
        person.note(&user("a"), &noted);
    }

    #[test]
    fn the_muted_read_and_the_suspended_do_nothing_until_it_ends() {
        let mut person = Person::default();
        let end = NOW.plus_ms(90_000);
        sanction(&mut person, Sanction::Mute(Some(end)));
        let refused = person.check_standing(true, NOW).unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (ErrorCode::Muted, Some(Duration::from_secs(90)))
        );
        assert!(refused.message.contains("90 seconds"), "{refused}");
        assert_eq!(code(person.check_standing(false, NOW)), None);
        assert_eq!(code(person.check_standing(true, end)), None);

        sanction(&mut person, Sanction::Suspend(Some(end)));
        for writes in [true, false] {
            let check = |now| code(person.check_standing(writes, now));
            assert_eq!(check(NOW), Some(ErrorCode::Suspended));
            assert_eq!(check(end), None);
        }
        sanction(&mut person, Sanction::Ban);
        let refused = person.check_standing(false, end).unwrap_err();
        assert_eq!(refused.retry_after, None);
        assert!(refused.message.contains("banned"), "{refused}");
        sanction(&mut person, Sanction::Reinstate);
        assert_eq!(code(person.check_standing(false, NOW)), None);
        assert_eq!(
            code(person.check_standing(true, NOW)),
            Some(ErrorCode::Muted),
            "a reinstatement is no end of a mute"
        );
        sanction(&mut person, Sanction::Unmute);
        assert_eq!(code(person.check_standing(true, NOW)), None);
    }

    #[test]
    fn a_shadow_ban_refuses_nothing() {
        let mut person = Person::default();
        sanction(&mut person, Sanction::ShadowBan);
        assert!(person.audience().shadowed);
        assert_eq!(code(person.check_standing(true, NOW)), None);
        sanction(&mut person, Sanction::EndShadowBan);
        assert!(!person.audience().shadowed);
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, said) in [
            (1, "1 seconds"),
            (121, "3 minutes"),
            (7_300, "3 hours"),
            (200_000, "3 days"),
        ] {
            assert_eq!(spoken(Duration::from_secs(seconds)), said);
        }
    }
}
