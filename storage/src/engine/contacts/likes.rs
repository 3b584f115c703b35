//! Likes: one record each. Not told to who is liked, unless the two are matched by it.

use crate::{
    domain::contact::MatchKind,
    engine::{
        contacts::{matches, met::Met, requests, ties},
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::LikeV1,
    store::{Outcome, Rejection},
};

pub(crate) fn like(tx: &mut Tx<'_>, user: &UserId, on: bool) -> Written {
    if user == tx.by {
        return Err(Rejection::Invalid("nobody likes themselves").into());
    }
    let key = keys::like(tx.by, user);
    let liked = tx.get(&key)?.is_some();
    if !on {
        if !liked {
            return Ok(Outcome::Unchanged);
        }
        tx.delete::<LikeV1>(key)?;
        return Ok(Outcome::Done);
    }
    if !liked {
        tx.put_new(key, &LikeV1 { at: tx.at })?;
    }
    let done = if liked {
        Outcome::Unchanged
    } else {
        Outcome::Done
    };
    let tie = ties::load(tx, tx.by, user)?.unwrap_or_default();
    if tie.matched.is_some() {
        return Ok(done);
    }
    let kind = if requests::pending_from(tx, &tie, user)?.is_some() {
        MatchKind::LikeAfterRequest
    } else if tx.get(&keys::like(user, tx.by))?.is_some() {
        MatchKind::MutualLike
    } else {
        return Ok(done);
    };
    let mut met = Met::default();
    matches::make(tx, user, kind, &mut met)?;
    Ok(met.or(done))
}

/// Takes back the likes of who does it and somebody, both ways.
pub(crate) fn clear(tx: &mut Tx<'_>, other: &UserId) -> Result<(), StoreError> {
    tx.delete::<LikeV1>(keys::like(tx.by, other))?;
    tx.delete::<LikeV1>(keys::like(other, tx.by))
}
