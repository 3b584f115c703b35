//! `parlour verify`: checks the data of a node that is stopped.

use super::config_args::ConfigArgs;
use crate::exit::{Exit, Failure};

/// Check every invariant of the data of a node that is stopped; exit 65 if one is broken.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mend what can be mended without losing a message.
    #[arg(long)]
    repair: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let config = self.config.sources().load()?.config;
        let data = config.node.data.display();
        let message = format!(
            "this build can't check {data} (repair: {}, json: {})",
            self.repair, self.json
        );
        Err(Failure::new(Exit::Unavailable, message).into())
    }
}
