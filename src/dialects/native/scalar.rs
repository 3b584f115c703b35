//! The values that requests are made of: ids in both spellings, keys, numbers, kinds and roles.

use parlour_storage::{
    domain::{conversation::MemberRole, message::MessageKind},
    ids::{IdempotencyKey, Position, Timestamp, UserId},
};
use serde::{Deserialize, Deserializer};

use crate::dialects::fields::moment;

/// A text or a whole number, as its text. Ids are written both ways (CONTRACT C-11).
struct TextOrNumber;

impl serde::de::Visitor<'_> for TextOrNumber {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

macro_rules! parsed {
    ($(#[$doc:meta])* $name:ident($inner:ty), $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = deserializer.deserialize_any(TextOrNumber)?;
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(&text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    };
}

parsed! {
    /// A person's id.
    User(UserId), |text| UserId::new(text).map_err(|e| format!("a user id: {e}"))
}
parsed! {
    /// An idempotency key.
    Key(IdempotencyKey), |text| IdempotencyKey::new(text).map_err(|e| format!("an idempotency key: {e}"))
}
parsed! {
    /// A place in the node's order.
    WirePosition(Position), |text| {
        let position = text.parse().ok().and_then(Position::new);
        position.ok_or_else(|| "a position is a decimal number below 2^53".to_owned())
    }
}
parsed! {
    /// A whole number, also in a query string.
    Number(usize), |text| text.parse().map_err(|_| "a whole number of 0 or more".to_owned())
}

parsed! {
    /// A moment: RFC 3339, or milliseconds since 1970.
    Moment(Timestamp), |text| {
        let words = "a moment such as 2026-11-21T12:00:00Z, or milliseconds since 1970";
        moment(text).ok_or_else(|| words.to_owned())
    }
}

/// An entity's id, in either spelling, as text or number.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<'de, T: std::str::FromStr<Err = parlour_storage::ids::NotAnId>> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(TextOrNumber)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The ids of people.
pub fn user_ids(users: Vec<User>) -> Vec<UserId> {
    users.into_iter().map(|user| user.0).collect()
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    #[default]
    Text,
    File,
    Image,
    Video,
    Audio,
    System,
}

impl From<Kind> for MessageKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::File => Self::File,
            Kind::Image => Self::Image,
            Kind::Video => Self::Video,
            Kind::Audio => Self::Audio,
            Kind::System => Self::System,
        }
    }
}

/// A member's role.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

impl From<Role> for MemberRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}
