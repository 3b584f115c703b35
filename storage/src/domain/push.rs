//! Where a person's devices are reached while none of them is connected.
//!
//! How each of these is spoken to is not said here: the store keeps addresses, and the embedder knows the protocols.

use crate::ids::{PushTargetId, Timestamp};

/// Most push targets of a person.
pub const PUSH_TARGETS_MAX: usize = 20;
/// Longest address of a push target, in bytes: an endpoint, a token.
pub const PUSH_ADDRESS_BYTES_MAX: usize = 2048;
/// Longest key of a push target, in bytes.
pub const PUSH_KEY_BYTES_MAX: usize = 255;

/// Where a device is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PushTarget {
    /// A browser, by Web Push (RFC 8030), as `PushSubscription.toJSON()` tells it.
    WebPush {
        /// The address at the browser's push service. Whoever knows it can send to it.
        endpoint: String,
        /// The browser's public key, in base64url.
        p256dh: String,
        /// What the browser shares with who sends, in base64url.
        auth: String,
    },
    /// An app, by Firebase Cloud Messaging.
    Fcm {
        /// Its registration token.
        token: String,
    },
    /// An app, by UnifiedPush or ntfy.
    UnifiedPush {
        /// The address that its distributor gave it.
        endpoint: String,
    },
    /// The operator's own service, which reaches everybody. Never stored.
    Webhook,
}

impl PushTarget {
    /// What nobody else's target has: the same device has the same one. `None` for what is no device.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::WebPush { endpoint, .. } | Self::UnifiedPush { endpoint } => Some(endpoint),
            Self::Fcm { token } => Some(token),
            Self::Webhook => None,
        }
    }

    /// What its kind is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WebPush { .. } => "webpush",
            Self::Fcm { .. } => "fcm",
            Self::UnifiedPush { .. } => "unifiedpush",
            Self::Webhook => "webhook",
        }
    }
}

/// A device that somebody wants to be reached on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscription {
    /// Which.
    pub id: PushTargetId,
    /// Where it is reached.
    pub target: PushTarget,
    /// When it was added, or last given again.
    pub at: Timestamp,
}
