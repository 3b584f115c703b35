//! Writing the audit log line by line, each with a hash over the one before, and letting go of old lines.

use crate::{
    audit::{self, Mark},
    codec,
    domain::{
        safety::{AuditDraft, AuditLine},
        scheduled::Kept,
    },
    engine::{
        records,
        tx::{Stop, Tx},
    },
    error::StoreError,
    ids::{Position, Timestamp},
    keys::{self, AuditEnd, Parts, Table},
    kv::{Order, Source},
    record::{AuditMarkV1, AuditV1},
    store::Outcome,
};

/// Adds a line about what came of a transaction. The caller sees to it that something did.
pub(crate) fn write(tx: &mut Tx<'_>, draft: &AuditDraft, outcome: &Outcome) -> Result<(), Stop> {
    let before = tx.audit;
    let mut line = AuditLine {
        n: before.n + 1,
        at: tx.at,
        by: tx.by.clone(),
        position: position(outcome),
        action: draft.action.to_owned(),
        user: draft.user.clone(),
        conversation: draft.conversation,
        message: draft.message,
        detail: draft.detail.clone(),
        hash: [0; 32],
    };
    line.hash = audit::hash(&before.hash, &line);
    let (n, hash) = (line.n, line.hash);
    tx.put_new(keys::audit(n), &AuditV1::from(line))?;
    put_mark(tx, AuditEnd::Written, Mark { n, hash })?;
    tx.audit = Mark { n, hash };
    Ok(())
}

/// Where what was done stands. Of two people who met by a message: the message, which comes last.
fn position(outcome: &Outcome) -> Option<Position> {
    match outcome {
        Outcome::Changed(changes) => changes.first().map(|change| change.position),
        Outcome::Met { changes, .. } => changes.last().map(|change| change.position),
        Outcome::Filed(report) => Some(report.position()),
        Outcome::Uploaded(attachment) => Some(attachment.id.position()),
        Outcome::Kept {
            kept: Kept::Scheduled(scheduled),
            ..
        } => Some(scheduled.id.position()),
        Outcome::Kept {
            kept: Kept::Template(template),
            ..
        } => Some(template.id.position()),
        Outcome::PushTarget(target) => Some(target.id.position()),
        Outcome::Repeated(_) | Outcome::Asked(_) | Outcome::Done | Outcome::Unchanged => None,
    }
}

fn put_mark(tx: &mut Tx<'_>, end: AuditEnd, Mark { n, hash }: Mark) -> Result<(), StoreError> {
    tx.put_new(keys::audit_end(end), &AuditMarkV1 { n, hash })
}

fn mark(source: &dyn Source, end: AuditEnd) -> Result<Mark, StoreError> {
    let mark: Option<AuditMarkV1> = records::load(source, &keys::audit_end(end))?;
    Ok(mark.map_or_else(Mark::default, |AuditMarkV1 { n, hash }| Mark { n, hash }))
}

/// The last line that was let go.
pub(crate) fn forgotten(source: &dyn Source) -> Result<Mark, StoreError> {
    mark(source, AuditEnd::Forgotten)
}

/// The last line that was written.
pub(crate) fn written(source: &dyn Source) -> Result<Mark, StoreError> {
    mark(source, AuditEnd::Written)
}

/// The line that the next one follows.
///
/// Damage keeps nobody out: the log goes on above all that there is, and verify tells of the line that doesn't fit.
pub(crate) fn head(source: &dyn Source) -> Result<Mark, StoreError> {
    let written = passing_over_damage(written(source))?.unwrap_or_default();
    let lines = keys::table(Table::Audit);
    let Some(newest) = source.scan(lines, Order::Descending).next() else {
        return Ok(written);
    };
    let (key, value) = newest?;
    let n = number(&key)?;
    if n <= written.n {
        return Ok(written);
    }
    let line = codec::open::<AuditV1>(&key, &value, &mut |part| source.get(part));
    let hash = passing_over_damage(line)?.map_or([0; 32], |line| line.hash);
    Ok(Mark { n, hash })
}

fn passing_over_damage<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.kind.is_damage() => {
            tracing::error!(%error, "met a damaged record at the end of the audit log");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn number(key: &[u8]) -> Result<u64, StoreError> {
    records::parsed(key, |key| Parts::of(Table::Audit, key)?.number())
}

/// The lines after a number, oldest first, read as they are asked for.
pub(crate) fn after(
    source: &dyn Source,
    n: u64,
) -> impl Iterator<Item = Result<AuditLine, StoreError>> + '_ {
    let lines = records::all::<AuditV1>(source, keys::audit_after(n), Order::Ascending);
    lines.map(|entry| {
        source.breathe();
        let (key, line) = entry?;
        Ok(line.into_domain(number(&key)?))
    })
}

/// Lets go of the oldest lines, if they were written before a time, and remembers the last of them. Looks at `limit`
/// lines at most; tells how many went. One that can't be read goes with the next one that can.
pub(crate) fn forget(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let first = forgotten(tx)?.n + 1;
    // A range of known length: a scan of what is written to reads all of its range at once.
    let range = keys::audit(first)..keys::audit(first.saturating_add(limit as u64));
    let mut keys = Vec::new();
    let mut gone = None;
    for entry in tx.scan(range, Order::Ascending) {
        let (key, value) = entry?;
        let n = number(&key)?;
        let line = codec::open::<AuditV1>(&key, &value, &mut |part| tx.get(part));
        keys.push(key);
        match line {
            Ok(line) if line.at < before => {
                let hash = line.hash;
                gone = Some((keys.len(), Mark { n, hash }));
            }
            Ok(_) => break,
            Err(error) if error.kind.is_damage() => {}
            Err(error) => return Err(error),
        }
    }
    let Some((n_gone, last)) = gone else {
        return Ok(0);
    };
    for key in keys.into_iter().take(n_gone) {
        tx.delete::<AuditV1>(key)?;
    }
    put_mark(tx, AuditEnd::Forgotten, last)?;
    Ok(n_gone)
}
