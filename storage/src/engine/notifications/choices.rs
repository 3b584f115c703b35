//! What people want no notifications of, and when.

use crate::{
    domain::notification::{DoNotDisturb, Mute},
    engine::{
        members, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{DoNotDisturbV1, MuteV1},
    store::{Outcome, Rejection},
};

/// `None`: no longer.
pub(crate) fn mute(tx: &mut Tx<'_>, id: ConversationId, until: Option<Timestamp>) -> Written {
    members::acting(tx, id)?;
    let key = keys::mute(tx.by, id);
    let old: Option<MuteV1> = records::load(tx, &key)?;
    // One that is over by itself is as none.
    let new = until.filter(|until| *until > tx.at);
    let new = new.map(|until| MuteV1 { until });
    if old == new {
        return Ok(Outcome::Unchanged);
    }
    match new {
        Some(new) => tx.put(key, &new)?,
        None => tx.delete::<MuteV1>(key)?,
    }
    Ok(Outcome::Done)
}

pub(crate) fn muted_until(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
) -> Result<Option<Timestamp>, StoreError> {
    let record: Option<MuteV1> = records::load(source, &keys::mute(user, id))?;
    Ok(record.map(|record| record.until))
}

pub(crate) fn mutes(source: &dyn Source, user: &UserId) -> Result<Vec<Mute>, StoreError> {
    let mutes = records::all(source, keys::mutes(user), Order::Ascending);
    let mutes = mutes.map(|entry| {
        let (key, MuteV1 { until }) = entry?;
        let conversation = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Mute, key)?;
            parts.user()?;
            parts.conversation()
        })?;
        Ok(Mute {
            conversation,
            until,
        })
    });
    mutes.collect()
}

/// Forgets mutes of the user's own; tells how many.
pub(crate) fn forget_mutes(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let rows = tx.scan(keys::mutes(tx.by), Order::Ascending).take(most);
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (key, _) in &rows {
        tx.delete::<MuteV1>(key.clone())?;
    }
    Ok(rows.len())
}

pub(crate) fn leave_alone(tx: &mut Tx<'_>, choice: DoNotDisturb) -> Written {
    if choice.quiet.is_some_and(|quiet| !quiet.is_valid()) {
        let why =
            "quiet hours are two minutes of a day, 0 to 1439, and an offset of less than a day";
        return Err(Rejection::Invalid(why).into());
    }
    if do_not_disturb(tx, tx.by)? == choice {
        return Ok(Outcome::Unchanged);
    }
    let key = keys::do_not_disturb(tx.by);
    if choice == DoNotDisturb::default() {
        tx.delete::<DoNotDisturbV1>(key)?;
    } else {
        tx.put(key, &DoNotDisturbV1::from(choice))?;
    }
    Ok(Outcome::Done)
}

pub(crate) fn do_not_disturb(
    source: &dyn Source,
    user: &UserId,
) -> Result<DoNotDisturb, StoreError> {
    let record: Option<DoNotDisturbV1> = records::load(source, &keys::do_not_disturb(user))?;
    Ok(record.unwrap_or_default().into())
}
