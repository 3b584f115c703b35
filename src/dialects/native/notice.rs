//! Notifications, and what they are sent to, as the native protocol tells and takes them.

use parlour_actors::command::NoticeReply;
use parlour_storage::{domain::push::PushSubscription, ids::PushTargetId};
use serde::{Serialize, ser::SerializeMap};

use super::wire::{Text, Time};

/// A device. Its address is a secret of its own and of who sends to it: nobody needs to be told.
#[derive(Serialize)]
pub(super) struct WirePushTarget {
    id: Text<PushTargetId>,
    kind: &'static str,
    at: Time,
}

pub(super) fn push_target(of: &PushSubscription) -> WirePushTarget {
    WirePushTarget {
        id: Text(of.id),
        kind: of.target.kind(),
        at: Time(of.at),
    }
}

pub(super) fn answer<M: SerializeMap>(map: &mut M, reply: &NoticeReply) -> Result<(), M::Error> {
    match reply {
        NoticeReply::PushKey(key) => map.serialize_entry("key", key),
        NoticeReply::PushTarget(target) => map.serialize_entry("target", &push_target(target)),
        NoticeReply::PushTargets(targets) => {
            let list: Vec<_> = targets.iter().map(push_target).collect();
            map.serialize_entry("targets", &list)
        }
    }
}
