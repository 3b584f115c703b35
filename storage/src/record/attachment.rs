//! Files that were uploaded, as they are stored.

use serde::{Deserialize, Serialize};

use crate::{
    attachments::{Doomed, Usage},
    codec::Record,
    domain::attachment::{Attached, Attachment, ImageSize},
    ids::{AttachmentId, ConversationId, MessageId, Timestamp, UserId},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageSizeV1 {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl From<ImageSize> for ImageSizeV1 {
    fn from(ImageSize { width, height }: ImageSize) -> Self {
        Self { width, height }
    }
}

impl From<ImageSizeV1> for ImageSize {
    fn from(ImageSizeV1 { width, height }: ImageSizeV1) -> Self {
        Self { width, height }
    }
}

record!(AttachmentV1, 128, 1);
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttachmentV1 {
    pub(crate) owner: UserId,
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: u64,
    pub(crate) digest: [u8; 32],
    pub(crate) image: Option<ImageSizeV1>,
    pub(crate) thumbnail: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) bound: Option<(ConversationId, MessageId)>,
}

impl AttachmentV1 {
    pub(crate) fn into_domain(self, id: AttachmentId) -> Attachment {
        Attachment {
            id,
            owner: self.owner,
            object: self.object,
            name: self.name,
            media_type: self.media_type,
            bytes: self.bytes,
            image: self.image.map(ImageSize::from),
            thumbnail: self.thumbnail,
            created_at: self.created_at,
            bound: self.bound,
        }
    }

    /// Where it lies, and its small copy.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.object).chain(&self.thumbnail)
    }
}

/// A file in the record of the message that it was sent with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttachedV1 {
    pub(crate) id: AttachmentId,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: u64,
    pub(crate) image: Option<ImageSizeV1>,
    pub(crate) has_thumbnail: bool,
}

impl From<Attached> for AttachedV1 {
    fn from(attached: Attached) -> Self {
        Self {
            id: attached.id,
            name: attached.name,
            media_type: attached.media_type,
            bytes: attached.bytes,
            image: attached.image.map(ImageSizeV1::from),
            has_thumbnail: attached.has_thumbnail,
        }
    }
}

impl From<AttachedV1> for Attached {
    fn from(attached: AttachedV1) -> Self {
        Self {
            id: attached.id,
            name: attached.name,
            media_type: attached.media_type,
            bytes: attached.bytes,
            image: attached.image.map(ImageSize::from),
            has_thumbnail: attached.has_thumbnail,
        }
    }
}

record!(AttachmentOfV1, 129, 1);
/// Finds a file from the side of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttachmentOfV1 {
    /// A message was sent with it.
    pub(crate) bound: bool,
}

record!(UsageV1, 130, 1);
/// What somebody's files take up: the sum over all of theirs, so that an upload doesn't have to look at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsageV1 {
    pub(crate) n_files: u64,
    pub(crate) bytes: u64,
}

impl UsageV1 {
    pub(crate) fn to_domain(self) -> Usage {
        let Self { n_files, bytes } = self;
        Usage { n_files, bytes }
    }
}

record!(UnsentV1, 131, 1);
/// Stands beside a file that no message was sent with, to find it when it is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnsentV1;

record!(DoomedV1, 132, 1);
/// What is left of a file until it was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoomedV1 {
    pub(crate) object: String,
    pub(crate) thumbnail: Option<String>,
}

impl DoomedV1 {
    pub(crate) fn into_domain(self, id: AttachmentId) -> Doomed {
        let objects = std::iter::once(self.object).chain(self.thumbnail).collect();
        Doomed { id, objects }
    }
}

record!(ObjectV1, 133, 1);
/// Finds a file by where it, or its small copy, lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectV1 {
    pub(crate) attachment: AttachmentId,
}
