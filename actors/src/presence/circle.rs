//! Who is there and who may know. Plain state: no context, no store, no clock.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use parlour_storage::ids::UserId;

use crate::{outbox::ConnectionId, visibility::Audience};

/// Everyone who is there, or was a moment ago. Ordered, so that a simulation repeats.
#[derive(Debug, Default)]
pub(super) struct Circle {
    people: BTreeMap<UserId, Person>,
    /// Whose state may differ from what was told.
    changed: BTreeSet<UserId>,
}

#[derive(Debug, Default)]
struct Person {
    connections: BTreeSet<ConnectionId>,
    contacts: HashSet<UserId>,
    audience: Audience,
    /// Others were told that they are there.
    told: bool,
    /// When the last connection went.
    gone_ms: Option<u64>,
}

/// Something to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) about: UserId,
    pub(super) online: bool,
    /// To whom; each of them is there.
    pub(super) to: Vec<UserId>,
    /// They really came or went, and not only out of somebody's sight.
    pub(super) came_or_went: bool,
}

impl Circle {
    /// Adds a connection, and returns which contacts are there.
    pub(super) fn online(
        &mut self,
        user: &UserId,
        connection: ConnectionId,
        contacts: Vec<UserId>,
        audience: Audience,
    ) -> Vec<UserId> {
        let person = self.people.entry(user.clone()).or_default();
        person.connections.insert(connection);
        person.gone_ms = None;
        person.contacts.extend(contacts);
        person.audience = audience;
        self.changed.insert(user.clone());
        let person = &self.people[user];
        let mut there: Vec<_> = person
            .contacts
            .iter()
            .filter(|c| self.sees(user, c))
            .cloned()
            .collect();
        there.sort();
        there
    }

    /// Removes a connection. Nothing is told yet: they may be back in a moment.
    pub(super) fn offline(&mut self, user: &UserId, connection: ConnectionId, now_ms: u64) {
        if let Some(person) = self.people.get_mut(user) {
            person.connections.remove(&connection);
            if person.connections.is_empty() && person.gone_ms.is_none() {
                person.gone_ms = Some(now_ms);
                self.changed.insert(user.clone());
            }
        }
    }

    /// What is to be told after a while.
    pub(super) fn tick(&mut self, now_ms: u64, grace: Duration) -> Vec<Told> {
        let mut told = Vec::new();
        for user in std::mem::take(&mut self.changed) {
            let Some(person) = self.people.get_mut(&user) else {
                continue;
            };
            match person.gone_ms {
                None if !person.told => {
                    person.told = true;
                    told.push(self.news(&user, true));
                }
                Some(since) if u128::from(now_ms.saturating_sub(since)) >= grace.as_millis() => {
                    if person.told {
                        told.push(self.news(&user, false));
                    }
                    self.people.remove(&user);
                }
                // Still within the grace: look again.
                Some(_) => drop(self.changed.insert(user)),
                None => {}
            }
        }
        told
    }

    /// Makes people contacts of each other.
    pub(super) fn acquaint(&mut self, members: &[UserId]) -> Vec<Told> {
        let mut met: BTreeMap<&UserId, Vec<UserId>> = BTreeMap::new();
        for member in members {
            let Some(person) = self.people.get_mut(member) else {
                continue;
            };
            for other in members {
                if other != member && person.contacts.insert(other.clone()) {
                    met.entry(other).or_default().push(member.clone());
                }
            }
        }
        let mut told = Vec::new();
        for (about, mut to) in met {
            to.retain(|reader| self.sees(reader, about));
            if !to.is_empty() {
                told.push(Told {
                    about: about.clone(),
                    online: true,
                    to,
                    came_or_went: false,
                });
            }
        }
        told
    }

    /// Takes two people out of each other's sight, or back into it.
    pub(super) fn set_block(&mut self, by: &UserId, other: &UserId, on: bool) -> Vec<Told> {
        let before = [self.sees(by, other), self.sees(other, by)];
        if let Some(person) = self.people.get_mut(by) {
            person.audience.set_blocks(other, on);
        }
        if let Some(person) = self.people.get_mut(other) {
            person.audience.set_blocked_by(by, on);
        }
        let after = [self.sees(by, other), self.sees(other, by)];
        let mut told = Vec::new();
        for (i, (reader, about)) in [(by, other), (other, by)].into_iter().enumerate() {
            if before[i] != after[i] {
                let to = vec![reader.clone()];
                told.push(Told {
                    about: about.clone(),
                    online: after[i],
                    to,
                    came_or_went: false,
                });
            }
        }
        told
    }

    /// Whether somebody counts as there.
    pub(super) fn is_there(&self, user: &UserId) -> bool {
        self.people
            .get(user)
            .is_some_and(|person| person.gone_ms.is_none() || person.told)
    }

    /// Everyone who is there.
    pub(super) fn everyone(&self) -> Vec<UserId> {
        self.people.keys().cloned().collect()
    }

    /// Whether `reader` has been told, or would be, that `about` is there.
    fn sees(&self, reader: &UserId, about: &UserId) -> bool {
        let Some(person) = self.people.get(reader) else {
            return false;
        };
        person.contacts.contains(about)
            && person.audience.may_meet(about)
            && self.people.get(about).is_some_and(|other| other.told)
    }

    fn news(&self, about: &UserId, online: bool) -> Told {
        let person = &self.people[about];
        let reads = |contact: &&UserId| {
            self.people
                .get(*contact)
                .is_some_and(|c| !c.connections.is_empty())
                && person.audience.may_meet(contact)
        };
        let mut to: Vec<_> = person.contacts.iter().filter(reads).cloned().collect();
        to.sort();
        Told {
            about: about.clone(),
            online,
            to,
            came_or_went: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_millis(100);

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn come(circle: &mut Circle, name: &str, n: u64, contacts: &[&str]) -> Vec<UserId> {
        let contacts = contacts.iter().map(|c| user(c)).collect();
        circle.online(&user(name), ConnectionId(n), contacts, Audience::default())
    }

    fn lines(told: Vec<Told>) -> Vec<String> {
        let line = |t: Told| {
            let to: Vec<_> = t.to.iter().map(ToString::to_string).collect();
            format!(
                "{}{} to {}",
                if t.online { "+" } else { "-" },
                t.about,
                to.join(",")
            )
        };
        told.into_iter().map(line).collect()
    }

    #[test]
    fn contacts_learn_of_each_other_and_strangers_of_nobody() {
        let mut circle = Circle::default();
        assert!(come(&mut circle, "a", 1, &["b"]).is_empty());
        assert_eq!(lines(circle.tick(0, GRACE)), ["+a to "]);
        assert_eq!(come(&mut circle, "b", 2, &["a"]), [user("a")]);
        come(&mut circle, "x", 3, &[]);
        assert_eq!(lines(circle.tick(0, GRACE)), ["+b to a", "+x to "]);
    }

    #[test]
    fn who_is_back_within_the_grace_never_was_away() {
        let mut circle = Circle::default();
        come(&mut circle, "a", 1, &["b"]);
        come(&mut circle, "b", 2, &["a"]);
        circle.tick(0, GRACE);
        circle.offline(&user("a"), ConnectionId(1), 10);
        assert!(circle.tick(50, GRACE).is_empty());
        assert!(circle.is_there(&user("a")));
        come(&mut circle, "a", 3, &["b"]);
        assert!(circle.tick(500, GRACE).is_empty());
        circle.offline(&user("a"), ConnectionId(3), 500);
        assert_eq!(lines(circle.tick(600, GRACE)), ["-a to b"]);
        assert!(!circle.is_there(&user("a")));
    }

    #[test]
    fn a_second_connection_keeps_them_there() {
        let mut circle = Circle::default();
        come(&mut circle, "a", 1, &[]);
        come(&mut circle, "a", 2, &[]);
        circle.tick(0, GRACE);
        circle.offline(&user("a"), ConnectionId(1), 0);
        assert!(circle.tick(1000, GRACE).is_empty());
        assert!(circle.is_there(&user("a")));
    }

    #[test]
    fn a_block_takes_both_out_of_sight_and_back() {
        let mut circle = Circle::default();
        come(&mut circle, "a", 1, &["b"]);
        come(&mut circle, "b", 2, &["a"]);
        circle.tick(0, GRACE);
        assert_eq!(
            lines(circle.set_block(&user("a"), &user("b"), true)),
            ["-b to a", "-a to b"]
        );
        assert!(circle.set_block(&user("b"), &user("a"), true).is_empty());
        assert!(
            circle.set_block(&user("a"), &user("b"), false).is_empty(),
            "b still blocks a"
        );
        circle.offline(&user("b"), ConnectionId(2), 0);
        assert_eq!(lines(circle.tick(1000, GRACE)), ["-b to "], "a is not told");
        let audience = Audience {
            blocks: std::sync::Arc::new([user("a")].into()),
            ..Audience::default()
        };
        circle.online(&user("b"), ConnectionId(3), vec![user("a")], audience);
        assert_eq!(lines(circle.tick(1000, GRACE)), ["+b to "]);
        assert_eq!(
            lines(circle.set_block(&user("b"), &user("a"), false)),
            ["+a to b", "+b to a"]
        );
    }

    #[test]
    fn new_acquaintances_learn_who_is_there() {
        let mut circle = Circle::default();
        come(&mut circle, "a", 1, &[]);
        come(&mut circle, "b", 2, &[]);
        circle.tick(0, GRACE);
        let members = [user("a"), user("b"), user("away")];
        assert_eq!(lines(circle.acquaint(&members)), ["+a to b", "+b to a"]);
        assert!(circle.acquaint(&members).is_empty());
    }
}
