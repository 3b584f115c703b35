//! What is told unasked, as JSON.

use parlour_actors::{codec::Resume, push::Push};
use parlour_storage::{
    domain::change::{Change, ChangeBody},
    ids::Epoch,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    contact,
    later::scheduled,
    notice,
    types::EventType,
    wire::{Text, Time, conversation, member_role, message, texts},
};

/// What is told unasked.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) epoch: Epoch,
    pub(super) push: &'a Push,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &EventType::of(self.push).map(EventType::name))?;
        match self.push {
            Push::Change(change, _) => self.change::<S>(&mut map, change)?,
            Push::Veiled(change, _) => {
                self.place::<S>(&mut map, change)?;
                if let ChangeBody::Sent(sent) = &change.body {
                    map.serialize_entry("message", &message(sent, true))?;
                }
            }
            Push::Typing { about, on } => {
                map.serialize_entry("conversation", &Text(about.conversation.id))?;
                map.serialize_entry("user", about.by.user.as_str())?;
                map.serialize_entry("on", on)?;
            }
            Push::Presence {
                card,
                online,
                last_seen,
            } => {
                map.serialize_entry("user", card.user.as_str())?;
                map.serialize_entry("online", online)?;
                if let Some(last_seen) = *last_seen {
                    map.serialize_entry("last_seen", &Time(last_seen))?;
                }
            }
            Push::Online(cards) => {
                let users: Vec<_> = cards.iter().map(|card| card.user.as_str()).collect();
                map.serialize_entry("users", &users)?;
            }
            // Native has no rooms to look into: see `EventType::of`.
            Push::Joined { .. } => {}
            Push::Contact(news) => contact::news(&mut map, news)?,
            Push::SendFailed(failed) => {
                map.serialize_entry("scheduled", &scheduled(failed))?;
            }
            Push::Notified {
                notification,
                unread,
            } => {
                map.serialize_entry("notification", &notice::shown(notification))?;
                map.serialize_entry("unread", unread)?;
            }
            Push::Warned { reason, at } => {
                if let Some(reason) = reason {
                    map.serialize_entry("reason", reason)?;
                }
                map.serialize_entry("at", &Time(*at))?;
            }
        }
        map.end()
    }
}

impl Event<'_> {
    /// What every change carries.
    fn place<S: Serializer>(
        &self,
        map: &mut S::SerializeMap,
        change: &Change,
    ) -> Result<(), S::Error> {
        let resume = Resume {
            epoch: self.epoch,
            position: change.position,
        };
        map.serialize_entry("resume", &Text(resume))?;
        map.serialize_entry("conversation", &Text(change.conversation))?;
        map.serialize_entry("at", &Time(change.at))
    }

    fn change<S: Serializer>(
        &self,
        map: &mut S::SerializeMap,
        change: &Change,
    ) -> Result<(), S::Error> {
        self.place::<S>(map, change)?;
        map.serialize_entry("by", change.by.as_str())?;
        match &change.body {
            ChangeBody::Created {
                conversation: opened,
                members,
            } => {
                map.serialize_entry("opened", &conversation(opened))?;
                map.serialize_entry("users", &texts(members))
            }
            ChangeBody::Sent(one) | ChangeBody::Edited(one) | ChangeBody::Deleted(one) => {
                map.serialize_entry("message", &message(one, false))
            }
            ChangeBody::Reacted {
                message,
                seq,
                emoji,
                on,
            } => {
                map.serialize_entry("message", &Text(message))?;
                map.serialize_entry("seq", seq)?;
                map.serialize_entry("emoji", emoji)?;
                map.serialize_entry("on", on)
            }
            ChangeBody::Read { seq, .. } | ChangeBody::Delivered { seq } => {
                map.serialize_entry("seq", &seq.0)
            }
            ChangeBody::Added { users } => map.serialize_entry("users", &texts(users)),
            ChangeBody::Removed { user } => map.serialize_entry("user", user.as_str()),
            ChangeBody::RoleSet { user, role } => {
                map.serialize_entry("user", user.as_str())?;
                map.serialize_entry("role", member_role(*role))
            }
            ChangeBody::Archived { on } => map.serialize_entry("on", on),
            ChangeBody::Renamed { name } => map.serialize_entry("name", name),
        }
    }
}
