//! The keys of events, of those who follow them, and of what those gave up on.

use std::ops::Range;

use super::{Key, Parts, Table, after_all, message, table};
use crate::{
    domain::event::EventId,
    ids::{MessageId, Position},
};

fn at(key: Key, id: EventId) -> Vec<u8> {
    let mut key = key.number(id.position.get());
    key.0.extend_from_slice(&id.n.to_be_bytes());
    key.done()
}

pub(crate) fn event(id: EventId) -> Vec<u8> {
    at(Key::of(Table::Event), id)
}

/// Rows of events above a place.
pub(crate) fn events_after(after: EventId) -> Range<Vec<u8>> {
    after_all(&event(after))..table(Table::Event).end
}

/// Rows of events up to and including a place.
pub(crate) fn events_through(through: EventId) -> Range<Vec<u8>> {
    table(Table::Event).start..after_all(&event(through))
}

/// Messages above a position, up to and including another one.
pub(crate) fn messages_within(above: Position, last: Position) -> Range<Vec<u8>> {
    let key = |position| message(MessageId::created_at(position));
    after_all(&key(above))..after_all(&key(last))
}

pub(crate) fn consumer(name: &str) -> Vec<u8> {
    Key::of(Table::Consumer).name(name).done()
}

pub(crate) fn dead_letter(consumer: &str, id: EventId) -> Vec<u8> {
    at(Key::of(Table::DeadLetter).name(consumer), id)
}

/// The dead letters of a consumer above a place; all if there is none.
pub(crate) fn dead_letters_after(consumer: &str, after: Option<EventId>) -> Range<Vec<u8>> {
    let all = Key::of(Table::DeadLetter).name(consumer).all();
    let start = after.map_or(all.start, |after| after_all(&dead_letter(consumer, after)));
    start..all.end
}

/// The dead letters of a consumer up to and including a place.
pub(crate) fn dead_letters_through(consumer: &str, through: EventId) -> Range<Vec<u8>> {
    let all = Key::of(Table::DeadLetter).name(consumer).all();
    all.start..after_all(&dead_letter(consumer, through))
}

pub(crate) fn event_floor() -> Vec<u8> {
    Key::of(Table::EventFloor).done()
}

impl Parts<'_> {
    pub(crate) fn event(&mut self) -> Option<EventId> {
        let position = self.position()?;
        let n = self.short()?;
        Some(EventId { position, n })
    }
}
