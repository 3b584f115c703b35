//! Who finds messages by their words: an index beside the store, and never the truth.
//!
//! What it is the embedder decides. It may lag behind the store for a moment, so whoever shows what it found reads it
//! from the store and asks what the reader may see: `questions/search.rs`.

use std::{fmt, ops::Range};

use async_trait::async_trait;
use parlour_storage::ids::{ConversationId, MessageId, Timestamp, UserId};

/// Somebody who finds messages by their words.
#[async_trait]
pub trait Searcher: Send + Sync + fmt::Debug {
    /// The messages that match, newest first.
    ///
    /// # Errors
    ///
    /// It could not look.
    async fn search(&self, sought: Sought) -> Result<Hits, NotSearched>;

    /// Whether something happened that can't be found yet.
    fn is_behind(&self) -> bool;

    /// Where in a text the words stand that were looked for: ranges of bytes, ascending, at the bounds of characters.
    fn highlights(&self, words: &str, text: &str) -> Vec<Range<usize>>;
}

/// Which messages are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// All of these words are in the message; of the last one, the beginning. May be empty if `author` or `has_file`
    /// says which messages are meant.
    pub words: String,
    /// It is in one of these.
    pub conversations: Vec<ConversationId>,
    /// It is by them.
    pub author: Option<UserId>,
    /// What each of them wrote since then is not found.
    pub unheard: Vec<(UserId, Timestamp)>,
    /// It was sent then or later.
    pub since: Option<Timestamp>,
    /// It was sent before.
    pub until: Option<Timestamp>,
    /// It has files, or has none.
    pub has_file: Option<bool>,
    /// So many are skipped.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Newest first.
    pub messages: Vec<MessageId>,
    /// How many match in all.
    pub total: u64,
}

/// Why nothing was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSearched {
    /// Nothing in what is looked for is a word, and nothing else narrows it.
    NoWords,
    /// Too many look already: try again in a moment.
    Busy,
    /// The index doesn't work, for the log. Never holds what was looked for.
    Failed(String),
}

impl fmt::Display for NotSearched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWords => f.write_str("nothing to look for"),
            Self::Busy => f.write_str("too many searches at once"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotSearched {}
