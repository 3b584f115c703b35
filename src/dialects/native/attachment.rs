//! Files, as the native protocol tells and takes them. Their bytes go over HTTP alone.

use parlour_actors::command::{
    AttachmentCommand, AttachmentQuestion, AttachmentReply, Command, Question,
};
use parlour_storage::{
    domain::attachment::{Attached, Attachment},
    ids::{AttachmentId, ConversationId, MessageId},
};
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    scalar::Id,
    wire::{Text, Time},
};

/// Names a file.
#[derive(Debug, Deserialize)]
pub struct OfAttachment {
    /// Which.
    pub attachment: Id<AttachmentId>,
}

impl OfAttachment {
    /// Asks what is known of it.
    pub fn into_question(self) -> Question {
        Question::Attachment(AttachmentQuestion::One(self.attachment.0))
    }

    /// Gives it up.
    pub fn give_up(self) -> Command {
        Command::Attachment(AttachmentCommand::Drop(self.attachment.0))
    }
}

/// A file in a message, and wherever else it is told of.
#[derive(Serialize)]
pub(super) struct WireAttached<'a> {
    id: Text<AttachmentId>,
    name: &'a str,
    media_type: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thumbnail: bool,
}

pub(super) fn attached(file: &Attached) -> WireAttached<'_> {
    WireAttached {
        id: Text(file.id),
        name: &file.name,
        media_type: &file.media_type,
        bytes: file.bytes,
        width: file.image.map(|size| size.width),
        height: file.image.map(|size| size.height),
        thumbnail: file.has_thumbnail,
    }
}

/// A file by itself.
#[derive(Serialize)]
pub(super) struct WireAttachment<'a> {
    #[serde(flatten)]
    file: WireAttached<'a>,
    owner: &'a str,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<MessageId>>,
}

pub(super) fn attachment(file: &Attachment) -> WireAttachment<'_> {
    WireAttachment {
        file: WireAttached {
            id: Text(file.id),
            name: &file.name,
            media_type: &file.media_type,
            bytes: file.bytes,
            width: file.image.map(|size| size.width),
            height: file.image.map(|size| size.height),
            thumbnail: file.thumbnail.is_some(),
        },
        owner: file.owner.as_str(),
        created_at: Time(file.created_at),
        conversation: file.bound.map(|(conversation, _)| Text(conversation)),
        message: file.bound.map(|(_, message)| Text(message)),
    }
}

pub(super) fn answer<M: SerializeMap>(
    map: &mut M,
    reply: &AttachmentReply,
) -> Result<(), M::Error> {
    match reply {
        AttachmentReply::Uploaded(file) | AttachmentReply::Attachment(file) => {
            map.serialize_entry("attachment", &attachment(file))
        }
        AttachmentReply::Usage { usage, quota } => {
            map.serialize_entry("files", &usage.n_files)?;
            map.serialize_entry("bytes", &usage.bytes)?;
            if let Some(quota) = quota {
                map.serialize_entry("quota", quota)?;
            }
            Ok(())
        }
    }
}
