//! What a client can ask, typed. Every dialect decodes into these, and nothing else reaches the core.

use std::sync::Arc;

use parlour_storage::{
    domain::{
        change::Change,
        conversation::{MemberRole, Summary},
        message::{Content, Message, Revision},
        user::{Block, NodeRole, Plan, User},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId},
    store::{PageFrom, Profile, Roster},
};

use crate::{codec::Resume, outbox::ConnectionId};

/// Somebody whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub user: UserId,
    /// What the token says of them.
    pub profile: Profile,
    /// When the token runs out.
    pub expires_at: Timestamp,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// What they may do on the node.
    pub role: NodeRole,
    /// What they pay for.
    pub plan: Plan,
    /// Over which connection; `None` over REST.
    pub connection: Option<ConnectionId>,
}

impl Caller {
    /// The owner of a token, over REST or over a connection.
    pub fn new(identity: &Identity, connection: Option<ConnectionId>) -> Arc<Self> {
        Arc::new(Self {
            user: identity.user.clone(),
            role: identity.profile.role,
            plan: identity.profile.plan,
            connection,
        })
    }
}

/// A request.
#[derive(Clone, Debug)]
pub enum Request {
    /// Changes something.
    Do(Command),
    /// Reads something.
    Ask(Question),
}

/// A request that changes something.
#[derive(Clone, Debug)]
pub enum Command {
    /// Opens, or finds, the direct conversation with someone. Answered by [`Reply::Opened`].
    OpenDirect {
        /// With whom.
        with: UserId,
    },
    /// Opens a group. Answered by [`Reply::Opened`].
    OpenGroup {
        /// What it is called.
        name: Option<String>,
        /// Who is in it, beside the caller.
        members: Vec<UserId>,
        /// The client's name for this request.
        key: Option<IdempotencyKey>,
    },
    /// Sends a message. Answered by [`Reply::Sent`].
    Send {
        /// Where.
        to: Target,
        /// What.
        content: Content,
        /// The client's name for this message.
        key: Option<IdempotencyKey>,
    },
    /// Replaces the text of a message. Answered by [`Reply::Done`], as everything below.
    Edit {
        /// Which.
        message: MessageId,
        /// The new text.
        text: String,
    },
    /// Deletes a message.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Gives or takes back a reaction.
    React {
        /// To which message.
        message: MessageId,
        /// Which reaction.
        emoji: String,
        /// Give or take back.
        on: bool,
    },
    /// Marks messages as read, up to one.
    Read {
        /// Up to which.
        up_to: Mark,
    },
    /// Says that messages have arrived, up to one.
    Deliver {
        /// Up to which.
        up_to: Mark,
    },
    /// Starts, goes on, or stops typing.
    Type {
        /// Where.
        conversation: ConversationId,
        /// Start or go on, or stop.
        on: bool,
    },
    /// Adds people to a group.
    Add {
        /// To which.
        conversation: ConversationId,
        /// Whom.
        users: Vec<UserId>,
    },
    /// Removes someone from a group, or leaves it.
    Remove {
        /// From which.
        conversation: ConversationId,
        /// Whom.
        user: UserId,
    },
    /// Gives a member of a group another role.
    SetRole {
        /// In which.
        conversation: ConversationId,
        /// Whose.
        user: UserId,
        /// Which.
        role: MemberRole,
    },
    /// Renames a group.
    Rename {
        /// Which.
        conversation: ConversationId,
        /// The new name; `None` takes it away.
        name: Option<String>,
    },
    /// Blocks a person.
    Block {
        /// Whom.
        user: UserId,
        /// Why.
        reason: Option<String>,
    },
    /// Unblocks a person.
    Unblock {
        /// Whom.
        user: UserId,
    },
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a conversation.
    Conversation(ConversationId),
    /// To a person: their direct conversation with the sender, opened if there is none.
    User(UserId),
}

/// Up to which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A place in a conversation. Beyond the newest one: the newest one.
    Seq(ConversationId, Seq),
    /// A message, wherever it is.
    Message(MessageId),
}

/// A request that reads something.
#[derive(Clone, Debug)]
pub enum Question {
    /// The caller's own user record. [`Reply::Me`].
    Me,
    /// Somebody's name and picture. [`Reply::User`].
    User(UserId),
    /// The caller's conversations, those with the newest message first. [`Reply::Conversations`].
    Conversations {
        /// Only those last active before.
        before: Option<Position>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// One conversation. [`Reply::Conversation`].
    Conversation(ConversationId),
    /// Its members, with their cursors. [`Reply::Roster`].
    Members(ConversationId),
    /// A page of messages. [`Reply::Messages`].
    Messages {
        /// Of which conversation.
        conversation: ConversationId,
        /// From where.
        from: PageFrom,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// One message. [`Reply::Message`].
    Message(MessageId),
    /// What it said before. [`Reply::Revisions`].
    Revisions(MessageId),
    /// Who has read it, and when. [`Reply::Receipts`].
    Receipts(MessageId),
    /// What is unread. [`Reply::Unread`].
    Unread,
    /// Whom the caller blocks. [`Reply::Blocks`].
    Blocks,
    /// Who is there. [`Reply::Presence`].
    Presence(Vec<UserId>),
    /// What happened since a position. [`Reply::Changes`].
    Changes {
        /// Since when.
        since: Resume,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The conversation is there.
    Opened {
        /// Which.
        conversation: ConversationId,
        /// It was opened by this request, and not before.
        created: bool,
    },
    /// The message is on disk.
    Sent {
        /// The change that sent it; its body is [`ChangeBody::Sent`](parlour_storage::domain::change::ChangeBody::Sent).
        change: Arc<Change>,
        /// It had been sent before, with the same key.
        repeated: bool,
    },
    /// It is done, and on disk; or there was nothing to do.
    Done,
    /// The caller.
    Me(Box<User>),
    /// A person.
    User(Box<User>),
    /// A page of conversations.
    Conversations {
        /// The page.
        summaries: Vec<Summary>,
        /// Ask for those before this to go on; `None` at the end.
        next: Option<Position>,
    },
    /// One conversation.
    Conversation(Box<Summary>),
    /// Members.
    Roster(Box<Roster>),
    /// A page of messages, ascending.
    Messages(Vec<Shown>),
    /// One message.
    Message(Box<Shown>),
    /// Earlier texts, oldest first.
    Revisions(Vec<Revision>),
    /// Receipts, in the order of user ids.
    Receipts(Vec<Receipt>),
    /// Unread messages by conversation; conversations with none are left out.
    Unread(Vec<(ConversationId, u64)>),
    /// Blocks, in the order of user ids.
    Blocks(Vec<Block>),
    /// Who is there. People whom the caller may not see are left out.
    Presence(Vec<Presence>),
    /// What happened.
    Changes {
        /// `false`: the place asked for is of another history, and what was missed can't be said. Start
        /// over, and go on from `through`.
        recovered: bool,
        /// In order. What a block hides is veiled.
        changes: Vec<crate::push::Push>,
        /// Everything up to here is in it.
        through: Position,
        /// There is more: ask again from `through`.
        more: bool,
    },
}

/// A message as one reader may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The message. If veiled, show nothing of it but its id, conversation and place.
    pub message: Message,
    /// The reader blocks its author.
    pub veiled: bool,
}

/// How far one member is with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who.
    pub user: UserId,
    /// It reached one of their devices.
    pub delivered: bool,
    /// They have read it.
    pub read: bool,
    /// When they read it; known in direct conversations.
    pub read_at: Option<Timestamp>,
}

/// Whether somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// They have a connection now.
    pub online: bool,
    /// When they last had one; `None` while online, or if never.
    pub last_seen: Option<Timestamp>,
}

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
