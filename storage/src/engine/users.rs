//! People, as their tokens describe them.

use crate::{
    domain::user::User,
    engine::{
        bounds, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::UserV1,
    store::{Outcome, Profile},
};

pub(crate) fn save(tx: &mut Tx<'_>, profile: &Profile) -> Written {
    bounds::label(profile.name.as_deref())?;
    bounds::address(profile.picture.as_deref())?;
    let key = keys::user(tx.by);
    let old: Option<UserV1> = records::load(tx, &key)?;
    let new = UserV1 {
        name: profile.name.clone(),
        picture: profile.picture.clone(),
        role: profile.role.into(),
        plan: profile.plan.into(),
        created_at: old.as_ref().map_or(tx.at, |old| old.created_at),
        last_seen: old.as_ref().and_then(|old| old.last_seen),
    };
    if old.as_ref() == Some(&new) {
        return Ok(Outcome::Unchanged);
    }
    tx.put(key, &new)?;
    Ok(Outcome::Done)
}

pub(crate) fn see(tx: &mut Tx<'_>) -> Written {
    let key = keys::user(tx.by);
    let Some(mut user) = records::load::<UserV1>(tx, &key)? else {
        return Ok(Outcome::Unchanged);
    };
    if user.last_seen >= Some(tx.at) {
        return Ok(Outcome::Unchanged);
    }
    user.last_seen = Some(tx.at);
    tx.put(key, &user)?;
    Ok(Outcome::Done)
}

pub(crate) fn user(source: &dyn Source, user: &UserId) -> Result<Option<User>, StoreError> {
    let record: Option<UserV1> = records::load(source, &keys::user(user))?;
    Ok(record.map(|record| record.into_domain(user.clone())))
}

pub(crate) fn users(source: &dyn Source, users: &[UserId]) -> Result<Vec<User>, StoreError> {
    let found = users.iter().map(|id| {
        source.breathe();
        user(source, id)
    });
    found.filter_map(Result::transpose).collect()
}
