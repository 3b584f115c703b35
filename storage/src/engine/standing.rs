//! How people stand with the moderators. Who may decide about whom is not asked here.

use std::collections::BTreeSet;

use crate::{
    domain::safety::{Sanction, Standing},
    engine::{
        records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ShadowedV1, StandingV1},
    store::{Outcome, Rejection},
};

pub(crate) fn sanction(tx: &mut Tx<'_>, user: &UserId, sanction: Sanction) -> Written {
    if let Sanction::Mute(Some(until)) | Sanction::Suspend(Some(until)) = sanction
        && until <= tx.at
    {
        return Err(Rejection::Invalid("it would end before it begins").into());
    }
    let key = keys::standing(user);
    let stored: Option<StandingV1> = records::load(tx, &key)?;
    let before = without_what_ended(stored.unwrap_or_default(), tx.at);
    let after = StandingV1::from(Standing::from(before).after(sanction, tx.at));
    if after == before {
        return Ok(Outcome::Unchanged);
    }
    match (before.shadowed_since, after.shadowed_since) {
        (None, Some(since)) => tx.put_new(keys::shadowed(user), &ShadowedV1 { since })?,
        (Some(_), None) => tx.delete::<ShadowedV1>(keys::shadowed(user))?,
        _ => {}
    }
    tx.put(key, &after)?;
    Ok(Outcome::Done)
}

/// To lift a mute that is over changes nothing.
fn without_what_ended(standing: StandingV1, at: Timestamp) -> StandingV1 {
    let lasts = |until: &Timestamp| at < *until;
    StandingV1 {
        muted_until: standing.muted_until.filter(lasts),
        suspended_until: standing.suspended_until.filter(lasts),
        ..standing
    }
}

pub(crate) fn standing(source: &dyn Source, user: &UserId) -> Result<Standing, StoreError> {
    let record: Option<StandingV1> = records::load(source, &keys::standing(user))?;
    Ok(record.unwrap_or_default().into())
}

pub(crate) fn shadowed(source: &dyn Source) -> Result<Vec<(UserId, Timestamp)>, StoreError> {
    let all = keys::table(Table::Shadowed);
    let rows = records::all::<ShadowedV1>(source, all, Order::Ascending);
    let mut shadowed = rows
        .map(|entry| {
            let (key, ShadowedV1 { since }) = entry?;
            Ok((shadowed_user(&key)?, since))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    shadowed.sort();
    Ok(shadowed)
}

/// Whether what somebody wrote at a time is shown to nobody else.
pub(crate) fn is_shadowed(
    source: &dyn Source,
    user: &UserId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let record: Option<ShadowedV1> = records::load(source, &keys::shadowed(user))?;
    Ok(record.is_some_and(|ShadowedV1 { since }| at >= since))
}

/// Adds everyone whose writing is shown to nobody else, for somebody else's eyes. One look where there is nobody.
pub(crate) fn hide_shadowed(
    source: &dyn Source,
    reader: &UserId,
    hidden: &mut BTreeSet<UserId>,
) -> Result<(), StoreError> {
    for entry in source.scan(keys::table(Table::Shadowed), Order::Ascending) {
        let user = shadowed_user(&entry?.0)?;
        if user != *reader {
            hidden.insert(user);
        }
    }
    Ok(())
}

fn shadowed_user(key: &[u8]) -> Result<UserId, StoreError> {
    records::parsed(key, |key| Parts::of(Table::Shadowed, key)?.user())
}
