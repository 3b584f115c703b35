//! Copies of a text for comparing: without case, marks and disguises, and with the way back to the text itself.
//!
//! Nothing here is ever shown: what is found in a copy is told as a range of the text it was made of.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A copy, and where in the text each part of it comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Copy<'a> {
    text: Cow<'a, str>,
    /// Where copy and text don't go along byte for byte; in order. Few, since what is found is rare and has to be cheap
    /// to look for.
    odd: Vec<Odd>,
}

/// A part of the copy that stands for a part of another length, or for one that has no parts.
#[derive(Debug, PartialEq, Eq)]
struct Odd {
    at: Range<usize>,
    of: Range<usize>,
}

impl Copy<'_> {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the text that a part of the copy, which is not empty, stands for.
    pub(super) fn range(&self, part: Range<usize>) -> Range<usize> {
        self.of(part.start).start..self.of(part.end - 1).end
    }

    /// What the byte at `at` is of. Where both go along, that is the byte in the text, and no whole character.
    fn of(&self, at: usize) -> Range<usize> {
        let n = self.odd.partition_point(|odd| odd.at.start <= at);
        match self.odd[..n].last() {
            None => at..at + 1,
            Some(odd) if at < odd.at.end => odd.of.clone(),
            Some(odd) => {
                let of = odd.of.end + (at - odd.at.end);
                of..of + 1
            }
        }
    }

    /// Adds what stands for a part of the text.
    fn push(&mut self, copied: &str, of: Range<usize>) {
        let at = self.text.len();
        self.text.to_mut().push_str(copied);
        if copied.len() != of.len() || copied.chars().nth(1).is_some() {
            let at = at..self.text.len();
            self.odd.push(Odd { at, of });
        }
    }

    /// What is left out belongs to what it follows, so that a mark is covered with its letter.
    fn skip(&mut self, until: usize) {
        let len = self.text.len();
        match self.odd.last_mut() {
            Some(odd) if odd.at.end == len => odd.of.end = until,
            _ => {
                let last = self.text.chars().next_back().map_or(0, char::len_utf8);
                let at = len - last..len;
                let start = match last {
                    0 => 0,
                    _ => self.of(at.start).start,
                };
                let of = start..until;
                self.odd.push(Odd { at, of });
            }
        }
    }
}

/// What characters become, made once: to take one apart costs more than to look for ten thousand words in it.
#[derive(Debug)]
struct Folds {
    fold: fn(char, &mut String),
    /// What those of the basic plane become, one behind the other, and where each ends.
    copies: String,
    ends: Vec<usize>,
}

impl Folds {
    fn new(fold: fn(char, &mut String)) -> Self {
        let mut folds = Self {
            fold,
            copies: String::new(),
            ends: Vec::with_capacity(0xffff),
        };
        // Surrogates are none, and nothing becomes of them.
        for c in 0..=0xffff {
            if let Some(c) = char::from_u32(c) {
                fold(c, &mut folds.copies);
            }
            folds.ends.push(folds.copies.len());
        }
        folds
    }

    /// Adds what a character becomes, if it can be seen.
    fn push(&self, c: char, of: Range<usize>, copy: &mut Copy<'_>) {
        let n = u32::from(c) as usize;
        let mut rare = String::new();
        let copied = match self.ends.get(n) {
            Some(end) => &self.copies[n.checked_sub(1).map_or(0, |n| self.ends[n])..*end],
            None => {
                (self.fold)(c, &mut rare);
                &rare
            }
        };
        if copied.is_empty() {
            copy.skip(of.end);
        } else {
            copy.push(copied, of);
        }
    }
}

static BARE: LazyLock<Folds> = LazyLock::new(|| Folds::new(fold_bare));
static PLAIN: LazyLock<Folds> = LazyLock::new(|| Folds::new(fold_plain));

/// Letters without their marks and without what can't be seen; one character for each, in its own case.
pub(super) fn bare(text: &str) -> Copy<'_> {
    if text.is_ascii() {
        return Copy {
            text: text.into(),
            odd: Vec::new(),
        };
    }
    let mut copy = empty(text.len());
    for (at, c) in text.char_indices() {
        BARE.push(c, at..at + c.len_utf8(), &mut copy);
    }
    copy
}

/// The letter of a letter with marks; nothing for a mark and for what can't be seen.
fn fold_bare(c: char, copy: &mut String) {
    // A syllable stays one character.
    if matches!(c, '\u{ac00}'..='\u{d7a3}') {
        copy.push(c);
    } else {
        copy.extend(std::iter::once(c).nfd().find(|c| !is_unseen(*c)));
    }
}

/// The same in lower case, with one space for each stretch of white space, and compatible characters (wide, bold,
/// circled ...) as the plain ones.
pub(super) fn plain(text: &str) -> Copy<'_> {
    if let Some(text) = plain_ascii(text) {
        return Copy {
            text: text.into(),
            odd: Vec::new(),
        };
    }
    let mut copy = empty(text.len());
    for (at, c) in text.char_indices() {
        let of = at..at + c.len_utf8();
        if !c.is_whitespace() {
            PLAIN.push(c, of, &mut copy);
        } else if copy.text.ends_with(' ') {
            copy.skip(of.end);
        } else {
            copy.push(" ", of);
        }
    }
    copy
}

fn fold_plain(c: char, copy: &mut String) {
    let parts = std::iter::once(c).nfkd().filter(|c| !is_unseen(*c));
    let lower = parts.flat_map(char::to_lowercase);
    copy.extend(lower.filter(|c| !is_unseen(*c)));
}

/// The copy of a text in which nothing but case and the sort of white space changes, as in most.
fn plain_ascii(text: &str) -> Option<String> {
    let space = |byte: &u8| byte.is_ascii_whitespace();
    let spaces = |pair: &[u8]| pair.iter().all(space);
    if !text.is_ascii() || text.as_bytes().windows(2).any(spaces) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    Some(if lower.bytes().any(|byte| byte != b' ' && space(&byte)) {
        lower.replace(|c: char| c.is_ascii_whitespace(), " ")
    } else {
        lower
    })
}

/// A plain text with look-alikes as the Latin letters that they are taken for. `None`: there is none in it.
pub(super) fn alike(plain: &str) -> Option<Copy<'static>> {
    let mut copy = Copy::default();
    let mut copied = 0;
    let mut stretch = Stretch::default();
    for (at, c) in plain.char_indices() {
        let letter = look_alike(c);
        if letter == c {
            continue;
        }
        // Letters are of a word, whatever is beside them; digits and signs may be.
        if c.is_ascii() {
            if at >= stretch.range.end {
                stretch = Stretch::around(plain, at);
            }
            if !stretch.has_letter(c, at) {
                continue;
            }
        }
        copy.text.to_mut().push_str(&plain[copied..at]);
        copied = at + c.len_utf8();
        copy.push(letter.encode_utf8(&mut [0; 4]), at..copied);
    }
    if copied == 0 {
        return None;
    }
    copy.text.to_mut().push_str(&plain[copied..]);
    Some(copy)
}

/// Letters, digits and what is taken for them, without anything else between.
#[derive(Debug, Default)]
struct Stretch {
    range: Range<usize>,
    is_word: bool,
}

impl Stretch {
    fn around(text: &str, at: usize) -> Self {
        let start = text[..at].trim_end_matches(is_wordlike).len();
        let end = text.len() - text[at..].trim_start_matches(is_wordlike).len();
        Self {
            range: start..end,
            is_word: text[start..end].contains(char::is_alphabetic),
        }
    }

    /// Whether a digit or sign in it stands for a letter. `2024` is a number and `$5` a price; `l33t` is a word.
    fn has_letter(&self, c: char, at: usize) -> bool {
        let (first, last) = (at == self.range.start, at + 1 == self.range.end);
        self.is_word
            && match c {
                '@' | '$' => !last,
                '!' | '|' => !first && !last,
                _ => true,
            }
    }
}

fn empty<'a>(len: usize) -> Copy<'a> {
    Copy {
        text: String::with_capacity(len).into(),
        odd: Vec::new(),
    }
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
        alike(plain.text()).map_or_else(|| plain.text().to_owned(), |copy| copy.text().to_owned())
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
        let plain = plain("é ѕаlе");
        let copy = alike(plain.text()).unwrap();
        assert_eq!(copy.text(), "e sale");
        assert_eq!(&"é ѕаlе"[plain.range(copy.range(2..6))], "ѕаlе");
    }

    proptest! {
        #[test]
        fn every_part_stands_for_a_part(text in "\\PC{0,40}") {
            let plain = plain(&text);
            let alike = alike(plain.text());
            let alike = alike.as_ref().map(|alike| (plain.text(), alike));
            let bare = bare(&text);
            for (text, copy) in [(&text[..], &bare), (&text[..], &plain)].into_iter().chain(alike) {
                for (at, c) in copy.text().char_indices() {
                    let of = copy.range(at..at + c.len_utf8());
                    prop_assert!(text.get(of.clone()).is_some_and(|part| !part.is_empty()), "{:?}", of);
                }
            }
        }
    }
}
