//! `parlour audit`: checks and exports the audit log of a node that is stopped.

use std::{
    io::{IsTerminal as _, stdout},
    path::PathBuf,
    str::FromStr,
};

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use jiff::{civil::Date, tz::TimeZone};
use parlour_storage::{
    audit::{AuditFile, Mark},
    error::{StoreError, StoreErrorKind},
    ids::Timestamp,
    verify::Progress,
};

use super::{
    config_args::ConfigArgs,
    out,
    stopped::{self, Bar},
};
use crate::{
    dialects::native::safety::audit_line,
    exit::{Exit, Failure},
};

/// Progress is shown every so many lines.
const PROGRESS_LINES: u64 = 1000;

/// Check or export the audit log of a node that is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Check that no line was changed, removed, inserted or swapped; exit 65 and name the first one that doesn't fit.
    ///
    /// Prints the number and the hash of the last line. Note them down elsewhere, and give them to the next check
    /// with --expect: who can write the data can write the whole log anew, but not so that it has this hash.
    Verify {
        /// Check too that a line has the hash that was noted down.
        #[arg(long, value_name = "LINE:HASH")]
        expect: Option<Noted>,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
    /// Print the log as JSON, one line each, oldest first.
    Export {
        /// Begin after the line with this number.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
        /// Only lines written at this time or later: a date, or a time such as 2026-11-21T12:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// Write to this file, which must not be there yet, and not to standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.question {
            Question::Verify { expect, config } => verify(&open(&config)?, expect),
            Question::Export {
                after,
                since,
                output,
                config,
            } => export(&open(&config)?, after, since, output),
        }
    }
}

/// A line's number and hash, as somebody noted them down.
#[derive(Clone, Copy, Debug)]
struct Noted(Mark);

impl FromStr for Noted {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mark = || {
            let (n, hex) = text.split_once(':')?;
            let mut hash = [0; 32];
            if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
                *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
            }
            let n = n.parse().ok().filter(|n| *n > 0)?;
            Some(Self(Mark { n, hash }))
        };
        mark()
            .ok_or_else(|| anyhow!("give a line's number, a colon, and the 64 digits of its hash"))
    }
}

fn time(text: &str) -> anyhow::Result<Timestamp> {
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| {
        let midnight = text.parse::<Date>()?.to_zoned(TimeZone::UTC)?;
        Ok::<_, jiff::Error>(midnight.timestamp())
    });
    let moment =
        moment.map_err(|_| anyhow!("give a date, or a time such as 2026-11-21T12:00:00Z"))?;
    Ok(Timestamp(moment.as_millisecond()))
}

fn open(config: &ConfigArgs) -> anyhow::Result<AuditFile> {
    let path = stopped::store(config)?;
    AuditFile::open(&path).map_err(|error| {
        let what = match error.kind {
            StoreErrorKind::Locked => {
                "the node is running: stop it, or ask it itself, by GET /v1/moderation/audit"
                    .to_owned()
            }
            _ => format!("the audit log in {} can't be read", path.display()),
        };
        anyhow::Error::new(error).context(what)
    })
}

fn hex(hash: [u8; 32]) -> String {
    hash.map(|byte| format!("{byte:02x}")).concat()
}

fn corrupt(message: String) -> anyhow::Error {
    Failure::new(Exit::DataCorrupt, message).into()
}

fn verify(log: &AuditFile, expect: Option<Noted>) -> anyhow::Result<()> {
    let bar = Bar::new("checking", "lines");
    let checked = log.verify(&mut |progress| bar.show(progress))?;
    drop(bar);
    let last = checked.map_err(|misfit| {
        corrupt(format!(
            "the audit log doesn't hold: {misfit}; the lines before it do"
        ))
    })?;
    let forgotten = log.forgotten()?;
    if let Some(Noted(noted)) = expect {
        compare(log, forgotten, last, noted)?;
    }
    let text = if last.n == forgotten.n {
        "the audit log is empty".to_owned()
    } else {
        format!("lines {} to {} hold", forgotten.n + 1, last.n)
    };
    let end = match last.n {
        0 => String::new(),
        n => format!("; to check the next time: --expect {n}:{}", hex(last.hash)),
    };
    out::print(&format!("{text}{end}\n"))
}

/// Whether a line is the one that was noted down.
fn compare(log: &AuditFile, forgotten: Mark, last: Mark, noted: Mark) -> anyhow::Result<()> {
    let n = noted.n;
    let found = if n < forgotten.n {
        bail!(Failure::new(
            Exit::Unavailable,
            format!(
                "line {n} was let go, as policy.audit_age says; the oldest one that can be compared is {}",
                forgotten.n
            ),
        ));
    } else if n == forgotten.n {
        Some(forgotten.hash)
    } else if n <= last.n {
        let line = log.after(n - 1).next().transpose()?;
        line.map(|line| line.hash)
    } else {
        None
    };
    match found {
        Some(hash) if hash == noted.hash => Ok(()),
        Some(_) => Err(corrupt(format!(
            "the audit log doesn't hold: line {n} has another hash than the one given; the log up to it was written anew"
        ))),
        None => Err(corrupt(format!(
            "the audit log doesn't hold: line {n} is missing, the log ends with line {}",
            last.n
        ))),
    }
}

fn export(
    log: &AuditFile,
    after: u64,
    since: Option<Timestamp>,
    output: Option<PathBuf>,
) -> anyhow::Result<()> {
    let bar = if output.is_none() && stdout().is_terminal() {
        Bar::hidden()
    } else {
        Bar::new("exporting", "lines")
    };
    let (first, last) = (log.forgotten()?.n.max(after), log.written()?.n);
    let total = Some(last.saturating_sub(first));
    let mut lines = out::Lines::to(output.as_deref())?;
    let mut n_before = first;
    for (n_records, line) in (1..).zip(log.after(after)) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                lines.end()?;
                return Err(unreadable(error, n_before + 1));
            }
        };
        n_before = line.n;
        if since.is_none_or(|since| since <= line.at) {
            let mut text =
                serde_json::to_vec(&audit_line(&line)).context("failed to write JSON")?;
            text.push(b'\n');
            if !lines.add(&text)? {
                return Ok(());
            }
        }
        if n_records % PROGRESS_LINES == 0 {
            bar.show(Progress { n_records, total });
        }
    }
    lines.end()
}

fn unreadable(error: StoreError, n: u64) -> anyhow::Error {
    let what = format!("line {n} of the audit log can't be read; --after {n} goes on behind it");
    anyhow::Error::new(error).context(what)
}
