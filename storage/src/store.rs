//! What every store promises.
//!
//! All writes go through [`Store::commit`]; every other method reads. The store, not its caller, gives
//! out positions and sequence numbers and checks what must hold at that very moment (membership,
//! authorship, one direct conversation a pair), so that no race outside can break an invariant and a
//! database shared by several nodes needs no owner of a conversation.

use std::fmt;

use async_trait::async_trait;
use tokio::sync::watch;

pub use crate::{
    attachments::Attachments,
    contacts::Contacts,
    domain::event::EventDraft,
    domain::notification::{Notification, NotificationDraft, NotificationId},
    events::Events,
    notices::Notices,
    personal::Personal,
    safety::Safety,
    scheduled::Later,
    transaction::{Outcome, Profile, Rejection, Transaction, Write},
};
use crate::{
    domain::{
        change::Change,
        conversation::{Conversation, Member, Summary},
        message::{Message, ReadMark, Revision},
        user::{Blocks, User},
    },
    error::StoreError,
    ids::{ConversationId, Epoch, MessageId, Position, Seq, Timestamp, UserId},
};

/// What every store promises.
///
/// **Durable reads.** No read shows anything that a power cut could still undo: a read that meets a
/// commit in progress waits until that commit is durable.
///
/// **Errors.** Each read, and each call below that writes rows, gives
/// [`Busy`](crate::error::StoreErrorKind::Busy) if too many wait already (nothing was done), `Corrupt` or
/// `Newer` if a record that it needs can't be read (others still can), `Failed` or `Closed` if the store is.
#[async_trait]
pub trait Store:
    Attachments + Contacts + Safety + Personal + Events + Later + Notices + Send + Sync + fmt::Debug
{
    /// Commits transactions, each atomically and in the order given.
    ///
    /// When this returns `Ok`, every transaction with an `Ok` result is durable: it survives the end
    /// of the process and of power. A transaction that is refused ([`Rejection`]) leaves nothing
    /// behind but its limiter states: an attempt counts. Positions grow in the order of the transactions, and of the calls.
    /// Dropping the future does not undo or stop the commit.
    ///
    /// # Errors
    ///
    /// [`Busy`](crate::error::StoreErrorKind::Busy): nothing was done. `Failed`, `Closed`: nothing is
    /// known of any of them; they may or may not be there after a restart.
    async fn commit(
        &self,
        group: Vec<Transaction>,
    ) -> Result<Vec<Result<Outcome, Rejection>>, StoreError>;

    /// Which history the positions of this store belong to. Never changes while it is open.
    fn epoch(&self) -> Epoch;

    /// Everything up to here is durable, and nothing above is visible to reads that began before now.
    fn head(&self) -> Position;

    /// Whether it works. Never returns to [`Health::Good`] from [`Health::Failed`].
    fn health(&self) -> watch::Receiver<Health>;

    /// The person, if they ever signed in.
    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError>;

    /// Those of `users` who ever signed in, in the order of the argument.
    async fn users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// The conversation, if there is one.
    async fn conversation(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;

    /// The direct conversation of a pair, if there is one.
    async fn direct_between(
        &self,
        a: &UserId,
        b: &UserId,
    ) -> Result<Option<ConversationId>, StoreError>;

    /// One member, `None` if they aren't in it (any more) or there is no such conversation.
    async fn member(
        &self,
        conversation: ConversationId,
        user: &UserId,
    ) -> Result<Option<Member>, StoreError>;

    /// The conversation with all its present members, in the order of user ids.
    async fn roster(&self, conversation: ConversationId) -> Result<Option<Roster>, StoreError>;

    /// Ids of all conversations that the user is in now, ascending.
    async fn conversation_ids_of(&self, user: &UserId) -> Result<Vec<ConversationId>, StoreError>;

    /// A page of the user's conversations, those with the newest message (or, without messages, the
    /// newest) first: at most `limit`, each with [`Summary::active`] below `before`.
    async fn conversations_of(
        &self,
        user: &UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError>;

    /// One conversation as the member's list shows it. `None` if they aren't in it.
    async fn summary(
        &self,
        conversation: ConversationId,
        user: &UserId,
    ) -> Result<Option<Summary>, StoreError>;

    /// Unread messages of each of the user's conversations that has any and isn't archived, in the order of ids. Computed
    /// from the messages each time, so it cannot drift; takes time in proportion to what is unread.
    async fn unread(&self, user: &UserId) -> Result<Vec<(ConversationId, u64)>, StoreError>;

    /// Everyone with whom the user shares a direct conversation that isn't archived, or a group of at most
    /// `group_members_max` members; without the user, in order, each once.
    async fn contacts(
        &self,
        user: &UserId,
        group_members_max: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Whether the two are in some conversation together that isn't archived.
    async fn acquainted(&self, a: &UserId, b: &UserId) -> Result<bool, StoreError>;

    /// All conversations that the user is in now and that aren't archived, each once, in the order of
    /// [`conversations_of`](Self::conversations_of), so that they can be paged by number. Takes two
    /// look-ups for each.
    async fn listing(&self, user: &UserId) -> Result<Vec<Listed>, StoreError>;

    /// How many messages of a conversation are not deleted; 0 if there is no such conversation. Takes time
    /// in proportion to the deleted ones.
    async fn n_messages(&self, conversation: ConversationId) -> Result<u64, StoreError>;

    /// The place of the oldest of the newest `n` messages that are not deleted: a page that skips those `n`
    /// ends below it. For 0 the place after the newest one. `None` if there are fewer. Takes time in
    /// proportion to the deleted ones among those skipped.
    async fn skip_newest(
        &self,
        conversation: ConversationId,
        n: u64,
    ) -> Result<Option<Seq>, StoreError>;

    /// The place of the first message, deleted or not, that was sent at a time or after it; `None` if
    /// there is none. By the time in the messages' positions, which never goes back: while a clock stands
    /// behind, what is sent counts as sent when the clock last stood ahead. Takes a few look-ups, however
    /// many messages there are.
    async fn first_since(
        &self,
        conversation: ConversationId,
        at: Timestamp,
    ) -> Result<Option<Seq>, StoreError>;

    /// The message, deleted or not.
    async fn message(&self, message: MessageId) -> Result<Option<Message>, StoreError>;

    /// Those of `messages` that there are, deleted or not, in the order of the argument.
    async fn messages_of_ids(&self, messages: &[MessageId]) -> Result<Vec<Message>, StoreError>;

    /// Messages of all conversations in the order of their ids, tombstones included: the first ones after one, or from
    /// the oldest on. For whoever indexes them.
    async fn all_messages(
        &self,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;

    /// A page of messages of a conversation in the order of `seq`, tombstones included. Empty if there
    /// is no such conversation.
    async fn messages(
        &self,
        conversation: ConversationId,
        page: MessagePage,
    ) -> Result<Vec<Message>, StoreError>;

    /// What the message said before each edit, oldest first.
    async fn revisions(&self, message: MessageId) -> Result<Vec<Revision>, StoreError>;

    /// When `reader` read the messages from `from` to `to` of a direct conversation, ascending: the
    /// first mark with `up_to >= seq` tells when `seq` was read.
    async fn read_marks(
        &self,
        conversation: ConversationId,
        reader: &UserId,
        from: Seq,
        to: Seq,
    ) -> Result<Vec<ReadMark>, StoreError>;

    /// What happened after a position in the conversations the user is in, or left since then (up to
    /// and including their own leaving), in the order of positions. For one who was added since,
    /// from the change that added them.
    async fn changes_since(
        &self,
        user: &UserId,
        after: Position,
        limit: usize,
    ) -> Result<Changes, StoreError>;

    /// All blocks that concern the user.
    async fn blocks_of(&self, user: &UserId) -> Result<Blocks, StoreError>;

    /// What the rate limiter remembers of the user.
    async fn limits_of(&self, user: &UserId) -> Result<Vec<LimiterState>, StoreError>;

    /// Waits for what is in progress, makes it durable and lets go of the files. Later calls get `Closed`.
    async fn close(&self) -> Result<(), StoreError>;
}

/// A conversation and everyone in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Includes every change up to here, and none after.
    pub as_of: Position,
    /// The conversation.
    pub conversation: Conversation,
    /// Everyone in it, in the order of user ids.
    pub members: Vec<Member>,
}

/// A conversation in the list of one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub conversation: ConversationId,
    /// The other one, if it is direct.
    pub peer: Option<UserId>,
    /// What the list is sorted by: see [`Summary::active`].
    pub active: Position,
}

/// Which messages of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePage {
    /// From where, and in which direction.
    pub from: PageFrom,
    /// At most so many.
    pub limit: usize,
}

/// From where, and in which direction. The page itself is always ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFrom {
    /// The newest ones.
    End,
    /// The last ones below a place.
    Before(Seq),
    /// The first ones above a place.
    After(Seq),
}

/// An answer to [`Store::changes_since`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// What happened, in the order of positions.
    pub changes: Vec<Change>,
    /// `changes` holds everything up to here. Ask again from here if `more`.
    pub through: Position,
    /// There was more than the limit allowed.
    pub more: bool,
}

/// What the rate limiter remembers of one user and one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimiterState {
    /// Whose.
    pub user: UserId,
    /// Which rule.
    pub rule: String,
    /// The theoretical arrival time of GCRA, in microseconds since the Unix epoch.
    pub tat_us: i64,
}

/// Whether a store works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Good,
    /// One of its threads has been busy with the same step for too long.
    Stalled,
    /// A write or sync failed. The process should end, and not acknowledge anything before it does.
    Failed {
        /// What failed.
        reason: String,
    },
}
