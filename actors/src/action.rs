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
    /// Gets what was missed: exempt from limits, so that nobody stays behind.
    Resume,
    /// Sends over a connection: counts beside [`Send`](Self::Send) (CONTRACT S0-59).
    SocketSend,
    /// Asks for a first contact.
    Ask,
    /// Answers or withdraws a request, unmatches.
    Answer,
    /// Likes, or takes it back.
    Like,
    /// Comes near to somebody new: a request, a conversation opened, a group brought together. Counts beside those.
    ColdContact,
    /// Reports.
    Report,
    /// Connects. A client that resumes is exempt.
    Connect,
    /// Chooses for oneself.
    Prefer,
    /// Moderates.
    Moderate,
    /// Uploads a file, or gives one up.
    Upload,
    /// Looks for messages by their words.
    Search,
    /// Schedules a message, changes or takes back one; keeps templates.
    Schedule,
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
        Self::Resume,
        Self::SocketSend,
        Self::Ask,
        Self::Answer,
        Self::Like,
        Self::ColdContact,
        Self::Report,
        Self::Connect,
        Self::Prefer,
        Self::Moderate,
        Self::Upload,
        Self::Search,
        Self::Schedule,
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
            Self::Resume => "resume",
            Self::SocketSend => "ws.message",
            Self::Ask => "request.send",
            Self::Answer => "request.answer",
            Self::Like => "like",
            Self::ColdContact => "contact.new",
            Self::Report => "report",
            Self::Connect => "connect",
            Self::Prefer => "preferences",
            Self::Moderate => "moderate",
            Self::Upload => "upload",
            Self::Search => "search",
            Self::Schedule => "schedule",
        }
    }
}
