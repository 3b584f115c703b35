//! Whose writing is shown to nobody else, and since when: those whom a moderator shadow-banned.
//!
//! Read with everything that is shown, so it is a table of the node, loaded at start and kept up to date by Moderation.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use parlour_storage::ids::{Timestamp, UserId};

/// The table. Few are in it and it hardly changes, so that whoever reads takes all of it.
#[derive(Debug, Default)]
pub struct Shadows(RwLock<Arc<HashMap<UserId, Timestamp>>>);

impl Shadows {
    /// Everyone in it now.
    pub fn all(&self) -> Arc<HashMap<UserId, Timestamp>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether somebody is in it.
    pub fn has(&self, user: &UserId) -> bool {
        self.all().contains_key(user)
    }

    /// Whether what somebody wrote at a time is shown to nobody else.
    pub(crate) fn veil(&self, user: &UserId, at: Timestamp) -> bool {
        self.all().get(user).is_some_and(|since| at >= *since)
    }

    /// Adds somebody, who stays since when they are in it already.
    pub(crate) fn add(&self, user: &UserId, since: Timestamp) {
        self.change(|people| _ = people.entry(user.clone()).or_insert(since));
    }

    /// Removes somebody.
    pub(crate) fn remove(&self, user: &UserId) {
        self.change(|people| _ = people.remove(user));
    }

    /// Takes what the store has.
    pub(crate) fn load(&self, people: Vec<(UserId, Timestamp)>) {
        self.change(|all| *all = people.into_iter().collect());
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<UserId, Timestamp>)) {
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut people));
    }
}
