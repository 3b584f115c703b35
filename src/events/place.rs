//! The id of an event as text: `epoch-position-n`, as in `c0ffee00-81234567890-0`.
//!
//! The epoch tells histories apart: the place of an event of another one, from before a backup was restored, means
//! nothing here.

use std::{fmt, str::FromStr};

use parlour_storage::{
    domain::event::EventId,
    ids::{Epoch, Position},
};

/// The place of an event in one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which history.
    pub epoch: Epoch,
    /// Which event of it.
    pub id: EventId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, id } = self;
        write!(f, "{epoch}-{}-{}", id.position, id.n)
    }
}

/// Says that a text is no id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPlace;

impl fmt::Display for NotAPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of an event looks like c0ffee00-81234567890-0")
    }
}

impl std::error::Error for NotAPlace {}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let place = || {
            let mut parts = text.split('-');
            let epoch = parts.next()?.parse().ok()?;
            let position = Position::new(digits(parts.next()?)?)?;
            let n = u16::try_from(digits(parts.next()?)?).ok()?;
            let id = EventId { position, n };
            parts.next().is_none().then_some(Self { epoch, id })
        };
        place().ok_or(NotAPlace)
    }
}

/// `parse` alone would take a sign.
fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let place = Place {
            epoch: Epoch(0xc0ff_ee00),
            id: EventId {
                position: Position::new(81_234_567_890).unwrap(),
                n: 65_535,
            },
        };
        let text = place.to_string();
        assert_eq!(text, "c0ffee00-81234567890-65535");
        assert_eq!(text.parse(), Ok(place));
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "",
            "-",
            "--",
            "c0ffee00",
            "c0ffee00-1",
            "c0ffee00-1-",
            "c0ffee00-1-2-3",
            "c0ffee00-+1-2",
            "c0ffee0-1-2",
            "c0ffee00-9007199254740992-0",
            "c0ffee00-1-65536",
            " c0ffee00-1-2",
            "c0ffee00-\u{661}-0",
        ] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text:?}");
        }
    }
}
