//! The fan-out of a room without the room: its own code without a mailbox and a store, so that `paths/` can count its
//! instructions.

use std::sync::Arc;

use parlour_storage::{domain::change::Change, ids::Epoch, store::Roster};

use super::crowd::{Crowd, Told, Who};
use crate::{command::Card, connection::Connection, group::Groups, visibility::Audience};

/// A crowd, and the groups in which it is told.
#[derive(Debug)]
pub struct Hall {
    crowd: Crowd,
    groups: Groups,
    epoch: Epoch,
}

impl Hall {
    /// A room with its connections.
    pub fn new(roster: Roster, epoch: Epoch, connections: &[Arc<Connection>]) -> Self {
        let mut crowd = Crowd::new(roster);
        for connection in connections {
            crowd.attach(connection);
        }
        Self {
            crowd,
            groups: Groups::default(),
            epoch,
        }
    }

    /// Tells a change that was committed alone: to everybody at once, as nothing has to be waited for.
    pub fn tell(&mut self, change: &Arc<Change>, by: &Arc<Card>) {
        let group = self.groups.begin(change.position, 1);
        let told = Told {
            change: Arc::clone(change),
            who: Who {
                card: Arc::clone(by),
                audience: Audience::default(),
            },
            asked_by: None,
        };
        self.crowd.tell(&group, self.epoch, &[told]);
    }
}
