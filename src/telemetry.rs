//! Logs: to standard error, as text for people or JSON for machines. No token and no message body.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Starts logging for the whole process.
///
/// # Errors
///
/// Something else logs already.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::new(log.level.as_str());
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Pretty => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started
        .map_err(|error| anyhow::anyhow!(error))
        .context("logging could not be started")
}
