//! Copies of a text for comparing: without case, marks and disguises, and with the way back to the text itself.
//!
//! Nothing here is ever shown: what is found in a copy is told as a range of the text it was made of.

use std::{borrow::Cow, ops::Range};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A copy, and where in the text each byte of it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copy<'a> {
    text: Cow<'a, str>,
    /// For each byte, the bytes of the text that it stands for. Empty: the copy is as long as the text, byte for byte.
    from: Vec<Range<usize>>,
}

impl Copy<'_> {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the text that a part of the copy, which is not empty, stands for.
    pub(super) fn range(&self, part: Range<usize>) -> Range<usize> {
        match self.from.as_slice() {
            [] => part,
            from => from[part.start].start..from[part.end - 1].end,
        }
    }

    fn push(&mut self, c: char, from: Range<usize>) {
        let text = self.text.to_mut();
        let end = text.len() + c.len_utf8();
        text.push(c);
        self.from.resize(end, from);
    }

    /// What is left out belongs to what it follows, so that a mark is covered with its letter.
    fn skip(&mut self, until: usize) {
        let last = self.from.last().map(|range| range.start);
        for range in self.from.iter_mut().rev() {
            if Some(range.start) != last {
                break;
            }
            range.end = until;
        }
    }
}

/// Letters without their marks and without what can't be seen; one character for each, in its own case.
pub(super) fn bare(text: &str) -> Copy<'_> {
    if text.is_ascii() {
        return Copy {
            text: text.into(),
            from: Vec::new(),
        };
    }
    let mut copy = empty(text.len());
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match base(c) {
            Some(base) => copy.push(base, at..end),
            None => copy.skip(end),
        }
    }
    copy
}

/// The same in lower case, with one space for each stretch of white space, and compatible characters (wide, bold,
/// circled ...) as the plain ones.
pub(super) fn plain(text: &str) -> Copy<'_> {
    let double_space = || {
        text.as_bytes()
            .windows(2)
            .any(|pair| pair.iter().all(u8::is_ascii_whitespace))
    };
    if text.is_ascii() && !double_space() {
        let lower = |c: char| {
            if c.is_ascii_whitespace() {
                ' '
            } else {
                c.to_ascii_lowercase()
            }
        };
        return Copy {
            text: text.chars().map(lower).collect::<String>().into(),
            from: Vec::new(),
        };
    }
    let mut copy = empty(text.len());
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if c.is_whitespace() {
            if copy.text.ends_with(' ') {
                copy.skip(end);
            } else {
                copy.push(' ', at..end);
            }
            continue;
        }
        let mut seen = false;
        for part in std::iter::once(c).nfkd().filter(|c| !is_unseen(*c)) {
            for lower in part.to_lowercase().filter(|c| !is_unseen(*c)) {
                copy.push(lower, at..end);
                seen = true;
            }
        }
        if !seen {
            copy.skip(end);
        }
    }
    copy
}

/// A plain copy with look-alikes as the Latin letters that they are taken for. `None`: there is none in it.
pub(super) fn alike<'a>(plain: &Copy<'_>) -> Option<Copy<'a>> {
    let text = plain.text();
    if !text.contains(|c| look_alike(c) != c) {
        return None;
    }
    let mut copy = empty(text.len());
    let mut from = 0;
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        // A stretch of letters, digits and what is taken for them; or one character beside.
        let end = rest.find(|c| !is_wordlike(c)).unwrap_or(rest.len());
        let stretch = match end {
            0 => &rest[..rest.chars().next().map_or(0, char::len_utf8)],
            _ => &rest[..end],
        };
        push_alike(&mut copy, plain, from, stretch);
        from += stretch.len();
    }
    (copy.text != plain.text).then_some(copy)
}

fn push_alike(copy: &mut Copy<'_>, plain: &Copy<'_>, from: usize, stretch: &str) {
    // `2024` is a number and `$5` a price; `l33t` is a word.
    let is_word = stretch.chars().any(char::is_alphabetic);
    let mut before = None;
    let mut chars = stretch.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        let stands_for = match c {
            _ if !is_word => c,
            '@' | '$' if after.is_none() => c,
            '!' | '|' if before.is_none() || after.is_none() => c,
            _ => look_alike(c),
        };
        let of = from + at..from + at + c.len_utf8();
        copy.push(stands_for, plain.range(of));
        before = Some(c);
    }
}

fn empty<'a>(len: usize) -> Copy<'a> {
    Copy {
        text: String::with_capacity(len).into(),
        from: Vec::with_capacity(len),
    }
}

/// The letter of a letter with marks; `None` for a mark and for what can't be seen.
fn base(c: char) -> Option<char> {
    // A syllable stays one character.
    if matches!(c, '\u{ac00}'..='\u{d7a3}') {
        return Some(c);
    }
    std::iter::once(c).nfd().find(|c| !is_unseen(*c))
}

/// Marks, joiners, directions, soft hyphens: they change what a word looks like little or not at all.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    ) || is_combining_mark(c)
}

fn is_wordlike(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '$' | '!' | '|')
}

/// The Latin letter that a character in lower case is taken for, or itself.
fn look_alike(c: char) -> char {
    match c {
        '0' | 'о' | 'ο' | 'ø' | 'ө' => 'o',
        '1' | '!' | '|' | 'і' | 'ι' | 'ı' => 'i',
        '3' | 'е' | 'ε' | 'э' | 'є' => 'e',
        '4' | '@' | 'а' | 'α' => 'a',
        '5' | '$' | 'ѕ' => 's',
        '7' | 'т' | 'τ' => 't',
        '8' | 'в' | 'β' => 'b',
        'с' => 'c',
        'ԁ' | 'đ' => 'd',
        'н' | 'һ' => 'h',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' | 'ł' => 'l',
        'м' => 'm',
        'η' | 'п' => 'n',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'υ' | 'μ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' | 'ш' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alike_text(text: &str) -> String {
        let plain = plain(text);
        alike(&plain).map_or_else(|| plain.text().to_owned(), |copy| copy.text().to_owned())
    }

    #[test]
    fn case_marks_and_widths_don_t_matter() {
        for text in [
            "café",
            "CAFE\u{301}",
            "ｃａｆé",
            "c\u{200b}a\u{ad}fe",
            "𝐜𝐚𝐟𝐞",
        ] {
            assert_eq!(plain(text).text(), "cafe", "{text}");
        }
        assert_eq!(plain("a \n\u{a0} B").text(), "a b");
        assert_eq!(plain("Straße ΣΊΣΥΦΟΣ").text(), "straße σισυφοσ");
    }

    #[test]
    fn disguises_are_seen_through_in_words_only() {
        for (text, alike) in [
            ("l33t", "leet"),
            ("h0tel", "hotel"),
            ("раураl", "paypal"),
            ("$ale", "sale"),
            ("@pple", "apple"),
            ("w!n", "win"),
            ("2024", "2024"),
            ("$50", "$50"),
            ("stop!", "stop!"),
            ("!important", "!important"),
            ("me@", "me@"),
        ] {
            assert_eq!(alike_text(text), alike, "{text}");
        }
    }

    #[test]
    fn what_is_found_is_told_in_the_text() {
        let text = "a  CAFE\u{301}! 👍";
        let copy = plain(text);
        let at = copy.text().find("cafe").unwrap();
        assert_eq!(&text[copy.range(at..at + 4)], "CAFE\u{301}");
        let copy = alike(&plain("é ѕаlе")).unwrap();
        assert_eq!(copy.text(), "e sale");
        assert_eq!(&"é ѕаlе"[copy.range(2..6)], "ѕаlе");
    }

    proptest! {
        #[test]
        fn every_part_stands_for_a_part(text in "\\PC{0,40}") {
            let plain = plain(&text);
            for copy in [Some(bare(&text)), alike(&plain), Some(plain)].into_iter().flatten() {
                for (at, c) in copy.text().char_indices() {
                    let of = copy.range(at..at + c.len_utf8());
                    prop_assert!(text.get(of.clone()).is_some_and(|part| !part.is_empty()), "{:?}", of);
                }
            }
        }
    }
}
