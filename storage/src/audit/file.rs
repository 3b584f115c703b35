//! The audit log of a node that is stopped, read from its data folder. Writes nothing.

use std::path::Path;

use crate::{
    audit::{Chain, Mark, Misfit, Why},
    domain::safety::AuditLine,
    engine::audit,
    error::{StoreError, StoreErrorKind},
    sled_store::SledKv,
    verify::{Progress, open},
};

/// Progress is told every so many lines.
const PROGRESS_LINES: u64 = 1000;

/// The audit log in a data folder. The folder is locked as long as it is open.
#[derive(Debug)]
pub struct AuditFile {
    kv: SledKv,
}

impl AuditFile {
    /// Opens the store in the folder `path`.
    ///
    /// # Errors
    ///
    /// As [`verify`](crate::verify::verify).
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { kv: open(path)? })
    }

    /// The last line that was let go: what is left begins after it.
    ///
    /// # Errors
    ///
    /// `Corrupt`: it can't be read, so nobody knows what the oldest line follows. `Failed`.
    pub fn forgotten(&self) -> Result<Mark, StoreError> {
        audit::forgotten(&self.kv)
    }

    /// The last line that was written.
    ///
    /// # Errors
    ///
    /// `Corrupt`, `Failed`.
    pub fn written(&self) -> Result<Mark, StoreError> {
        audit::written(&self.kv)
    }

    /// The lines after a number, oldest first, read as they are asked for. One that can't be read is an error,
    /// `Corrupt`; the next one comes nevertheless.
    pub fn after(&self, n: u64) -> impl Iterator<Item = Result<AuditLine, StoreError>> + '_ {
        audit::after(&self.kv, n)
    }

    /// Looks at every line; tells the last one, or the first that doesn't fit.
    ///
    /// # Errors
    ///
    /// Those of [`forgotten`](Self::forgotten) and [`written`](Self::written).
    pub fn verify(
        &self,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Result<Mark, Misfit>, StoreError> {
        let after = self.forgotten()?;
        let written = self.written()?;
        let total = Some(written.n.saturating_sub(after.n));
        let mut chain = Chain::from(after);
        for (n_records, line) in (1..).zip(self.after(0)) {
            let added = match line {
                Ok(line) => chain.add(&line),
                Err(error) => Err(Misfit {
                    n: chain.last().n + 1,
                    why: Why::Unreadable(reason(error)?),
                }),
            };
            if let Err(misfit) = added {
                return Ok(Err(misfit));
            }
            if n_records % PROGRESS_LINES == 0 || Some(n_records) == total {
                progress(Progress { n_records, total });
            }
        }
        Ok(chain.end(written).map(|()| written))
    }
}

/// Why a line can't be read; anything but damage is no matter of the line.
fn reason(error: StoreError) -> Result<String, StoreError> {
    match error.kind {
        StoreErrorKind::Corrupt { reason, .. } => Ok(reason),
        StoreErrorKind::Newer { found, known } => Ok(format!(
            "it has version {found}, where {known} is the newest known"
        )),
        _ => Err(error),
    }
}
