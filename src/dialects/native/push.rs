//! Devices that are to be reached by push, as the native protocol takes them.

use parlour_actors::command::{Command, NoticeCommand, NoticeQuestion, Question};
use parlour_storage::{domain::push::PushTarget, ids::PushTargetId};
use serde::Deserialize;

use super::scalar::Id;

/// A device that is to be reached. What a browser's `PushSubscription` says of itself fits in beside `kind`.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum AddPushTarget {
    /// A browser.
    WebPush {
        /// The address at its push service.
        endpoint: String,
        /// What is encrypted with.
        keys: BrowserKeys,
    },
    /// An app, by Firebase.
    Fcm {
        /// Its registration token.
        token: String,
    },
    /// An app, by UnifiedPush.
    UnifiedPush {
        /// The address that its distributor gave it.
        endpoint: String,
    },
}

/// What is encrypted with, in base64url.
#[derive(Debug, Deserialize)]
pub struct BrowserKeys {
    p256dh: String,
    auth: String,
}

impl From<AddPushTarget> for Command {
    fn from(target: AddPushTarget) -> Self {
        let target = match target {
            AddPushTarget::WebPush {
                endpoint,
                keys: BrowserKeys { p256dh, auth },
            } => PushTarget::WebPush {
                endpoint,
                p256dh,
                auth,
            },
            AddPushTarget::Fcm { token } => PushTarget::Fcm { token },
            AddPushTarget::UnifiedPush { endpoint } => PushTarget::UnifiedPush { endpoint },
        };
        Self::Notice(NoticeCommand::AddPushTarget(target))
    }
}

/// Names a device.
#[derive(Debug, Deserialize)]
pub struct OfPushTarget {
    target: Id<PushTargetId>,
}

impl OfPushTarget {
    /// Gives it up.
    pub fn give_up(self) -> Command {
        Command::Notice(NoticeCommand::DropPushTarget(self.target.0))
    }
}

/// Asks for the caller's devices.
pub fn push_targets() -> Question {
    Question::Notice(NoticeQuestion::PushTargets)
}

/// Asks what browsers subscribe with.
pub fn push_key() -> Question {
    Question::Notice(NoticeQuestion::PushKey)
}
