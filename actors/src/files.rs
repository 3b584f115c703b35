//! Where files lie that people send with messages: written by the edge, which has their bytes, and taken away by the
//! core, which knows when nobody may have them any more.
//!
//! What it is (a folder, a bucket, a test) the embedder decides.

use std::fmt;

use async_trait::async_trait;
use parlour_storage::ids::Timestamp;
use tokio::sync::mpsc;

/// Somebody who keeps files by their paths, with `/` between the parts.
#[async_trait]
pub trait Files: Send + Sync + fmt::Debug {
    /// Takes a file away for good. There is none: done.
    ///
    /// # Errors
    ///
    /// It is still there. It is tried again later.
    async fn delete(&self, object: &str) -> Result<(), FilesFailed>;

    /// Tells the path of each file that was last written before a time, in any order, until there is no more or nobody
    /// listens. For files that were written by a process that ended before anybody knew of them.
    ///
    /// # Errors
    ///
    /// Not all could be found. It is tried again later.
    async fn list_older(
        &self,
        before: Timestamp,
        found: mpsc::Sender<String>,
    ) -> Result<(), FilesFailed>;
}

/// Why files could not be listed or taken away, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesFailed(pub String);

impl fmt::Display for FilesFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FilesFailed {}
