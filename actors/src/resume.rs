//! Bringing a connection up to date: hello, what it missed, then what is live, without gap or repetition.
//!
//! The connection's outbox holds live changes back meanwhile. It is attached to its rooms before the store
//! is read, so a change is in what is read, or held back, or both; positions tell.

use std::sync::Arc;

use parlour_storage::{ids::Position, store::Changes};

use crate::{
    codec::Resume, connection::Connection, error::Failure, push::Hello, system::Core,
    visibility::Eyes,
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
    let mut floor = start;
    if let Some(missed) = missed {
        floor = replay(core, connection, missed).await?;
    }
    while !connection.outbox.open_gate(floor) {
        // More came live than could be held back: it is in the store, so read it from there.
        let mut more = true;
        while more {
            let changes = read(core, connection, floor).await?;
            more = changes.more;
            floor = replay(core, connection, changes).await?;
        }
    }
    Ok(())
}

/// What was missed since a place. `None` if that can't be said for sure, or it is more than a resume replays.
async fn missed_since(
    core: &Core,
    connection: &Connection,
    resume: Resume,
) -> Result<Option<Changes>, Failure> {
    // A position ahead of the store is of a history that this store doesn't have.
    if resume.epoch != core.epoch() || resume.position > core.store_ref().head() {
        return Ok(None);
    }
    let changes = read(core, connection, resume.position).await?;
    Ok((!changes.more).then_some(changes))
}

async fn read(core: &Core, connection: &Connection, after: Position) -> Result<Changes, Failure> {
    let limit = core.settings.resume_changes_max;
    Ok(core
        .store_ref()
        .changes_since(&connection.user, after, limit)
        .await?)
}

/// Sends changes as fast as the client reads them, and returns up to where.
async fn replay(
    core: &Core,
    connection: &Connection,
    changes: Changes,
) -> Result<Position, Failure> {
    let eyes = Eyes::from(core.store_ref().blocks_of(&connection.user).await?);
    for change in changes.changes {
        let push = eyes.push(change);
        let Some(frame) = push.and_then(|push| connection.codec.push(core.epoch(), &push)) else {
            continue;
        };
        if !connection.outbox.has_room().await || !connection.outbox.push(frame) {
            break;
        }
    }
    Ok(changes.through)
}
