//! What can be asked about how the caller is notified.

use std::sync::Arc;

use parlour_storage::{
    domain::{
        notification::{DoNotDisturb, Notification, NotificationId},
        push::{PushSubscription, PushTarget},
    },
    ids::{ConversationId, PushTargetId, Timestamp},
};

use super::Card;

/// A request that changes how the caller is notified. Answered by [`Reply::Done`](super::Reply::Done), where it says nothing
/// else.
#[derive(Clone, Debug)]
pub enum NoticeCommand {
    /// Marks notifications as read.
    Read {
        /// Up to this one. `None`: all there are.
        through: Option<NotificationId>,
    },
    /// Wants no notifications of a conversation, or wants them again.
    Mute {
        /// Of which.
        conversation: ConversationId,
        /// Until when; [`Timestamp::MAX`]: for good. `None`: they are wanted again.
        until: Option<Timestamp>,
    },
    /// Chooses when the caller's devices are left alone.
    DoNotDisturb(DoNotDisturb),
    /// Adds a device that the caller wants to be reached on. Answered by [`NoticeReply::PushTarget`].
    AddPushTarget(PushTarget),
    /// Gives up a device of the caller's.
    DropPushTarget(PushTargetId),
}

/// A request that reads what the caller is notified of, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeQuestion {
    /// Notifications, newest first. [`NoticeReply::Notifications`].
    List {
        /// Only those before this one.
        before: Option<NotificationId>,
        /// At most so many; 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
        limit: usize,
    },
    /// How many are unread. [`NoticeReply::Unread`].
    Unread,
    /// When the caller's devices are left alone. [`NoticeReply::DoNotDisturb`].
    DoNotDisturb,
    /// What browsers subscribe with. [`NoticeReply::PushKey`].
    PushKey,
    /// The devices that the caller wants to be reached on. [`NoticeReply::PushTargets`].
    PushTargets,
}

/// The answer to a request about notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeReply {
    /// A page of notifications, newest first.
    Notifications {
        /// The page.
        items: Vec<ShownNotification>,
        /// Ask for those before this one to go on; `None` at the end.
        next: Option<NotificationId>,
        /// How many are unread in all.
        unread: u64,
    },
    /// How many are unread.
    Unread(u64),
    /// What the caller chose.
    DoNotDisturb(DoNotDisturb),
    /// The node's public key, in base64url.
    PushKey(String),
    /// The device is known, by this name.
    PushTarget(Box<PushSubscription>),
    /// Devices, oldest first.
    PushTargets(Vec<PushSubscription>),
}

/// A notification as its owner is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownNotification {
    /// The notification.
    pub notification: Notification,
    /// Who caused it, if a person did that may be named.
    pub who: Option<Arc<Card>>,
}
