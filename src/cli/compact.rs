//! `parlour compact`: writes the data of a stopped node anew, without what was taken away.

use std::path::Path;

use anyhow::Context as _;
use parlour_storage::compact::compact;

use super::{
    config_args::ConfigArgs,
    out,
    stopped::{self, Bar},
};

/// Write the data of a node that is stopped anew, so that nothing of what was deleted is left in its files.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let n_records = rewrite(&stopped::store(&self.config)?)?;
        out::print(&format!("{n_records} records written anew\n"))
    }
}

/// Does it, with a progress bar.
pub(super) fn rewrite(path: &Path) -> anyhow::Result<u64> {
    let bar = Bar::counting("records written anew");
    let written = compact(path, &mut |progress| bar.show(progress));
    drop(bar);
    written.with_context(|| {
        let path = path.display();
        format!("the data in {path} can't be written anew, and are as they were")
    })
}
