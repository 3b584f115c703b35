//! The chain of the audit log: how a line's hash is made, and how to find the first line that doesn't fit.
//!
//! A hash is SHA-256 over the hash of the line before (32 bytes; zeros before line 1) and then, in this order, `n`,
//! `at`, `by`, `position`, `action`, `user`, `conversation`, `message`, `detail`. A number is eight bytes, the most
//! significant first (a time: milliseconds since the Unix epoch, in two's complement); a text is the number of its
//! bytes, as a number, and its UTF-8; what may be missing is a byte 0, or a byte 1 and the value. So no two lines have
//! the same bytes, and none can change without its hash.
//!
//! Who can write the data folder can write a whole new chain. What they can't is give it the hash that somebody noted
//! elsewhere. The only file that knows SHA-256.

mod file;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::safety::AuditLine;

pub use file::AuditFile;

/// A line by its number and hash: the chain goes on from it, or is known to end there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The number of the line. 0: before the first.
    pub n: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// The hash of a line that follows one with the hash `before`. What the line has for its own hash is not looked at.
pub fn hash(before: &[u8; 32], line: &AuditLine) -> [u8; 32] {
    let AuditLine {
        n,
        at,
        by,
        position,
        action,
        user,
        conversation,
        message,
        detail,
        hash: _,
    } = line;
    let mut sum = Sum(Sha256::new());
    sum.0.update(before);
    sum.number(*n);
    sum.number(at.0.cast_unsigned());
    sum.text(by.as_str());
    sum.optional(position, |sum, position| sum.number(position.get()));
    sum.text(action);
    sum.optional(user, |sum, user| sum.text(user.as_str()));
    sum.optional(conversation, |sum, id| sum.number(id.get()));
    sum.optional(message, |sum, id| sum.number(id.get()));
    sum.optional(detail, |sum, detail| sum.text(detail));
    sum.0.finalize().into()
}

/// A hash in the making.
struct Sum(Sha256);

impl Sum {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn optional<T>(&mut self, value: &Option<T>, add: impl FnOnce(&mut Self, &T)) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(value) = value {
            add(self, value);
        }
    }
}

/// The first line that doesn't fit, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Which line; after the last one, where lines are missing.
    pub n: u64,
    /// Why.
    pub why: Why,
}

/// Why a line doesn't fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Another line stands in its place.
    Number {
        /// Whose number is this.
        found: u64,
    },
    /// Its hash is not that of what it says and of the line before.
    Hash,
    /// The line itself holds, but it is not the one that was written there.
    Replaced,
    /// The log ends before it.
    Missing,
    /// It was never written.
    Extra,
    /// It can't be read.
    Unreadable(String),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.n;
        match &self.why {
            Why::Number { found } => write!(f, "line {found} stands where line {n} belongs"),
            Why::Hash => write!(
                f,
                "line {n} was changed, or the one before it was: its hash is another"
            ),
            Why::Replaced => write!(f, "line {n} is not the one that was written"),
            Why::Missing => write!(f, "line {n} is missing, at the end of the log"),
            Why::Extra => write!(f, "line {n} stands after the last one that was written"),
            Why::Unreadable(reason) => write!(f, "line {n} can't be read: {reason}"),
        }
    }
}

/// Looks at line after line, in the order that they stand in.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    last: Mark,
}

impl Chain {
    /// Goes on from a line.
    pub fn from(last: Mark) -> Self {
        Self { last }
    }

    /// The last line that was looked at and fits.
    pub fn last(&self) -> Mark {
        self.last
    }

    /// Looks at the next line.
    ///
    /// # Errors
    ///
    /// It doesn't fit. The chain stays where it was.
    pub fn add(&mut self, line: &AuditLine) -> Result<(), Misfit> {
        let n = self.last.n + 1;
        let misfit = |why| Err(Misfit { n, why });
        if line.n != n {
            return misfit(Why::Number { found: line.n });
        }
        if hash(&self.last.hash, line) != line.hash {
            return misfit(Why::Hash);
        }
        self.last = Mark { n, hash: line.hash };
        Ok(())
    }

    /// Looks whether the last line is the last one that was written.
    ///
    /// # Errors
    ///
    /// It isn't.
    pub fn end(&self, written: Mark) -> Result<(), Misfit> {
        let (n, why) = match self.last.n.cmp(&written.n) {
            std::cmp::Ordering::Less => (self.last.n + 1, Why::Missing),
            std::cmp::Ordering::Greater => (written.n + 1, Why::Extra),
            std::cmp::Ordering::Equal if self.last.hash != written.hash => {
                (written.n, Why::Replaced)
            }
            std::cmp::Ordering::Equal => return Ok(()),
        };
        Err(Misfit { n, why })
    }
}

/// Looks at all lines after one, up to the last one that was written.
///
/// # Errors
///
/// The first line that doesn't fit.
pub fn verify<'a>(
    after: Mark,
    lines: impl IntoIterator<Item = &'a AuditLine>,
    written: Mark,
) -> Result<(), Misfit> {
    let mut chain = Chain::from(after);
    lines.into_iter().try_for_each(|line| chain.add(line))?;
    chain.end(written)
}

#[cfg(test)]
mod tests;
