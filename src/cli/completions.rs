//! `parlour completions`: a script that lets a shell complete commands and flags.

use clap_complete::Shell;

use super::out;

/// Print a completion script.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell it is for.
    #[arg(value_enum)]
    shell: Shell,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "parlour", &mut script);
        out::print(&String::from_utf8_lossy(&script))
    }
}
