//! The exit codes, for scripts and service managers to act on (`sysexits.h`).

use std::{error::Error, fmt, process::ExitCode};

use parlour_storage::error::{StoreError, StoreErrorKind};

use crate::config::Problems;

/// How the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// As asked.
    Ok = 0,
    /// The command line is wrong.
    Usage = 64,
    /// The data is corrupt, or written by a newer version.
    DataCorrupt = 65,
    /// Something needed does not answer or is taken: the node, the port, the data folder.
    Unavailable = 69,
    /// A bug of ours.
    Internal = 70,
    /// A file or folder can't be created.
    CannotCreate = 73,
    /// Reading, writing or syncing failed; look at the disk.
    Io = 74,
    /// The configuration is wrong; starting again will not help.
    Config = 78,
}

impl Exit {
    /// The code that fits an error: that of the outermost [`Failure`], or of the error it began with.
    pub fn of(error: &anyhow::Error) -> Self {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if error.downcast_ref::<Problems>().is_some() {
            return Self::Config;
        }
        match error.downcast_ref::<StoreError>().map(|store| &store.kind) {
            Some(StoreErrorKind::Corrupt { .. } | StoreErrorKind::Newer { .. }) => {
                Self::DataCorrupt
            }
            Some(StoreErrorKind::Locked | StoreErrorKind::Busy) => Self::Unavailable,
            Some(StoreErrorKind::Failed) => Self::Io,
            _ => Self::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that knows its exit code; or the context of one that does not.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// What failed, and the code to end with.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn the_code_is_found_under_any_number_of_contexts() {
        let error = anyhow!(StoreError::new(StoreErrorKind::Failed));
        assert_eq!(Exit::of(&error.context("a").context("b")), Exit::Io);
        let error = Err::<(), _>(std::io::Error::other("disk"))
            .context(Failure::new(Exit::CannotCreate, "failed to create x"))
            .context("failed to start");
        assert_eq!(Exit::of(&error.unwrap_err()), Exit::CannotCreate);
        assert_eq!(Exit::of(&anyhow!("who knows")), Exit::Internal);
    }
}
