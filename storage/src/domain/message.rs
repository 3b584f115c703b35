//! Messages and what was done to them.

use crate::{
    domain::attachment::Attached,
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId},
};

/// A message as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which; also the position of the change that sent it.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserId,
    /// What was written. Empty in every part once deleted.
    pub content: Content,
    /// The files sent with it, in their author's order. None once deleted.
    pub attachments: Vec<Attached>,
    /// What the author's client called it.
    pub key: Option<IdempotencyKey>,
    /// When it was accepted.
    pub sent_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted. A deleted message keeps its place, so that the order has no gap.
    pub deleted_at: Option<Timestamp>,
    /// Reactions, in the order of emoji, then user.
    pub reactions: Vec<Reaction>,
}

impl Message {
    /// The position of the change that sent it.
    pub fn position(&self) -> Position {
        self.id.position()
    }
}

/// What the author of a message gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// What sort of message it is.
    pub kind: MessageKind,
    /// The text, raw; it may be empty for other kinds than text, and if files are sent with it.
    pub text: String,
    /// The message it answers, in the same conversation.
    pub reply_to: Option<MessageId>,
    /// A JSON object of the app's own, opaque to Parlour, at most [`METADATA_BYTES_MAX`] bytes.
    pub metadata: Option<String>,
}

/// Longest metadata of a message, in bytes.
pub const METADATA_BYTES_MAX: usize = 2048;

/// What sort of message it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageKind {
    /// Words.
    #[default]
    Text,
    /// A file.
    File,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A recording.
    Audio,
    /// Written by the app itself, not by a person.
    System,
}

/// One person's reaction to a message. A person may have several, of different emoji.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reaction {
    /// Any short text without control characters: 1 to [`EMOJI_BYTES_MAX`] bytes.
    pub emoji: String,
    /// Whose.
    pub user: UserId,
}

/// Longest reaction in bytes: a family emoji with skin tones has 41.
pub const EMOJI_BYTES_MAX: usize = 64;

/// What a message said before an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The text that was replaced.
    pub text: String,
    /// When it was written (sent, or last edited before).
    pub written_at: Timestamp,
}

/// When one reader read messages of a direct conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// Every message up to here that an earlier mark does not cover ...
    pub up_to: Seq,
    /// ... was read at this time.
    pub at: Timestamp,
}
