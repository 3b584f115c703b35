//! `parlour config`: checks and shows the configuration, and starts nothing.

use clap::Subcommand;

use super::{config_args::ConfigArgs, out};
use crate::config::{Comments, Config, Format, Value, render};

/// Check or show the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Say everything that is wrong with it; exit 78 if anything is.
    Check {
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
    /// Print every option with its value; secrets are hidden.
    Print {
        /// Say where each value comes from.
        #[arg(long)]
        origin: bool,
        /// How to write it: toml, flags or env.
        #[arg(long, default_value = "toml", value_parser = <Format as Value>::parse)]
        format: Format,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
    /// Print every option with its default and what it means.
    Defaults {
        /// How to write it: toml, flags or env.
        #[arg(long, default_value = "toml", value_parser = <Format as Value>::parse)]
        format: Format,
    },
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.question {
            Question::Check { config } => {
                let loaded = config.sources().load_valid()?;
                let notices: String = loaded
                    .notices
                    .iter()
                    .map(|notice| format!("notice: {notice}\n"))
                    .collect();
                out::print(&format!("{notices}the configuration is good\n"))
            }
            Question::Print {
                origin,
                format,
                config,
            } => {
                let loaded = config.sources().load()?;
                let comments = if origin {
                    Comments::Origins(&loaded)
                } else {
                    Comments::None
                };
                out::print(&render(&loaded.config, format, comments))
            }
            Question::Defaults { format } => {
                out::print(&render(&Config::default(), format, Comments::Docs))
            }
        }
    }
}
