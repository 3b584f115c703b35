//! What a client can ask, typed. Every dialect decodes into these, and nothing else reaches the core.

mod attachment;
mod contact;
mod filter;
mod later;
mod notice;
mod safety;
mod search;
mod shown;

use std::sync::Arc;

use parlour_storage::{
    domain::{
        change::Change,
        conversation::{Conversation, MemberRole, Summary},
        message::{Content, Revision},
        user::{Block, NodeRole, Plan, User},
    },
    ids::{
        AttachmentId, ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId,
    },
    store::{PageFrom, Profile, Roster},
};

pub use self::{
    attachment::{AttachmentCommand, AttachmentQuestion, AttachmentReply},
    contact::{ContactCommand, ContactQuestion, ContactReply, Relation, ShownMatch, ShownRequest},
    filter::{HistoryFilter, InboxFilter, Scope},
    later::{LaterCommand, LaterQuestion, LaterReply},
    notice::{NoticeCommand, NoticeQuestion, NoticeReply, ShownNotification},
    safety::{Case, SafetyCommand, SafetyQuestion, SafetyReply},
    search::{Found, Search},
    shown::{Entry, Item, Person, Presence, Receipt, Shown, Unread},
};
pub use crate::action::Action;
use crate::{codec::Resume, limits::Meter, outbox::ConnectionId};

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

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Who.
    pub user: UserId,
    /// Name to show. `None`: never told; show the id.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
}

impl Card {
    /// A person of whom nothing is known.
    pub fn nameless(user: UserId) -> Arc<Self> {
        Arc::new(Self {
            user,
            name: None,
            picture: None,
        })
    }

    /// The name to show.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.user.as_str())
    }
}

impl From<&Identity> for Card {
    fn from(identity: &Identity) -> Self {
        Self {
            user: identity.user.clone(),
            name: identity.profile.name.clone(),
            picture: identity.profile.picture.clone(),
        }
    }
}

impl From<User> for Card {
    fn from(user: User) -> Self {
        Self {
            user: user.id,
            name: user.name,
            picture: user.picture,
        }
    }
}

/// Where something was done, and by whom: what dialects tell of it beside itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Where.
    pub conversation: Arc<Conversation>,
    /// By whom.
    pub by: Arc<Card>,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// As others see them.
    pub card: Arc<Card>,
    /// What they may do on the node.
    pub role: NodeRole,
    /// What they pay for.
    pub plan: Plan,
    /// Over which connection; `None` over REST.
    pub connection: Option<ConnectionId>,
    /// What was left of the tightest limit when a request of theirs was last let through: for REST's headers.
    pub quota: Arc<Meter>,
}

impl Caller {
    /// The owner of a token, over REST or over a connection.
    pub fn new(identity: &Identity, connection: Option<ConnectionId>) -> Arc<Self> {
        Arc::new(Self {
            user: identity.user.clone(),
            card: Arc::new(identity.into()),
            role: identity.profile.role,
            plan: identity.profile.plan,
            connection,
            quota: Arc::default(),
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
        /// Files of the caller's that were uploaded for it.
        attachments: Vec<AttachmentId>,
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
        /// Where. To a person: in the direct conversation with them, if there is one.
        to: Target,
        /// Start or go on, or stop.
        on: bool,
    },
    /// Begins or ends to look at a conversation, over this connection: dialects with rooms tell the others who do.
    Join {
        /// Which.
        conversation: ConversationId,
        /// Begin or end.
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
    /// Asks, answers, likes, unmatches. Each says what it is answered by.
    Contact(ContactCommand),
    /// Reports, chooses, decides. Each says what it is answered by.
    Safety(SafetyCommand),
    /// Uploads. Each says what it is answered by.
    Attachment(AttachmentCommand),
    /// Schedules, keeps templates. Each says what it is answered by.
    Later(LaterCommand),
    /// Mutes, reads. Each says what it is answered by.
    Notice(NoticeCommand),
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a conversation.
    Conversation(ConversationId),
    /// To a person: their direct conversation with the sender, opened if there is none.
    User(UserId),
    /// To a conversation if the sender is in it, else to a person: some clients name both, and one that
    /// didn't know the conversation yet names a wrong one.
    Either(ConversationId, UserId),
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
    /// A page of the caller's conversations, by number, with the people in them. [`Reply::Inbox`].
    Inbox {
        /// Which of them.
        matching: InboxFilter,
        /// So many are skipped.
        offset: usize,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// One conversation, with the people in it. [`Reply::Entry`].
    Entry(Target),
    /// A page of messages, by number, newest first, as their reader may see them: those that are deleted or hidden are
    /// left out. [`Reply::History`].
    History {
        /// Where.
        of: Scope,
        /// Which of them.
        matching: HistoryFilter,
        /// So many are skipped; at most [`OFFSET_MAX`](crate::limits::OFFSET_MAX).
        offset: usize,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// Messages by their words, newest first. [`Reply::Found`].
    Search(Search),
    /// One message, with who wrote and who read it. [`Reply::Item`].
    Item(MessageId),
    /// People: those in a conversation, the caller too, or with `None` everyone the caller has a direct conversation with. [`Reply::People`].
    People(Option<Target>),
    /// Who is there, of those whom the caller may see. [`Reply::Online`].
    Online,
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
    /// Requests, matches, discovery. [`Reply::Contact`].
    Contact(ContactQuestion),
    /// What moderators see, and the caller's own choices. [`Reply::Safety`].
    Safety(SafetyQuestion),
    /// Files. [`Reply::Attachment`].
    Attachment(AttachmentQuestion),
    /// Scheduled messages, templates. [`Reply::Later`].
    Later(LaterQuestion),
    /// Notifications. [`Reply::Notice`].
    Notice(NoticeQuestion),
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
        /// Where, and by whom.
        about: About,
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
    /// A page of conversations.
    Inbox {
        /// Those with the newest message first.
        entries: Vec<Entry>,
        /// How many match in all.
        total: usize,
    },
    /// One conversation.
    Entry(Box<Entry>),
    /// A page of messages.
    History {
        /// Newest first.
        items: Vec<Item>,
        /// How many messages of the conversation are not deleted, in all, wherever the page begins; known unless only
        /// some of them were asked for. What a block hides counts, as it does in the order.
        total: Option<u64>,
        /// There are older ones; or, if so many had to be looked through that it isn't known, there may be.
        more: bool,
    },
    /// Messages that were looked for.
    Found {
        /// Newest first. Fewer than asked for when some have gone since they were indexed.
        items: Vec<Found>,
        /// How many match in all.
        total: u64,
        /// There are older ones.
        more: bool,
    },
    /// One message.
    Item(Box<Item>),
    /// People, in the order of their ids.
    People(Vec<Person>),
    /// Who is there, in the order of their ids.
    Online(Vec<Arc<Card>>),
    /// Unread messages by conversation; conversations with none are left out.
    Unread(Vec<Unread>),
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
    /// About requests, likes, matches, discovery.
    Contact(ContactReply),
    /// About reports, and what moderators see.
    Safety(SafetyReply),
    /// About files.
    Attachment(AttachmentReply),
    /// About what the caller keeps for later.
    Later(LaterReply),
    /// About notifications.
    Notice(NoticeReply),
}
