//! What can be asked about how the caller is notified.

use parlour_storage::{
    domain::push::{PushSubscription, PushTarget},
    ids::PushTargetId,
};

/// A request that changes how the caller is notified.
#[derive(Clone, Debug)]
pub enum NoticeCommand {
    /// Adds a device that the caller wants to be reached on. Answered by [`NoticeReply::PushTarget`].
    AddPushTarget(PushTarget),
    /// Gives up a device of the caller's. Answered by [`Reply::Done`](super::Reply::Done).
    DropPushTarget(PushTargetId),
}

/// A request that reads what the caller is notified of, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeQuestion {
    /// What browsers subscribe with. [`NoticeReply::PushKey`].
    PushKey,
    /// The devices that the caller wants to be reached on. [`NoticeReply::PushTargets`].
    PushTargets,
}

/// The answer to a request about notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeReply {
    /// The node's public key, in base64url.
    PushKey(String),
    /// The device is known, by this name.
    PushTarget(Box<PushSubscription>),
    /// Devices, oldest first.
    PushTargets(Vec<PushSubscription>),
}
