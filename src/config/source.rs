//! Where a value comes from.

use std::{fmt, path::PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file, at a line counted from 1.
    File(PathBuf, usize),
    /// A flag file, at a line counted from 1.
    FlagFile(PathBuf, usize),
    /// An environment name that other programs use too, such as `JWT_SECRET`.
    Alias(String),
    /// An environment name of ours.
    Env(String),
    /// A flag.
    CommandLine,
}

impl Origin {
    /// Which of the sources it is, whatever the line or name: what decides who wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(..) => 1,
            Self::FlagFile(..) => 2,
            Self::Alias(_) => 3,
            Self::Env(_) => 4,
            Self::CommandLine => 5,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) | Self::FlagFile(path, line) => {
                write!(f, "{}:{line}", path.display())
            }
            Self::Alias(name) | Self::Env(name) => write!(f, "environment {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}
