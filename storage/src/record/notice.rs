//! What people are notified with, as it is stored.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::{
        notification::{DoNotDisturb, Notification, NotificationBody, NotificationId, Quiet},
        push::{PushSubscription, PushTarget},
    },
    ids::{
        ConversationId, MatchId, MessageId, MessageRequestId, Position, PushTargetId, Seq,
        Timestamp, UserId,
    },
};

record!(NotificationV2, 96, 2);
/// Version 1 held texts of any kind, and was never written by a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotificationV2 {
    pub(crate) at: Timestamp,
    /// It was read by itself; others are by the mark.
    pub(crate) read: bool,
    pub(crate) body: NotificationBodyV1,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NotificationBodyV1 {
    Message {
        conversation: ConversationId,
        message: MessageId,
        author: UserId,
    },
    Requested {
        request: MessageRequestId,
        from: UserId,
    },
    RequestAccepted {
        request: MessageRequestId,
        by: UserId,
        conversation: Option<ConversationId>,
    },
    Matched {
        matched: MatchId,
        with: UserId,
        conversation: ConversationId,
    },
    Warned {
        reason: Option<String>,
    },
    System {
        text: String,
    },
}

impl NotificationBodyV1 {
    /// What [`NoticedV1`] finds it by.
    pub(crate) fn about(&self) -> Option<Position> {
        match self {
            Self::Message { conversation, .. } => Some(conversation.position()),
            Self::Requested { request, .. } => Some(request.position()),
            Self::RequestAccepted { .. }
            | Self::Matched { .. }
            | Self::Warned { .. }
            | Self::System { .. } => None,
        }
    }
}

/// The same cases with the same fields.
macro_rules! same_bodies {
    ($($case:ident { $($field:ident),* }),* $(,)?) => {
        impl From<NotificationBody> for NotificationBodyV1 {
            fn from(body: NotificationBody) -> Self {
                match body { $(NotificationBody::$case { $($field),* } => Self::$case { $($field),* }),* }
            }
        }

        impl From<NotificationBodyV1> for NotificationBody {
            fn from(body: NotificationBodyV1) -> Self {
                match body { $(NotificationBodyV1::$case { $($field),* } => Self::$case { $($field),* }),* }
            }
        }
    };
}

same_bodies!(
    Message {
        conversation,
        message,
        author
    },
    Requested { request, from },
    RequestAccepted {
        request,
        by,
        conversation
    },
    Matched {
        matched,
        with,
        conversation
    },
    Warned { reason },
    System { text },
);

impl NotificationV2 {
    /// `marked`: it is read by the mark.
    pub(crate) fn into_domain(self, id: NotificationId, marked: bool) -> Notification {
        Notification {
            id,
            body: self.body.into(),
            at: self.at,
            read: self.read || marked,
        }
    }
}

record!(NotificationsReadV1, 97, 1);
/// Every notification up to here is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotificationsReadV1 {
    pub(crate) through: Position,
}

record!(NoticedV1, 100, 1);
/// Finds the newest notification about a conversation or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoticedV1 {
    pub(crate) notification: Position,
    /// Of a conversation: the newest message that is told of, and its place.
    pub(crate) newest: Option<(MessageId, Seq)>,
}

record!(NotificationAtV1, 101, 1);
/// Finds a notification by its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotificationAtV1 {
    pub(crate) user: UserId,
}

record!(MuteV1, 102, 1);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MuteV1 {
    pub(crate) until: Timestamp,
}

record!(DoNotDisturbV1, 103, 1);
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoNotDisturbV1 {
    pub(crate) quiet: Option<QuietV1>,
    pub(crate) snooze_until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuietV1 {
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) utc_offset: i16,
}

impl From<DoNotDisturb> for DoNotDisturbV1 {
    fn from(choice: DoNotDisturb) -> Self {
        let quiet = choice.quiet.map(|quiet| QuietV1 {
            from: quiet.from,
            to: quiet.to,
            utc_offset: quiet.utc_offset,
        });
        Self {
            quiet,
            snooze_until: choice.snooze_until,
        }
    }
}

impl From<DoNotDisturbV1> for DoNotDisturb {
    fn from(record: DoNotDisturbV1) -> Self {
        let quiet = record.quiet.map(|quiet| Quiet {
            from: quiet.from,
            to: quiet.to,
            utc_offset: quiet.utc_offset,
        });
        Self {
            quiet,
            snooze_until: record.snooze_until,
        }
    }
}

record!(PushTargetV1, 98, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushTargetV1 {
    pub(crate) at: Timestamp,
    pub(crate) device: DeviceV1,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeviceV1 {
    WebPush {
        endpoint: String,
        p256dh: String,
        auth: String,
    },
    Fcm {
        token: String,
    },
    UnifiedPush {
        endpoint: String,
    },
}

impl DeviceV1 {
    /// `None`: it is no device, and not stored.
    pub(crate) fn of(target: &PushTarget) -> Option<Self> {
        match target.clone() {
            PushTarget::WebPush {
                endpoint,
                p256dh,
                auth,
            } => Some(Self::WebPush {
                endpoint,
                p256dh,
                auth,
            }),
            PushTarget::Fcm { token } => Some(Self::Fcm { token }),
            PushTarget::UnifiedPush { endpoint } => Some(Self::UnifiedPush { endpoint }),
            PushTarget::Webhook => None,
        }
    }

    /// See [`PushTarget::address`].
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::WebPush { endpoint, .. } | Self::UnifiedPush { endpoint } => endpoint,
            Self::Fcm { token } => token,
        }
    }
}

impl From<DeviceV1> for PushTarget {
    fn from(device: DeviceV1) -> Self {
        match device {
            DeviceV1::WebPush {
                endpoint,
                p256dh,
                auth,
            } => Self::WebPush {
                endpoint,
                p256dh,
                auth,
            },
            DeviceV1::Fcm { token } => Self::Fcm { token },
            DeviceV1::UnifiedPush { endpoint } => Self::UnifiedPush { endpoint },
        }
    }
}

impl PushTargetV1 {
    pub(crate) fn into_domain(self, id: PushTargetId) -> PushSubscription {
        PushSubscription {
            id,
            target: self.device.into(),
            at: self.at,
        }
    }
}

record!(PushAddressV1, 99, 1);
/// Whose device has an address: a phone that somebody else signs in on is theirs from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushAddressV1 {
    pub(crate) user: UserId,
    pub(crate) target: PushTargetId,
}
