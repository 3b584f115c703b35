//! How far the notifier is behind what happens, for who watches the node.

use std::sync::atomic::{AtomicU64, Ordering};

use parlour_storage::{
    domain::event::EventId,
    ids::{Position, Timestamp},
};

/// The oldest event that people were not notified of yet: its position, or 0 if there is none.
#[derive(Debug, Default)]
pub struct Behind(AtomicU64);

impl Behind {
    pub(super) fn set(&self, oldest: Option<EventId>) {
        let position = oldest.map_or(0, |id| id.position.get());
        self.0.store(position, Ordering::Relaxed);
    }

    /// How long ago that event happened, in seconds; 0 if there is none.
    pub fn seconds(&self, now: Timestamp) -> u64 {
        let oldest = self.0.load(Ordering::Relaxed);
        let oldest = Position::new(oldest).filter(|_| oldest > 0);
        oldest.map_or(0, |oldest| {
            let ms = now.0.saturating_sub(oldest.time().0);
            u64::try_from(ms / 1000).unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_far_behind_as_the_oldest_event_is_old() {
        let behind = Behind::default();
        let at = Timestamp::now();
        assert_eq!(behind.seconds(at), 0);
        let position = Position::at(at);
        behind.set(Some(EventId { position, n: 1 }));
        assert_eq!(behind.seconds(at.plus_ms(7_500)), 7);
        assert_eq!(behind.seconds(at.plus_ms(-7_500)), 0);
        behind.set(None);
        assert_eq!(behind.seconds(at.plus_ms(7_500)), 0);
    }
}
