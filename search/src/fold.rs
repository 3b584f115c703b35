//! A text as it is compared: letters that differ in case, width, or (Latin ones) in their marks are the same.
//!
//! Says where each part of it stood in the original. Knows nothing of words.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation as _;

/// A text as it is compared, and where each part of it comes from.
pub(crate) struct Folded {
    pub(crate) text: String,
    /// For each letter of the original, ascending: where what became of it ends, and where it stood itself.
    origins: Vec<(usize, Range<usize>)>,
}

impl Folded {
    /// Letter by letter: compatibility forms, case and Latin marks go, the rest is composed again.
    pub(crate) fn of(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut origins = Vec::with_capacity(original.len());
        for (at, letter) in original.grapheme_indices(true) {
            if letter.is_ascii() {
                text.extend(letter.chars().map(|c| c.to_ascii_lowercase()));
            } else {
                fold(letter, &mut text);
            }
            origins.push((text.len(), at..at + letter.len()));
        }
        Self { text, origins }
    }

    /// Where in the original a part of the text comes from.
    pub(crate) fn origin(&self, part: Range<usize>) -> Range<usize> {
        let first = self.origins.partition_point(|(end, _)| *end <= part.start);
        let last = self.origins.partition_point(|(end, _)| *end < part.end);
        let origin = |n: usize| self.origins.get(n).map(|(_, origin)| origin.clone());
        let (first, last) = (origin(first), origin(last));
        first.map_or(0, |first| first.start)..last.map_or(0, |last| last.end)
    }
}

fn fold(letter: &str, text: &mut String) {
    let mut on_latin = false;
    let mut decomposed = String::with_capacity(letter.len() * 2);
    for c in letter.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(c) && on_latin || is_invisible(c) {
            continue;
        }
        match plain(c) {
            Some(letters) => decomposed.push_str(letters),
            None => decomposed.push(c),
        }
        if !is_combining_mark(c) {
            on_latin = is_latin(c);
        }
    }
    text.extend(decomposed.nfc());
}

/// Letters that people type in other ways, and that don't decompose.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

/// Soft hyphens, joiners, direction marks, variation selectors: they change how a word looks, not which it is.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}
