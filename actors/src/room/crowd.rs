//! Who is in a room: members, their connections, who types. Plain state: no context, no store, no clock.

#[cfg(test)]
mod tests;

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
    codec::{Joined, View},
    command::{About, Card},
    connection::Connection,
    group::Group,
    outbox::{ConnectionId, Frame},
    push::Push,
    visibility::{Audience, Show},
};

/// As few connections need no tidying.
const TIDIED_FROM: usize = 16;

/// Who is in a room.
#[derive(Debug)]
pub(super) struct Crowd {
    conversation: Arc<Conversation>,
    /// Ordered, so that fan-out repeats in a simulation.
    members: BTreeSet<UserId>,
    /// Changes up to here are in `members` already.
    as_of: Position,
    connections: BTreeMap<ConnectionId, Arc<Connection>>,
    /// With so many connections, those that are gone are let go.
    tidied_at: usize,
    typing: BTreeMap<UserId, Typing>,
}

#[derive(Debug)]
struct Typing {
    until_ms: u64,
    who: Who,
}

/// Who does something that isn't stored, and who isn't told.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) card: Arc<Card>,
    pub(super) audience: Audience,
}

impl Crowd {
    pub(super) fn new(roster: Roster) -> Self {
        Self {
            conversation: Arc::new(roster.conversation),
            members: roster
                .members
                .into_iter()
                .map(|member| member.user)
                .collect(),
            as_of: roster.as_of,
            connections: BTreeMap::new(),
            tidied_at: TIDIED_FROM,
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

    /// The conversation, as far as it was told.
    pub(super) fn conversation(&self) -> &Arc<Conversation> {
        &self.conversation
    }

    /// The other one of a direct conversation.
    pub(super) fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        self.conversation.peer_of(user)
    }

    /// Adds a connection of a member.
    pub(super) fn attach(&mut self, connection: &Arc<Connection>) {
        if !self.has(&connection.user) {
            return;
        }
        // Those that are gone are met when something is told. Where people only look, or type, or come and go,
        // they would add up. At twice as many, so that it costs each that comes next to nothing.
        if self.connections.len() >= self.tidied_at {
            self.connections
                .retain(|_, connection| connection.outbox.closing_for().is_none());
            self.tidied_at = (2 * self.connections.len()).max(TIDIED_FROM);
        }
        self.connections
            .insert(connection.outbox.id(), Arc::clone(connection));
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
                Arc::make_mut(&mut self.conversation).kind =
                    ConversationKind::Group { name: name.clone() }
            }
            ChangeBody::Archived { on } => Arc::make_mut(&mut self.conversation).archived = *on,
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
                let id = self.conversation.id;
                self.connections.retain(|_, connection| {
                    let stays = connection.user != *user;
                    if !stays {
                        // They can't end it by themselves any more.
                        connection.join(id, false);
                    }
                    stays
                });
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
        Who { card, audience }: &Who,
        asked_by: Option<ConnectionId>,
    ) {
        let about = self.about(card);
        let mut whole = Encoded::new(epoch, Push::Change(Arc::clone(change), about.clone()));
        let mut veiled = Encoded::new(epoch, Push::Veiled(Arc::clone(change), about));
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

    /// Where something happened, and by whom.
    pub(super) fn about(&self, by: &Arc<Card>) -> About {
        About {
            conversation: Arc::clone(&self.conversation),
            by: Arc::clone(by),
        }
    }

    /// Tells everyone else that somebody types, or stopped.
    pub(super) fn tell_typing(&mut self, epoch: Epoch, who: &Who, on: bool) {
        let about = self.about(&who.card);
        let user = &who.card.user;
        self.tell_unstored(epoch, Push::Typing { about, on }, |connection| {
            connection.user != *user && who.audience.may_meet(&connection.user)
        });
    }

    /// Tells the others who look at the conversation that somebody began or ended to.
    pub(super) fn tell_joined(&mut self, epoch: Epoch, who: &Who, from: ConnectionId, on: bool) {
        let about = self.about(&who.card);
        let id = self.conversation.id;
        self.tell_unstored(epoch, Push::Joined { about, on }, |connection| {
            connection.outbox.id() != from
                && connection.codec.minds().joined
                && connection.joined(id) != Joined::No
                && who.audience.may_meet(&connection.user)
        });
    }

    fn tell_unstored(&mut self, epoch: Epoch, push: Push, to: impl Fn(&Connection) -> bool) {
        let mut encoded = Encoded::new(epoch, push);
        self.connections.retain(|_, connection| {
            !to(connection)
                || encoded
                    .for_connection(connection)
                    .is_none_or(|frame| connection.outbox.push_live(frame))
        });
    }

    /// One of the connections.
    pub(super) fn connection(&self, id: ConnectionId) -> Option<&Arc<Connection>> {
        self.connections.get(&id)
    }

    /// Notes that somebody types until a time. `true`: they did not before.
    pub(super) fn start_typing(&mut self, who: Who, until_ms: u64) -> bool {
        let user = who.card.user.clone();
        self.has(&user) && self.typing.insert(user, Typing { until_ms, who }).is_none()
    }

    pub(super) fn is_typing(&self, user: &UserId) -> bool {
        self.typing.contains_key(user)
    }

    /// Those who type.
    pub(super) fn typing(&self) -> Vec<UserId> {
        self.typing.keys().cloned().collect()
    }

    pub(super) fn nobody_types(&self) -> bool {
        self.typing.is_empty()
    }

    /// Notes that somebody stopped. `None`: they did not type.
    pub(super) fn stop_typing(&mut self, user: &UserId) -> Option<Who> {
        self.typing.remove(user).map(|typing| typing.who)
    }

    /// Those whose time is over.
    pub(super) fn typing_overdue(&mut self, now_ms: u64) -> Vec<Who> {
        let overdue = self
            .typing
            .extract_if(.., |_, typing| typing.until_ms <= now_ms);
        overdue.map(|(_, typing)| typing.who).collect()
    }
}

/// One thing to tell, encoded once for each dialect (and view, if it minds) that is met.
struct Encoded {
    epoch: Epoch,
    push: Push,
    /// A handful at most: a linear search is the fastest map.
    frames: Vec<((u16, View), Option<Frame>)>,
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
        let view = connection.view(&self.push);
        let key = (connection.codec.key(), view);
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| *known == key) {
            return frame.clone();
        }
        let frame = connection.codec.push(self.epoch, &self.push, view);
        // A codec may settle on another thread at this moment: then nobody knows by which of its keys it spoke, and others
        // with the old one must not be told the same.
        if connection.codec.key() == key.0 {
            self.frames.push((key, frame.clone()));
        }
        frame
    }
}
