//! What becomes of a text in which something was found: the strictest finding decides for all of it.

use std::ops::Range;

use crate::{
    error::{ErrorCode, Failure},
    policy::Finding,
};

/// What is shown instead of a text that a finding takes away as a whole. Clients may look for it, so it stays.
pub const PLACEHOLDER: &str = "[message removed by moderation]";

/// Something that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where, in bytes.
    pub(super) range: Range<usize>,
    /// What sort of thing.
    pub(super) sort: Sort,
    /// What becomes of the text by it.
    pub(super) finding: Finding,
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A word of the operator's own.
    Word,
    /// Of the profanity list.
    Profanity,
    /// A phone number, an address, a link.
    ContactDetails,
}

impl Sort {
    /// What a flag calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Word => "words",
            Self::Profanity => "profanity",
            Self::ContactDetails => "contact_details",
        }
    }

    /// What the author can do about it. Never says what was found: a word list isn't theirs to probe.
    fn advice(self) -> &'static str {
        match self {
            Self::Word => {
                "the text has a word that is not allowed here; put it differently and send it again"
            }
            Self::Profanity => {
                "the text has a swear word, and this node refuses them; put it differently and send it again"
            }
            Self::ContactDetails => {
                "phone numbers, e-mail addresses and links are not allowed here; leave them out and send it again"
            }
        }
    }
}

/// What becomes of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// What there is to show instead, if not the text as it is.
    pub(super) text: Option<String>,
    /// What was found, each once. Empty: nothing.
    pub(super) found: Vec<&'static str>,
    /// The strictest finding.
    pub(super) finding: Finding,
}

/// Decides.
///
/// # Errors
///
/// It is refused, and what its author can do.
pub(super) fn settle(field: &'static str, text: &str, found: &[Found]) -> Result<Settled, Failure> {
    let Some(strictest) = found.iter().max_by_key(|found| found.finding) else {
        return Ok(Settled::default());
    };
    let finding = strictest.finding;
    let text = match finding {
        Finding::Allow => return Ok(Settled::default()),
        Finding::Flag => None,
        Finding::Mask => Some(mask(
            text,
            found
                .iter()
                .filter(|found| found.finding == Finding::Mask)
                .map(|found| found.range.clone())
                .collect(),
        )),
        Finding::Placeholder => Some(PLACEHOLDER.to_owned()),
        Finding::Reject => {
            return Err(Failure {
                field: Some(field),
                ..Failure::new(ErrorCode::ContentRefused, strictest.sort.advice())
            });
        }
    };
    let mut names: Vec<_> = found.iter().map(|found| found.sort.name()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Settled {
        text,
        found: names,
        finding,
    })
}

/// A text with a star for each character of some parts of it.
pub(super) fn mask(text: &str, mut parts: Vec<Range<usize>>) -> String {
    parts.sort_unstable_by_key(|part| part.start);
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        let start = part.start.max(at);
        let end = part.end.max(start);
        masked.push_str(&text[at..start]);
        masked.extend(text[start..end].chars().map(|_| '*'));
        at = end;
    }
    masked.push_str(&text[at..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(range: Range<usize>, sort: Sort, finding: Finding) -> Found {
        Found {
            range,
            sort,
            finding,
        }
    }

    #[test]
    fn stars_are_as_many_as_characters_and_parts_may_overlap() {
        assert_eq!(
            mask("a wörd, b", std::iter::once(2..7).collect()),
            "a ****, b"
        );
        assert_eq!(mask("abcdef", vec![3..5, 1..4, 2..3]), "a****f");
        assert_eq!(mask("abc", Vec::new()), "abc");
    }

    #[test]
    fn the_strictest_finding_decides() {
        let flag = found(0..3, Sort::ContactDetails, Finding::Flag);
        let hide = found(4..7, Sort::Profanity, Finding::Mask);
        let replace = found(0..3, Sort::Word, Finding::Placeholder);
        let refuse = found(0..3, Sort::Word, Finding::Reject);
        let settled = |found: &[Found]| settle("text", "one two", found);
        assert_eq!(settled(&[]), Ok(Settled::default()));
        let flagged = settled(std::slice::from_ref(&flag)).unwrap();
        assert_eq!(
            (flagged.text, flagged.found),
            (None, vec!["contact_details"])
        );
        let masked = settled(&[hide.clone(), flag.clone(), hide.clone()]).unwrap();
        assert_eq!(masked.text.as_deref(), Some("one ***"));
        assert_eq!(masked.found, ["contact_details", "profanity"]);
        let replaced = settled(&[hide.clone(), replace.clone()]).unwrap();
        assert_eq!(replaced.text.as_deref(), Some(PLACEHOLDER));
        let refused = settled(&[hide, replace, refuse, flag]).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ContentRefused);
        assert!(!refused.message.contains("one"), "the word isn't told");
    }
}
