//! `parlour verify`: checks the data of a node that is stopped.

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use parlour_storage::verify::{Finding, Progress, Repair, Report, verify};
use serde_json::json;

use super::{config_args::ConfigArgs, out};
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
        let path = config.node.data.join("sled");
        if !path.is_dir() {
            let message = format!(
                "there is no data in {}; choose with --data",
                config.node.data.display()
            );
            return Err(Failure::new(Exit::Unavailable, message).into());
        }
        // On standard error, and only if that is a terminal.
        let bar = ProgressBar::no_length();
        let report = verify(&path, self.repair, &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        let report =
            report.with_context(|| format!("the data in {} can't be checked", path.display()))?;
        out::print(&if self.json {
            as_json(&report)
        } else {
            as_text(&report)
        })?;
        match report
            .findings
            .iter()
            .filter(|finding| finding.repair != Repair::Done)
            .count()
        {
            0 => Ok(()),
            n => Err(Failure::new(Exit::DataCorrupt, format!("{n} invariants are broken")).into()),
        }
    }
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress.total {
        None => bar.set_message("counting"),
        Some(total) if bar.length().is_none() => {
            bar.set_length(total);
            bar.set_message("checking");
            let style = ProgressStyle::with_template(
                "{msg} {bar:40} {percent}% {human_pos}/{human_len} records, {eta} left",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        Some(_) => {}
    }
    bar.set_position(progress.n_records);
}

fn as_text(report: &Report) -> String {
    let line = |finding: &Finding| {
        let repair = match finding.repair {
            Repair::Impossible => "can't be repaired; restore a backup, or live without it",
            Repair::Possible => "can be repaired with --repair",
            Repair::Done => "repaired",
        };
        format!("{}: {} ({repair})\n", finding.key, finding.what)
    };
    let mut text: String = report.findings.iter().map(line).collect();
    text += &match report.findings.len() {
        0 => format!("{} records, every invariant holds\n", report.n_records),
        n => format!("{} records, {n} findings\n", report.n_records),
    };
    text
}

fn as_json(report: &Report) -> String {
    let finding = |finding: &Finding| {
        let repair = match finding.repair {
            Repair::Impossible => "impossible",
            Repair::Possible => "possible",
            Repair::Done => "done",
        };
        json!({ "key": finding.key, "what": finding.what, "repair": repair })
    };
    let findings: Vec<_> = report.findings.iter().map(finding).collect();
    format!(
        "{:#}\n",
        json!({ "records": report.n_records, "findings": findings })
    )
}
