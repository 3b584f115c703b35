//! `parlour run`: a node, until it is told to stop.

use super::config_args::ConfigArgs;
use crate::node;

/// Run a node until SIGTERM or SIGINT.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(&self) -> anyhow::Result<()> {
        let loaded = self.config.sources().load_valid()?;
        node::run(loaded.config.with_dev_secret()?, loaded.notices)
    }
}
