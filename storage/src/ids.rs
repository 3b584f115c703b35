//! The shared vocabulary of names and numbers: who, which conversation, which message, in which order.
//!
//! One number space: the store gives every change a [`Position`], and what a change creates (a
//! conversation, a message) is known by the position of that change. So an id tells the order of
//! creation, and no second counter exists that could disagree.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// After every moment: what ends then doesn't end.
    pub const MAX: Self = Self(i64::MAX);

    /// The clock of this machine.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment plus `ms` milliseconds (negative: earlier), clamped to the range of `i64`.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Where a change stands in the order of all committed changes of the node.
///
/// 53 bits (exact in a JavaScript number): 41 bits of milliseconds since [`POSITION_EPOCH_MS`], 12
/// bits of counter. Strictly increasing in commit order, also over restarts and clock steps; it
/// doubles as the id of what the change created. Zero is before every change.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position(u64);

/// 2025-01-01T00:00:00Z: positions last until 2094.
pub const POSITION_EPOCH_MS: i64 = 1_735_689_600_000;

/// The counter part of a position: 4,096 changes a millisecond before it borrows from the next one.
const COUNTER_BITS: u32 = 12;

impl Position {
    /// Before every change.
    pub const ZERO: Self = Self(0);
    /// The last one there can be: 2^53 - 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The first position of the millisecond `at`; the last of all if `at` is beyond them.
    pub fn at(at: Timestamp) -> Self {
        let ms = at.0.saturating_sub(POSITION_EPOCH_MS).max(0).unsigned_abs();
        // Looked at before the shift, which would lose what stands above.
        if ms > Self::MAX.0 >> COUNTER_BITS {
            return Self::MAX;
        }
        Self(ms << COUNTER_BITS)
    }

    /// The position that follows this one, no earlier than the clock says.
    #[must_use]
    pub fn next(self, at: Timestamp) -> Self {
        Self((self.0 + 1).max(Self::at(at).0).min(Self::MAX.0))
    }

    /// From its number; `None` above 2^53 - 1.
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX.0).then_some(Self(number))
    }

    /// The millisecond that it belongs to: no earlier than the one it was given in.
    pub fn time(self) -> Timestamp {
        let ms = i64::try_from(self.0 >> COUNTER_BITS).unwrap_or(i64::MAX);
        Timestamp(POSITION_EPOCH_MS.saturating_add(ms))
    }

    /// Its number, at most 2^53 - 1.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Says that a text is not an id: neither a decimal number below 2^53 nor the UUID spelling of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is a decimal number from 1 to 9007199254740991, or its UUID spelling")
    }
}

impl std::error::Error for NotAnId {}

/// The last 62 bits of every UUID spelling. Any other value is not one of ours.
const UUID_TAG: u64 = 0x0070_6172_6c6f_7572; // "parlour" in ASCII

/// Writes an id as a UUID of version 8 (RFC 9562 section 5.8): 48 bits of id, the version, 5 bits of
/// id and 7 zero bits, the variant, a fixed tag. Bijective, and sorts as the number does.
fn to_uuid(number: u64) -> uuid::Uuid {
    let high = (number >> 5) << 16 | 0x8000 | (number & 0x1f) << 7;
    let low = 1 << 63 | UUID_TAG;
    uuid::Uuid::from_u64_pair(high, low)
}

fn from_uuid(uuid: uuid::Uuid) -> Option<u64> {
    let (high, _) = uuid.as_u64_pair();
    let number = (high >> 16) << 5 | (high >> 7) & 0x1f;
    (to_uuid(number) == uuid && number != 0).then_some(number)
}

fn parse_id(text: &str) -> Result<Position, NotAnId> {
    let number = if text.len() == 36 {
        uuid::Uuid::try_parse(text).ok().and_then(from_uuid)
    } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    };
    number
        .filter(|&n| n != 0)
        .and_then(Position::new)
        .ok_or(NotAnId)
}

macro_rules! entity_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Position);

        impl $name {
            /// The id of what the change at `position` created.
            pub fn created_at(position: Position) -> Self {
                Self(position)
            }

            /// The position of the change that created it.
            pub fn position(self) -> Position {
                self.0
            }

            /// Its number: 1 to 2^53 - 1.
            pub fn get(self) -> u64 {
                self.0.get()
            }

            /// Its other spelling, a UUID of version 8 with the number inside.
            pub fn to_uuid(self) -> uuid::Uuid {
                to_uuid(self.get())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Takes both spellings.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_id(text).map(Self)
            }
        }
    };
}

entity_id! {
    /// A conversation, direct or group.
    ConversationId
}
entity_id! {
    /// A message.
    MessageId
}
entity_id! {
    /// A request for first contact.
    MessageRequestId
}
entity_id! {
    /// A match of two people.
    MatchId
}
entity_id! {
    /// A report of somebody.
    ReportId
}
entity_id! {
    /// A file that somebody uploaded.
    AttachmentId
}
entity_id! {
    /// A message that is to be sent later.
    ScheduledId
}
entity_id! {
    /// A text that somebody keeps for their messages.
    TemplateId
}
entity_id! {
    /// A device that somebody wants to be reached on.
    PushTargetId
}

/// The place of a message in its conversation: 1, 2, 3, ... without a gap. Zero is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first message.
    pub const ZERO: Self = Self(0);

    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which history a position belongs to. Chosen at random when a store is created, and anew when a
/// backup is restored, so that a resume token from the history that was lost is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let hex = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = hex.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(NotAnId)
    }
}

/// Why a text can't be a [`UserId`] or an [`IdempotencyKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadName;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it takes 1 to {NAME_BYTES_MAX} bytes without control characters"
        )
    }
}

impl std::error::Error for BadName {}

/// Longest user id or idempotency key, in bytes. Keys of the store carry the length in one byte.
pub const NAME_BYTES_MAX: usize = 128;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            ///
            /// [`BadName`] unless it has 1 to [`NAME_BYTES_MAX`] bytes and no control character.
            pub fn new(text: &str) -> Result<Self, BadName> {
                let fits = (1..=NAME_BYTES_MAX).contains(&text.len());
                if fits && !text.chars().any(char::is_control) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadName)
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        /// Refuses what [`new`](Self::new) refuses.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// A person, as the token's `sub` names them. Opaque: compared byte by byte.
    UserId
}
name! {
    /// What a client calls a request of its own, so that a retry is not a second request.
    IdempotencyKey
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: u64 = Position::MAX.0;

    #[test]
    fn both_spellings_name_the_same_message() {
        for number in [1, 2, 31, 32, 33, 4095, 4096, 1 << 40, LAST - 1, LAST] {
            let id = MessageId::created_at(Position::new(number).unwrap());
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_uuid().to_string().parse(), Ok(id));
            assert_eq!(id.to_uuid().get_version_num(), 8);
            assert_eq!(id.to_uuid().get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn uuid_spellings_sort_as_the_numbers_do() {
        let numbers = [1, 31, 32, 4095, 4096, 1 << 40, LAST];
        assert!(numbers.windows(2).all(|w| to_uuid(w[0]) < to_uuid(w[1])));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let foreign = "550e8400-e29b-41d4-a716-446655440001";
        let zero = to_uuid(0).to_string();
        for text in [
            "",
            "0",
            "-1",
            "+1",
            " 1",
            "1.0",
            "1e3",
            "9007199254740992",
            "99999999999999999999",
            foreign,
            &zero,
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn a_moment_beyond_all_positions_has_the_last_one() {
        for ms in [
            i64::MAX,
            POSITION_EPOCH_MS + (1 << 52),
            POSITION_EPOCH_MS + (1 << 41),
        ] {
            assert_eq!(Position::at(Timestamp(ms)), Position::MAX);
        }
        assert_eq!(Position::at(Timestamp(i64::MIN)), Position::ZERO);
    }

    #[test]
    fn positions_grow_when_the_clock_does_not() {
        let now = Timestamp(POSITION_EPOCH_MS + 5);
        let first = Position::ZERO.next(now);
        assert_eq!(first, Position::at(now));
        assert_eq!((first.time(), first.next(now).time()), (now, now));
        assert_eq!(first.next(now).get(), first.get() + 1);
        assert_eq!(
            first.next(Timestamp(0)).get(),
            first.get() + 1,
            "a clock that stepped back"
        );
        assert!(first.next(now.plus_ms(1)) > first.next(now));
    }

    #[test]
    fn names_have_bounds() {
        assert!(UserId::new("").is_err());
        assert!(UserId::new("a\u{0}").is_err());
        assert!(UserId::new(&"x".repeat(NAME_BYTES_MAX)).is_ok());
        assert!(UserId::new(&"x".repeat(NAME_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn epochs_are_eight_hex_digits() {
        assert_eq!("00c0ffee".parse(), Ok(Epoch(0x00c0_ffee)));
        assert_eq!(Epoch(0x00c0_ffee).to_string(), "00c0ffee");
        for text in ["", "c0ffee", "+0c0ffee", "00c0ffee0"] {
            assert!(text.parse::<Epoch>().is_err(), "{text}");
        }
    }
}
