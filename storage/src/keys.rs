//! Every key there is.
//!
//! A key is the table's byte, then its parts: numbers as eight bytes, most significant first, so that they
//! sort; names with their length in front (one byte), so that no name can reach into the next part. Names
//! of different length therefore don't sort as text: whoever promises an order of names sorts.

mod attachment;
mod contact;
mod event;
mod notice;
mod safety;
mod scheduled;

use std::ops::Range;

pub(crate) use attachment::*;
pub(crate) use contact::*;
pub(crate) use event::*;
pub(crate) use notice::*;
pub(crate) use safety::*;
pub(crate) use scheduled::*;

use crate::ids::{
    AttachmentId, ConversationId, IdempotencyKey, MessageId, Position, ScheduledId, Seq,
    TemplateId, UserId,
};

/// The first byte of each key. Never reuse a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Table {
    /// What the store says of itself: see [`Meta`].
    Meta = 0x01,
    /// user
    User = 0x10,
    /// by whom, whom
    Block = 0x11,
    /// whom, by whom
    BlockedBy = 0x12,
    /// user, rule
    Limit = 0x13,
    /// conversation
    Conversation = 0x20,
    /// smaller user, larger user
    Pair = 0x21,
    /// conversation, user
    Member = 0x22,
    /// user, conversation, position of joining
    Stint = 0x23,
    /// message
    Message = 0x30,
    /// conversation, seq
    Place = 0x31,
    /// user, idempotency key
    Request = 0x32,
    /// message, position of the edit
    Revision = 0x33,
    /// message, emoji, user
    Reaction = 0x34,
    /// conversation, user, seq
    ReadMark = 0x35,
    /// conversation, seq
    Tombstone = 0x36,
    /// conversation
    Floor = 0x37,
    /// conversation, position
    Change = 0x40,
    /// position, n
    Event = 0x50,
    /// name
    Consumer = 0x51,
    /// consumer, position, n
    DeadLetter = 0x52,
    /// nothing: there is one
    EventFloor = 0x53,
    /// user, position
    Notification = 0x60,
    /// user
    NotificationsRead = 0x61,
    /// user, conversation
    Mute = 0x62,
    /// user, push target
    PushTarget = 0x63,
    /// SHA-256 of an address
    PushAddress = 0x64,
    /// user, conversation or message request
    Noticed = 0x65,
    /// position
    NotificationAt = 0x66,
    /// user
    DoNotDisturb = 0x67,
    /// smaller user, larger user
    Tie = 0x70,
    /// message request
    MessageRequest = 0x71,
    /// user, message request
    RequestOf = 0x72,
    /// match
    Match = 0x73,
    /// user, match
    MatchOf = 0x74,
    /// by whom, whom
    Like = 0x75,
    /// from whom, who
    Hidden = 0x76,
    /// report
    Report = 0x78,
    /// message
    Flag = 0x79,
    /// user
    Standing = 0x7a,
    /// user
    Shadowed = 0x7b,
    /// number of the line
    Audit = 0x7c,
    /// which end of the log
    AuditEnd = 0x7d,
    /// user
    Preferences = 0x7e,
    /// shelf, report or message
    Shelf = 0x7f,
    /// attachment
    Attachment = 0x80,
    /// user, attachment
    AttachmentOf = 0x81,
    /// user
    Usage = 0x82,
    /// attachment
    Unsent = 0x83,
    /// attachment
    Doomed = 0x84,
    /// path of an object
    Object = 0x85,
    /// user, scheduled message
    Scheduled = 0x88,
    /// time, scheduled message
    Due = 0x89,
    /// attachment
    Held = 0x8a,
    /// user, template
    Template = 0x8b,
    /// another key, number of the part (two bytes)
    Continuation = 0xf0,
}

impl Table {
    pub(crate) const ALL: [Self; 56] = [
        Self::Meta,
        Self::User,
        Self::Block,
        Self::BlockedBy,
        Self::Limit,
        Self::Conversation,
        Self::Pair,
        Self::Member,
        Self::Stint,
        Self::Message,
        Self::Place,
        Self::Request,
        Self::Revision,
        Self::Reaction,
        Self::ReadMark,
        Self::Tombstone,
        Self::Floor,
        Self::Change,
        Self::Event,
        Self::Consumer,
        Self::DeadLetter,
        Self::EventFloor,
        Self::Notification,
        Self::NotificationsRead,
        Self::Mute,
        Self::PushTarget,
        Self::PushAddress,
        Self::Noticed,
        Self::NotificationAt,
        Self::DoNotDisturb,
        Self::Tie,
        Self::MessageRequest,
        Self::RequestOf,
        Self::Match,
        Self::MatchOf,
        Self::Like,
        Self::Hidden,
        Self::Report,
        Self::Flag,
        Self::Standing,
        Self::Shadowed,
        Self::Audit,
        Self::AuditEnd,
        Self::Preferences,
        Self::Shelf,
        Self::Attachment,
        Self::AttachmentOf,
        Self::Usage,
        Self::Unsent,
        Self::Doomed,
        Self::Object,
        Self::Scheduled,
        Self::Due,
        Self::Held,
        Self::Template,
        Self::Continuation,
    ];

    /// The table that a key belongs to.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        let first = *key.first()?;
        Self::ALL.into_iter().find(|table| *table as u8 == first)
    }
}

/// What the store says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Meta {
    /// Number of the format.
    Format = 1,
    /// Which history it is.
    Epoch = 2,
    /// Above every position used.
    Ceiling = 3,
}

/// A key in the making.
struct Key(Vec<u8>);

impl Key {
    fn of(table: Table) -> Self {
        let mut bytes = Vec::with_capacity(32);
        bytes.push(table as u8);
        Self(bytes)
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// # Panics
    ///
    /// If the name has more than 255 bytes; ids have half of that, and the rest is checked on the way in.
    fn name(mut self, name: &str) -> Self {
        let length = u8::try_from(name.len()).expect("names in keys are checked on the way in");
        self.0.push(length);
        self.0.extend_from_slice(name.as_bytes());
        self
    }

    fn done(self) -> Vec<u8> {
        self.0
    }

    /// Every key that begins so.
    fn all(self) -> Range<Vec<u8>> {
        let end = after_all(&self.0);
        self.0..end
    }
}

/// The smallest key above all that begin with `prefix`.
fn after_all(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(more) = last.checked_add(1) {
            end.push(more);
            break;
        }
    }
    end
}

/// Every key there can be.
pub(crate) fn everything() -> Range<Vec<u8>> {
    vec![0x00]..vec![0xff]
}

/// Every key of a table.
pub(crate) fn table(table: Table) -> Range<Vec<u8>> {
    Key::of(table).all()
}

pub(crate) fn meta(meta: Meta) -> Vec<u8> {
    vec![Table::Meta as u8, meta as u8]
}

pub(crate) fn user(user: &UserId) -> Vec<u8> {
    Key::of(Table::User).name(user.as_str()).done()
}

pub(crate) fn block(by: &UserId, whom: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Block).name(by.as_str());
    key.name(whom.as_str()).done()
}

pub(crate) fn blocks(by: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Block).name(by.as_str()).all()
}

pub(crate) fn blocked_by(whom: &UserId, by: &UserId) -> Vec<u8> {
    let key = Key::of(Table::BlockedBy).name(whom.as_str());
    key.name(by.as_str()).done()
}

pub(crate) fn blocked_by_all(whom: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::BlockedBy).name(whom.as_str()).all()
}

pub(crate) fn limit(user: &UserId, rule: &str) -> Vec<u8> {
    Key::of(Table::Limit).name(user.as_str()).name(rule).done()
}

pub(crate) fn limits(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Limit).name(user.as_str()).all()
}

pub(crate) fn conversation(conversation: ConversationId) -> Vec<u8> {
    Key::of(Table::Conversation)
        .number(conversation.get())
        .done()
}

/// Conversations after one.
pub(crate) fn conversations_after(after: Option<ConversationId>) -> Range<Vec<u8>> {
    let all = table(Table::Conversation);
    let start = after.map_or(all.start, |after| after_all(&conversation(after)));
    start..all.end
}

/// The same for both orders of a pair.
pub(crate) fn pair(a: &UserId, b: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Pair).name(a.min(b).as_str());
    key.name(a.max(b).as_str()).done()
}

pub(crate) fn member(conversation: ConversationId, user: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Member).number(conversation.get());
    key.name(user.as_str()).done()
}

pub(crate) fn members(conversation: ConversationId) -> Range<Vec<u8>> {
    Key::of(Table::Member).number(conversation.get()).all()
}

pub(crate) fn stint(user: &UserId, conversation: ConversationId, joined: Position) -> Vec<u8> {
    let key = Key::of(Table::Stint).name(user.as_str());
    key.number(conversation.get()).number(joined.get()).done()
}

pub(crate) fn stints(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Stint).name(user.as_str()).all()
}

pub(crate) fn message(message: MessageId) -> Vec<u8> {
    Key::of(Table::Message).number(message.get()).done()
}

/// Messages after one.
pub(crate) fn messages_after(after: Option<MessageId>) -> Range<Vec<u8>> {
    let all = table(Table::Message);
    let start = after.map_or(all.start, |after| after_all(&message(after)));
    start..all.end
}

pub(crate) fn place(conversation: ConversationId, seq: Seq) -> Vec<u8> {
    let key = Key::of(Table::Place).number(conversation.get());
    key.number(seq.0).done()
}

pub(crate) fn places(conversation: ConversationId) -> Range<Vec<u8>> {
    Key::of(Table::Place).number(conversation.get()).all()
}

/// Places from `first` on.
pub(crate) fn places_from(conversation: ConversationId, first: Seq) -> Range<Vec<u8>> {
    place(conversation, first)..places(conversation).end
}

/// Places from `first` to `last`.
pub(crate) fn places_within(conversation: ConversationId, first: Seq, last: Seq) -> Range<Vec<u8>> {
    place(conversation, first)..after_all(&place(conversation, last))
}

/// Places below `end`.
pub(crate) fn places_below(conversation: ConversationId, end: Seq) -> Range<Vec<u8>> {
    places(conversation).start..place(conversation, end)
}

pub(crate) fn tombstone(conversation: ConversationId, seq: Seq) -> Vec<u8> {
    let key = Key::of(Table::Tombstone).number(conversation.get());
    key.number(seq.0).done()
}

/// Tombstones from `first` to `last`.
pub(crate) fn tombstones(conversation: ConversationId, first: Seq, last: Seq) -> Range<Vec<u8>> {
    tombstone(conversation, first)..after_all(&tombstone(conversation, last))
}

pub(crate) fn floor(conversation: ConversationId) -> Vec<u8> {
    Key::of(Table::Floor).number(conversation.get()).done()
}

pub(crate) fn request(user: &UserId, key: &IdempotencyKey) -> Vec<u8> {
    let request = Key::of(Table::Request).name(user.as_str());
    request.name(key.as_str()).done()
}

/// Idempotency keys of a user.
pub(crate) fn requests(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Request).name(user.as_str()).all()
}

pub(crate) fn revision(message: MessageId, edited: Position) -> Vec<u8> {
    let key = Key::of(Table::Revision).number(message.get());
    key.number(edited.get()).done()
}

pub(crate) fn revisions(message: MessageId) -> Range<Vec<u8>> {
    Key::of(Table::Revision).number(message.get()).all()
}

pub(crate) fn reaction(message: MessageId, emoji: &str, user: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Reaction).number(message.get());
    key.name(emoji).name(user.as_str()).done()
}

pub(crate) fn reactions(message: MessageId) -> Range<Vec<u8>> {
    Key::of(Table::Reaction).number(message.get()).all()
}

pub(crate) fn read_mark(conversation: ConversationId, reader: &UserId, up_to: Seq) -> Vec<u8> {
    let key = Key::of(Table::ReadMark).number(conversation.get());
    key.name(reader.as_str()).number(up_to.0).done()
}

/// Marks of a reader from `first` on.
pub(crate) fn read_marks_from(
    conversation: ConversationId,
    reader: &UserId,
    first: Seq,
) -> Range<Vec<u8>> {
    let all = Key::of(Table::ReadMark).number(conversation.get());
    read_mark(conversation, reader, first)..all.name(reader.as_str()).all().end
}

pub(crate) fn change(conversation: ConversationId, position: Position) -> Vec<u8> {
    let key = Key::of(Table::Change).number(conversation.get());
    key.number(position.get()).done()
}

/// Changes from `first` to `last`.
pub(crate) fn changes_within(
    conversation: ConversationId,
    first: Position,
    last: Position,
) -> Range<Vec<u8>> {
    change(conversation, first)..after_all(&change(conversation, last))
}

/// Changes from `first` on.
pub(crate) fn changes_from(conversation: ConversationId, first: Position) -> Range<Vec<u8>> {
    let all = Key::of(Table::Change).number(conversation.get()).all();
    change(conversation, first)..all.end
}

pub(crate) fn continuation(key: &[u8], n: u16) -> Vec<u8> {
    let mut part = Vec::with_capacity(key.len() + 3);
    part.push(Table::Continuation as u8);
    part.extend_from_slice(key);
    part.extend_from_slice(&n.to_be_bytes());
    part
}

/// The key and the part number of a continuation key.
pub(crate) fn continued(part: &[u8]) -> Option<(&[u8], u16)> {
    let rest = part.strip_prefix(&[Table::Continuation as u8])?;
    let (key, n) = rest.split_last_chunk::<2>()?;
    Some((key, u16::from_be_bytes(*n)))
}

/// Takes a key apart again.
pub(crate) struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// `None` if the key is of another table.
    pub(crate) fn of(table: Table, key: &'a [u8]) -> Option<Self> {
        key.strip_prefix(&[table as u8]).map(Self)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    pub(crate) fn short(&mut self) -> Option<u16> {
        let (number, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*number))
    }

    pub(crate) fn position(&mut self) -> Option<Position> {
        self.number().and_then(Position::new)
    }

    pub(crate) fn conversation(&mut self) -> Option<ConversationId> {
        self.position().map(ConversationId::created_at)
    }

    pub(crate) fn message(&mut self) -> Option<MessageId> {
        self.position().map(MessageId::created_at)
    }

    pub(crate) fn attachment(&mut self) -> Option<AttachmentId> {
        self.position().map(AttachmentId::created_at)
    }

    pub(crate) fn scheduled(&mut self) -> Option<ScheduledId> {
        self.position().map(ScheduledId::created_at)
    }

    pub(crate) fn template(&mut self) -> Option<TemplateId> {
        self.position().map(TemplateId::created_at)
    }

    pub(crate) fn seq(&mut self) -> Option<Seq> {
        self.number().map(Seq)
    }

    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let (&length, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        std::str::from_utf8(name).ok()
    }

    pub(crate) fn user(&mut self) -> Option<UserId> {
        self.name().and_then(|name| UserId::new(name).ok())
    }

    /// `value`, or `None` if something is left over.
    pub(crate) fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

/// A key as logs and reports show it.
pub(crate) fn printable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

#[cfg(test)]
mod tests;
