//! `parlour user`: what the node keeps of a person, exported or erased, while it is stopped.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, IsTerminal as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use parlour_actors::{
    erasure::{Erased, Progress},
    error::ErrorCode,
    export::Items,
    system::Core,
};
use parlour_storage::ids::UserId;

use super::{compact, config_args::ConfigArgs, out, stopped};
use crate::{
    dialects::native::export::{erased, line},
    exit::{Exit, Failure},
    node,
};

/// Who does it, in the audit log.
const OPERATOR: &str = "operator";

/// Export or erase what a stopped node keeps of a person.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write everything that is kept of somebody as JSON lines.
    Export(Export),
    /// Take what somebody wrote and chose away for good, and report what was kept and why.
    Erase(Erase),
}

/// Write everything that is kept of somebody as JSON lines.
#[derive(Debug, clap::Args)]
struct Export {
    /// Id of the person.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: UserId,
    /// Write to this file, which must not be there yet; without it, to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Take what somebody wrote and chose away for good, and report what was kept and why.
#[derive(Debug, clap::Args)]
struct Erase {
    /// Id of the person.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: UserId,
    /// Don't ask.
    #[arg(long)]
    yes: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

fn user_id(text: &str) -> Result<UserId, String> {
    UserId::new(text).map_err(|error| error.to_string())
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            Command::Export(export) => export.execute(),
            Command::Erase(erase) => erase.execute(),
        }
    }
}

fn operator() -> UserId {
    UserId::new(OPERATOR).expect("a good id")
}

/// What the core refused or failed at, with the exit code that fits.
fn failed(failure: parlour_actors::error::Failure) -> anyhow::Error {
    let exit = match failure.code {
        ErrorCode::NoUser => Exit::Unavailable,
        ErrorCode::Unavailable => Exit::Io,
        _ => Exit::Internal,
    };
    Failure::new(exit, failure.message).into()
}

impl Export {
    fn execute(self) -> anyhow::Result<()> {
        let config = stopped::config(&self.config)?;
        let Self { user, output, .. } = self;
        node::offline(config, async move |core| {
            let items = core.export(&user, &operator()).await.map_err(failed)?;
            // Made only now, so that nothing is left of what can't be done.
            match output {
                Some(path) => write(items, create(&path)?, Some(&path)).await,
                None => write(items, io::stdout(), None).await,
            }
        })
    }
}

/// For its owner alone, and never over something else.
fn create(path: &Path) -> anyhow::Result<std::fs::File> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    created.with_context(|| {
        let message = format!("{} can't be created", path.display());
        Failure::new(Exit::CannotCreate, message)
    })
}

async fn write(mut items: Items, out: impl Write, path: Option<&Path>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out);
    // Nobody knows how much there is before all of it was read.
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} exporting {human_pos} items") {
        bar.set_style(style);
    }
    while let Some(item) = items.next().await {
        let line = line(&item.map_err(failed)?);
        match out.write_all(&line) {
            // A reader that has gone (`| head`) has seen enough.
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.context(Failure::new(Exit::Io, "the export can't be written"))?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    match out.flush() {
        Err(error) if path.is_none() && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        flushed => flushed.context(Failure::new(Exit::Io, "the export can't be written")),
    }
}

impl Erase {
    fn execute(self) -> anyhow::Result<()> {
        let config = stopped::config(&self.config)?;
        if !self.yes && !confirmed(&self.user)? {
            let message = "nothing was erased; say --yes to be asked nothing";
            return Err(Failure::new(Exit::Usage, message).into());
        }
        let Self { user, json, .. } = self;
        let path = config.node.data.join("sled");
        let report = node::offline(config, async move |core| erase(&core, &user).await)?;
        out::print(&if json {
            format!("{:#}\n", serde_json::to_value(erased(&report))?)
        } else {
            as_text(&report)
        })?;
        // The store is done with it, its files are not.
        compact::rewrite(&path).context(
            "the person is erased, but old bytes are left in the files; run `parlour compact`",
        )?;
        Ok(())
    }
}

fn confirmed(user: &UserId) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Erase {user} for good? There is no way back but a backup. Type the id again: ");
    let mut typed = String::new();
    io::stdin().read_line(&mut typed)?;
    Ok(typed.trim() == user.as_str())
}

async fn erase(core: &Arc<Core>, user: &UserId) -> anyhow::Result<Erased> {
    let bar = ProgressBar::no_length();
    let template = "erasing {bar:40} {human_pos}/{human_len} conversations, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let mut progress = |Progress { done, of }| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let report = core.erase(user, &operator(), &mut progress).await;
    bar.finish_and_clear();
    report.map_err(failed)
}

fn as_text(report: &Erased) -> String {
    let mut text = format!("{} was erased.\n\nGone:\n", report.user);
    for (what, n) in report.gone.iter().filter(|(_, n)| *n > 0) {
        text += &format!("{n:>10} {what}\n");
    }
    text += "\nKept:\n";
    for kept in &report.kept {
        text += &format!("{:>10} {}: {}\n", kept.n, kept.what, kept.why);
    }
    text
}
