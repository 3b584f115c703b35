//! What can be asked about files.

use parlour_storage::{
    attachments::Usage,
    domain::attachment::{Attachment, AttachmentDraft},
    ids::AttachmentId,
};

/// A request that changes which files there are.
#[derive(Clone, Debug)]
pub enum AttachmentCommand {
    /// Makes a file known that was let in by [`AttachmentQuestion::Admit`], which counted it, and written to its place,
    /// durably. Its quota is the policy's. Answered by [`AttachmentReply::Uploaded`]; refused, the file is the caller's
    /// to take away.
    Upload(AttachmentDraft),
    /// Gives up a file of the caller's that no message was sent with. Answered by [`Reply::Done`](super::Reply::Done).
    Drop(AttachmentId),
}

/// A request that reads something about files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentQuestion {
    /// One of the caller's own that no message was sent with yet, or one of a message that they may see.
    /// [`AttachmentReply::Attachment`].
    One(AttachmentId),
    /// What the caller's own take up, and may. [`AttachmentReply::Usage`].
    Usage,
    /// Whether a file of the caller's may come in: it counts as an upload from here on, whatever becomes of it. Answered as
    /// [`Self::Usage`] is.
    Admit,
}

/// The answer to a request about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentReply {
    /// The file is known, by this name.
    Uploaded(Box<Attachment>),
    /// A file.
    Attachment(Box<Attachment>),
    /// What the caller's files take up.
    Usage {
        /// Now.
        usage: Usage,
        /// Bytes they may take up. `None`: any number.
        quota: Option<u64>,
    },
}
