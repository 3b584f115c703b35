//! Swear words: the list of rustrict, which knows their disguises and the innocent words they hide in.
//!
//! English only, and no list is ever right, so a node looks for them only if its policy says so; what the list gets wrong
//! the operator puts right with words of their own (`words.rs`). It judges a copy: rustrict takes accents away.

use std::ops::Range;

use rustrict::{Censor, Type};

use super::fold;

/// Marks what was found in the copy. No text has it: control characters are removed before.
const MARK: char = '\u{1}';

/// Where the swear words are, in bytes.
pub(super) fn look(text: &str) -> Vec<Range<usize>> {
    let copy = fold::bare(text);
    let mut censor = Censor::from_str(copy.text());
    censor
        .with_censor_threshold(Type::INAPPROPRIATE)
        .with_censor_first_character_threshold(Type::INAPPROPRIATE)
        .with_censor_replacement(MARK)
        // Stars that stand in a text already are no swear word: they may be ours.
        .with_ignore_self_censoring(true);
    let (censored, verdict) = censor.censor_and_analyze();
    if verdict.isnt(Type::INAPPROPRIATE) {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut n_left = 0;
    let mut marks = censored.chars();
    for (at, c) in copy.text().char_indices() {
        let Some(mark) = marks.next() else {
            n_left += 1;
            continue;
        };
        if mark != MARK {
            continue;
        }
        let end = at + c.len_utf8();
        match found.last_mut() {
            Some(last) if last.end == at => last.end = end,
            _ => found.push(at..end),
        }
    }
    if n_left > 0 || marks.next().is_some() {
        // The copy was made so that rustrict has nothing to add or take away. Should it all the same, nobody knows
        // where the word is, and all of the text is.
        return std::iter::once(0..text.len()).collect();
    }
    found.retain(|part| has_letters(copy.text(), part) && !is_across_words(copy.text(), part));
    found.into_iter().map(|part| copy.range(part)).collect()
}

/// Whether a part is more than digits and signs: `455` is a number, however it may be read.
fn has_letters(text: &str, part: &Range<usize>) -> bool {
    text[part.clone()].contains(char::is_alphabetic)
}

/// Whether a part is the end of a word with the beginning of the next, as in `Essex cuckoo`. Who spells out a swear word
/// with spaces has nothing beside it.
fn is_across_words(text: &str, part: &Range<usize>) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text[part.clone()].contains(char::is_whitespace)
        && (is_letter(text[..part.start].chars().next_back())
            || is_letter(text[part.end..].chars().next()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        look(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn swear_words_are_found_exactly_in_their_disguises() {
        for (text, words) in [
            ("what the fuck is this", vec!["fuck"]),
            ("FÜCK", vec!["FÜCK"]),
            ("f u c k", vec!["f u c k"]),
            ("fuuuuck", vec!["fuuuuck"]),
            ("sh1t!", vec!["sh1t"]),
            ("fuсk, in part Cyrillic", vec!["fuсk"]),
            ("한글 fuck é shit", vec!["fuck", "shit"]),
            ("you are a b!tch.", vec!["b!tch"]),
        ] {
            assert_eq!(found(text), words, "{text}");
        }
    }

    #[test]
    fn innocent_words_are_none() {
        for text in [
            "Scunthorpe",
            "Penistone and Clitheroe",
            "push it to the limit",
            "classic assessment of the bass",
            "a cocktail with Essex cuckoos",
            "the basement of the Arsenal",
            "Hallo, wie geht es dir?",
            "call me at +1 415 555 2671",
            "room 455, 8008 Zurich",
            "****",
            "[message removed by moderation]",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_part_of_the_text(text in "(\\PC|fuck|한|shit |e\\u{301}){0,30}") {
            for part in look(&text) {
                prop_assert!(text.get(part.clone()).is_some_and(|part| !part.is_empty()), "{:?}", part);
            }
        }
    }
}
