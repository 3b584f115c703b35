//! The one way to standard output, and to a file in its place.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::exit::{Exit, Failure};

/// Prints `text` as it stands. A reader that has gone (`| head`) has seen enough: that is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = Lines::to(None)?;
    out.add(text.as_bytes())?;
    out.end()
}

/// What is written bit by bit, as it can be longer than memory.
pub(super) struct Lines {
    to: BufWriter<Box<dyn Write>>,
    file: Option<(PathBuf, File)>,
}

impl Lines {
    /// To a new file, or to standard output.
    pub(super) fn to(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            let to = BufWriter::new(Box::new(io::stdout().lock()) as _);
            return Ok(Self { to, file: None });
        };
        let made = create(path).and_then(|file| Ok((file.try_clone()?, file)));
        let (to, file) = made.with_context(|| {
            let message = format!("failed to create {}", path.display());
            Failure::new(Exit::CannotCreate, message)
        })?;
        Ok(Self {
            to: BufWriter::new(Box::new(to)),
            file: Some((path.to_owned(), file)),
        })
    }

    /// Adds bytes as they stand. `false`: the reader has gone and needs no more.
    pub(super) fn add(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        let written = self.to.write_all(bytes);
        self.done(written)
    }

    /// Writes out what is left, and makes a file durable.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        let flushed = self.to.flush();
        if self.done(flushed)?
            && let Some((_, file)) = &self.file
        {
            let synced = file.sync_all();
            self.done(synced)?;
        }
        Ok(())
    }

    fn done(&self, done: io::Result<()>) -> anyhow::Result<bool> {
        match done {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => {
                let place = match &self.file {
                    Some((path, _)) => path.display().to_string(),
                    None => "standard output".to_owned(),
                };
                let message = format!("failed to write to {place}");
                Err(error).context(Failure::new(Exit::Io, message))
            }
        }
    }
}

/// Never in the place of something else, and for its owner alone: it tells who did what.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
