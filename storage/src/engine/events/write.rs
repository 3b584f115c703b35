//! Writing events, in the transaction that they tell of.
//!
//! What people learn and what changes is taken from the outcome, so that no way of writing goes round it. A sent message
//! has no row: its own record is its event.

use crate::{
    domain::{
        change::{Change, ChangeBody},
        contact::{Notice, RequestStatus},
        event::{EventDraft, EventId},
    },
    engine::tx::{Stop, Tx},
    error::StoreError,
    ids::UserId,
    keys,
    record::{AskedV1, HappenedV1, HappeningV1},
    store::{Outcome, Transaction, Write},
};

/// Writes what came of a transaction. `all`: also what is told only if somebody wants to follow it.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    transaction: &Transaction,
    outcome: &Outcome,
    all: bool,
) -> Result<(), Stop> {
    let (changes, notices): (&[Change], &[Notice]) = match outcome {
        Outcome::Changed(changes) => (changes, &[]),
        Outcome::Met { notices, changes } => (changes, notices),
        Outcome::Filed(report) => {
            tx.happened(HappeningV1::Reported { report: *report });
            (&[], &[])
        }
        Outcome::Uploaded(_) | Outcome::Kept { .. } | Outcome::PushTarget(_) | Outcome::Done => {
            (&[], &[])
        }
        Outcome::Repeated(_) | Outcome::Asked(_) | Outcome::Unchanged => return Ok(()),
    };
    for change in changes {
        if let Some(what) = of_change(change, all) {
            tx.happened(what);
        }
    }
    for notice in notices {
        tx.happened(of_notice(notice));
    }
    if let Write::Sanction { user, sanction } = &transaction.write {
        tx.happened(HappeningV1::Sanctioned {
            user: user.clone(),
            sanction: (*sanction).into(),
        });
    }
    for draft in &transaction.events {
        tx.happened(match draft {
            EventDraft::UserOnline => HappeningV1::Online,
            EventDraft::UserOffline => HappeningV1::Offline,
        });
    }
    let by = Some(tx.by.clone());
    write(tx, by.as_ref())
}

/// Writes what happened in housekeeping, which nobody did. Where no position is left for it, in 2094, nobody learns of it.
pub(crate) fn write_house(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    match write(tx, None) {
        Err(Stop::Broken(error)) => Err(error),
        Ok(()) | Err(Stop::Rejected(_)) => Ok(()),
    }
}

/// Writes the rows of what happened, behind everything else that the transaction did.
fn write(tx: &mut Tx<'_>, by: Option<&UserId>) -> Result<(), Stop> {
    let happened = std::mem::take(&mut tx.happened);
    if happened.is_empty() {
        return Ok(());
    }
    let position = tx.last_position()?;
    for (n, what) in (1..).zip(happened) {
        let record = HappenedV1 {
            by: by.cloned(),
            at: tx.at,
            what,
        };
        tx.put_new(keys::event(EventId { position, n }), &record)?;
    }
    Ok(())
}

fn of_change(change: &Change, all: bool) -> Option<HappeningV1> {
    let conversation = change.conversation;
    match &change.body {
        ChangeBody::Sent(_) | ChangeBody::Delivered { .. } => None,
        ChangeBody::Edited(message) => Some(HappeningV1::Edited {
            conversation,
            message: message.id,
        }),
        ChangeBody::Deleted(message) => Some(HappeningV1::Deleted {
            conversation,
            message: message.id,
        }),
        ChangeBody::Created { .. }
        | ChangeBody::Reacted { .. }
        | ChangeBody::Read { .. }
        | ChangeBody::Added { .. }
        | ChangeBody::Removed { .. }
        | ChangeBody::RoleSet { .. }
        | ChangeBody::Archived { .. }
        | ChangeBody::Renamed { .. } => all.then_some(HappeningV1::Changed {
            conversation,
            change: change.position,
        }),
    }
}

fn of_notice(notice: &Notice) -> HappeningV1 {
    match notice {
        Notice::Requested(request) => HappeningV1::Requested(AskedV1::from(request)),
        Notice::Answered(request) => {
            let asked = AskedV1::from(request);
            match request.status {
                RequestStatus::Accepted => HappeningV1::Accepted {
                    asked,
                    message: request.message,
                    conversation: request.conversation,
                },
                RequestStatus::Withdrawn => HappeningV1::Withdrawn(asked),
                RequestStatus::Declined | RequestStatus::Pending | RequestStatus::Expired => {
                    HappeningV1::Declined(asked)
                }
            }
        }
        Notice::Matched(matched) => HappeningV1::from(matched),
        Notice::Unmatched { matched, .. } => HappeningV1::Unmatched {
            matched: matched.id,
            pair: matched.pair.clone(),
            conversation: matched.conversation,
        },
        Notice::Hidden {
            from,
            user,
            because,
        } => HappeningV1::Discovery {
            from: from.clone(),
            user: user.clone(),
            because: because.map(Into::into),
        },
    }
}
