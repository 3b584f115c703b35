//! Keys of what people are notified with.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{Key, Parts, Table, table};
use crate::ids::{ConversationId, Position, PushTargetId, UserId};

pub(crate) fn notification(user: &UserId, position: Position) -> Vec<u8> {
    let key = Key::of(Table::Notification).name(user.as_str());
    key.number(position.get()).done()
}

/// Notifications from `first` to below `end`, `None`: to the newest.
pub(crate) fn notifications(
    user: &UserId,
    first: Position,
    end: Option<Position>,
) -> Range<Vec<u8>> {
    let all = Key::of(Table::Notification).name(user.as_str()).all();
    let end = end.map_or(all.end, |end| notification(user, end));
    notification(user, first)..end
}

pub(crate) fn notifications_read(user: &UserId) -> Vec<u8> {
    Key::of(Table::NotificationsRead).name(user.as_str()).done()
}

/// Finds a notification by its age.
pub(crate) fn notification_at(position: Position) -> Vec<u8> {
    Key::of(Table::NotificationAt).number(position.get()).done()
}

/// Everybody's notifications below a position.
pub(crate) fn notifications_before(end: Position) -> Range<Vec<u8>> {
    table(Table::NotificationAt).start..notification_at(end)
}

/// Finds a notification by what it is about: a conversation or a request, which share their numbers with everything.
pub(crate) fn noticed(user: &UserId, about: Position) -> Vec<u8> {
    let key = Key::of(Table::Noticed).name(user.as_str());
    key.number(about.get()).done()
}

pub(crate) fn mute(user: &UserId, conversation: ConversationId) -> Vec<u8> {
    let key = Key::of(Table::Mute).name(user.as_str());
    key.number(conversation.get()).done()
}

pub(crate) fn mutes(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Mute).name(user.as_str()).all()
}

pub(crate) fn do_not_disturb(user: &UserId) -> Vec<u8> {
    Key::of(Table::DoNotDisturb).name(user.as_str()).done()
}

pub(crate) fn push_target(user: &UserId, id: PushTargetId) -> Vec<u8> {
    let key = Key::of(Table::PushTarget).name(user.as_str());
    key.number(id.get()).done()
}

pub(crate) fn push_targets(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::PushTarget).name(user.as_str()).all()
}

/// By a hash, since addresses are longer than a part of a key may be.
pub(crate) fn push_address(address: &str) -> Vec<u8> {
    let mut key = vec![Table::PushAddress as u8];
    key.extend_from_slice(&Sha256::digest(address.as_bytes()));
    key
}

impl Parts<'_> {
    pub(crate) fn push_target(&mut self) -> Option<PushTargetId> {
        self.position().map(PushTargetId::created_at)
    }

    /// The rest of a key that is a hash.
    pub(crate) fn hash(&mut self) -> Option<[u8; 32]> {
        let (hash, rest) = self.0.split_first_chunk::<32>()?;
        self.0 = rest;
        Some(*hash)
    }
}
