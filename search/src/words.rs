//! What a text has of words, and where: the same for what is indexed, what is looked for, and what is highlighted.
//!
//! Letters that differ in case, width, or (Latin ones) in their marks are the same. A word is a stretch of letters and
//! digits. Scripts that put no spaces between words have stretches of signs instead, of which any part can be looked for.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation as _;

/// Letters of a word that are compared, each with its marks; words that agree so far are the same.
const WORD_LETTERS_MAX: usize = 128;

/// A part of a text that can be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word, and where it stands in the text.
    Word(String, Range<usize>),
    /// Signs of a script without spaces that follow each other, and where each stands. At least one.
    Run(Vec<(String, Range<usize>)>),
}

/// The pieces of a text, in its order.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let folded = Folded::of(text);
    let mut pieces = Vec::new();
    let (mut last, mut n_letters) = (Last::Gap, 0);
    for (at, letter) in folded.text.grapheme_indices(true) {
        let first = letter.chars().next().unwrap_or(' ');
        let range = || folded.origin(at..at + letter.len());
        if !first.is_alphanumeric() {
            last = Last::Gap;
        } else if is_unspaced(first) {
            let sign = (letter.to_owned(), range());
            match pieces.last_mut() {
                Some(Piece::Run(signs)) if last == Last::Sign => signs.push(sign),
                _ => pieces.push(Piece::Run(vec![sign])),
            }
            last = Last::Sign;
        } else {
            match pieces.last_mut() {
                Some(Piece::Word(word, place)) if last == Last::Letter => {
                    n_letters += 1;
                    if n_letters <= WORD_LETTERS_MAX {
                        word.push_str(letter);
                    }
                    place.end = range().end;
                }
                _ => {
                    n_letters = 1;
                    pieces.push(Piece::Word(letter.to_owned(), range()));
                }
            }
            last = Last::Letter;
        }
    }
    pieces
}

/// What stood before a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Gap,
    Letter,
    Sign,
}

/// A text as it is compared, and where each part of it comes from.
struct Folded {
    text: String,
    /// For each letter of the original, ascending: where what became of it ends, and where it stood itself.
    origins: Vec<(usize, Range<usize>)>,
}

impl Folded {
    /// Letter by letter: compatibility forms, case and Latin marks go, the rest is composed again.
    fn of(original: &str) -> Self {
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
    fn origin(&self, part: Range<usize>) -> Range<usize> {
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

/// Letters of scripts without spaces between words. Blocks as Unicode 17 has them; half-width forms were folded before.
fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        // Thai, Lao, Burmese, Khmer, and the scripts of their neighbours.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{19ff}'
            | '\u{1a20}'..='\u{1aaf}' | '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9ff}' | '\u{aa60}'..='\u{aadf}'
            // Han with its radicals and marks, kana, bopomofo, Yi.
            | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{303c}' | '\u{3041}'..='\u{312f}'
            | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}'
            | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}'
    )
}

/// What a text is looked up by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Its words.
    pub(crate) words: Vec<String>,
    /// Pairs of signs that follow each other, and the last sign of each run alone; with their positions, which have a
    /// gap between runs.
    pub(crate) signs: Vec<(usize, String)>,
}

impl Terms {
    /// Those of some texts.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut terms = Self::default();
        let mut position = 0;
        for piece in texts.into_iter().flat_map(pieces) {
            match piece {
                Piece::Word(word, _) => terms.words.push(word),
                Piece::Run(signs) => {
                    for (n, (sign, _)) in signs.iter().enumerate() {
                        let next = signs.get(n + 1).map_or("", |(next, _)| next);
                        terms.signs.push((position + n, pair(sign, next)));
                    }
                    position += signs.len() + 1;
                }
            }
        }
        terms
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.signs.is_empty()
    }
}

/// Two signs that follow each other. With something between them, so that all pairs which begin with a sign, and none
/// which begin with a longer one, begin with it and nothing.
pub(crate) fn pair(sign: &str, next: &str) -> String {
    format!("{sign}\u{1f}{next}")
}

/// Where in a text the words of a query stand: ranges of bytes, ascending, none touching another.
pub fn highlights(query: &str, text: &str) -> Vec<Range<usize>> {
    let query = pieces(query);
    let last = query.len().saturating_sub(1);
    let mut found: Vec<Range<usize>> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(word, place) => {
                let matches = query.iter().enumerate().any(|(n, sought)| match sought {
                    Piece::Word(sought, _) if n == last => word.starts_with(sought),
                    Piece::Word(sought, _) => word == *sought,
                    Piece::Run(_) => false,
                });
                found.extend(matches.then_some(place));
            }
            Piece::Run(signs) => {
                for sought in &query {
                    let Piece::Run(sought) = sought else { continue };
                    for part in signs.windows(sought.len()) {
                        let same = part.iter().zip(sought).all(|((a, _), (b, _))| a == b);
                        found.extend(same.then(|| part[0].1.start..part[part.len() - 1].1.end));
                    }
                }
            }
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|later, earlier| {
        let touches = later.start <= earlier.end;
        if touches {
            earlier.end = earlier.end.max(later.end);
        }
        touches
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        Terms::of([text]).words
    }

    fn signs(text: &str) -> Vec<String> {
        let signs = Terms::of([text]).signs;
        let plain = |(_, pair): (usize, String)| pair.replace('\u{1f}', "");
        signs.into_iter().map(plain).collect()
    }

    #[test]
    fn letters_that_look_alike_are_the_same() {
        for (text, word) in [
            ("Hello", "hello"),
            ("ＨＥＬＬＯ", "hello"),
            ("Crème", "creme"),
            ("Cre\u{300}me", "creme"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("İstanbul", "istanbul"),
            ("soft\u{ad}ware", "software"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύσ"),
            ("ЁЛКА", "ёлка"),
            ("ﬁne", "fine"),
            ("한국어", "한국어"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("हिन्दी", "हिन्दी"),
            ("ⅷ", "viii"),
        ] {
            assert_eq!(words(text), [word], "{text}");
        }
    }

    #[test]
    fn words_end_where_letters_do() {
        assert_eq!(
            words("l'amour at example.com, snake_case; 3.5"),
            [
                "l", "amour", "at", "example", "com", "snake", "case", "3", "5"
            ]
        );
        assert_eq!(words("… 🎉 !"), [""; 0]);
        let long = "x".repeat(1000);
        assert_eq!(words(&long), ["x".repeat(WORD_LETTERS_MAX)]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(signs("東京都"), ["東京", "京都", "都"]);
        assert_eq!(signs("ｶﾞｷﾞ"), ["ガギ", "ギ"], "half-width");
        assert_eq!(signs("ที่นี่"), ["ที่นี่", "นี่"], "a letter keeps its marks");
        let mixed = Terms::of(["iPhoneを買う", "東"]);
        assert_eq!(mixed.words, ["iphone"]);
        let at: Vec<_> = mixed.signs.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [0, 1, 2, 4], "no pair reaches over a gap");
    }

    fn marked(query: &str, text: &str) -> Vec<String> {
        let found = highlights(query, text).into_iter();
        found.map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn what_was_looked_for_is_marked_as_it_was_written() {
        assert_eq!(
            marked("creme bru", "Crème, BRÛLÉE? Cremes"),
            ["Crème", "BRÛLÉE"]
        );
        assert_eq!(marked("京都", "東京都と京都"), ["京都", "京都"]);
        assert_eq!(marked("東京 京都", "東京都"), ["東京都"]);
        assert_eq!(marked("strasse", "Große Straße"), ["Straße"]);
        assert_eq!(marked("", "text"), [""; 0]);
        assert_eq!(marked("🎉", "text 🎉"), [""; 0]);
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_text(text in "\\PC{0,40}", query in "\\PC{0,10}") {
            for range in highlights(&query, &text) {
                prop_assert!(text.get(range.clone()).is_some_and(|part| !part.is_empty()), "{range:?}");
            }
            // Whatever a text has, it is found by itself, and marked.
            let is_empty = Terms::of([&*text]).is_empty();
            prop_assert_eq!(highlights(&text, &text).is_empty(), is_empty);
        }
    }
}
