//! How each protocol says and hears what they all know, written down from docs/dialects.md and not from the node's code.
//!
//! Strict about spellings: an id in the wrong one, or a field that isn't there, ends the test.

mod dating;
mod direct;
mod gateway;
mod marketplace;
mod matched;
mod native;

use std::fmt;

use serde_json::Value;

pub(crate) use self::{
    dating::Dating, direct::Direct, gateway::Gateway, marketplace::Marketplace, matched::Matched,
    native::Native,
};

/// One protocol.
pub(crate) trait Tongue: fmt::Debug + Sync {
    /// Its name in configuration and handshakes.
    fn name(&self) -> &'static str;

    /// Where its WebSocket is; `None`: it is a dialect of Socket.IO.
    fn socket(&self, _me: &str) -> Option<String> {
        None
    }

    /// What is said, as a frame of its WebSocket.
    fn frame(&self, _spoken: Spoken, _number: u64) -> Value {
        panic!("{} has events and no frames", self.name())
    }

    /// What opens a conversation over REST, where it has something for that.
    fn open(&self, _peer: &str) -> Option<(&'static str, Value)> {
        None
    }

    /// Whether the answer to that speaks of this conversation.
    fn opened(&self, _answer: &Value, _room: &Room) -> bool {
        false
    }

    /// What is to be said before a conversation is told of in full.
    fn enter(&self, _room: &Room) -> Option<Spoken> {
        None
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken;

    /// The message that was said with a key, if this is the answer to it.
    fn said(&self, answer: &Value, key: &str) -> Option<u64>;

    fn typing(&self, room: &Room, on: bool) -> Spoken;

    /// Everything up to a message was read.
    fn read(&self, room: &Room, message: u64) -> Spoken;

    /// Where a message is deleted over REST, if it has that.
    fn delete(&self, _message: u64) -> Option<String> {
        None
    }

    /// Which of some messages that were read at once it tells of.
    fn receipts<'a>(&self, read: &'a [u64]) -> &'a [u64] {
        read
    }

    /// Whether it tells who comes and goes.
    fn tells_presence(&self) -> bool {
        true
    }

    /// What an event or frame tells; `None`: something of another conversation.
    fn heard(&self, room: &Room, name: &str, payload: &Value) -> Option<Vec<Heard>>;

    /// Where the history is, oldest first.
    fn history(&self, room: &Room) -> String;

    fn lines(&self, answer: &Value) -> Vec<Line>;

    /// Where it stands how much is unread.
    fn unread(&self, me: &str) -> String;

    fn unread_of(&self, answer: &Value, room: &Room) -> u64;
}

/// An event or frame: its name, and what it carries.
#[derive(Debug)]
pub(crate) struct Spoken(pub(crate) &'static str, pub(crate) Value);

/// What one is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Said { id: u64, by: String, text: String },
    Typing { by: String, on: bool },
    Read { by: String, id: u64 },
    Deleted { id: u64 },
    Online(String),
    Offline(String),
}

/// A message of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) by: String,
    pub(crate) text: String,
    /// Whether the other one read it, if histories tell.
    pub(crate) is_read: Option<bool>,
}

/// A conversation of two, and what was said there.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) number: u64,
    pub(crate) people: [String; 2],
    /// In order, deleted ones too.
    pub(crate) said: Vec<Line>,
}

impl Room {
    pub(crate) fn uuid(&self) -> String {
        uuid(self.number)
    }

    /// CONTRACT C-11: the smaller of two numbers first, else what sorts first; the number where that would be ambiguous.
    pub(crate) fn pair(&self) -> String {
        let [a, b] = &self.people;
        if a.contains('_') || b.contains('_') {
            return self.number.to_string();
        }
        let swap = match (number_of(a), number_of(b)) {
            (Some(a), Some(b)) => b < a,
            _ => b < a,
        };
        if swap {
            format!("{b}_{a}")
        } else {
            format!("{a}_{b}")
        }
    }
}

/// The UUID spelling of an id: RFC 9562 version 8, the number in the first 48 bits and five of the next.
pub(crate) fn uuid(number: u64) -> String {
    let (high, low) = (number >> 5, (number & 0x1f) << 7);
    let (first, second) = (high >> 16, high & 0xffff);
    format!(
        "{first:08x}-{second:04x}-{:04x}-8070-61726c6f7572",
        0x8000 | low
    )
}

/// The id that a UUID spells.
#[track_caller]
fn of_uuid(value: &Value) -> u64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"));
    let parts: Vec<_> = text.split('-').collect();
    let hex = |part: usize| u64::from_str_radix(parts[part], 16).unwrap();
    let number = (hex(0) << 16 | hex(1)) << 5 | hex(2) >> 7 & 0x1f;
    assert_eq!(uuid(number), text, "not the spelling of an id");
    number
}

/// The id that a number is.
#[track_caller]
fn of_number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// The id that a text of digits is.
#[track_caller]
fn of_digits(value: &Value) -> u64 {
    let digits = value.as_str().and_then(number_of);
    digits.unwrap_or_else(|| panic!("{value} is no text of digits"))
}

/// Somebody, as the dialects with UUIDs print them.
#[track_caller]
fn person(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// Somebody, as the dialects with numbers print them: a number if they are called so.
#[track_caller]
fn numbered(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if number_of(text).is_none() => text.clone(),
        _ => panic!("{value} is nobody"),
    }
}

/// Somebody, as these dialects want them.
fn number_or_text(person: &str) -> Value {
    number_of(person).map_or_else(|| person.into(), Value::from)
}

fn number_of(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[track_caller]
fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

#[track_caller]
fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
}

#[track_caller]
fn flag(value: &Value) -> bool {
    value
        .as_bool()
        .unwrap_or_else(|| panic!("{value} is neither"))
}

/// The number that an entry of a list has under `field`, where `is` holds for it.
#[track_caller]
fn unread_in(entries: &Value, is: impl Fn(&Value) -> bool, field: &str) -> u64 {
    let entry = list(entries).iter().find(|entry| is(entry));
    of_number(&entry.unwrap_or_else(|| panic!("not in {entries}"))[field])
}
