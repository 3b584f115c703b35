//! What can be asked about what people keep for later: scheduled messages, and templates.

use parlour_storage::{
    domain::scheduled::{Scheduled, ScheduledDraft, Template},
    ids::{ScheduledId, TemplateId, Timestamp},
};

/// A request that changes what the caller keeps for later.
#[derive(Clone, Debug)]
pub enum LaterCommand {
    /// Has a message sent later. It is looked at now for what can be said of it now, and again when it is sent.
    /// [`LaterReply::Scheduled`].
    Schedule(ScheduledDraft),
    /// Changes one that wasn't sent. [`LaterReply::Scheduled`].
    Reschedule {
        /// Which.
        scheduled: ScheduledId,
        /// The new text.
        text: Option<String>,
        /// The new time.
        at: Option<Timestamp>,
    },
    /// Takes back one that wasn't sent, or dismisses one that failed. Answered by [`Reply::Done`](super::Reply::Done).
    Cancel(ScheduledId),
    /// Makes a template. [`LaterReply::Template`].
    AddTemplate {
        /// What it is called.
        name: String,
        /// The text.
        text: String,
    },
    /// Changes a template. [`LaterReply::Template`].
    ChangeTemplate {
        /// Which.
        template: TemplateId,
        /// Its new name.
        name: Option<String>,
        /// Its new text.
        text: Option<String>,
    },
    /// Takes a template away. Answered by [`Reply::Done`](super::Reply::Done).
    DropTemplate(TemplateId),
}

/// A request that reads what the caller keeps for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterQuestion {
    /// What waits to be sent and what failed, the next one first. [`LaterReply::AllScheduled`].
    AllScheduled,
    /// One of these. [`LaterReply::Scheduled`].
    Scheduled(ScheduledId),
    /// Templates, in the order of their names. [`LaterReply::Templates`].
    Templates,
}

/// The answer to a request about what the caller keeps for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaterReply {
    /// A message to be sent later.
    Scheduled(Box<Scheduled>),
    /// All of them.
    AllScheduled(Vec<Scheduled>),
    /// A template.
    Template(Box<Template>),
    /// All of them.
    Templates(Vec<Template>),
}
