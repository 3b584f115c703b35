//! How one option's value is written down and read back, type by type.
//!
//! Every source (TOML, flag file, environment, command line) hands over plain text, so that a value
//! means the same wherever it comes from. Knows neither options nor sources.

mod choice;
mod cidr;
mod dialect;
mod duration;
mod limit;
mod list;
mod media;
mod origin;
mod scalar;
mod secret;
mod size;
mod topic;
mod url;

pub(super) use choice::choice;
pub use choice::{
    AuditScope, ContactGate, Engine, FindingAction, HtmlPolicy, LogFormat, PresenceReach,
    ReceiptsReach, ReviewFailure,
};
pub use cidr::Cidr;
pub use dialect::{DialectListener, SocketioDialect};
pub use limit::{LimitRule, limited};
pub use media::MediaType;
pub use origin::AllowedOrigin;
pub use scalar::LogFilter;
pub use secret::{Secret, Secrets};
pub use size::ByteSize;
pub use topic::TopicFilter;
pub use url::WebUrl;

/// How TOML writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`; as a flag it may stand alone.
    Bool,
    /// An integer.
    Number,
    /// A string.
    Text,
    /// An array of strings; comma-separated elsewhere.
    List,
    /// A string nobody is shown.
    Secret,
}

/// A type an option can have.
pub trait Value: Sized {
    /// What help calls it, in capitals: `DURATION`.
    const NAME: &'static str;
    /// How TOML writes it.
    const SHAPE: Shape = Shape::Text;

    /// Reads a value.
    ///
    /// # Errors
    /// What was expected instead. Never repeats the text, which may be secret.
    fn parse(text: &str) -> Result<Self, String>;

    /// Writes a value so that [`Value::parse`] gives it back, except a secret.
    fn print(&self) -> String;
}
