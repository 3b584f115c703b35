//! `parlour run`: a node, until it is told to stop.

use super::{config_args::ConfigArgs, out};
use crate::{
    config::{Config, Engine, program},
    dialects::Dialect,
    http::listeners::Listener,
    node,
};

/// Run a node until SIGTERM or SIGINT.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(&self) -> anyhow::Result<()> {
        let loaded = self.config.sources().load_valid()?;
        node::run(
            loaded.config.with_dev_secret()?,
            &loaded.notices,
            |config, listeners| {
                // A node whose output nobody reads runs all the same.
                let _closed = out::print(&banner(&program(), config, listeners));
            },
        )
    }
}

/// What a person at the terminal wants to know first.
fn banner(program: &str, config: &Config, listeners: &[Listener]) -> String {
    let [Listener { address, .. }, extra @ ..] = listeners else {
        return String::new();
    };
    let data = match config.storage.engine {
        Engine::Sled => config.node.data.display().to_string(),
        Engine::Memory => "nowhere: all is gone when the node ends".to_owned(),
    };
    let row = |name: &str, value: &str| format!("  {name:<11} {value}\n");
    let mut text = format!(
        "Parlour {version} listens on http://{address}\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    text += &row("WebSocket", &format!("ws://{address}/v1/ws"));
    for Listener { address, dialect } in extra {
        let name = dialect.map_or("", Dialect::name);
        text += &row(name, &format!("http://{address}"));
    }
    text += &row("data", &data);
    if config.node.dev {
        let flag = match data.as_str() {
            "./data" => String::new(),
            other => format!(" --data {other}"),
        };
        let port = match address.port() {
            8080 => String::new(),
            _ => format!(" --url ws://{address}/v1/ws"),
        };
        let token = format!("{program} token --dev{flag} --user alice");
        let chat = format!("{program} chat --dev{flag}{port} --as alice --to bob");
        text += &row("a token", &token);
        text += &row("to chat", &chat);
        text += &format!(
            "\nThis is for trying out: anyone who can read {data} can sign tokens. Ctrl-C stops it.\n"
        );
    }
    text + &lines_of_direct(listeners)
}

/// The lines that people who come from the `direct` system wait for at a start (S4-33). They are true here too: the
/// store is open and its format up to date before a node listens.
fn lines_of_direct(listeners: &[Listener]) -> String {
    let mut direct = listeners
        .iter()
        .filter(|listener| listener.dialect == Some(Dialect::Direct));
    match direct.next() {
        Some(Listener { address, .. }) => format!(
            "\nDatabase connected successfully\nDatabase synchronized\nServer running on port {}\n",
            address.port()
        ),
        None => String::new(),
    }
}
