//! Stands in for the node until the branches meet.

use crate::{
    config::Config,
    exit::{Exit, Failure},
};

/// Would run a node until it is told to stop.
///
/// # Errors
/// Always: this build has none.
pub fn run(config: Config, notices: Vec<String>) -> anyhow::Result<()> {
    let message = format!(
        "this build has no node to listen on {} ({} notices)",
        config.http.listen,
        notices.len()
    );
    Err(Failure::new(Exit::Unavailable, message).into())
}
