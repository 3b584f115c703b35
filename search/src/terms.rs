//! What a text is looked up by, as it is handed to tantivy: lists of terms, one a line.
//!
//! Each message that is sent passes here once: what is ASCII, which is most of what is written, is cut without a look at
//! Unicode's tables. `words.rs` cuts the rest, and says what a word is.

use std::iter;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::{
    fold::Folded,
    words::{Piece, WORD_LETTERS_MAX, pieces},
};

/// What a text is looked up by. A term has no line ends: they part letters in any script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Its words, one a line.
    pub(crate) words: String,
    /// Pairs of signs that follow each other, and the last sign of each run alone, one a line. Between runs there is an empty
    /// line, so that the positions of the terms, which are those of the lines, have a gap there.
    pub(crate) signs: String,
}

impl Terms {
    /// Those of some texts.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut terms = Self::default();
        for stretch in texts.into_iter().flat_map(stretches) {
            if stretch.is_ascii() {
                terms.add_ascii(stretch);
            } else {
                terms.add(&Folded::of(stretch));
            }
        }
        terms
    }

    fn add_ascii(&mut self, text: &str) {
        let is_gap = |c: char| !c.is_ascii_alphanumeric();
        let from = self.words.len();
        self.words.reserve(text.len() + 1);
        for word in text.split(is_gap).filter(|word| !word.is_empty()) {
            self.words
                .push_str(word.get(..WORD_LETTERS_MAX).unwrap_or(word));
            self.words.push('\n');
        }
        self.words[from..].make_ascii_lowercase();
    }

    fn add(&mut self, folded: &Folded) {
        for piece in pieces(folded) {
            match piece {
                Piece::Word(word, _) => {
                    self.words.push_str(word);
                    self.words.push('\n');
                }
                Piece::Run(signs) => {
                    if !self.signs.is_empty() {
                        self.signs.push('\n');
                    }
                    for (n, (sign, _)) in signs.iter().enumerate() {
                        let next = signs.get(n + 1).map_or("", |(next, _)| next);
                        push_pair(&mut self.signs, sign, next);
                        self.signs.push('\n');
                    }
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.signs.is_empty()
    }
}

/// Stretches of a text that are cut each alone as they are cut together: all of ASCII, or from a letter that isn't to where
/// ASCII begins again. They end after a space that has ASCII on both sides, where no mark or joiner reaches over it.
fn stretches(mut text: &str) -> impl Iterator<Item = &str> {
    iter::from_fn(move || {
        let (stretch, rest) = text.split_at(end_of_stretch(text.as_bytes()));
        text = rest;
        (!stretch.is_empty()).then_some(stretch)
    })
}

/// Where the first stretch ends of a text that follows such a space.
fn end_of_stretch(text: &[u8]) -> usize {
    let Some(other) = text.iter().position(|byte| !byte.is_ascii()) else {
        return text.len();
    };
    let (before, after) = text.split_at(other);
    if let Some(space) = before.windows(2).rposition(|two| two[0] == b' ') {
        return space + 1;
    }
    let is_end = |three: &[u8]| three[0].is_ascii() && three[1] == b' ' && three[2].is_ascii();
    let end = after.windows(3).position(is_end);
    end.map_or(text.len(), |at| other + at + 2)
}

/// Two signs that follow each other. With something between them, so that all pairs which begin with a sign, and none
/// which begin with a longer one, begin with it and nothing.
pub(crate) fn pair(sign: &str, next: &str) -> String {
    let mut pair = String::with_capacity(sign.len() + 1 + next.len());
    push_pair(&mut pair, sign, next);
    pair
}

fn push_pair(to: &mut String, sign: &str, next: &str) {
    to.push_str(sign);
    to.push('\u{1f}');
    to.push_str(next);
}

/// The terms of a list, with their positions.
pub(crate) fn listed(list: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = list.split_terminator('\n').enumerate();
    lines.filter(|(_, line)| !line.is_empty())
}

/// Reads a list for tantivy. It is not kept as tokens on the way, which tantivy would write as JSON and read again.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    token: Token,
}

/// What is left of a list.
pub(crate) struct Rest<'a> {
    token: &'a mut Token,
    text: &'a str,
}

impl Tokenizer for Lines {
    type TokenStream<'a> = Rest<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Rest<'a> {
        self.token.reset();
        Rest {
            token: &mut self.token,
            text,
        }
    }
}

impl TokenStream for Rest<'_> {
    fn advance(&mut self) -> bool {
        while let Some((line, rest)) = self.text.split_once('\n') {
            self.text = rest;
            // A token that was reset stands before the first position.
            self.token.position = self.token.position.wrapping_add(1);
            if !line.is_empty() {
                self.token.text.clear();
                self.token.text.push_str(line);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let words = Terms::of([text]).words;
        listed(&words).map(|(_, word)| word.to_owned()).collect()
    }

    fn signs(text: &str) -> Vec<String> {
        let signs = Terms::of([text]).signs;
        let plain = |(_, pair): (usize, &str)| pair.replace('\u{1f}', "");
        listed(&signs).map(plain).collect()
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
        assert_eq!(mixed.words, "iphone\n");
        let at: Vec<_> = listed(&mixed.signs).map(|(at, _)| at).collect();
        assert_eq!(at, [0, 1, 2, 4], "no pair reaches over a gap");
    }

    /// What cuts otherwise where it stands beside ASCII, and some ASCII for it to stand beside.
    fn text() -> impl Strategy<Value = String> {
        let beside = "[ \\r\\na-cX0-9'.\u{301}\u{308}\u{338}\u{600}\u{d4e}\u{ad}\u{200b}\u{200d}\u{fe0f}\u{20e3}\u{915}\u{94d}éßﬁ東ﾞ🎉🇩🇪]{0,24}";
        prop_oneof![beside, "\\PC{0,40}", any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn stretches_are_cut_as_the_whole_is(text in text()) {
            let mut whole = Terms::default();
            whole.add(&Folded::of(&text));
            prop_assert_eq!(Terms::of([&*text]), whole);
        }

        #[test]
        fn tantivy_reads_the_terms_that_are_listed(text in text()) {
            let terms = Terms::of([&*text]);
            for list in [&terms.words, &terms.signs] {
                let mut lines = Lines::default();
                let (mut stream, mut read) = (lines.token_stream(list), Vec::new());
                while let Some(token) = stream.next() {
                    read.push((token.position, token.text.clone()));
                }
                let expected: Vec<_> = listed(list).map(|(at, term)| (at, term.to_owned())).collect();
                prop_assert_eq!(read, expected);
            }
        }
    }
}
