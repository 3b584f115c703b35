//! What a store tells of files that were uploaded, and of those that are to go: a part of
//! [`Store`](crate::store::Store).
//!
//! A file is written before the store knows of it, and taken away after the store has forgotten it. In between the
//! store remembers where it lies ([`Doomed`]), so that no end of the process leaves one behind.

use async_trait::async_trait;

use crate::{
    domain::attachment::Attachment,
    error::StoreError,
    ids::{AttachmentId, Timestamp, UserId},
};

/// What somebody's files take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// So many files, small copies of pictures not counted.
    pub n_files: u64,
    /// So many bytes in all.
    pub bytes: u64,
}

/// A file that the store has forgotten, and that still has to be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Which it was.
    pub id: AttachmentId,
    /// Where it lies, and the small copy, if there is one.
    pub objects: Vec<String>,
}

/// What a store tells of files. Errors are those of every read.
#[async_trait]
pub trait Attachments {
    /// A file, whoever asks for it, whatever became of its message.
    async fn attachment(&self, id: AttachmentId) -> Result<Option<Attachment>, StoreError>;

    /// A page of somebody's files, newest first, uploaded before one.
    async fn attachments_of(
        &self,
        user: &UserId,
        before: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<Attachment>, StoreError>;

    /// What somebody's files take up.
    async fn usage(&self, user: &UserId) -> Result<Usage, StoreError>;

    /// Whether a file that is known lies there, or its small copy. Those of [`doomed`](Self::doomed) are not.
    async fn is_object_known(&self, object: &str) -> Result<bool, StoreError>;

    /// Forgets, durably, files that no message was sent with and that were uploaded before a time, at most `limit` of
    /// them, and tells how many: they are [`doomed`](Self::doomed) from then on.
    async fn give_up_unsent(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Files that are to be taken away, oldest first, uploaded after one, at most `limit` of them.
    async fn doomed(
        &self,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<Doomed>, StoreError>;

    /// Remembers, durably, that doomed files are gone.
    async fn forget_doomed(&self, ids: &[AttachmentId]) -> Result<(), StoreError>;
}
