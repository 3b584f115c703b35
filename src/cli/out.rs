//! The one way to standard output.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

use crate::exit::{Exit, Failure};

/// Prints `text` as it stands. A reader that has gone (`| head`) has seen enough: that is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context(Failure::new(Exit::Io, "failed to write to standard output"))
        }
        _ => Ok(()),
    }
}
