//! Files that people send with messages: what is known of them. What is in them lies outside the store.

use crate::ids::{AttachmentId, ConversationId, MessageId, Timestamp, UserId};

/// A file that somebody uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Which.
    pub id: AttachmentId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Where it lies: a path below the folder of attachments, with `/` between its parts.
    pub object: String,
    /// What its owner called it.
    pub name: String,
    /// What it is, as in `image/png`.
    pub media_type: String,
    /// How long it is.
    pub bytes: u64,
    /// How large the picture is, if it is one.
    pub image: Option<ImageSize>,
    /// Where a small copy of the picture lies, likewise.
    pub thumbnail: Option<String>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// The message that it was sent with, for good. `None`: not yet.
    pub bound: Option<(ConversationId, MessageId)>,
}

impl Attachment {
    /// As the message says it that it was sent with.
    pub fn attached(&self) -> Attached {
        Attached {
            id: self.id,
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            bytes: self.bytes,
            image: self.image,
            has_thumbnail: self.thumbnail.is_some(),
        }
    }
}

/// How large a picture is, in pixels, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSize {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A file that was sent with a message, as the message says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Which.
    pub id: AttachmentId,
    /// What its owner called it.
    pub name: String,
    /// What it is, as in `image/png`.
    pub media_type: String,
    /// How long it is.
    pub bytes: u64,
    /// How large the picture is, if it is one.
    pub image: Option<ImageSize>,
    /// There is a small copy of the picture.
    pub has_thumbnail: bool,
}

/// A file that was uploaded, before it is known. It lies where it says, durably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentDraft {
    /// Where it lies, as in [`Attachment::object`]: 1 to [`OBJECT_BYTES_MAX`] bytes, and nothing else lies there.
    pub object: String,
    /// What it is called: 1 to [`FILE_NAME_BYTES_MAX`] bytes without control characters.
    pub name: String,
    /// What it is: 1 to [`MEDIA_TYPE_BYTES_MAX`] bytes without control characters.
    pub media_type: String,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of the file as its owner sent it: one who sends it again is known by it, although what lies there may
    /// have changed on the way in.
    pub digest: [u8; 32],
    /// How large the picture is, if it is one.
    pub image: Option<ImageSize>,
    /// Where a small copy lies.
    pub thumbnail: Option<String>,
    /// How many bytes all files of its owner may have, this one included. `None`: any number.
    pub quota: Option<u64>,
}

/// Most files of one message.
pub const ATTACHMENTS_MAX: usize = 10;

/// Longest path of an object, in bytes: keys carry the length in one byte.
pub const OBJECT_BYTES_MAX: usize = 255;

/// Longest name of a file, in bytes: what file systems take.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// Longest media type, in bytes: that of RFC 6838 section 4.2, twice, and the slash.
pub const MEDIA_TYPE_BYTES_MAX: usize = 255;
