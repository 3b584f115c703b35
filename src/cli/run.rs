//! `parlour run`: a node, until it is told to stop.

use std::net::SocketAddr;

use super::{config_args::ConfigArgs, out};
use crate::{
    config::{Config, Engine},
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
            |config, address| {
                // A node whose output nobody reads runs all the same.
                let _closed = out::print(&banner(config, address));
            },
        )
    }
}

/// What a person at the terminal wants to know first.
fn banner(config: &Config, address: SocketAddr) -> String {
    let data = match config.storage.engine {
        Engine::Sled => config.node.data.display().to_string(),
        Engine::Memory => "nowhere: all is gone when the node ends".to_owned(),
    };
    let mut text = format!(
        "Parlour {version} listens on http://{address}\n  WebSocket  ws://{address}/v1/ws\n  data       {data}\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    if config.node.dev {
        let flag = match data.as_str() {
            "./data" => String::new(),
            other => format!(" --data {other}"),
        };
        let port = match address.port() {
            8080 => String::new(),
            _ => format!(" --url ws://{address}/v1/ws"),
        };
        text += &format!(
            "  a token    parlour token --dev{flag} --user alice\n  \
               to chat    parlour chat --dev{flag}{port} --as alice --to bob\n\n\
             This is for trying out: anyone who can read {data} can sign tokens. Ctrl-C stops it.\n"
        );
    }
    text
}
