//! What stands at the head of each text that the bench sends: whose it is, its number, and when it was meant to be sent.
//!
//! Found in a frame by one look for a byte that nothing else in a frame has, and of fixed length: millions of these are
//! read a second.

use std::{fmt::Write as _, ops::Range};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Where a stamp begins and ends. No JSON, id, token or padding of the bench has it.
const MARK: u8 = b'~';
/// Between the marks: 8, 8 and 12 hexadecimal digits, with a dot between them.
const INSIDE: usize = 8 + 1 + 8 + 1 + 12;
/// Length of a stamp, and so of the shortest text.
pub const STAMP_LENGTH: usize = INSIDE + 2;

/// One sender's messages in one conversation, which have numbers of their own.
pub type Line = u32;

/// What a text says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Whose it is, and where.
    pub line: Line,
    /// Its number on that line: 1, 2, 3, ...
    pub number: u32,
    /// When it was meant to be sent, in µs since the start of the run.
    pub intended: u64,
}

impl Stamp {
    /// Writes it at the end of a text.
    pub fn write(self, text: &mut String) {
        let Self {
            line,
            number,
            intended,
        } = self;
        // 2^48 µs are 8 years.
        let intended = intended & 0xffff_ffff_ffff;
        let _infallible = write!(text, "~{line:08x}.{number:08x}.{intended:012x}~");
    }

    /// The first in a frame.
    pub fn find(frame: &[u8]) -> Option<Self> {
        let at = memchr::memchr(MARK, frame)?;
        let inside = frame.get(at + 1..at + 1 + INSIDE)?;
        if frame.get(at + 1 + INSIDE) != Some(&MARK) || inside[8] != b'.' || inside[17] != b'.' {
            return None;
        }
        Some(Self {
            line: u32::try_from(hex(&inside[..8])?).ok()?,
            number: u32::try_from(hex(&inside[9..17])?).ok()?,
            intended: hex(&inside[18..])?,
        })
    }
}

/// What each byte is worth as a hexadecimal digit of ours; beyond 15: none.
const DIGITS: [u8; 256] = {
    let mut digits = [0x80; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

/// Reads a number. Whether all were digits is looked at once, in the end: a branch for each would take most of the time of a look at a frame.
fn hex(digits: &[u8]) -> Option<u64> {
    let (mut number, mut seen) = (0, 0);
    for digit in digits {
        let value = DIGITS[usize::from(*digit)];
        number = number << 4 | u64::from(value & 0xf);
        seen |= value;
    }
    (seen < 0x10).then_some(number)
}

/// Words that texts are made of, so that a search finds some and not all.
const WORDS: Range<u32> = 0..1000;

/// What follows a stamp, for texts of `length` letters: words by chance.
pub fn padding(length: usize, seed: u64) -> String {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut text = String::with_capacity(length + 8);
    while text.len() < length.saturating_sub(STAMP_LENGTH) {
        text.push(' ');
        text.push_str(&word(chance.random_range(WORDS)));
    }
    text.truncate(length.saturating_sub(STAMP_LENGTH));
    text
}

/// The nth word: letters alone, such as `kafa`.
pub fn word(n: u32) -> String {
    let consonants = b"bdfgklmnpr";
    let digit = |place: u32| char::from(consonants[(n / 10_u32.pow(place) % 10) as usize]);
    [digit(0), 'a', digit(1), 'o', digit(2), 'u']
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_found(line: u32, number: u32, intended in 0..1_u64 << 48, before in "[^~]{0,40}", length in 0..400_usize) {
            let stamp = Stamp { line, number, intended };
            let mut text = before.clone();
            stamp.write(&mut text);
            prop_assert_eq!(text.len(), before.len() + STAMP_LENGTH);
            text += &padding(length, number.into());
            prop_assert_eq!(text.len(), before.len() + length.max(STAMP_LENGTH));
            prop_assert_eq!(Stamp::find(text.as_bytes()), Some(stamp));
        }

        #[test]
        fn anything_else_is_none(bytes: Vec<u8>) {
            // A stamp by chance would need 32 fitting bytes.
            prop_assert_eq!(Stamp::find(&bytes), None);
        }
    }

    #[test]
    fn a_broken_stamp_is_none() {
        let mut text = String::new();
        let (line, number, intended) = (1, 2, 3);
        Stamp {
            line,
            number,
            intended,
        }
        .write(&mut text);
        assert_eq!(text, "~00000001.00000002.000000000003~");
        for broken in [
            &text[..31],
            &text.replace('.', ":"),
            &text.replace('3', "g"),
        ] {
            assert_eq!(Stamp::find(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn words_differ() {
        let words: std::collections::BTreeSet<_> = WORDS.map(word).collect();
        assert_eq!(words.len(), 1000);
    }
}
