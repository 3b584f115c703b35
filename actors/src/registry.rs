//! Who is where: conversation to room, user to connections, and every open outbox.
//!
//! Read by all threads, so it is a table and no actor. Nothing here is waited for, and no guard is held
//! over a second look-up. Presence is not derived from it: that is [`crate::presence`]'s.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use actix::Addr;
use dashmap::{DashMap, Entry};
use parlour_storage::ids::{ConversationId, UserId};

use crate::{
    connection::Connection,
    outbox::{ConnectionId, Outbox},
    room::Room,
};

/// Who is where.
#[derive(Debug, Default)]
pub struct Registry {
    rooms: DashMap<ConversationId, Addr<Room>>,
    people: DashMap<UserId, Vec<Arc<Connection>>>,
    outboxes: DashMap<ConnectionId, Arc<Outbox>>,
    last_connection: AtomicU64,
    closed: AtomicBool,
}

/// Why a connection was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The user has as many as they may have.
    TooMany,
    /// The node stops.
    Closed,
}

impl Registry {
    /// Opens an outbox for a new transport. `None`: the node stops.
    pub fn open_outbox(&self, frames_max: usize, bytes_max: usize) -> Option<Arc<Outbox>> {
        let id = ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed) + 1);
        let outbox = Outbox::new(id, frames_max, bytes_max);
        self.outboxes.insert(id, Arc::clone(&outbox));
        // Looked at after the insert, so that closing either sees this outbox or is seen here.
        if self.closed.load(Ordering::SeqCst) {
            self.outboxes.remove(&id);
            return None;
        }
        Some(outbox)
    }

    /// Forgets an outbox whose transport is gone.
    pub fn close_outbox(&self, id: ConnectionId) {
        self.outboxes.remove(&id);
    }

    /// Every open outbox.
    pub fn outboxes(&self) -> Vec<Arc<Outbox>> {
        self.outboxes
            .iter()
            .map(|entry| Arc::clone(entry.value()))
            .collect()
    }

    /// How many transports are open.
    pub fn n_outboxes(&self) -> usize {
        self.outboxes.len()
    }

    /// Takes no new connection from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Adds a signed-in connection.
    ///
    /// # Errors
    ///
    /// [`ConnectError::TooMany`] with `per_user_max` there already: the newest is refused, not the oldest (C-10).
    pub fn connect(
        &self,
        connection: &Arc<Connection>,
        per_user_max: usize,
    ) -> Result<(), ConnectError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(ConnectError::Closed);
        }
        let mut connections = self.people.entry(connection.user.clone()).or_default();
        // Those that are closing don't count: a client that reconnects must not meet its own ghost.
        let n_open = connections
            .iter()
            .filter(|c| c.outbox.closing_for().is_none())
            .count();
        if n_open >= per_user_max {
            return Err(ConnectError::TooMany);
        }
        connections.push(Arc::clone(connection));
        Ok(())
    }

    /// Removes a connection.
    pub fn disconnect(&self, connection: &Connection) {
        let id = connection.outbox.id();
        if let Some(mut connections) = self.people.get_mut(&connection.user) {
            connections.retain(|c| c.outbox.id() != id);
        }
        self.people
            .remove_if(&connection.user, |_, connections| connections.is_empty());
    }

    /// The connections of one user.
    pub fn connections_of(&self, user: &UserId) -> Vec<Arc<Connection>> {
        self.people
            .get(user)
            .map(|connections| connections.clone())
            .unwrap_or_default()
    }

    /// Every signed-in connection.
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.people
            .iter()
            .flat_map(|entry| entry.value().clone())
            .collect()
    }

    /// The room of a conversation, if it is active.
    pub fn active_room(&self, id: ConversationId) -> Option<Addr<Room>> {
        self.rooms
            .get(&id)
            .map(|room| room.clone())
            .filter(Addr::connected)
    }

    /// The room of a conversation, started if it isn't active. `None`: there are `max` already.
    pub fn room(
        &self,
        id: ConversationId,
        max: usize,
        start: impl FnOnce() -> Addr<Room>,
    ) -> Option<Addr<Room>> {
        if let Some(room) = self.active_room(id) {
            return Some(room);
        }
        if self.rooms.len() >= max {
            return None;
        }
        // Decided under the entry's lock, so that two callers don't start two rooms.
        let room = match self.rooms.entry(id) {
            Entry::Occupied(entry) if entry.get().connected() => entry.get().clone(),
            Entry::Occupied(mut entry) => {
                let room = start();
                entry.insert(room.clone());
                room
            }
            Entry::Vacant(entry) => entry.insert(start()).clone(),
        };
        Some(room)
    }

    /// How many rooms are active.
    pub fn n_rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Forgets a room, if it is still this one.
    pub fn forget_room(&self, id: ConversationId, room: &Addr<Room>) {
        self.rooms.remove_if(&id, |_, known| known == room);
    }
}
