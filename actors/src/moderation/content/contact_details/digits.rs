//! Decimal digits of any script, and those that only look so.

use unicode_normalization::UnicodeNormalization;

/// The zeros of the scripts that people write numbers in; each is followed by its one to nine (Unicode category Nd).
const ZEROS: [char; 22] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}',
    '\u{1040}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1b50}',
];

/// What a digit counts. Wide, bold, circled and raised ones are digits, too.
pub(super) fn value(c: char) -> Option<u8> {
    if c.is_ascii() {
        return ascii(c);
    }
    // Most letters that people write: there are no digits among them, and to ask for each takes long.
    if matches!(c, '\u{100}'..='\u{65f}' | '\u{3400}'..='\u{d7ff}') || !c.is_numeric() {
        return None;
    }
    let native = ZEROS
        .iter()
        .filter_map(|zero| u32::from(c).checked_sub(u32::from(*zero)))
        .find(|n| *n < 10)
        .and_then(|n| u8::try_from(n).ok());
    native.or_else(|| {
        let mut parts = std::iter::once(c).nfkd();
        let first = parts.next().and_then(ascii);
        first.filter(|_| parts.next().is_none())
    })
}

fn ascii(c: char) -> Option<u8> {
    c.to_digit(10).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_counts() {
        for (c, n) in [
            ('7', 7),
            ('٣', 3),
            ('۴', 4),
            ('५', 5),
            ('๙', 9),
            ('０', 0),
            ('𝟖', 8),
            ('②', 2),
            ('⁶', 6),
        ] {
            assert_eq!(value(c), Some(n), "{c}");
        }
        for c in ['a', '½', '⑫', '四', 'Ⅷ', '+', 'é'] {
            assert_eq!(value(c), None, "{c}");
        }
    }

    #[test]
    fn letters_that_aren_t_asked_have_no_digits_among_them() {
        for c in ('\u{100}'..='\u{65f}').chain('\u{3400}'..='\u{d7ff}') {
            let plain: String = std::iter::once(c).nfkd().collect();
            assert!(!plain.contains(|c: char| c.is_ascii_digit()), "{c}");
            assert!(
                !ZEROS
                    .iter()
                    .any(|zero| (*zero..).take(10).any(|digit| digit == c)),
                "{c}"
            );
        }
    }
}
