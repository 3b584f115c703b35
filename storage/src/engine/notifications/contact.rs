//! Notifications of what two people learn of each other, from the outcome of the transaction, so that no way of
//! writing goes round it.

use super::rows;
use crate::{
    domain::contact::{Match, MessageRequest, Notice, RequestStatus},
    engine::{
        records,
        tx::{Stop, Tx},
    },
    error::StoreError,
    ids::UserId,
    keys,
    kv::{Order, Source},
    record::{NoticedV1, NotificationBodyV1, NotificationV2},
    store::Outcome,
};

/// Who does it isn't notified of it.
pub(crate) fn tell(tx: &mut Tx<'_>, outcome: &Outcome) -> Result<(), Stop> {
    let Outcome::Met { notices, .. } = outcome else {
        return Ok(());
    };
    let mut accepted: Option<&UserId> = None;
    for notice in notices {
        match notice {
            Notice::Requested(request) => requested(tx, request)?,
            Notice::Answered(request) => {
                settled(tx, request)?;
                if request.status == RequestStatus::Accepted && request.from != *tx.by {
                    accepted = Some(&request.from);
                    let body = NotificationBodyV1::RequestAccepted {
                        request: request.id,
                        by: request.to.clone(),
                        conversation: request.conversation,
                    };
                    rows::add(tx, &request.from, body, tx.at)?;
                }
            }
            Notice::Matched(_) | Notice::Unmatched { .. } | Notice::Hidden { .. } => {}
        }
    }
    for notice in notices {
        let Notice::Matched(matched) = notice else {
            continue;
        };
        for user in &matched.pair {
            // An accepted request says it already.
            if let Some(with) = matched.other(user)
                && user != tx.by
                && accepted != Some(user)
            {
                let body = NotificationBodyV1::Matched {
                    matched: matched.id,
                    with: with.clone(),
                    conversation: matched.conversation,
                };
                rows::add(tx, user, body, tx.at)?;
            }
        }
    }
    Ok(())
}

fn requested(tx: &mut Tx<'_>, request: &MessageRequest) -> Result<(), Stop> {
    // Nobody else is told of who is shadow-banned.
    if tx.get(&keys::shadowed(&request.from))?.is_some() {
        return Ok(());
    }
    let body = NotificationBodyV1::Requested {
        request: request.id,
        from: request.from.clone(),
    };
    let notification = rows::add(tx, &request.to, body, tx.at)?;
    let noticed = NoticedV1 {
        notification,
        newest: None,
    };
    let key = keys::noticed(&request.to, request.id.position());
    Ok(tx.put_new(key, &noticed)?)
}

/// Who was asked has answered and so has read of it; or there is nothing to read any more.
fn settled(tx: &mut Tx<'_>, request: &MessageRequest) -> Result<(), Stop> {
    let key = keys::noticed(&request.to, request.id.position());
    let Some(NoticedV1 { notification, .. }) = records::load(tx, &key)? else {
        return Ok(());
    };
    tx.delete::<NoticedV1>(key)?;
    match request.status {
        RequestStatus::Accepted | RequestStatus::Declined => {
            rows::set_read(tx, &request.to, notification)?;
        }
        RequestStatus::Withdrawn | RequestStatus::Expired | RequestStatus::Pending => {
            rows::take(tx, &request.to, notification)?;
        }
    }
    Ok(())
}

/// Notifications that one person may have of one transaction, generously.
const OF_ONE: usize = 8;

/// Takes back what somebody was notified of when they were matched: it stands right behind the match.
pub(crate) fn unmatched(tx: &mut Tx<'_>, user: &UserId, matched: &Match) -> Result<(), StoreError> {
    let behind = keys::notifications(user, matched.id.position(), None);
    let rows = records::all::<NotificationV2>(tx, behind, Order::Ascending);
    let rows: Vec<_> = rows.take(OF_ONE).collect::<Result<_, _>>()?;
    for (key, NotificationV2 { at, body, .. }) in rows {
        let is_of_it = match body {
            NotificationBodyV1::Matched { matched: id, .. } => id == matched.id,
            NotificationBodyV1::RequestAccepted { by, .. } => {
                at == matched.created_at && matched.other(user) == Some(&by)
            }
            _ => false,
        };
        if is_of_it {
            rows::take(tx, user, rows::position_of(&key)?)?;
        }
    }
    Ok(())
}
