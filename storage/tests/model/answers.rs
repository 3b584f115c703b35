//! What the model answers: its lists, looked through from the start for every question.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use parlour_storage::{
    domain::{change::ChangeBody, conversation::MemberRole},
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    store::Listed,
};

use super::world::{Message, Seat, Talk, World};

impl World {
    /// Everyone in each conversation, with role and cursors, in the order of names.
    pub(crate) fn rosters(&self) -> BTreeMap<ConversationId, Vec<(UserId, MemberRole, u64, u64)>> {
        let roster = |talk: &Talk| {
            let seat = |seat: &Seat| {
                (
                    self.people[seat.user].clone(),
                    seat.role,
                    seat.read,
                    seat.delivered,
                )
            };
            let mut all: Vec<_> = talk.seats.iter().map(seat).collect();
            all.sort();
            (talk.id, all)
        };
        self.talks.iter().map(roster).collect()
    }

    /// What stands at each place.
    pub(crate) fn texts(&self, id: ConversationId) -> Vec<(u64, UserId, String)> {
        let talk = self.talks.iter().find(|talk| talk.id == id).unwrap();
        let text = |(seq, message): (u64, &Message)| {
            let text = if message.deleted { "" } else { &message.text };
            (seq, self.people[message.author].clone(), text.to_owned())
        };
        let all = (1..).zip(&talk.messages).map(text);
        all.skip(talk.n_gone).collect()
    }

    /// Every message that is there, and whether it was deleted.
    pub(crate) fn messages(&self) -> BTreeMap<MessageId, bool> {
        let talks = self.talks.iter();
        let messages = talks.flat_map(|talk| &talk.messages[talk.n_gone..]);
        messages.map(|one| (one.id, one.deleted)).collect()
    }

    /// Who blocks whom.
    pub(crate) fn blocks_by_name(&self) -> BTreeSet<(UserId, UserId)> {
        let name = |n: usize| self.people[n].clone();
        let blocks = self.blocks.iter();
        blocks.map(|&(by, user)| (name(by), name(user))).collect()
    }

    /// Whose writing is shown to nobody else.
    pub(crate) fn shadowed_by_name(&self) -> BTreeSet<UserId> {
        let shadowed = self.shadowed.iter();
        shadowed.map(|&n| self.people[n].clone()).collect()
    }

    /// The places that are not deleted, the newest first.
    pub(crate) fn alive(&self, id: ConversationId) -> Vec<Seq> {
        let talk = self.talks.iter().find(|talk| talk.id == id).unwrap();
        let places = (1..).map(Seq).zip(&talk.messages).skip(talk.n_gone);
        let alive = places.filter(|(_, message)| !message.deleted);
        let mut alive: Vec<_> = alive.map(|(seq, _)| seq).collect();
        alive.reverse();
        alive
    }

    /// The first place of a time or later.
    pub(crate) fn first_since(&self, id: ConversationId, at: Timestamp) -> Option<Seq> {
        let talk = self.talks.iter().find(|talk| talk.id == id).unwrap();
        let mut places = (1..).map(Seq).zip(&talk.messages).skip(talk.n_gone);
        let first = places.find(|(_, message)| message.id.position() >= Position::at(at));
        first.map(|(seq, _)| seq)
    }

    /// Where someone is now, what moved last first.
    pub(crate) fn listing(&self, user: usize) -> Vec<Listed> {
        let is_in = |talk: &&Talk| talk.seats.iter().any(|seat| seat.user == user);
        let listed = |talk: &Talk| {
            let newest = talk.messages.last().map(|message| message.id.position());
            let peer = talk.ever.iter().find(|other| **other != user);
            Listed {
                conversation: talk.id,
                peer: peer
                    .filter(|_| talk.direct)
                    .map(|peer| self.people[*peer].clone()),
                active: newest.unwrap_or(talk.id.position()),
            }
        };
        let mut all: Vec<_> = self.talks.iter().filter(is_in).map(listed).collect();
        all.sort_by_key(|listed| Reverse(listed.active));
        all
    }

    /// Where someone is now.
    pub(crate) fn conversations_of(&self, user: usize) -> Vec<ConversationId> {
        let is_in = |talk: &&Talk| talk.seats.iter().any(|seat| seat.user == user);
        self.talks
            .iter()
            .filter(is_in)
            .map(|talk| talk.id)
            .collect()
    }

    /// What someone has not read.
    pub(crate) fn unread(&self, user: usize) -> Vec<(ConversationId, u64)> {
        let count = |talk: &Talk| {
            let seat = talk.seats.iter().find(|seat| seat.user == user)?;
            let counts = |message: &&Message| {
                !message.deleted
                    && message.author != user
                    && !self.blocks.contains(&(user, message.author))
                    && !self.shadowed.contains(&message.author)
            };
            let above = talk
                .messages
                .iter()
                .skip(usize::try_from(seat.read).unwrap().max(talk.n_gone));
            let n = above.filter(counts).count() as u64;
            (n > 0).then_some((talk.id, n))
        };
        self.talks.iter().filter_map(count).collect()
    }

    /// What someone is told who was away since `after`, and which messages a mark of it names now.
    pub(crate) fn told(
        &self,
        user: usize,
        after: Position,
    ) -> Vec<(Position, ConversationId, Vec<MessageId>)> {
        let name = &self.people[user];
        let mut told = Vec::new();
        for talk in &self.talks {
            let mut is_in = false;
            for change in &talk.log {
                let was_in = is_in;
                match &change.body {
                    ChangeBody::Created { members, .. } => is_in = members.contains(name),
                    ChangeBody::Added { users } => is_in |= users.contains(name),
                    ChangeBody::Removed { user } => is_in &= user != name,
                    _ => {}
                }
                if (was_in || is_in) && change.position > after {
                    let mut named = match &change.body {
                        ChangeBody::Read { messages, .. } => messages.clone(),
                        _ => Vec::new(),
                    };
                    let there = &talk.messages[talk.n_gone..];
                    let gone = &talk.messages[..talk.n_gone];
                    let about = match &change.body {
                        ChangeBody::Sent(m) | ChangeBody::Edited(m) | ChangeBody::Deleted(m) => {
                            Some(m.id)
                        }
                        _ => None,
                    };
                    if gone.iter().any(|m| Some(m.id) == about) {
                        continue;
                    }
                    named.retain(|id| there.iter().any(|m| m.id == *id && !m.deleted));
                    told.push((change.position, talk.id, named));
                }
            }
        }
        told.sort();
        told
    }
}
