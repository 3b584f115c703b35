//! What people are notified with, as it is stored.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::push::{PushSubscription, PushTarget},
    ids::{PushTargetId, Timestamp, UserId},
};

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
