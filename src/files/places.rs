//! How many uploads there may be at a time, in all and of one person: one that trickles holds its place, and nobody shall
//! hold all of them.

use std::sync::{Arc, Mutex, PoisonError};

use std::collections::HashMap;

use parlour_storage::ids::UserId;

/// Of one person: as many as browsers send side by side.
const PER_USER_MAX: usize = 6;

/// Who uploads.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    taken: Mutex<HashMap<UserId, usize>>,
}

/// A place that somebody has, until this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    user: UserId,
}

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            taken: Mutex::default(),
        })
    }

    /// A place, if there is one left.
    pub(super) fn take(self: &Arc<Self>, user: &UserId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.entry(user.clone()).or_default();
        if all >= self.max || *own >= PER_USER_MAX {
            if *own == 0 {
                taken.remove(user);
            }
            return None;
        }
        *own += 1;
        Some(Place {
            places: Arc::clone(self),
            user: user.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = self.places.taken.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_all_places_and_each_comes_back() {
        let places = Places::new(PER_USER_MAX + 1);
        let [ann, bob] = ["ann", "bob"].map(|id| UserId::new(id).unwrap());
        let mut held: Vec<_> = (0..PER_USER_MAX)
            .map(|_| places.take(&ann).unwrap())
            .collect();
        assert!(places.take(&ann).is_none(), "too many of one");
        held.push(places.take(&bob).unwrap());
        assert!(places.take(&bob).is_none(), "too many in all");
        held.remove(0);
        assert!(places.take(&bob).is_some());
        held.clear();
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
