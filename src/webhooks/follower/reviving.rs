//! Takes up dead letters that somebody revived. What revives them is the core; here is when to look, and what becomes of
//! those that are found.
//!
//! All dead letters of an endpoint are read for it, and there may be many: so it is done at the start, when somebody asks,
//! and not from time to time.

use std::time::Duration;

use parlour_storage::{error::StoreError, events, store::Store};
use tokio::{sync::watch, time::Instant};

use super::{Follower, insist};

/// Dead letters read at a time.
const LETTERS: usize = 256;

/// Whoever revives many asks for each of them: they are looked for together.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// It is looked again so long after somebody asked, since what they asked for may have become true only then; and after
/// there was no room for all that was found.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// When to look for dead letters that were revived.
#[derive(Debug)]
pub(super) struct Revived {
    moves: watch::Receiver<events::Moved>,
    /// How often somebody had asked something of a consumer when it was looked last.
    n_asked: u64,
    looked: Instant,
    /// `None`: nothing was revived since.
    look_at: Option<Instant>,
    /// Once more after that.
    look_again: bool,
}

impl Revived {
    /// Looks at once: somebody may have asked while nobody was there.
    pub(super) fn new(store: &dyn Store, now: Instant) -> Self {
        let moves = store.moves();
        let n_asked = moves.borrow().n_asked;
        Self {
            moves,
            n_asked,
            looked: now,
            look_at: Some(now),
            look_again: false,
        }
    }

    /// When to look next.
    pub(super) fn look_at(&self) -> Option<Instant> {
        self.look_at
    }

    /// Has it looked soon.
    pub(super) fn look_soon(&mut self, now: Instant) {
        self.look_at = Some(now.max(self.looked + LOOK_AT_MOST_EVERY));
        self.look_again = true;
    }

    /// Waits until somebody asks something of a consumer. Not lost among what happens at the same time: it is counted.
    pub(super) async fn asked(&mut self) {
        let before = self.n_asked;
        let asked = self.moves.wait_for(|moved| moved.n_asked != before);
        if asked.await.is_err() {
            // The store is gone; whoever reads from it is told.
            std::future::pending().await
        }
    }

    /// Somebody did.
    pub(super) fn heard(&mut self, now: Instant) {
        self.n_asked = self.moves.borrow().n_asked;
        self.look_soon(now);
    }

    fn looked(&mut self, now: Instant, is_full: bool) {
        self.looked = now;
        let again = std::mem::take(&mut self.look_again) || is_full;
        self.look_at = again.then(|| now + LOOK_AGAIN);
    }
}

impl Follower {
    /// Takes up the dead letters that somebody revived, as far as there is room.
    pub(super) async fn revive(&mut self) -> Result<(), StoreError> {
        self.check_place().await?;
        let (store, name) = (&self.store, &self.endpoint.name);
        let mut after = None;
        let is_full = loop {
            if !self.lanes.has_room() {
                break true;
            }
            let letters = insist(async || store.dead_letters(name, after, LETTERS).await).await?;
            let Some(last) = letters.last() else {
                break false;
            };
            after = Some(last.event);
            for letter in letters.iter().filter(|letter| letter.revived) {
                let now = Instant::now();
                match insist(async || store.event(letter.event).await).await? {
                    Some(event) => {
                        let give_up_at = now + self.endpoint.give_up;
                        self.lanes.revive(event.id, event.lane(), give_up_at, now);
                    }
                    None => {
                        insist(async || store.drop_dead_letter(name, letter.event).await).await?;
                    }
                }
            }
        };
        self.revived.looked(Instant::now(), is_full);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{events::Events, local::Options, memory_store::MemoryStore};

    use super::*;

    #[tokio::test]
    async fn it_is_looked_when_somebody_asks_and_once_more_and_then_no_more() {
        let store = MemoryStore::new(Options::default()).unwrap();
        let start = Instant::now();
        let mut revived = Revived::new(&store, start);
        assert_eq!(revived.look_at(), Some(start));
        revived.looked(start, false);
        assert_eq!(revived.look_at(), None, "nobody asked");

        store
            .rewind_consumer("nobody", Default::default())
            .await
            .unwrap();
        revived.asked().await;
        let now = start + LOOK_AT_MOST_EVERY / 4;
        revived.heard(now);
        let soon = start + LOOK_AT_MOST_EVERY;
        assert_eq!(revived.look_at(), Some(soon), "together with who asks next");
        revived.looked(soon, false);
        assert_eq!(revived.look_at(), Some(soon + LOOK_AGAIN));
        revived.looked(soon + LOOK_AGAIN, true);
        let full = soon + 2 * LOOK_AGAIN;
        assert_eq!(revived.look_at(), Some(full), "there was no room");
        revived.looked(full, false);
        assert_eq!(revived.look_at(), None);
    }
}
