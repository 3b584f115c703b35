//! The kinds of what can be asked, by which limits count.

/// What a request does, as limits and the audit name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Sends a message.
    Send,
    /// Edits one.
    Edit,
    /// Deletes one.
    Delete,
    /// Reacts to one.
    React,
    /// Moves a cursor.
    Mark,
    /// Types.
    Type,
    /// Opens a conversation.
    Open,
    /// Changes a group.
    Manage,
    /// Blocks or unblocks.
    Block,
    /// Reads anything.
    Read,
}

impl Action {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Send,
        Self::Edit,
        Self::Delete,
        Self::React,
        Self::Mark,
        Self::Type,
        Self::Open,
        Self::Manage,
        Self::Block,
        Self::Read,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "message.send",
            Self::Edit => "message.edit",
            Self::Delete => "message.delete",
            Self::React => "reaction",
            Self::Mark => "mark",
            Self::Type => "typing",
            Self::Open => "conversation.open",
            Self::Manage => "group.manage",
            Self::Block => "block",
            Self::Read => "conversation.read",
        }
    }
}
