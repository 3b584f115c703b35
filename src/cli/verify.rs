//! `parlour verify`: checks the data of a node that is stopped.

use anyhow::Context as _;
use parlour_storage::verify::{Finding, Repair, Report, verify};
use serde_json::json;

use super::{
    config_args::ConfigArgs,
    out,
    stopped::{self, Bar},
};
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
        let path = stopped::store(&self.config)?;
        let bar = Bar::new("checking", "records");
        let report = verify(&path, self.repair, &mut |progress| bar.show(progress));
        drop(bar);
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
