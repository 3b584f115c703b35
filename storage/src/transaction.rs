//! What is written: a transaction, what comes of it, and why one is refused.

use crate::{
    domain::{
        attachment::{Attachment, AttachmentDraft},
        change::Change,
        contact::{ContactRules, MessageRequest, Notice},
        conversation::MemberRole,
        message::Content,
        notification::{DoNotDisturb, NotificationDraft, NotificationId},
        push::{PushSubscription, PushTarget},
        safety::{AuditDraft, FlagDraft, Preferences, ReportDraft, ReportStatus, Sanction},
        scheduled::{Keep, Kept},
        user::{NodeRole, Plan},
    },
    ids::{
        AttachmentId, ConversationId, IdempotencyKey, MatchId, MessageId, MessageRequestId,
        PushTargetId, ReportId, ScheduledId, Seq, Timestamp, UserId,
    },
    personal::Erase,
    store::{EventDraft, LimiterState},
};

/// A unit of writing: all of it happens, or nothing. If it changes nothing ([`Outcome::Unchanged`],
/// [`Outcome::Repeated`]), only its limiter states are kept: nobody is told of what did not happen, no flag is set and
/// no line written.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// When, by the caller's clock. Positions follow it, but never go back with it.
    pub at: Timestamp,
    /// Who does it.
    pub by: UserId,
    /// What they do.
    pub write: Write,
    /// What the rate limiter has to remember of it. Replaces what is stored for the same user and rule.
    pub limits: Vec<LimiterState>,
    /// What is told to those who follow the node, beside what comes of the write.
    pub events: Vec<EventDraft>,
    /// Notifications for people.
    pub notifications: Vec<NotificationDraft>,
    /// Whether the two people concerned may have to do with each other.
    pub contact: ContactRules,
    /// The text of a message as its author sent it, if what is written differs: a retry is known by it.
    pub original: Option<String>,
    /// Marks the message that is sent or edited for review.
    pub flag: Option<FlagDraft>,
    /// A line for the audit log.
    pub audit: Option<AuditDraft>,
}

impl Transaction {
    /// A transaction with nothing beside its write.
    pub fn new(at: Timestamp, by: UserId, write: Write) -> Self {
        Self {
            at,
            by,
            write,
            limits: Vec::new(),
            events: Vec::new(),
            notifications: Vec::new(),
            contact: ContactRules::default(),
            original: None,
            flag: None,
            audit: None,
        }
    }
}

/// What a transaction does.
#[derive(Clone, Debug)]
pub enum Write {
    /// Keeps what the user's token says of them. [`Outcome::Unchanged`] if nothing is new.
    SaveUser(Profile),
    /// Keeps when the user was last connected (the transaction's time). Unknown users: `Unchanged`.
    SeeUser,
    /// Opens the direct conversation with someone, or finds it ([`Outcome::Repeated`]). Not with oneself ([`Rejection::Invalid`]).
    OpenDirect {
        /// With whom.
        with: UserId,
    },
    /// Opens a group. The user becomes its owner and needn't be among `members`; doubles count once.
    OpenGroup {
        /// What it is called.
        name: Option<String>,
        /// Who else is in it.
        members: Vec<UserId>,
        /// Makes a retry find the first one ([`Outcome::Repeated`]).
        key: Option<IdempotencyKey>,
    },
    /// Sends a message. `reply_to` must be a message of the same conversation.
    Send {
        /// Where.
        conversation: ConversationId,
        /// What.
        content: Content,
        /// The files sent with it, at most [`ATTACHMENTS_MAX`](crate::domain::attachment::ATTACHMENTS_MAX), each once:
        /// the sender's own ([`Rejection::NoAttachment`]), and sent with no other message ([`Rejection::AttachmentSent`]).
        attachments: Vec<AttachmentId>,
        /// Makes a retry find the first one ([`Outcome::Repeated`]), for as long as that message exists.
        key: Option<IdempotencyKey>,
    },
    /// Replaces the text of one's own message and keeps the old one as a [`Revision`](crate::domain::message::Revision). The same text
    /// again is [`Outcome::Unchanged`].
    Edit {
        /// Which.
        message: MessageId,
        /// The new text.
        text: String,
    },
    /// Deletes one's own message (in groups also admins and owners: anyone's) softly: readers get an
    /// empty tombstone in its place, without reactions and revisions; what was written stays stored
    /// until retention purges it. Again: `Unchanged`.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Gives or takes back a reaction. Already so: `Unchanged`.
    React {
        /// To which message.
        message: MessageId,
        /// Which reaction.
        emoji: String,
        /// Give (`true`) or take back.
        on: bool,
    },
    /// Moves the user's read cursor (and the delivered one, if it lags) forward to `seq`, or to the newest
    /// message if `seq` is beyond it. Not ahead of the cursor: `Unchanged`.
    Read {
        /// In which conversation.
        conversation: ConversationId,
        /// The last message read.
        seq: Seq,
    },
    /// Moves the user's delivered cursor forward, likewise.
    Deliver {
        /// In which conversation.
        conversation: ConversationId,
        /// The last message that arrived.
        seq: Seq,
    },
    /// Adds people to a group (admins and owners only). All in it already: `Unchanged`. Newcomers start
    /// with both cursors at the newest message: what was said before is theirs to read, but not unread.
    Add {
        /// To which group.
        conversation: ConversationId,
        /// Whom.
        users: Vec<UserId>,
    },
    /// Removes someone from a group: oneself (leave), or someone of a lower role (admins and owners). When
    /// the last owner leaves, the longest-standing admin, else member, becomes owner, in the same transaction.
    Remove {
        /// From which group.
        conversation: ConversationId,
        /// Whom.
        user: UserId,
    },
    /// Gives a member of a group another role (owners only). A group keeps at least one owner ([`Rejection::Invalid`]).
    SetRole {
        /// In which group.
        conversation: ConversationId,
        /// Whose.
        user: UserId,
        /// What they become.
        role: MemberRole,
    },
    /// Renames a group (admins and owners only).
    Rename {
        /// Which.
        conversation: ConversationId,
        /// Its new name.
        name: Option<String>,
    },
    /// Keeps someone away. Again: the new reason replaces the old one; the same reason: `Unchanged`.
    Block {
        /// Whom.
        user: UserId,
        /// Why.
        reason: Option<String>,
    },
    /// Lets someone near again. Not blocked: `Unchanged`.
    Unblock {
        /// Whom.
        user: UserId,
    },
    /// Marks the user's notifications up to and including one as read. All read already: `Unchanged`.
    ReadNotifications {
        /// The newest one read.
        through: NotificationId,
    },
    /// Asks somebody for a first contact. Not while a request of the two is pending, nor again to one who declined
    /// ([`Rejection::Asked`]), and not if they are matched ([`Rejection::Matched`]). [`Outcome::Met`] with
    /// [`Notice::Requested`].
    Ask {
        /// Whom.
        user: UserId,
        /// What is written to them.
        text: String,
        /// What they see of it until they accept, if not all.
        masked: Option<String>,
        /// Makes a retry find the first one ([`Outcome::Asked`]).
        key: Option<IdempotencyKey>,
    },
    /// Accepts or declines a request made to the user. Accepted: the two are matched, their conversation is opened
    /// if there is none, and the text becomes a message of who asked.
    Answer {
        /// Which.
        request: MessageRequestId,
        /// Accept, or decline.
        accept: bool,
    },
    /// Takes back a request of the user's own that is pending, or looks so to them.
    Withdraw {
        /// Which.
        request: MessageRequestId,
    },
    /// Likes somebody, or no longer does. Who is liked back, or was asked by them, is matched with them. Already so: `Unchanged`.
    Like {
        /// Whom.
        user: UserId,
        /// Like, or take it back.
        on: bool,
    },
    /// Ends a match of the user's, archives its conversation and hides the two from each other.
    Unmatch {
        /// Which.
        matched: MatchId,
    },
    /// Reports somebody else. What it is about has to be of a conversation that the user is in. [`Outcome::Filed`].
    Report(ReportDraft),
    /// Moves a report on, for moderators. Already so, with the same note: `Unchanged`.
    ReviewReport {
        /// Which.
        report: ReportId,
        /// How far it is now.
        status: ReportStatus,
        /// For other moderators. `None`: the old one stays.
        note: Option<String>,
    },
    /// Moves a flag on, for moderators. Already so: `Unchanged`.
    ReviewFlag {
        /// Of which message.
        message: MessageId,
        /// How far it is now.
        status: ReportStatus,
    },
    /// Decides about a person, for moderators. Already so: `Unchanged`; a warning counts each time. Who is banned can't
    /// be suspended, but reinstated. What ends has to end later than now.
    Sanction {
        /// About whom.
        user: UserId,
        /// What.
        sanction: Sanction,
    },
    /// Deletes anybody's message, wherever it is, for moderators. Deleted already: `Unchanged`.
    Takedown {
        /// Which.
        message: MessageId,
    },
    /// Keeps what a person chose for themselves. Already so: `Unchanged`.
    Prefer(Preferences),
    /// Makes a file known that was uploaded. [`Outcome::Uploaded`], or [`Rejection::QuotaFull`].
    Upload(AttachmentDraft),
    /// Gives up a file of the user's own that no message was sent with ([`Rejection::AttachmentSent`]). What is in it
    /// goes soon after.
    DropAttachment {
        /// Which.
        attachment: AttachmentId,
    },
    /// Changes what the user keeps for later. [`Outcome::Kept`], or `Done` for what is taken away.
    Keep(Keep),
    /// Sends a message that the user scheduled, in the state that was seen, and takes it from what waits: all of it, or
    /// nothing. As [`Send`](Self::Send) otherwise; [`Rejection::NoScheduled`] or [`Rejection::ScheduledSent`] if it was
    /// changed, taken back or sent meanwhile.
    SendDue {
        /// Which.
        scheduled: ScheduledId,
        /// The state that was seen.
        revision: u32,
        /// Where.
        conversation: ConversationId,
        /// What.
        content: Content,
        /// The files that it was scheduled with.
        attachments: Vec<AttachmentId>,
    },
    /// Wants no notifications of a conversation until a time, [`Timestamp::MAX`] for good, or wants them again. Already so:
    /// `Unchanged`.
    Mute {
        /// Of which.
        conversation: ConversationId,
        /// Until when. `None`, or over already: they are wanted again.
        until: Option<Timestamp>,
    },
    /// Keeps when the user's devices are to be left alone. Already so: `Unchanged`.
    DoNotDisturb(DoNotDisturb),
    /// Adds a device that the user wants to be reached on. [`Outcome::PushTarget`]; the same address again replaces what
    /// is known of it, and whose it was before is reached there no more. At most
    /// [`PUSH_TARGETS_MAX`](crate::domain::push::PUSH_TARGETS_MAX) ([`Rejection::PushTargetsFull`]).
    AddPushTarget(PushTarget),
    /// Gives up a device of the user's.
    DropPushTarget {
        /// Which.
        target: PushTargetId,
    },
    /// Takes something of the user's away for good.
    Erase(Erase),
    /// Nothing but what the transaction carries beside it: limits, events, a line for the audit log. [`Outcome::Done`].
    Note,
}

/// What a token says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// What they may do on the node.
    pub role: NodeRole,
    /// What they pay for.
    pub plan: Plan,
}

/// What came of a transaction that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something changed in a conversation. Never empty, in the order of positions.
    Changed(Vec<Change>),
    /// It had been done before; this is what was done then (a message: as it stands now,
    /// without its reactions).
    Repeated(Box<Change>),
    /// Two people learn something of each other. What changes in their conversation by it, if anything, comes with
    /// it, in the order of positions; of a message that was sent, its own change is the last.
    Met {
        /// What they learn.
        notices: Vec<Notice>,
        /// What changed.
        changes: Vec<Change>,
    },
    /// The request for a first contact had been made before; this is how it stands now.
    Asked(Box<MessageRequest>),
    /// The report has a number.
    Filed(ReportId),
    /// The file is known, by this name.
    Uploaded(Box<Attachment>),
    /// What the user keeps for later, as it stands now.
    Kept {
        /// What.
        kept: Kept,
        /// It was otherwise before, or not there.
        changed: bool,
    },
    /// The device is known, by this name.
    PushTarget(Box<PushSubscription>),
    /// It concerned no conversation, and is done.
    Done,
    /// There was nothing to do.
    Unchanged,
}

/// Why a transaction was refused. Nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// There is no such conversation.
    NoConversation,
    /// There is no such message (for a reply: in this conversation).
    NoMessage,
    /// The user isn't in the conversation.
    NotMember,
    /// The person named isn't in the group.
    NoSuchMember,
    /// It is for the author of the message alone.
    NotAuthor,
    /// It takes a higher role in the group.
    NotAllowed,
    /// It is for groups, and this conversation is direct.
    NotGroup,
    /// The message was deleted.
    Deleted,
    /// The group would have more than [`GROUP_MEMBERS_MAX`](crate::domain::conversation::GROUP_MEMBERS_MAX) members.
    GroupFull,
    /// The key was used before for something else.
    KeyReused,
    /// One of the two blocks the other: nothing brings them together.
    Blocked,
    /// They have to ask this person first.
    AskFirst,
    /// They have to be matched with this person first.
    NotMatched,
    /// There is a request between the two already.
    Asked,
    /// The two are matched already.
    Matched,
    /// There is no such request, or it is none of theirs.
    NoRequest,
    /// The request was answered, withdrawn, or is too old.
    NotPending,
    /// There is no such match, or it is none of theirs.
    NoMatch,
    /// There is no such report or flag.
    NoReport,
    /// There is no such file, or it is none of theirs.
    NoAttachment,
    /// A message was sent with this file already.
    AttachmentSent,
    /// All files of the user would have more bytes than they may.
    QuotaFull,
    /// A scheduled message has this file.
    AttachmentHeld,
    /// There is no such scheduled message, it is none of theirs, or it was changed meanwhile.
    NoScheduled,
    /// The scheduled message was sent.
    ScheduledSent,
    /// They keep as many of these as one may.
    ListFull,
    /// There is no such template, or it is none of theirs.
    NoTemplate,
    /// Another template of theirs is called so.
    TemplateExists,
    /// There is no such push target, or it is none of theirs.
    NoPushTarget,
    /// The user has as many push targets as anybody may.
    PushTargetsFull,
    /// A record that it needs can't be read. The log names it; `parlour verify` tells more.
    Damaged,
    /// It makes no sense: a conversation or block with oneself, a group without owner, text without end.
    Invalid(&'static str),
}
