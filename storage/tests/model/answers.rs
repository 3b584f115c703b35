//! What the model answers: its lists, looked through from the start for every question.

use std::collections::BTreeMap;

use parlour_storage::{
    domain::{change::ChangeBody, conversation::MemberRole},
    ids::{ConversationId, Position, UserId},
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
        (1..).zip(&talk.messages).map(text).collect()
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
            };
            let above = talk
                .messages
                .iter()
                .skip(usize::try_from(seat.read).unwrap());
            let n = above.filter(counts).count() as u64;
            (n > 0).then_some((talk.id, n))
        };
        self.talks.iter().filter_map(count).collect()
    }

    /// What someone is told who was away since `after`.
    pub(crate) fn told(&self, user: usize, after: Position) -> Vec<(Position, ConversationId)> {
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
                    told.push((change.position, talk.id));
                }
            }
        }
        told.sort();
        told
    }
}
