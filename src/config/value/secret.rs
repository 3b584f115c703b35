//! A value nobody is shown.

use std::fmt;

use super::{Shape, Value};

/// What is shown instead of a secret.
const HIDDEN: &str = "<hidden>";

/// A text that no log, no error and no `config print` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Value for Secret {
    const NAME: &'static str = "SECRET";
    const SHAPE: Shape = Shape::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        if text == HIDDEN {
            return Err(format!(
                "{HIDDEN} is what `config print` shows in place of a secret; put the secret there"
            ));
        }
        Ok(Self(text.into()))
    }

    fn print(&self) -> String {
        HIDDEN.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let secret = Secret::new("correct horse");
        assert_eq!(
            format!("{secret:?} {}", secret.print()),
            "<hidden> <hidden>"
        );
        assert!(Secret::parse(HIDDEN).is_err());
    }
}
