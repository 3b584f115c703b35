//! Switches, numbers, addresses, paths, texts and log directives.

use std::{net::SocketAddr, path::PathBuf};

use super::{Shape, Value};

impl Value for bool {
    const NAME: &'static str = "BOOL";
    const SHAPE: Shape = Shape::Bool;

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("expected true or false".into()),
        }
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for usize {
    const NAME: &'static str = "N";
    const SHAPE: Shape = Shape::Number;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| "expected a whole number such as 64".into())
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for SocketAddr {
    const NAME: &'static str = "ADDRESS";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            "expected an IP address and a port such as 127.0.0.1:8080 or [::]:8080".into()
        })
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    const NAME: &'static str = "PATH";

    fn parse(text: &str) -> Result<Self, String> {
        plain(text, "a path").map(Self::from)
    }

    fn print(&self) -> String {
        // Every path came from text, so nothing is lost.
        self.to_string_lossy().into_owned()
    }
}

impl Value for String {
    const NAME: &'static str = "TEXT";

    fn parse(text: &str) -> Result<Self, String> {
        plain(text, "a text").map(Self::from)
    }

    fn print(&self) -> String {
        self.clone()
    }
}

/// A text that every source can hold: a flag file and an environment file have one line for it and trim
/// its ends.
fn plain<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    if text.is_empty() {
        return Err(format!("expected {what}"));
    }
    if text.contains(char::is_control) {
        return Err(format!("expected {what} without control characters"));
    }
    if text.trim() != text {
        return Err(format!("expected {what} without spaces around it"));
    }
    Ok(text)
}

/// Something that may be absent; written as the empty text.
impl<T: Value> Value for Option<T> {
    const NAME: &'static str = T::NAME;
    const SHAPE: Shape = T::SHAPE;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        T::parse(text).map(Some)
    }

    fn print(&self) -> String {
        self.as_ref().map(T::print).unwrap_or_default()
    }
}

/// What to log, in the directives of `tracing`: `info`, `warn,parlour=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The directives; `tracing_subscriber::EnvFilter` has accepted them once.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for LogFilter {
    const NAME: &'static str = "FILTER";

    fn parse(text: &str) -> Result<Self, String> {
        plain(text, "a level such as info")?;
        match tracing_subscriber::EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.into())),
            Err(_) => Err(
                "expected error, warn, info, debug, trace, off, or directives such as warn,parlour=debug"
                    .into(),
            ),
        }
    }

    fn print(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_text_and_an_empty_one_are_the_same() {
        assert_eq!(Option::<String>::parse(""), Ok(None));
        assert_eq!(Option::<String>::None.print(), "");
        assert_eq!(Option::<String>::parse("x"), Ok(Some("x".into())));
    }

    #[test]
    fn a_text_is_one_that_every_form_can_hold() {
        for text in ["a\nb", "a\u{1b}[1m", " a", "a\t", "\u{a0}a"] {
            assert!(String::parse(text).is_err(), "{text:?}");
            assert!(PathBuf::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(String::parse("a b=#c"), Ok("a b=#c".into()));
    }

    #[test]
    fn log_directives_are_checked() {
        assert!(LogFilter::parse("warn,parlour=debug").is_ok());
        assert!(LogFilter::parse("off").is_ok());
        assert!(LogFilter::parse("parlour=loud").is_err());
        assert!(LogFilter::parse("").is_err());
    }

    #[test]
    fn addresses_need_a_port_and_no_name() {
        assert!(SocketAddr::parse("[::1]:80").is_ok());
        assert!(SocketAddr::parse("127.0.0.1").is_err());
        assert!(SocketAddr::parse("localhost:80").is_err());
    }
}
