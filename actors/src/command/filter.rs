//! Where conversations and messages are looked for, and which of them.

use parlour_storage::ids::{MessageId, Timestamp};

use super::Target;

/// Where messages are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a conversation, or the direct one with a person.
    In(Target),
    /// In all direct conversations of the caller.
    Direct,
}

/// Which conversations of an inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxFilter {
    /// Groups too.
    pub groups: bool,
    /// Only those with unread messages.
    pub unread: bool,
    /// Only those whose name, or the name or id of whose people, has this in it, whatever its case. Of groups of more
    /// than [`PEOPLE_SHOWN_MAX`](crate::limits::PEOPLE_SHOWN_MAX) the name alone is looked at.
    pub search: Option<String>,
}

/// Which messages of a history. The default: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only those sent before a time.
    pub before: Option<Timestamp>,
    /// Only those below a message: the oldest one of the page before. It need not be there any more.
    pub below: Option<MessageId>,
    /// Only those sent after a time.
    pub after: Option<Timestamp>,
    /// Only those read, or not read, by whom they were for. In direct conversations alone; across a block, what the
    /// other one read isn't known and counts as not read.
    pub read: Option<bool>,
    /// Only those that others wrote.
    pub received: bool,
    /// Only those whose metadata has this value under this key, equal as JSON: `7` is not `"7"`.
    pub metadata: Option<(String, serde_json::Value)>,
}
