//! Who is in a room: members, their connections, who types. Plain state: no context, no store, no clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{Conversation, ConversationKind},
    },
    ids::{Epoch, Position, UserId},
    store::Roster,
};

use crate::{
    connection::Connection,
    group::Group,
    outbox::{ConnectionId, Frame},
    push::Push,
    visibility::{Audience, Show},
};

/// Who is in a room.
#[derive(Debug)]
pub(super) struct Crowd {
    conversation: Conversation,
    /// Ordered, so that fan-out repeats in a simulation.
    members: BTreeSet<UserId>,
    /// Changes up to here are in `members` already.
    as_of: Position,
    connections: BTreeMap<ConnectionId, Arc<Connection>>,
    typing: BTreeMap<UserId, Typing>,
}

#[derive(Debug)]
struct Typing {
    until_ms: u64,
    audience: Audience,
}

impl Crowd {
    pub(super) fn new(roster: Roster) -> Self {
        Self {
            conversation: roster.conversation,
            members: roster
                .members
                .into_iter()
                .map(|member| member.user)
                .collect(),
            as_of: roster.as_of,
            connections: BTreeMap::new(),
            typing: BTreeMap::new(),
        }
    }

    pub(super) fn has(&self, user: &UserId) -> bool {
        self.members.contains(user)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &UserId> {
        self.members.iter()
    }

    pub(super) fn n_members(&self) -> usize {
        self.members.len()
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.values()
    }

    /// The other one of a direct conversation.
    pub(super) fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        self.conversation.peer_of(user)
    }

    /// Adds a connection of a member.
    pub(super) fn attach(&mut self, connection: &Arc<Connection>) {
        if self.has(&connection.user) {
            self.connections
                .insert(connection.outbox.id(), Arc::clone(connection));
        }
    }

    /// Adds the connections of all members.
    pub(super) fn attach_members(
        &mut self,
        connections_of: impl Fn(&UserId) -> Vec<Arc<Connection>>,
    ) {
        let connections = self.members.iter().flat_map(connections_of);
        self.connections = connections.map(|c| (c.outbox.id(), c)).collect();
    }

    /// Lets in whom a change brings, before it is told.
    pub(super) fn arrive(
        &mut self,
        change: &Change,
        connections_of: impl Fn(&UserId) -> Vec<Arc<Connection>>,
    ) {
        if change.position <= self.as_of {
            return;
        }
        match &change.body {
            ChangeBody::Added { users } => {
                for user in users {
                    self.members.insert(user.clone());
                    for connection in connections_of(user) {
                        self.attach(&connection);
                    }
                }
            }
            ChangeBody::Renamed { name } => {
                self.conversation.kind = ConversationKind::Group { name: name.clone() }
            }
            _ => {}
        }
    }

    /// Lets go whom a change removes, after it was told to them too.
    pub(super) fn depart(&mut self, change: &Change) {
        if let ChangeBody::Removed { user } = &change.body {
            // Loaded after the removal, they are no member, but they may be one again, added later.
            if change.position > self.as_of {
                self.members.remove(user);
            }
            if !self.has(user) {
                self.connections.retain(|_, c| c.user != *user);
                self.typing.remove(user);
            }
        }
    }

    /// Stages a change for everyone who may know of it, encoded once per dialect. Whoever asked for it has
    /// the answer instead.
    pub(super) fn tell(
        &mut self,
        group: &Group,
        epoch: Epoch,
        change: &Arc<Change>,
        audience: &Audience,
        asked_by: Option<ConnectionId>,
    ) {
        let mut whole = Encoded::new(epoch, Push::Change(Arc::clone(change)));
        let mut veiled = Encoded::new(epoch, Push::Veiled(Arc::clone(change)));
        self.connections.retain(|_, connection| {
            let outbox = &connection.outbox;
            if outbox.closing_for().is_some() {
                return false;
            }
            let frame = match audience.show(&change.body, &connection.user) {
                _ if Some(outbox.id()) == asked_by => None,
                Show::All => whole.for_connection(connection),
                Show::Veiled => veiled.for_connection(connection),
                Show::Nothing => None,
            };
            if let Some(frame) = frame {
                group.stage(outbox, change.position, frame);
            }
            true
        });
    }

    /// Tells everyone else that somebody types, or stopped.
    pub(super) fn tell_typing(
        &mut self,
        epoch: Epoch,
        push: &Push,
        user: &UserId,
        audience: &Audience,
    ) {
        let mut encoded = Encoded::new(epoch, push.clone());
        self.connections.retain(|_, connection| {
            if connection.user == *user || !audience.may_meet(&connection.user) {
                return true;
            }
            encoded
                .for_connection(connection)
                .is_none_or(|frame| connection.outbox.push(frame))
        });
    }

    /// Notes that somebody types until a time. `true`: they did not before.
    pub(super) fn start_typing(
        &mut self,
        user: &UserId,
        audience: Audience,
        until_ms: u64,
    ) -> bool {
        self.has(user)
            && self
                .typing
                .insert(user.clone(), Typing { until_ms, audience })
                .is_none()
    }

    pub(super) fn is_typing(&self, user: &UserId) -> bool {
        self.typing.contains_key(user)
    }

    pub(super) fn nobody_types(&self) -> bool {
        self.typing.is_empty()
    }

    /// Notes that somebody stopped. `None`: they did not type.
    pub(super) fn stop_typing(&mut self, user: &UserId) -> Option<Audience> {
        self.typing.remove(user).map(|typing| typing.audience)
    }

    /// Those whose time is over.
    pub(super) fn typing_overdue(&mut self, now_ms: u64) -> Vec<(UserId, Audience)> {
        let overdue = self
            .typing
            .extract_if(.., |_, typing| typing.until_ms <= now_ms);
        overdue
            .map(|(user, typing)| (user, typing.audience))
            .collect()
    }
}

/// One thing to tell, encoded once for each dialect that is met.
struct Encoded {
    epoch: Epoch,
    push: Push,
    /// A handful at most: a linear search is the fastest map.
    frames: Vec<(u16, Option<Frame>)>,
}

impl Encoded {
    fn new(epoch: Epoch, push: Push) -> Self {
        Self {
            epoch,
            push,
            frames: Vec::new(),
        }
    }

    fn for_connection(&mut self, connection: &Connection) -> Option<Frame> {
        let key = connection.codec.key();
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| *known == key) {
            return frame.clone();
        }
        let frame = connection.codec.push(self.epoch, &self.push);
        self.frames.push((key, frame.clone()));
        frame
    }
}
