//! What people chose for themselves.

use crate::{
    domain::safety::Preferences,
    engine::{
        records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::PreferencesV1,
    store::Outcome,
};

pub(crate) fn prefer(tx: &mut Tx<'_>, preferences: Preferences) -> Written {
    if of(tx, tx.by)? == preferences {
        return Ok(Outcome::Unchanged);
    }
    tx.put(keys::preferences(tx.by), &PreferencesV1::from(preferences))?;
    Ok(Outcome::Done)
}

pub(crate) fn of(source: &dyn Source, user: &UserId) -> Result<Preferences, StoreError> {
    let record: Option<PreferencesV1> = records::load(source, &keys::preferences(user))?;
    Ok(record.unwrap_or_default().into())
}

pub(crate) fn of_all(
    source: &dyn Source,
    users: &[UserId],
) -> Result<Vec<Preferences>, StoreError> {
    let preferences = users.iter().map(|user| {
        source.breathe();
        of(source, user)
    });
    preferences.collect()
}
