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

/// Several secrets, of which each does: one may take the place of another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }
}

impl Value for Secrets {
    const NAME: &'static str = "SECRETS";
    const SHAPE: Shape = Shape::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        let secrets = text.split([' ', ',', '\n', '\r', '\t']);
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let secrets: Vec<_> = secrets.map(Secret::parse).collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err("expected a secret, or several with spaces between".into());
        }
        Ok(Self(secrets))
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

    #[test]
    fn several_secrets_stand_side_by_side_or_a_line_each() {
        for text in ["a b", "a,b", " a\r\nb\n", "a, b"] {
            let secrets = Secrets::parse(text).unwrap();
            let exposed: Vec<_> = secrets.iter().map(Secret::expose).collect();
            assert_eq!(exposed, ["a", "b"], "{text:?}");
            let shown = format!("{secrets:?} {}", secrets.print());
            assert_eq!(shown, "Secrets([<hidden>, <hidden>]) <hidden>");
        }
        assert!(Secrets::parse("a <hidden>").is_err() && Secrets::parse(" ").is_err());
    }
}
