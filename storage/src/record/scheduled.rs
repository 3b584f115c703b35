//! What people keep for later, as it is stored.

use serde::{Deserialize, Serialize};

use crate::{
    codec::Record,
    domain::{
        attachment::Attached,
        message::Content,
        scheduled::{Destination, Scheduled, SendFailed, Template},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, ScheduledId, TemplateId, Timestamp, UserId},
    record::{AttachedV1, MessageKindV1},
};

record!(ScheduledV1, 136, 1, LARGE: true);
/// Who wrote it is in the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScheduledV1 {
    pub(crate) to: DestinationV1,
    pub(crate) kind: MessageKindV1,
    pub(crate) text: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) metadata: Option<String>,
    pub(crate) attachments: Vec<AttachedV1>,
    pub(crate) at: Timestamp,
    pub(crate) key: Option<IdempotencyKey>,
    /// Of the request that scheduled it.
    pub(crate) fingerprint: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) edited_at: Option<Timestamp>,
    pub(crate) revision: u32,
    pub(crate) failed: Option<SendFailedV1>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DestinationV1 {
    Conversation(ConversationId),
    User(UserId),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SendFailedV1 {
    pub(crate) at: Timestamp,
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl ScheduledV1 {
    pub(crate) fn into_domain(self, author: UserId, id: ScheduledId) -> Scheduled {
        Scheduled {
            id,
            author,
            to: match self.to {
                DestinationV1::Conversation(conversation) => {
                    Destination::Conversation(conversation)
                }
                DestinationV1::User(user) => Destination::User(user),
            },
            content: Content {
                kind: self.kind.into(),
                text: self.text,
                reply_to: self.reply_to,
                metadata: self.metadata,
            },
            attachments: self.attachments.into_iter().map(Attached::from).collect(),
            at: self.at,
            key: self.key,
            created_at: self.created_at,
            edited_at: self.edited_at,
            revision: self.revision,
            failed: self.failed.map(|failed| SendFailed {
                at: failed.at,
                code: failed.code,
                reason: failed.reason,
            }),
        }
    }
}

impl From<Destination> for DestinationV1 {
    fn from(to: Destination) -> Self {
        match to {
            Destination::Conversation(conversation) => Self::Conversation(conversation),
            Destination::User(user) => Self::User(user),
        }
    }
}

record!(DueV1, 137, 1);
/// Stands for each message that waits, in the order they are due in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DueV1 {
    pub(crate) author: UserId,
}

record!(HeldV1, 138, 1);
/// Stands beside a file that a scheduled message of its owner's names, where one that nothing names is
/// [`UnsentV1`](super::UnsentV1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldV1 {
    pub(crate) scheduled: ScheduledId,
}

record!(TemplateV1, 139, 1, LARGE: true);
/// Whose it is is in the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateV1 {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) created_at: Timestamp,
    pub(crate) edited_at: Option<Timestamp>,
}

impl TemplateV1 {
    pub(crate) fn into_domain(self, id: TemplateId) -> Template {
        Template {
            id,
            name: self.name,
            text: self.text,
            created_at: self.created_at,
            edited_at: self.edited_at,
        }
    }
}
