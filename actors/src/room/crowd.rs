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
    codec::{Joined, Minds, View},
    command::{About, Card},
    connection::Connection,
    group::Group,
    outbox::{ConnectionId, Frame, Run},
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

/// A change to tell.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) change: Arc<Change>,
    pub(super) who: Who,
    pub(super) asked_by: Option<ConnectionId>,
}

impl Told {
    /// Whether a connection is told all of it.
    fn is_for(&self, connection: &Connection) -> bool {
        self.asked_by != Some(connection.outbox.id())
            && (self.who.audience.is_everyone() || self.show(connection) == Show::All)
    }

    fn show(&self, connection: &Connection) -> Show {
        let audience = &self.who.audience;
        audience.show(&self.change, &connection.user, connection.plan())
    }
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

    /// Stages changes for everyone who may know of them, encoded once per dialect. Whoever asked for one has the answer
    /// instead.
    pub(super) fn tell(&mut self, group: &Group, epoch: Epoch, told: &[Told]) {
        let mut each: Vec<_> = told.iter().map(|told| self.telling(epoch, told)).collect();
        let mut runs = Runs::default();
        self.connections.retain(|_, connection| {
            if connection.codec.minds() == Minds::default()
                && told.iter().all(|told| told.is_for(connection))
            {
                return match runs.for_connection(connection, &mut each) {
                    Some(run) => group.stage(&connection.outbox, run.first(), Frame::Run(run)),
                    None => connection.outbox.closing_for().is_none(),
                };
            }
            let mut stays = true;
            for telling in &mut each {
                if let Some(frame) = telling.for_connection(connection) {
                    let position = telling.told.change.position;
                    stays &= group.stage(&connection.outbox, position, frame);
                }
            }
            stays
        });
    }

    fn telling<'a>(&self, epoch: Epoch, told: &'a Told) -> Telling<'a> {
        let about = self.about(&told.who.card);
        let change = || Arc::clone(&told.change);
        Telling {
            told,
            whole: Encoded::new(epoch, Push::Change(change(), about.clone())),
            veiled: Encoded::new(epoch, Push::Veiled(change(), about)),
        }
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
            connection.user != *user && who.audience.may_hear(&connection.user)
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

/// A change on its way to a crowd.
struct Telling<'a> {
    told: &'a Told,
    whole: Encoded,
    veiled: Encoded,
}

impl Telling<'_> {
    fn for_connection(&mut self, connection: &Connection) -> Option<Frame> {
        if self.told.asked_by == Some(connection.outbox.id()) {
            return None;
        }
        match self.told.show(connection) {
            Show::All => self.whole.for_connection(connection),
            Show::Veiled => self.veiled.for_connection(connection),
            Show::Nothing => None,
        }
    }
}

/// All that is told, for each dialect that is met.
#[derive(Default)]
struct Runs(Vec<(u16, Option<Arc<Run>>)>);

impl Runs {
    /// For a connection that is told all of everything, and minds nothing of how it stands to it.
    fn for_connection(
        &mut self,
        connection: &Connection,
        each: &mut [Telling<'_>],
    ) -> Option<Arc<Run>> {
        let key = connection.codec.key();
        if let Some((_, run)) = self.0.iter().find(|(known, _)| *known == key) {
            return run.clone();
        }
        let frames = each.iter_mut().filter_map(|telling| {
            let frame = telling.whole.for_connection(connection)?;
            Some((telling.told.change.position, frame))
        });
        let run = Run::new(frames.collect()).map(Arc::new);
        // As for single ones: see `Encoded`.
        if connection.codec.key() == key {
            self.0.push((key, run.clone()));
        }
        run
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
