//! Notifications of what two people learn of each other, from the outcome of the transaction, so that no way of
//! writing goes round it.

use super::rows;
use crate::{
    domain::contact::{MessageRequest, Notice, RequestStatus},
    engine::{
        records,
        tx::{Stop, Tx},
    },
    ids::UserId,
    keys,
    kv::Source,
    record::{NoticedV1, NotificationBodyV1},
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
