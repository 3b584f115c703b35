//! Bringing a connection up to date: hello, what it missed, then what is live, without gap or repetition.
//!
//! The connection's outbox holds live changes back meanwhile. It is attached to its rooms before the store
//! is read, so a change is in what is read, or held back, or both; positions tell.

use std::sync::Arc;

use parlour_storage::{ids::Position, store::Changes};

use crate::{
    codec::Resume, connection::Connection, error::Failure, limits::RESUME_PAGE, push::Hello,
    system::Core,
};

/// Says hello, replays what was missed, and lets live changes through.
///
/// # Errors
///
/// The store's. The connection should be closed then: it may have missed something.
pub(crate) async fn catch_up(
    core: &Arc<Core>,
    connection: &Arc<Connection>,
    resume: Option<Resume>,
) -> Result<(), Failure> {
    let missed = match resume {
        Some(resume) => missed_since(core, connection, resume).await?,
        None => None,
    };
    let recovered = resume.map(|_| missed.is_some());
    match recovered {
        Some(true) => core.counters.resumes_recovered.add_one(),
        Some(false) => core.counters.resumes_failed.add_one(),
        None => {}
    }
    if recovered == Some(true) {
        connection.set_resumed();
    }
    let start = match (&missed, resume) {
        (Some(_), Some(resume)) => resume.position,
        _ => core.store_ref().head(),
    };
    let hello = Hello {
        user: &connection.user,
        connection: connection.outbox.id(),
        epoch: core.epoch(),
        position: start,
        recovered,
        settings: &core.settings,
    };
    if let Some(frame) = connection.codec.hello(&hello) {
        connection.outbox.push(frame);
    }
    let Some(mut floor) = replay(core, connection, start, missed).await? else {
        return Ok(());
    };
    while !connection.outbox.open_gate(floor) {
        // More came live than could be held back: it is in the store, so read it from there.
        let page = read(core, connection, floor).await?;
        match replay(core, connection, floor, Some(page)).await? {
            Some(through) => floor = through,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Whether it is a place of this node's history to go on from, however much was missed since.
pub(crate) fn is_known(core: &Core, resume: Resume) -> bool {
    // A position ahead of the store is of a history that this store doesn't have.
    resume.epoch == core.epoch() && resume.position <= core.store_ref().head()
}

/// The first page of what was missed since a place. `None` if that can't be said for sure, or all of it is
/// more than a resume replays.
async fn missed_since(
    core: &Core,
    connection: &Connection,
    resume: Resume,
) -> Result<Option<Changes>, Failure> {
    if !is_known(core, resume) {
        return Ok(None);
    }
    let first = read(core, connection, resume.position).await?;
    // The rest is counted a page at a time, and read again when its turn comes: a client that reads
    // slowly must not cost the memory of all that it missed.
    let (mut n, mut through, mut more) = (first.changes.len(), first.through, first.more);
    while more && n <= core.settings.resume_changes_max {
        let next = read(core, connection, through).await?;
        (through, more) = (next.through, next.more);
        n += next.changes.len();
    }
    Ok((n <= core.settings.resume_changes_max).then_some(first))
}

async fn read(core: &Core, connection: &Connection, after: Position) -> Result<Changes, Failure> {
    let user = &connection.user;
    Ok(core
        .store_ref()
        .changes_since(user, after, RESUME_PAGE)
        .await?)
}

/// Sends pages of changes as fast as the client reads them, from the given one to the last, and returns up
/// to where. `None`: the connection was closed.
async fn replay(
    core: &Core,
    connection: &Connection,
    start: Position,
    first: Option<Changes>,
) -> Result<Option<Position>, Failure> {
    let (mut floor, mut page) = (start, first);
    while let Some(Changes {
        changes,
        through,
        more,
    }) = page.take()
    {
        let eyes = core.eyes_behind(connection).await?;
        for push in core.shown(&eyes, changes).await? {
            let Some(frame) = connection.encode(core.epoch(), &push) else {
                continue;
            };
            if !connection.outbox.has_room().await || !connection.outbox.push(frame) {
                return Ok(None);
            }
        }
        floor = through;
        if more {
            page = Some(read(core, connection, floor).await?);
        }
    }
    Ok(Some(floor))
}
