//! Messages that are to be sent later, and templates that people keep for their messages.
//!
//! Both are one person's alone until something is sent: nobody else is told that they are there.

use crate::{
    domain::{attachment::Attached, message::Content},
    ids::{
        AttachmentId, ConversationId, IdempotencyKey, ScheduledId, TemplateId, Timestamp, UserId,
    },
};

/// Most messages that one person has scheduled at once, those that failed included.
pub const SCHEDULED_MAX: usize = 100;

/// How far ahead a message can be scheduled, in milliseconds: a year, and the day that some have more.
pub const SCHEDULE_AHEAD_MAX_MS: i64 = 366 * 24 * 3_600_000;

/// Most templates of one person.
pub const TEMPLATES_MAX: usize = 100;

/// A message that is to be sent later, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Which.
    pub id: ScheduledId,
    /// Who wrote it.
    pub author: UserId,
    /// Where it goes.
    pub to: Destination,
    /// What it says. It is reviewed when it is sent, like any other.
    pub content: Content,
    /// The files that go with it. Nothing else can be sent with them meanwhile, and they don't grow too old.
    pub attachments: Vec<Attached>,
    /// When it is sent.
    pub at: Timestamp,
    /// What the author's client called the request.
    pub key: Option<IdempotencyKey>,
    /// When it was scheduled.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
    /// Grows with each change: who sends it says which state they saw.
    pub revision: u32,
    /// Why it was not sent. `None`: it waits.
    pub failed: Option<SendFailed>,
}

impl Scheduled {
    /// The key that the message is sent with: by it, whoever asks for what was scheduled learns that it was sent, and
    /// the author's clients know the message for what it is.
    pub fn message_key(id: ScheduledId) -> Option<IdempotencyKey> {
        IdempotencyKey::new(&format!("scheduled-{id}")).ok()
    }
}

/// Where a scheduled message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a conversation.
    Conversation(ConversationId),
    /// To a person: their direct conversation with the author, opened when it is sent if there is none.
    User(UserId),
}

/// Why a scheduled message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFailed {
    /// When that became clear.
    pub at: Timestamp,
    /// The number of the refusal, stable.
    pub code: u16,
    /// The refusal, for a person.
    pub reason: String,
}

/// A message to be scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledDraft {
    /// Where it goes.
    pub to: Destination,
    /// What it says.
    pub content: Content,
    /// Files of the author's that were sent with nothing yet.
    pub attachments: Vec<AttachmentId>,
    /// When it is sent.
    pub at: Timestamp,
    /// Makes a retry find the first one, for as long as that is there.
    pub key: Option<IdempotencyKey>,
}

/// A text that somebody keeps to write it again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Which.
    pub id: TemplateId,
    /// What its owner calls it. No other template of theirs is called so.
    pub name: String,
    /// The text.
    pub text: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
}

/// A change of what somebody keeps for later. Everything in it is the transaction's own user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Schedules a message. At most [`SCHEDULED_MAX`], later than now, and at most [`SCHEDULE_AHEAD_MAX_MS`] ahead.
    Schedule(ScheduledDraft),
    /// Changes one that wasn't sent yet. One that failed waits again, and needs a new time for it.
    Reschedule {
        /// Which.
        scheduled: ScheduledId,
        /// The new text.
        text: Option<String>,
        /// The new time.
        at: Option<Timestamp>,
    },
    /// Takes one back that wasn't sent, whether it waits or failed.
    Cancel {
        /// Which.
        scheduled: ScheduledId,
    },
    /// Notes that one can't be sent, if nobody changed it meanwhile.
    Fail {
        /// Which.
        scheduled: ScheduledId,
        /// The state that was to be sent.
        revision: u32,
        /// The number of the refusal.
        code: u16,
        /// The refusal, for a person.
        reason: String,
    },
    /// Makes a template. The same name with the same text again is the first one.
    AddTemplate {
        /// What it is called.
        name: String,
        /// The text.
        text: String,
    },
    /// Changes a template.
    ChangeTemplate {
        /// Which.
        template: TemplateId,
        /// Its new name.
        name: Option<String>,
        /// Its new text.
        text: Option<String>,
    },
    /// Takes a template away.
    DropTemplate {
        /// Which.
        template: TemplateId,
    },
}

/// What somebody keeps for later, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A message to be sent.
    Scheduled(Box<Scheduled>),
    /// A text to be used again.
    Template(Box<Template>),
}
