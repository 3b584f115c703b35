//! Search in the native protocol: the fields of the request, and what was found as JSON.

use std::ops::Range;

use parlour_actors::command::{Found, Question, Search, Target};
use parlour_actors::error::Failure;
use parlour_storage::ids::ConversationId;
use serde::{Deserialize, Serialize};

use super::{
    scalar::{Id, Moment, Number, User},
    wire::{WireMessage, message},
};

/// Page size where none is given.
const PAGE_DEFAULT: usize = 20;

/// Which messages are looked for.
#[derive(Debug, Default, Deserialize)]
pub struct SearchPage {
    /// All of these words are in it; of the last one, the beginning.
    #[serde(default)]
    pub query: String,
    /// In this conversation ...
    pub conversation: Option<Id<ConversationId>>,
    /// ... or in the direct one with this person. Neither: in all of the caller's.
    pub user: Option<User>,
    /// By whom.
    pub author: Option<User>,
    /// Sent then or later.
    pub since: Option<Moment>,
    /// Sent before.
    pub until: Option<Moment>,
    /// With files, or without.
    pub has_file: Option<bool>,
    /// So many are skipped.
    pub offset: Option<Number>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl SearchPage {
    /// The question.
    ///
    /// # Errors
    ///
    /// It names two places.
    pub fn into_question(self) -> Result<Question, Failure> {
        let of = match (self.conversation, self.user) {
            (None, None) => None,
            (Some(conversation), None) => Some(Target::Conversation(conversation.0)),
            (None, Some(user)) => Some(Target::User(user.0)),
            (Some(_), Some(_)) => {
                let message = "give either `conversation` or `user`, or neither for all";
                return Err(Failure::bad_value("conversation", message));
            }
        };
        Ok(Question::Search(Search {
            words: self.query,
            of,
            author: self.author.map(|user| user.0),
            since: self.since.map(|moment| moment.0),
            until: self.until.map(|moment| moment.0),
            has_file: self.has_file,
            offset: self.offset.map_or(0, |n| n.0),
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        }))
    }
}

/// A message that was found.
#[derive(Serialize)]
pub(super) struct WireFound<'a> {
    message: WireMessage<'a>,
    /// From where to where in the text, counted as JavaScript does.
    highlights: Vec<[usize; 2]>,
}

pub(super) fn found(found: &Found) -> WireFound<'_> {
    let text = &found.item.message.content.text;
    WireFound {
        message: message(&found.item.message, false),
        highlights: utf16(text, &found.highlights),
    }
}

/// Ranges of bytes, ascending, as ranges of UTF-16 code units.
fn utf16(text: &str, ranges: &[Range<usize>]) -> Vec<[usize; 2]> {
    let (mut at, mut units) = (0, 0);
    let mut to = |byte: usize| {
        units += text[at..byte].encode_utf16().count();
        at = byte;
        units
    };
    let ranges = ranges.iter();
    ranges
        .map(|range| [to(range.start), to(range.end)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_javascript_counts() {
        let text = "🎉 été, fête";
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            start..start + word.len()
        };
        assert_eq!(utf16(text, &[at("été"), at("fête")]), [[3, 6], [8, 12]]);
        assert_eq!(utf16(text, &[]), [[0; 2]; 0]);
    }
}
