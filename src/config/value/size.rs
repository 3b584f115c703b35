//! Amounts of bytes: `64KiB`, `1MiB`, `512`.

use std::fmt;

use super::Value;

const UNITS: [(&str, usize); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// A number of bytes. Written with a binary unit, since a bare `KB` means 1000 to some and 1024 to
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(usize);

impl ByteSize {
    /// An amount of bytes.
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, bytes): &&(&str, usize)| self.0 != 0 && self.0.is_multiple_of(*bytes);
        let (unit, bytes) = UNITS.iter().find(whole).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl Value for ByteSize {
    const NAME: &'static str = "SIZE";

    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "expected a size such as 64KiB, 1MiB or 512".to_owned();
        let split = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: usize = number.parse().map_err(|_| expected())?;
        let unit = unit.trim_start();
        let factor = match unit {
            "" => 1,
            _ => UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, bytes)| *bytes)
                .ok_or_else(|| format!("{}; the units are B, KiB, MiB and GiB", expected()))?,
        };
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or_else(|| "more bytes than this machine can count".into())
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_unit() {
        for (text, bytes) in [
            ("512", 512),
            ("512B", 512),
            ("64KiB", 65536),
            ("1 MiB", 1 << 20),
        ] {
            assert_eq!(ByteSize::parse(text), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "KiB", "1KB", "1kib", "-1", "1.5MiB", "99999999999GiB"] {
            assert!(ByteSize::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_printed_in_the_largest_whole_unit() {
        for text in ["0B", "1B", "1023B", "1KiB", "1025B", "1536KiB", "3GiB"] {
            assert_eq!(ByteSize::parse(text).unwrap().to_string(), text);
        }
    }
}
