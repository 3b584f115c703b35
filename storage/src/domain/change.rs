//! What happened in a conversation: the unit of order, of fan-out and of resume.

use crate::{
    domain::{
        conversation::{Conversation, MemberRole},
        message::Message,
    },
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
};

/// One committed change of one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands in the order of the node.
    pub position: Position,
    /// Which conversation changed.
    pub conversation: ConversationId,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub body: ChangeBody,
}

/// Most messages that a [`ChangeBody::Read`] names: a page, so that marking a long absence as read stays small.
pub const READ_MESSAGES_MAX: usize = 100;

/// How far back from its end a [`ChangeBody::Read`] looks for messages to name, in places: nobody waits while
/// someone's own ten thousand messages are passed over.
pub const READ_PLACES_MAX: u64 = 1024;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeBody {
    /// The conversation was opened. Its first members are told.
    Created {
        /// As it was opened. Read back later: as it is now.
        conversation: Conversation,
        /// Who was in it from the start, the opener too.
        members: Vec<UserId>,
    },
    /// A message was sent. Read back later, it is as it stands now, edits and deletion included.
    Sent(Message),
    /// The text of a message changed. Carries the message as it stands now, but for its reactions: an edit
    /// leaves them alone, and who may know of them differs by reader.
    Edited(Message),
    /// A message was deleted: its tombstone.
    Deleted(Message),
    /// A reaction was given or taken back.
    Reacted {
        /// The message.
        message: MessageId,
        /// Its place.
        seq: Seq,
        /// The reaction.
        emoji: String,
        /// Given (`true`) or taken back.
        on: bool,
    },
    /// A member has read up to a message.
    Read {
        /// The last message read.
        seq: Seq,
        /// The messages of others that this marked as read and that are not deleted, ascending: the newest
        /// [`READ_MESSAGES_MAX`] of them, found in the newest [`READ_PLACES_MAX`] places that it covers.
        /// Read back later: without those deleted since. Of a change from a store of format 1, which
        /// doesn't tell where the mark began: the message at `seq`, if it is one of them.
        messages: Vec<MessageId>,
    },
    /// Messages have reached a member's device.
    Delivered {
        /// The last message that did.
        seq: Seq,
    },
    /// People were added to a group.
    Added {
        /// Who came: those who weren't in it already, in the order of the request.
        users: Vec<UserId>,
    },
    /// A member left, or was removed (then `by` is someone else). They are told too, for the last time.
    Removed {
        /// Who went.
        user: UserId,
    },
    /// A member's role changed. When an owner goes, the successor's change follows.
    RoleSet {
        /// Whose.
        user: UserId,
        /// What they are now.
        role: MemberRole,
    },
    /// A direct conversation was archived, or goes on.
    Archived {
        /// Archived (`true`), or not any more.
        on: bool,
    },
    /// A group was renamed.
    Renamed {
        /// Its new name.
        name: Option<String>,
    },
}
