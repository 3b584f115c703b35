//! What is wrong with a configuration: all of it, not only the first.

use std::{fmt, path::Path};

use super::source::Origin;

/// One thing to mend. Never contains the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub about: About,
    /// What a person reads: what is wrong, with its option and where it stands.
    pub message: String,
}

/// What a problem is about, which decides what can still be checked after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The value of an option: rules about that option say nothing new.
    Option(&'static str),
    /// A name nobody knows.
    Name,
    /// A whole source could not be read: any option may be missing.
    Source,
}

impl Problem {
    /// The value of an option is no good.
    pub(super) fn option(
        option: &'static str,
        message: impl fmt::Display,
        origin: &Origin,
    ) -> Self {
        Self {
            about: About::Option(option),
            message: format!("{option}: {message} ({origin})"),
        }
    }

    /// A name nobody knows, with what was meant in the message.
    pub(super) fn name(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self {
            about: About::Name,
            message: format!("{place}: {message}"),
        }
    }

    /// A source that can't be read, or not to its end.
    pub(super) fn source(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self {
            about: About::Source,
            message: format!("{place}: {message}"),
        }
    }

    /// A file that can't be opened.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::source(path.display(), format_args!("failed to read it: {error}"))
    }
}

/// At least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the configuration has a problem: {}", only.message),
            many => {
                write!(f, "the configuration has {} problems:", many.len())?;
                many.iter()
                    .try_for_each(|problem| write!(f, "\n  {}", problem.message))
            }
        }
    }
}

impl std::error::Error for Problems {}
