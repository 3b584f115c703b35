//! The `type` of every frame: what a client can send, and what it is told unasked.
//!
//! Names only; the fields stand in `input` and `wire`. The matches there are over these enums, so the
//! lists are complete, and the specification is tested against them.

use parlour_actors::push::{ContactNews, Push};
use parlour_storage::domain::change::ChangeBody;

macro_rules! frame_types {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "docs/protocol.md describes each")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

frame_types! {
    /// What a client can send.
    RequestType {
        Auth = "auth",
        Ping = "ping",
        OpenDirect = "open_direct",
        OpenGroup = "open_group",
        Send = "send",
        Edit = "edit",
        Delete = "delete",
        React = "react",
        Read = "read",
        Delivered = "delivered",
        Typing = "typing",
        AddMembers = "add_members",
        RemoveMember = "remove_member",
        SetRole = "set_role",
        Rename = "rename",
        Block = "block",
        Unblock = "unblock",
        Me = "me",
        User = "user",
        Conversations = "conversations",
        Conversation = "conversation",
        Members = "members",
        Messages = "messages",
        Message = "message",
        Revisions = "revisions",
        Receipts = "receipts",
        Unread = "unread",
        Blocks = "blocks",
        Presence = "presence",
        Changes = "changes",
        Ask = "ask",
        Accept = "accept",
        Decline = "decline",
        Withdraw = "withdraw",
        Requests = "requests",
        Request = "request",
        Like = "like",
        Unlike = "unlike",
        Likes = "likes",
        Matches = "matches",
        Unmatch = "unmatch",
        Hidden = "hidden",
        Relation = "relation",
        Report = "report",
        Preferences = "preferences",
        Prefer = "prefer",
        Attachment = "attachment",
        DropAttachment = "drop_attachment",
        Usage = "usage",
        Search = "search",
        Schedule = "schedule",
        Reschedule = "reschedule",
        CancelScheduled = "cancel_scheduled",
        AllScheduled = "all_scheduled",
        Scheduled = "scheduled",
        Templates = "templates",
        AddTemplate = "add_template",
        ChangeTemplate = "change_template",
        DropTemplate = "drop_template",
        Notifications = "notifications",
        UnreadNotifications = "unread_notifications",
        ReadNotifications = "read_notifications",
        Mute = "mute",
        Unmute = "unmute",
        DoNotDisturb = "do_not_disturb",
        SetDoNotDisturb = "set_do_not_disturb",
        PushKey = "push_key",
        PushTargets = "push_targets",
        AddPushTarget = "add_push_target",
        DropPushTarget = "drop_push_target",
    }
}

impl RequestType {
    /// By its name on the wire.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

frame_types! {
    /// What a client is told unasked.
    EventType {
        Opened = "opened",
        Message = "message",
        Edited = "edited",
        Deleted = "deleted",
        Reacted = "reacted",
        Read = "read",
        Delivered = "delivered",
        Added = "added",
        Removed = "removed",
        RoleSet = "role_set",
        Renamed = "renamed",
        Archived = "archived",
        Veiled = "veiled",
        Typing = "typing",
        Presence = "presence",
        Online = "online",
        Requested = "requested",
        RequestAnswered = "request_answered",
        Matched = "matched",
        Unmatched = "unmatched",
        Hidden = "hidden",
        Warned = "warned",
        SendFailed = "send_failed",
        Notification = "notification",
    }
}

impl EventType {
    /// That of something told. `None`: the native protocol has no word for it.
    pub fn of(push: &Push) -> Option<Self> {
        Some(match push {
            Push::Change(change, _) => match change.body {
                ChangeBody::Created { .. } => Self::Opened,
                ChangeBody::Sent(_) => Self::Message,
                ChangeBody::Edited(_) => Self::Edited,
                ChangeBody::Deleted(_) => Self::Deleted,
                ChangeBody::Reacted { .. } => Self::Reacted,
                ChangeBody::Read { .. } => Self::Read,
                ChangeBody::Delivered { .. } => Self::Delivered,
                ChangeBody::Added { .. } => Self::Added,
                ChangeBody::Removed { .. } => Self::Removed,
                ChangeBody::RoleSet { .. } => Self::RoleSet,
                ChangeBody::Renamed { .. } => Self::Renamed,
                ChangeBody::Archived { .. } => Self::Archived,
            },
            Push::Veiled(..) => Self::Veiled,
            Push::Typing { .. } => Self::Typing,
            Push::Presence { .. } => Self::Presence,
            Push::Online(_) => Self::Online,
            Push::Joined { .. } => return None,
            Push::Contact(news) => match news {
                ContactNews::Requested(_) => Self::Requested,
                ContactNews::Answered(_) => Self::RequestAnswered,
                ContactNews::Matched(_) => Self::Matched,
                ContactNews::Unmatched(_) => Self::Unmatched,
                ContactNews::Hidden { .. } => Self::Hidden,
            },
            Push::SendFailed(_) => Self::SendFailed,
            Push::Warned { .. } => Self::Warned,
            Push::Notified { .. } => Self::Notification,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_found_by_its_own_name() {
        for &kind in RequestType::ALL {
            assert_eq!(RequestType::find(kind.name()), Some(kind));
        }
        assert_eq!(RequestType::find("fly"), None);
    }
}
