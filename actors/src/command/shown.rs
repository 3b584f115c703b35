//! What one reader is shown of conversations, messages and people, with what dialects tell of it.

use std::sync::Arc;

use parlour_storage::{
    domain::{
        conversation::{Conversation, Summary},
        message::Message,
    },
    ids::{Timestamp, UserId},
};

use super::{About, Card};

/// What is unread in one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub conversation: Arc<Conversation>,
    /// How many messages; at least 1.
    pub unread: u64,
}

/// A conversation as lists of dialects show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The conversation, and the caller's part in it.
    pub summary: Summary,
    /// Its newest message, unless it has none that the caller may see.
    pub last: Option<Item>,
    /// The others in it, in the order of their ids: at most [`PEOPLE_SHOWN_MAX`](crate::limits::PEOPLE_SHOWN_MAX) of a group.
    pub others: Vec<Person>,
}

/// A person in a conversation, as the caller may see them. Across a block they look as if they were away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub card: Arc<Card>,
    /// They have a connection now.
    pub online: bool,
    /// When they last had one; `None` while online, or if never.
    pub last_seen: Option<Timestamp>,
}

/// A message, with what dialects tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The message. Not deleted, not hidden.
    pub message: Message,
    /// Where, and by whom.
    pub about: About,
    /// Who has read it, in the order of their ids; its author too. In groups of more than
    /// [`PEOPLE_SHOWN_MAX`](crate::limits::PEOPLE_SHOWN_MAX) only the author and the caller are looked at.
    pub read_by: Vec<UserId>,
    /// When whom it was for read it, in a direct conversation.
    pub read_at: Option<Timestamp>,
}

impl Item {
    /// Whether somebody beside its author has read it.
    pub fn is_read(&self) -> bool {
        self.read_by.iter().any(|user| *user != self.message.author)
    }
}

/// A message as one reader may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The message. If veiled, show nothing of it but its id, conversation and place.
    pub message: Message,
    /// The reader blocks its author.
    pub veiled: bool,
}

/// How far one member is with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who.
    pub user: UserId,
    /// It reached one of their devices.
    pub delivered: bool,
    /// They have read it.
    pub read: bool,
    /// When they read it; known in direct conversations.
    pub read_at: Option<Timestamp>,
}

/// Whether somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// They have a connection now.
    pub online: bool,
    /// When they last had one; `None` while online, or if never.
    pub last_seen: Option<Timestamp>,
}
