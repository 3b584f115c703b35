//! `parlour bench`: load for a node, and figures of it. The harness is parlour-bench; here is what it is told.

mod actors;
mod load;
mod wire;

use std::path::PathBuf;

use anyhow::Context as _;
use parlour_bench::report::{Report, Verdict};

use super::out;
use crate::exit::{Exit, Failure};

/// Make load, and tell how long things take and what they cost.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Load the core in this process, without sockets.
    ///
    /// Rooms, Moderation, Presence, the archive and the store are the real ones; members are sessions without clients. Needs no
    /// node, and takes its data away in the end.
    Actors(Box<actors::Args>),
    /// Load a running node with real clients.
    ///
    /// Without flags, a node that runs as `parlour run --dev` in the same folder is loaded as much as its limits for people
    /// allow. For more, run it with `--flagfile flags/bench.flags`, on a core of its own.
    ///
    /// Clients' tokens are signed with the node's secret, which is found as `parlour token` finds it: in the configuration
    /// that is given (--config, --flagfile, --auth-secret-file, the environment), else in the data folder of a node that runs
    /// with --dev (--data, or ./data).
    Wire(Box<wire::Args>),
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            Command::Actors(args) => args.execute(),
            Command::Wire(args) => args.execute(),
        }
    }
}

/// What becomes of the report.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct Output {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Draw latency over offered load into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Output {
    /// Prints, draws, and ends with a code that scripts can act on.
    fn tell(&self, report: &Report) -> anyhow::Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(report)? + "\n"
        } else {
            report.to_string()
        };
        out::print(&text)?;
        if let Some(path) = &self.svg {
            let picture = report.svg().context(Failure::new(
                Exit::Usage,
                "there is nothing to draw: give a rate, or --search",
            ))?;
            std::fs::write(path, picture).with_context(|| {
                let message = format!("failed to write {}", path.display());
                Failure::new(Exit::CannotCreate, message)
            })?;
        }
        let failure = match report.verdict() {
            Verdict::Sound => return Ok(()),
            Verdict::Broken => Failure::new(Exit::DataCorrupt, "the node broke its word"),
            Verdict::Limited => Failure::new(Exit::Unavailable, "the node's limits were met"),
            Verdict::Overloaded => Failure::new(Exit::Unavailable, "the node did not keep up"),
        };
        Err(failure.into())
    }
}
