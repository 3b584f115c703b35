//! Reaching people whose devices are not connected.
//!
//! What it is (push services, an app's own service, a test) the embedder decides. Who is told what, and when it is tried
//! again: the notifier's to say.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use parlour_storage::{
    domain::push::PushTarget,
    ids::{ConversationId, MessageId, UserId},
};

/// Somebody who reaches devices.
#[async_trait]
pub trait Pusher: Send + Sync + fmt::Debug {
    /// Tells one device something. Dropped when it takes too long.
    ///
    /// # Errors
    ///
    /// The device wasn't told; the error says what becomes of that.
    async fn push(&self, push: PushNote) -> Result<(), PushFailed>;

    /// Looks at a device before it is kept.
    ///
    /// # Errors
    ///
    /// It can't be reached from here; what its owner is told.
    fn check(&self, target: &PushTarget) -> Result<(), String> {
        let _any = target;
        Ok(())
    }

    /// The public key that browsers subscribe with, in base64url. `None`: none are reached.
    fn key(&self) -> Option<&str> {
        None
    }

    /// Whether the operator's own service is told everything too ([`PushTarget::Webhook`]).
    fn has_webhook(&self) -> bool {
        false
    }
}

/// What a device is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushNote {
    /// Whose device it is.
    pub user: UserId,
    /// Where it is reached.
    pub target: PushTarget,
    /// How many notifications they haven't read, this one too.
    pub badge: u64,
    /// A later one about the same conversation takes the place of an earlier one.
    pub collapse: Option<ConversationId>,
    /// Words to show. `None`: the device is told that there is something, and asks the node what.
    pub content: Option<PushContent>,
    /// For the app.
    pub data: PushData,
}

/// Words to show.
#[derive(Clone, PartialEq, Eq)]
pub struct PushContent {
    /// Whom it is from, by the name to show.
    pub title: String,
    /// What it says.
    pub body: String,
}

/// What somebody wrote is never in a log.
impl fmt::Debug for PushContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushContent").finish_non_exhaustive()
    }
}

/// What an app needs to show the right place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushData {
    /// What it is about.
    pub kind: PushKind,
    /// Where.
    pub conversation: Option<ConversationId>,
    /// Which message.
    pub message: Option<MessageId>,
}

/// What a push is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushKind {
    /// A message.
    NewMessage,
    /// A request for first contact.
    MessageRequest,
    /// The receiver's own request was accepted.
    RequestAccepted,
    /// The receiver was matched.
    NewMatch,
    /// A moderator's warning.
    Warning,
    /// Something that the node itself has to say.
    System,
}

impl PushKind {
    /// Its name in `data.type` (CONTRACT S3-25).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewMessage => "NEW_MESSAGE",
            Self::MessageRequest => "MESSAGE_REQUEST",
            Self::RequestAccepted => "REQUEST_ACCEPTED",
            Self::NewMatch => "NEW_MATCH",
            Self::Warning => "WARNING",
            Self::System => "SYSTEM",
        }
    }
}

/// Why a device wasn't told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushFailed {
    /// There is no such device any more: its target is forgotten.
    Gone,
    /// Not now. Tried again, no sooner than after this, if it is said.
    Later(Option<Duration>),
    /// Never; why, for the log. This push is let go of, and the target stays.
    Refused(String),
}

impl fmt::Display for PushFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the device is gone"),
            Self::Later(_) => f.write_str("it can't be reached now"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PushFailed {}
