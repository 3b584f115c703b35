//! How many pushes were sent, failed, and met a device that is gone, by the kind of device. For /metrics.

use parlour_actors::{counters::Counter, pusher::PushFailed};
use parlour_storage::domain::push::PushTarget;

use super::answer::NotTaken;

/// Of one kind.
#[derive(Debug, Default)]
pub struct Tally {
    sent: Counter,
    failed: Counter,
    gone: Counter,
}

impl Tally {
    /// Counts what became of a push.
    pub(super) fn count(&self, sent: &Result<(), NotTaken>) {
        match sent.as_ref().map_err(|not| &not.failed) {
            Ok(()) => self.sent.add_one(),
            Err(PushFailed::Gone) => self.gone.add_one(),
            Err(PushFailed::Later(_) | PushFailed::Refused(_)) => self.failed.add_one(),
        }
    }

    /// All three with their names.
    pub fn all(&self) -> [(&'static str, u64); 3] {
        [
            ("push_sent", self.sent.get()),
            ("push_failed", self.failed.get()),
            ("push_gone", self.gone.get()),
        ]
    }
}

/// Of all kinds.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    webpush: Tally,
    fcm: Tally,
    unifiedpush: Tally,
    webhook: Tally,
}

impl Tallies {
    pub(super) fn of(&self, target: &PushTarget) -> &Tally {
        match target {
            PushTarget::WebPush { .. } => &self.webpush,
            PushTarget::Fcm { .. } => &self.fcm,
            PushTarget::UnifiedPush { .. } => &self.unifiedpush,
            PushTarget::Webhook => &self.webhook,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        [
            ("webpush", &self.webpush),
            ("fcm", &self.fcm),
            ("unifiedpush", &self.unifiedpush),
            ("webhook", &self.webhook),
        ]
        .into_iter()
    }
}
