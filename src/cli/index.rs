//! `parlour index`: the search index of a node that is stopped, built anew or compared with the messages.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use parlour_search::{Indexer, Progress, Report, check};
use parlour_storage::store::Store;
use serde_json::json;

use super::{config_args::ConfigArgs, out, stopped};
use crate::{
    config::Config,
    exit::{Exit, Failure},
    node, search,
};

/// Rebuild or check the search index of a node that is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Build the index anew from the messages.
    Rebuild(Rebuild),
    /// Bring the index up to date and compare it with the messages; exit 65 if they differ.
    Check(Check),
}

/// Build the index anew from the messages.
#[derive(Debug, clap::Args)]
struct Rebuild {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Bring the index up to date and compare it with the messages; exit 65 if they differ.
#[derive(Debug, clap::Args)]
struct Check {
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rebuild(rebuild) => rebuild.execute(),
            Command::Check(check) => check.execute(),
        }
    }
}

impl Rebuild {
    fn execute(self) -> anyhow::Result<()> {
        let config = stopped::config(&self.config)?;
        let n_messages = on(config, async |mut indexer, _| {
            indexer.begin_anew();
            build(&mut indexer, "building").await?;
            let n_messages = indexer.index().n_messages();
            indexer.close()?;
            Ok(n_messages)
        })?;
        out::print(&format!("{n_messages} messages can be found\n"))
    }
}

impl Check {
    fn execute(self) -> anyhow::Result<()> {
        let config = stopped::config(&self.config)?;
        let report = on(config, async |mut indexer, store| {
            build(&mut indexer, "catching up").await?;
            let bar = bar("checking");
            let report = check(&*store, indexer.index(), &mut |progress| {
                show(&bar, progress)
            })
            .await;
            bar.finish_and_clear();
            indexer.close()?;
            Ok(report?)
        })?;
        out::print(&if self.json {
            as_json(&report)
        } else {
            as_text(&report)
        })?;
        if report.is_good() {
            return Ok(());
        }
        let message =
            "the search index differs from the messages; mend it with parlour index rebuild";
        Err(Failure::new(Exit::DataCorrupt, message).into())
    }
}

/// Does something with the index of a node that nobody can reach.
fn on<T>(
    config: Config,
    work: impl AsyncFnOnce(Indexer, Arc<dyn Store>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    node::offline(config.clone(), async move |core| {
        let store = core.store();
        let indexer = search::open(&config, &store).await?;
        work(indexer, store).await
    })
}

async fn build(indexer: &mut Indexer, verb: &'static str) -> anyhow::Result<()> {
    let bar = bar(verb);
    let built = indexer
        .catch_up(&mut |progress| {
            show(&bar, progress);
            true
        })
        .await;
    bar.finish_and_clear();
    Ok(built?)
}

/// A progress bar on standard error, if that is a terminal. How many messages there are isn't known, but when they were
/// sent is.
fn bar(verb: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(1000);
    bar.set_message(verb);
    let style =
        ProgressStyle::with_template("{msg} {bar:40} {percent}%, {prefix} messages, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_prefix(progress.n_messages.to_string());
    bar.set_position(progress.per_mille);
}

fn as_text(report: &Report) -> String {
    let mut text = format!("{} messages can be found\n", report.n_messages);
    if report.n_wrong > 0 {
        let first: Vec<_> = report.wrong.iter().map(ToString::to_string).collect();
        text += &format!(
            "{} are missing or have other words in the index, such as {}\n",
            report.n_wrong,
            first.join(", ")
        );
    }
    if report.n_surplus > 0 {
        text += &format!("{} in the index are no messages\n", report.n_surplus);
    }
    text
}

fn as_json(report: &Report) -> String {
    let wrong: Vec<_> = report.wrong.iter().map(ToString::to_string).collect();
    let report = json!({
        "messages": report.n_messages,
        "wrong": report.n_wrong,
        "such_as": wrong,
        "surplus": report.n_surplus,
    });
    format!("{report:#}\n")
}
