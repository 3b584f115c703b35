//! The operator's own words: which are refused, hidden, marked or let pass, whatever the profanity list says.
//!
//! Whole words and phrases only, whatever their case, marks and usual look-alikes (`fold.rs`). Thousands of words cost
//! about what one costs: all are looked for in one pass.

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError};

use super::{
    findings::{Found, Sort},
    fold,
};
use crate::policy::{Finding, WordRule};

/// The words, ready to be looked for.
#[derive(Debug)]
pub(super) struct Words {
    /// `None`: there are none.
    search: Option<AhoCorasick>,
    /// What becomes of a text with the pattern of that number.
    findings: Vec<Finding>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// What something becomes of.
    pub(super) found: Vec<Found>,
    /// What the operator allows, whatever else says so.
    pub(super) allowed: Vec<Range<usize>>,
}

impl Words {
    /// # Errors
    ///
    /// They are too many to be looked for at once: some hundred million characters.
    pub(super) fn new(rules: &[WordRule]) -> Result<Self, BuildError> {
        let mut patterns = Vec::new();
        let mut findings = Vec::new();
        for rule in rules {
            let plain = fold::plain(rule.word.trim());
            let alike = fold::alike(plain.text());
            let forms = std::iter::once(&plain).chain(&alike);
            for form in forms.filter(|form| !form.text().is_empty()) {
                patterns.push(form.text().to_owned());
                findings.push(rule.finding);
            }
        }
        let search = match patterns.as_slice() {
            [] => None,
            patterns => Some(AhoCorasick::new(patterns)?),
        };
        Ok(Self { search, findings })
    }

    /// Looks for all of them.
    pub(super) fn look(&self, text: &str) -> Hits {
        let mut hits = Hits::default();
        let Some(search) = &self.search else {
            return hits;
        };
        let plain = fold::plain(text);
        self.look_in(search, plain.text(), |part| plain.range(part), &mut hits);
        if let Some(alike) = fold::alike(plain.text()) {
            let range = |part| plain.range(alike.range(part));
            self.look_in(search, alike.text(), range, &mut hits);
        }
        let Hits { found, allowed } = &mut hits;
        found.retain(|found| !allowed.iter().any(|range| covers(range, &found.range)));
        hits
    }

    /// Looks for them in a copy; `range`: the part of the text that a part of it stands for.
    fn look_in(
        &self,
        search: &AhoCorasick,
        copy: &str,
        range: impl Fn(Range<usize>) -> Range<usize>,
        hits: &mut Hits,
    ) {
        for hit in search.find_overlapping_iter(copy) {
            if !is_whole(copy, hit.range()) {
                continue;
            }
            let range = range(hit.range());
            match self.findings[hit.pattern().as_usize()] {
                Finding::Allow => hits.allowed.push(range),
                finding => hits.found.push(Found {
                    range,
                    sort: Sort::Word,
                    finding,
                }),
            }
        }
    }
}

/// Whether all of a part is in another.
pub(super) fn covers(range: &Range<usize>, part: &Range<usize>) -> bool {
    range.start <= part.start && part.end <= range.end
}

/// Whether a part of a text isn't in the middle of a word.
fn is_whole(text: &str, part: Range<usize>) -> bool {
    let (before, inside, after) = (&text[..part.start], &text[part.clone()], &text[part.end..]);
    let goes_on = |a: Option<char>, b: Option<char>| {
        a.zip(b).is_some_and(|(a, b)| is_spaced(a) && is_spaced(b))
    };
    !goes_on(before.chars().next_back(), inside.chars().next())
        && !goes_on(inside.chars().next_back(), after.chars().next())
}

/// Whether a character is of a word, in a script that puts spaces between words.
fn is_spaced(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c,
            // Thai and Lao, Myanmar, Khmer, then kana and Chinese characters.
            '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[(&str, Finding)]) -> Words {
        let rules: Vec<_> = words
            .iter()
            .map(|(word, finding)| WordRule {
                word: (*word).to_owned(),
                finding: *finding,
            })
            .collect();
        Words::new(&rules).unwrap()
    }

    fn found<'a>(words: &Words, text: &'a str) -> Vec<&'a str> {
        let hits = words.look(text).found;
        let mut parts: Vec<_> = hits.iter().map(|hit| &text[hit.range.clone()]).collect();
        parts.dedup();
        parts
    }

    #[test]
    fn whole_words_and_phrases_in_any_case_and_guise() {
        let words = words(&[
            ("Casino", Finding::Flag),
            ("free  money", Finding::Reject),
            ("14", Finding::Flag),
            ("Ärger", Finding::Mask),
            ("赌博", Finding::Reject),
            ("🍆", Finding::Mask),
            ("c++", Finding::Flag),
        ]);
        for (text, parts) in [
            ("the CASINO, then", vec!["CASINO"]),
            ("ca\u{200b}sino", vec!["ca\u{200b}sino"]),
            ("c4s1n0", vec!["c4s1n0"]),
            ("саsinо", vec!["саsinо"]),
            ("ｃａｓｉｎｏ", vec!["ｃａｓｉｎｏ"]),
            ("free\n money", vec!["free\n money"]),
            ("aerger ARGER ärger", vec!["ARGER", "ärger"]),
            ("我们赌博吗", vec!["赌博"]),
            ("hi🍆!", vec!["🍆"]),
            ("C++, please", vec!["C++"]),
            ("at 14:00", vec!["14"]),
        ] {
            assert_eq!(found(&words, text), parts, "{text}");
        }
        for text in [
            "casinos",
            "freemoney",
            "free the money",
            "2014",
            "ia",
            "occasino",
        ] {
            assert!(found(&words, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_allowed_covers_what_is_in_it() {
        let words = words(&[
            ("dick", Finding::Reject),
            ("Moby Dick", Finding::Allow),
            ("hot dog", Finding::Flag),
        ]);
        assert!(found(&words, "I read moby dick").is_empty());
        assert_eq!(found(&words, "moby dick, you dick"), ["dick"]);
        assert_eq!(words.look("moby dick").allowed.first(), Some(&(0..9)));
    }

    #[test]
    fn none_is_found_where_none_is_looked_for() {
        assert!(found(&words(&[]), "anything").is_empty());
        assert!(found(&words(&[(" ", Finding::Reject)]), "any thing").is_empty());
    }
}
