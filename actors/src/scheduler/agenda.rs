//! Who is tried again, and when: a refusal that may be otherwise later is no failure for a day.
//!
//! Plain state: no clock and no I/O. It is forgotten when the node stops; then all is tried anew.

use std::{collections::HashMap, time::Duration};

use parlour_storage::ids::{ScheduledId, Timestamp, UserId};

/// The first pause, when the refusal names none; each is twice the one before ...
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// ... up to this one.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// What could not be sent for so long fails.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// Who waits for another try. Each author's messages keep their order, so one that waits holds up the later ones.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    waits: HashMap<UserId, Wait>,
}

#[derive(Debug)]
struct Wait {
    scheduled: ScheduledId,
    since: Timestamp,
    n_tries: u32,
    until: Timestamp,
}

impl Agenda {
    /// Whether messages of an author may be tried now.
    pub(super) fn may_try(&self, author: &UserId, now: Timestamp) -> bool {
        self.waits.get(author).is_none_or(|wait| wait.until <= now)
    }

    /// It is to be tried again, as early as the refusal says. `false`: this has been going on for too long.
    pub(super) fn again(
        &mut self,
        author: &UserId,
        scheduled: ScheduledId,
        after: Option<Duration>,
        now: Timestamp,
    ) -> bool {
        let wait = self.waits.entry(author.clone()).or_insert(Wait {
            scheduled,
            since: now,
            n_tries: 0,
            until: now,
        });
        if wait.scheduled != scheduled {
            (wait.scheduled, wait.since, wait.n_tries) = (scheduled, now, 0);
        }
        let doubled = PAUSE_MIN * 2_u32.saturating_pow(wait.n_tries.min(16));
        let pause = after.unwrap_or(doubled.min(PAUSE_MAX)).max(PAUSE_MIN);
        wait.n_tries += 1;
        wait.until = plus(now, pause);
        now < plus(wait.since, GIVE_UP_AFTER)
    }

    /// An author's message came to its end.
    pub(super) fn done(&mut self, author: &UserId) {
        self.waits.remove(author);
    }

    /// Forgets who has nothing due any more, and tells when the next one is tried again.
    pub(super) fn next(&mut self, has_due: impl Fn(&UserId) -> bool) -> Option<Timestamp> {
        self.waits.retain(|author, _| has_due(author));
        self.waits.values().map(|wait| wait.until).min()
    }
}

fn plus(at: Timestamp, by: Duration) -> Timestamp {
    at.plus_ms(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::user;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn id(n: u32) -> ScheduledId {
        n.to_string().parse().unwrap()
    }

    #[test]
    fn pauses_grow_and_one_that_is_told_is_kept_to() {
        let (ann, bob) = (user("ann"), user("bob"));
        let mut agenda = Agenda::default();
        let mut now = NOW;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert!(agenda.again(&ann, id(1), None, now));
            let until = now.plus_ms(seconds * 1000);
            assert!(!agenda.may_try(&ann, until.plus_ms(-1)), "{seconds}");
            assert!(agenda.may_try(&ann, until), "{seconds}");
            now = until;
        }
        assert!(agenda.may_try(&bob, NOW));
        assert!(agenda.again(&bob, id(2), Some(Duration::from_secs(7)), NOW));
        assert_eq!(agenda.next(|_| true), Some(NOW.plus_ms(7000)));
        assert_eq!(agenda.next(|user| *user == ann), Some(now), "bob is done");
        agenda.done(&ann);
        assert_eq!(agenda.next(|_| true), None);
    }

    #[test]
    fn a_day_is_enough_and_the_next_message_has_its_own() {
        let ann = user("ann");
        let mut agenda = Agenda::default();
        assert!(agenda.again(&ann, id(1), None, NOW));
        let day = 24 * 3_600_000;
        assert!(agenda.again(&ann, id(1), None, NOW.plus_ms(day - 1)));
        assert!(agenda.again(&ann, id(2), None, NOW.plus_ms(day)));
        assert!(!agenda.again(&ann, id(2), None, NOW.plus_ms(2 * day)));
    }
}
