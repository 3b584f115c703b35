//! Checks of the audit log. Nothing of it is ever repaired: it is evidence.

use super::checker::{Checker, Found};
use crate::{
    audit::{Chain, Mark, Why},
    error::StoreError,
    keys::{self, AuditEnd, Table},
    record::{AuditMarkV1, AuditV1},
};

/// How far the check of the log has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Log {
    /// No line was met yet.
    #[default]
    Unread,
    /// The line before can't be read, so nobody knows what the next one follows.
    Lost,
    /// The line before.
    At(Mark),
}

/// Lines come in the order of their numbers. After one that doesn't fit the check goes on from there: what follows is
/// another matter.
pub(super) fn check_line(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let n = c.parts(Table::Audit, key, |parts| parts.number());
    let line = c.read::<AuditV1>(key, value)?;
    let (Some(n), Some(line)) = (n, line) else {
        c.log = Log::Lost;
        return Ok(());
    };
    let before = match c.log {
        Log::Unread => mark(c, AuditEnd::Forgotten)?,
        Log::Lost => None,
        Log::At(mark) => Some(mark),
    };
    c.log = Log::At(Mark { n, hash: line.hash });
    if let Some(position) = line.position {
        c.used(position);
    }
    if let Some(before) = before
        && let Err(misfit) = Chain::from(before).add(&line.into_domain(n))
    {
        c.report(key, misfit.to_string());
    }
    Ok(())
}

/// `None`: it can't be read, which is reported where the scan meets it.
fn mark(c: &Checker<'_>, end: AuditEnd) -> Result<Option<Mark>, StoreError> {
    Ok(match c.find(&keys::audit_end(end))? {
        Found::Nothing => Some(Mark::default()),
        Found::Damaged => None,
        Found::Record(AuditMarkV1 { n, hash }) => Some(Mark { n, hash }),
    })
}

pub(super) fn check_end(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let ends = [AuditEnd::Forgotten, AuditEnd::Written];
    if !ends.into_iter().any(|end| keys::audit_end(end) == key) {
        c.report(key, "no such key can be");
    }
    c.read::<AuditMarkV1>(key, value).map(drop)
}

/// Once all lines were met: the last one is the last that was written.
pub(super) fn check_last(c: &mut Checker<'_>) -> Result<(), StoreError> {
    let last = match c.log {
        Log::Unread => mark(c, AuditEnd::Forgotten)?,
        Log::Lost => None,
        Log::At(mark) => Some(mark),
    };
    if let (Some(last), Some(written)) = (last, mark(c, AuditEnd::Written)?)
        && let Err(misfit) = Chain::from(last).end(written)
    {
        let key = match misfit.why {
            Why::Missing => keys::audit_end(AuditEnd::Written),
            _ => keys::audit(last.n),
        };
        c.report(&key, misfit.to_string());
    }
    Ok(())
}
