//! Why a store could not do what it was asked.

use std::{error::Error, fmt};

/// What went wrong, for callers to match on, and why, for logs to print.
#[derive(Debug)]
pub struct StoreError {
    /// What a caller can act on.
    pub kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a caller can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A record can't be read. Carries its key (escaped ASCII); other records are unharmed.
    Corrupt {
        /// The key, printable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was written by a newer version of Parlour.
    Newer {
        /// Format number found.
        found: u32,
        /// Newest format number this version reads.
        known: u32,
    },
    /// Another process has the store open.
    Locked,
    /// Too much is waiting already. Nothing was done; try again later.
    Busy,
    /// A write or sync failed, or a store thread hangs. Nothing more is acknowledged; the process should end.
    Failed,
    /// The store was closed.
    Closed,
}

impl StoreError {
    /// An error without a deeper cause.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error and what caused it.
    pub fn caused_by(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }
}

impl StoreErrorKind {
    /// Whether it is of one record, and the store works on.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Newer { .. })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StoreErrorKind::Corrupt { key, reason } => {
                write!(f, "corrupt record {key}: {reason}; run `parlour verify` for a full report")
            }
            StoreErrorKind::Newer { found, known } => write!(
                f,
                "the data has format {found}, this version of parlour reads up to {known}; run the newer version"
            ),
            StoreErrorKind::Locked => f.write_str("another process has the data folder open; stop it first"),
            StoreErrorKind::Busy => f.write_str("the store has too much waiting; try again"),
            StoreErrorKind::Failed => {
                f.write_str("the store failed and acknowledges nothing more; see the log, mend the disk, start again")
            }
            StoreErrorKind::Closed => f.write_str("the store is closed"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
