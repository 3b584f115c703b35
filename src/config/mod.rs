//! The configuration: one table of options, five sources, one typed [`Config`].
//!
//! `options.rs` is the table. [`Sources`] reads the configuration file, flag files, the environment and
//! the command line, in that order, and gives a [`Loaded`]; [`render()`] writes one down again. The only
//! part of the node that reads the environment. Nothing here starts anything.

mod aliases;
mod dev_secret;
mod environment;
mod flag_file;
mod options;
mod problem;
mod render;
mod resolve;
mod secret_file;
mod source;
mod suggest;
mod table;
mod toml_file;
mod validate;
mod value;
mod weak_secret;
mod words_file;

pub use dev_secret::{DEV_SECRET_FILE, dev_secret, kept_secret};
pub use environment::program;
pub use options::{
    Attachments, Auth, Config, Events, Http, Log, Node, OPTIONS, Outbound, Policy, Presence, Push,
    Rooms, SECTIONS, Session, Storage,
};
pub use problem::{About, Problem, Problems};
pub use render::{Comments, Format, describe, render};
pub use resolve::{Loaded, Sources};
pub use source::Origin;
pub use table::{Opt, Section};
pub use value::{
    AllowedOrigin, AuditScope, ByteSize, Cidr, ContactGate, DialectListener, Engine, FindingAction,
    HtmlPolicy, LimitRule, LogFilter, LogFormat, MediaType, PresenceReach, ReceiptsReach,
    ReviewFailure, Secret, Secrets, Shape, SocketioDialect, TopicFilter, Value, WebUrl, limited,
};
pub use words_file::words;
