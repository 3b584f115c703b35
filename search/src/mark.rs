//! How far an index has come.

use std::{fmt, str::FromStr};

use parlour_storage::{
    domain::event::EventId,
    ids::{Epoch, MessageId, Position},
};

/// Which way texts are cut into words, and what is known of a message. An index of another version is made anew.
const VERSION: u32 = 1;

/// How far an index has come. As text: `version epoch position n`, and the last message that was read while it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Whose positions these are.
    pub epoch: Epoch,
    /// Everything that happened up to here is in it, or will be once it is built.
    pub through: EventId,
    /// It is being built: of messages up to that of `through`, only those up to this one are in it.
    pub building: Option<Option<MessageId>>,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EventId { position, n } = self.through;
        write!(f, "{VERSION} {} {} {n}", self.epoch, position.get())?;
        match self.building {
            Some(last) => write!(f, " {}", last.map_or(0, MessageId::get)),
            None => Ok(()),
        }
    }
}

/// It was written by another version, or is no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let mut parts = text.split(' ');
        let mut number = || parts.next().map(str::parse::<u64>);
        let version = number().and_then(Result::ok).ok_or(NoMark)?;
        if version != u64::from(VERSION) {
            return Err(NoMark);
        }
        let epoch = parts.next().and_then(|epoch| epoch.parse().ok());
        let epoch = epoch.ok_or(NoMark)?;
        let mut number = || match parts.next().map(str::parse::<u64>) {
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(NoMark),
            None => Ok(None),
        };
        let position = number()?.and_then(Position::new).ok_or(NoMark)?;
        let n = number()?.and_then(|n| n.try_into().ok()).ok_or(NoMark)?;
        let building = match number()? {
            None => None,
            Some(0) => Some(None),
            Some(last) => Some(Some(
                Position::new(last)
                    .map(MessageId::created_at)
                    .ok_or(NoMark)?,
            )),
        };
        Ok(Self {
            epoch,
            through: EventId { position, n },
            building,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_as_it_was_written() {
        let position = Position::new(7).unwrap();
        let message = MessageId::created_at(position);
        for building in [None, Some(None), Some(Some(message))] {
            let mark = Mark {
                epoch: Epoch(0xc0ffee),
                through: EventId { position, n: 3 },
                building,
            };
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for text in [
            "",
            "1",
            "1 00c0ffee",
            "1 00c0ffee 7",
            "2 00c0ffee 7 3",
            "1 00c0ffee 7 3 x",
        ] {
            assert_eq!(text.parse::<Mark>(), Err(NoMark), "{text}");
        }
    }
}
