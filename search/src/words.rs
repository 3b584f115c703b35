//! What a text has of words, and where: the same for what is indexed, what is looked for, and what is highlighted.
//!
//! A word is a stretch of letters and digits. Scripts that put no spaces between words have stretches of signs instead, of
//! which any part can be looked for. `fold.rs` says which letters are the same.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::fold::Folded;

/// Letters of a word that are compared, each with its marks; words that agree so far are the same.
pub(crate) const WORD_LETTERS_MAX: usize = 128;

/// A part of a folded text that can be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A word as far as it is compared, and where all of it stands.
    Word(&'a str, Range<usize>),
    /// Signs of a script without spaces that follow each other, and where each stands. At least one.
    Run(Vec<(&'a str, Range<usize>)>),
}

/// The pieces of a text, in its order.
pub(crate) fn pieces(folded: &Folded) -> Vec<Piece<'_>> {
    let text = &*folded.text;
    let mut pieces = Vec::new();
    let (mut last, mut n_letters) = (Last::Gap, 0);
    for (at, letter) in text.grapheme_indices(true) {
        let first = letter.chars().next().unwrap_or(' ');
        let place = at..at + letter.len();
        if !first.is_alphanumeric() {
            last = Last::Gap;
        } else if is_unspaced(first) {
            match pieces.last_mut() {
                Some(Piece::Run(signs)) if last == Last::Sign => signs.push((letter, place)),
                _ => pieces.push(Piece::Run(vec![(letter, place)])),
            }
            last = Last::Sign;
        } else {
            match pieces.last_mut() {
                Some(Piece::Word(word, whole)) if last == Last::Letter => {
                    n_letters += 1;
                    whole.end = place.end;
                    if n_letters <= WORD_LETTERS_MAX {
                        *word = &text[whole.clone()];
                    }
                }
                _ => {
                    n_letters = 1;
                    pieces.push(Piece::Word(letter, place));
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

/// Where in a text the words of a query stand: ranges of bytes, ascending, none touching another.
pub fn highlights(query: &str, text: &str) -> Vec<Range<usize>> {
    let (query, text) = (Folded::of(query), Folded::of(text));
    let query = pieces(&query);
    let last = query.len().saturating_sub(1);
    let mut found: Vec<Range<usize>> = Vec::new();
    for piece in pieces(&text) {
        match piece {
            Piece::Word(word, place) => {
                let matches = query.iter().enumerate().any(|(n, sought)| match sought {
                    Piece::Word(sought, _) if n == last => word.starts_with(sought),
                    Piece::Word(sought, _) => word == *sought,
                    Piece::Run(_) => false,
                });
                found.extend(matches.then(|| text.origin(place)));
            }
            Piece::Run(signs) => {
                for sought in &query {
                    let Piece::Run(sought) = sought else { continue };
                    for part in signs.windows(sought.len()) {
                        let same = part.iter().zip(sought).all(|((a, _), (b, _))| a == b);
                        let place = part[0].1.start..part[part.len() - 1].1.end;
                        found.extend(same.then(|| text.origin(place)));
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
            let is_empty = pieces(&Folded::of(&text)).is_empty();
            prop_assert_eq!(highlights(&text, &text).is_empty(), is_empty);
        }
    }
}
