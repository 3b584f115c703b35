//! Whoever follows the events, and keeps what they tell: who knows that much knows what the store knows.

use std::collections::{BTreeMap, BTreeSet};

use parlour_storage::{
    domain::{
        event::{Event, EventId, Happening},
        safety::Sanction,
    },
    ids::{MessageId, UserId},
    store::Store,
};

use super::world::World;

/// Somebody who follows. Small pages, so that they end in the middle of things.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    through: EventId,
    /// Every message that is there, and whether it was deleted.
    messages: BTreeMap<MessageId, bool>,
    blocks: BTreeSet<(UserId, UserId)>,
    shadowed: BTreeSet<UserId>,
}

impl Follower {
    /// Reads on to the end.
    pub(crate) async fn go_on(&mut self, store: &dyn Store) {
        loop {
            let page = store.events_after(self.through, 3).await.unwrap();
            assert!(!page.missed, "nothing was forgotten");
            assert!(self.through <= page.through);
            for event in page.events {
                assert!(self.through < event.id, "{event:?} comes twice, or late");
                self.through = event.id;
                self.take(event);
            }
            self.through = page.through;
            if !page.more {
                return;
            }
        }
    }

    fn take(&mut self, event: Event) {
        let by = || event.by.clone().expect("somebody did it");
        match &event.what {
            Happening::MessageSent(message) => {
                let deleted = message.deleted_at.is_some();
                let before = self.messages.insert(message.id, deleted);
                assert_eq!(before, None, "sent twice");
            }
            Happening::MessageDeleted { message, .. } => {
                // Those that are gone for good by now were never told.
                if let Some(deleted) = self.messages.get_mut(message) {
                    *deleted = true;
                }
            }
            Happening::MessagesPurged { messages, .. } => {
                for message in messages {
                    self.messages.remove(message);
                }
            }
            Happening::UserBlocked { user, .. } => {
                self.blocks.insert((by(), user.clone()));
            }
            Happening::UserUnblocked { user } => {
                self.blocks.remove(&(by(), user.clone()));
            }
            Happening::Sanctioned { user, sanction } => match sanction {
                Sanction::ShadowBan => drop(self.shadowed.insert(user.clone())),
                Sanction::EndShadowBan => drop(self.shadowed.remove(user)),
                other => panic!("no script has {other:?}"),
            },
            _ => {}
        }
    }

    /// What they know is what there is.
    pub(crate) fn knows(&self, world: &World) {
        assert_eq!(self.messages, world.messages(), "messages");
        assert_eq!(self.blocks, world.blocks_by_name(), "blocks");
        assert_eq!(self.shadowed, world.shadowed_by_name(), "shadow bans");
    }
}
