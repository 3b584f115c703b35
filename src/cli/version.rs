//! `parlour version`: what this binary is.

use serde_json::json;

use super::out;
use crate::config::Engine;

/// Print the version.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON, with everything there is to know.
    #[arg(long)]
    json: bool,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from, when the build was told (`GIT_COMMIT`).
const COMMIT: Option<&str> = option_env!("GIT_COMMIT");

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        if self.json {
            let engines: Vec<_> = Engine::ALL.iter().map(|engine| engine.as_str()).collect();
            let version = json!({
                "version": VERSION,
                "commit": COMMIT,
                "features": engines,
                "store_format": parlour_storage::FORMAT,
                "protocol": crate::dialects::native::VERSION,
            });
            return out::print(&format!("{version}\n"));
        }
        let commit = COMMIT
            .map(|commit| format!(" ({commit})"))
            .unwrap_or_default();
        out::print(&format!("parlour {VERSION}{commit}\n"))
    }
}
