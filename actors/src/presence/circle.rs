//! Who is there and who may know. Plain state: no context, no store, no clock.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Bound,
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
    n_loads: u64,
}

#[derive(Debug, Default)]
struct Person {
    connections: BTreeSet<ConnectionId>,
    /// They share a conversation if each is a contact of the other: who came, or was removed, last knows best, and
    /// what others still have of them does no harm.
    contacts: HashSet<UserId>,
    audience: Audience,
    /// Contacts and audience were read. Until then they see nobody and nobody sees them.
    known: bool,
    load: Option<Load>,
    /// Others were told that they are there.
    told: bool,
    /// When the last connection went.
    gone_ms: Option<u64>,
}

/// A read of the store that is under way.
#[derive(Debug)]
struct Load {
    /// Which: the answer to an earlier one counts no more.
    number: u64,
    /// What came meanwhile, and which the answer may not know of yet.
    since: Vec<Since>,
}

#[derive(Debug)]
enum Since {
    Met(UserId),
    Blocks(UserId, bool),
    BlockedBy(UserId, bool),
}

impl Person {
    /// Whether they count as there: others still see who went a moment ago.
    fn is_there(&self) -> bool {
        self.gone_ms.is_none() || self.told
    }

    fn note(&mut self, since: Since) {
        if let Some(load) = &mut self.load {
            load.since.push(since);
        }
    }
}

/// What follows from a new connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// It is told which contacts are there.
    Online(Vec<UserId>),
    /// Its user is to be loaded, under this number.
    Load(u64),
    /// Its user is being loaded.
    Wait,
}

/// What follows from what was loaded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// All connections so far are told which contacts are there.
    Online(Vec<UserId>),
    /// Some came into somebody's sight, or went out of it.
    Told(Vec<Told>),
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
    /// Adds a connection.
    pub(super) fn online(&mut self, user: &UserId, connection: ConnectionId) -> Greeting {
        let person = self.people.entry(user.clone()).or_default();
        person.connections.insert(connection);
        person.gone_ms = None;
        self.changed.insert(user.clone());
        if person.known {
            Greeting::Online(self.seen_by(user))
        } else if person.load.is_some() {
            Greeting::Wait
        } else {
            Greeting::Load(load(&mut self.n_loads, person))
        }
    }

    /// Somebody was removed from a conversation: they are to be loaded again, under the number returned.
    pub(super) fn part(&mut self, user: &UserId) -> Option<u64> {
        let person = self.people.get_mut(user)?;
        Some(load(&mut self.n_loads, person))
    }

    /// Takes what was read of somebody. `None`: they are gone, or another read is under way.
    pub(super) fn loaded(
        &mut self,
        user: &UserId,
        number: u64,
        contacts: Vec<UserId>,
        mut audience: Audience,
    ) -> Option<Loaded> {
        let person = self.people.get_mut(user)?;
        let load = person.load.take_if(|load| load.number == number)?;
        let mut contacts: HashSet<_> = contacts.into_iter().collect();
        for since in load.since {
            match since {
                Since::Met(other) => drop(contacts.insert(other)),
                Since::Blocks(other, on) => audience.set_blocks(&other, on),
                Since::BlockedBy(other, on) => audience.set_blocked_by(&other, on),
            }
        }
        if !person.known {
            person.known = true;
            (person.contacts, person.audience) = (contacts, audience);
            return Some(Loaded::Online(self.seen_by(user)));
        }
        let others: BTreeSet<_> = person.contacts.union(&contacts).cloned().collect();
        let pairs: Vec<_> = others
            .iter()
            .flat_map(|other| [(user, other), (other, user)])
            .collect();
        Some(Loaded::Told(self.tell_of(&pairs, |circle| {
            if let Some(person) = circle.people.get_mut(user) {
                (person.contacts, person.audience) = (contacts, audience);
            }
        })))
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
                // Nobody knows yet who may be told: look again.
                None if !person.known => drop(self.changed.insert(user)),
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
        let is_there = |member: &&UserId| self.people.contains_key(*member);
        let there: Vec<_> = members.iter().filter(is_there).collect();
        let mut strangers = Vec::new();
        for &about in &there {
            for &reader in &there {
                if reader != about && !self.are_acquainted(reader, about) {
                    strangers.push((reader, about));
                }
            }
        }
        for member in there {
            let Some(person) = self.people.get_mut(member) else {
                continue;
            };
            for other in members.iter().filter(|other| *other != member) {
                person.note(Since::Met(other.clone()));
                person.contacts.insert(other.clone());
            }
        }
        let mut met: BTreeMap<&UserId, Vec<UserId>> = BTreeMap::new();
        for (reader, about) in strangers {
            if self.sees(reader, about) {
                met.entry(about).or_default().push(reader.clone());
            }
        }
        met.into_iter()
            .map(|(about, to)| Told {
                about: about.clone(),
                online: true,
                to,
                came_or_went: false,
            })
            .collect()
    }

    /// Takes two people out of each other's sight, or back into it.
    pub(super) fn set_block(&mut self, by: &UserId, other: &UserId, on: bool) -> Vec<Told> {
        self.tell_of(&[(by, other), (other, by)], |circle| {
            if let Some(person) = circle.people.get_mut(by) {
                person.note(Since::Blocks(other.clone(), on));
                person.audience.set_blocks(other, on);
            }
            if let Some(person) = circle.people.get_mut(other) {
                person.note(Since::BlockedBy(by.clone(), on));
                person.audience.set_blocked_by(by, on);
            }
        })
    }

    /// Whether somebody counts as there.
    pub(super) fn is_there(&self, user: &UserId) -> bool {
        self.people.get(user).is_some_and(Person::is_there)
    }

    /// How many are there, or were a moment ago.
    pub(super) fn n_people(&self) -> usize {
        self.people.len()
    }

    /// Whether somebody is there, or was a moment ago.
    pub(super) fn knows(&self, user: &UserId) -> bool {
        self.people.contains_key(user)
    }

    /// Everyone who is there.
    pub(super) fn everyone(&self) -> Vec<UserId> {
        self.people.keys().cloned().collect()
    }

    /// Those who count as there, in the order of their ids, from somebody on.
    pub(super) fn there_after(&self, after: Option<&UserId>) -> impl Iterator<Item = &UserId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = self.people.range((from, Bound::Unbounded));
        people
            .filter(|(_, person)| person.is_there())
            .map(|(user, _)| user)
    }

    /// Whether a connection is known here.
    pub(super) fn has(&self, user: &UserId, connection: ConnectionId) -> bool {
        self.people
            .get(user)
            .is_some_and(|person| person.connections.contains(&connection))
    }

    /// Changes something, and tells each of some readers whom it brings into their sight or takes out of it.
    fn tell_of(
        &mut self,
        pairs: &[(&UserId, &UserId)],
        change: impl FnOnce(&mut Self),
    ) -> Vec<Told> {
        let sees = |circle: &Self| -> Vec<bool> {
            let pairs = pairs.iter();
            pairs
                .map(|(reader, about)| circle.sees(reader, about))
                .collect()
        };
        let before = sees(self);
        change(self);
        let after = sees(self);
        let mut told = Vec::new();
        for (i, (reader, about)) in pairs.iter().copied().enumerate() {
            if before[i] != after[i] {
                told.push(Told {
                    about: about.clone(),
                    online: after[i],
                    to: vec![reader.clone()],
                    came_or_went: false,
                });
            }
        }
        told
    }

    fn are_acquainted(&self, a: &UserId, b: &UserId) -> bool {
        let has = |one, other| {
            let person: Option<&Person> = self.people.get(one);
            person.is_some_and(|person| person.known && person.contacts.contains(other))
        };
        has(a, b) && has(b, a)
    }

    /// Whether `reader` has been told, or would be, that `about` is there.
    fn sees(&self, reader: &UserId, about: &UserId) -> bool {
        self.are_acquainted(reader, about)
            && self.people[reader].audience.may_meet(about)
            && self.people[about].told
    }

    fn seen_by(&self, user: &UserId) -> Vec<UserId> {
        let contacts = self.people[user].contacts.iter();
        let mut there: Vec<_> = contacts.filter(|c| self.sees(user, c)).cloned().collect();
        there.sort();
        there
    }

    fn news(&self, about: &UserId, online: bool) -> Told {
        let person = &self.people[about];
        let reads = |contact: &&UserId| {
            self.are_acquainted(contact, about)
                && !self.people[*contact].connections.is_empty()
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

/// Begins a read of somebody. An earlier one that is under way counts no more.
fn load(n_loads: &mut u64, person: &mut Person) -> u64 {
    *n_loads += 1;
    person.load = Some(Load {
        number: *n_loads,
        since: Vec::new(),
    });
    *n_loads
}
