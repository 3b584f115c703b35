//! The devices that people want to be reached on. A device is one person's: whoever gave its address last.

use crate::{
    domain::push::{PUSH_TARGETS_MAX, PushSubscription, PushTarget},
    engine::{
        bounds, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{PushTargetId, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{DeviceV1, PushAddressV1, PushTargetV1},
    store::{Outcome, Rejection},
};

pub(crate) fn add(tx: &mut Tx<'_>, target: &PushTarget) -> Written {
    let device = DeviceV1::of(target).ok_or(Rejection::Invalid(
        "the webhook for pushes is the operator's, and reaches everybody",
    ))?;
    bounds::push_target(target)?;
    let key = keys::push_address(device.address());
    let known: Option<PushAddressV1> = records::load(tx, &key)?;
    let id = match known {
        Some(known) if known.user == *tx.by => known.target,
        former => {
            if let Some(former) = former {
                tx.delete::<PushTargetV1>(keys::push_target(&former.user, former.target))?;
            }
            let n = tx.scan(keys::push_targets(tx.by), Order::Ascending).count();
            if n >= PUSH_TARGETS_MAX {
                return Err(Rejection::PushTargetsFull.into());
            }
            PushTargetId::created_at(tx.position()?)
        }
    };
    let owner = PushAddressV1 {
        user: tx.by.clone(),
        target: id,
    };
    tx.put(key, &owner)?;
    let record = PushTargetV1 { at: tx.at, device };
    tx.put(keys::push_target(tx.by, id), &record)?;
    Ok(Outcome::PushTarget(Box::new(record.into_domain(id))))
}

pub(crate) fn give_up(tx: &mut Tx<'_>, id: PushTargetId) -> Written {
    let record: Option<PushTargetV1> = records::load(tx, &keys::push_target(tx.by, id))?;
    let record = record.ok_or(Rejection::NoPushTarget)?;
    forget(tx, id, &record)?;
    Ok(Outcome::Done)
}

fn forget(tx: &mut Tx<'_>, id: PushTargetId, record: &PushTargetV1) -> Result<(), StoreError> {
    tx.delete::<PushAddressV1>(keys::push_address(record.device.address()))?;
    tx.delete::<PushTargetV1>(keys::push_target(tx.by, id))
}

/// Forgets devices of the user's own; tells how many.
pub(crate) fn forget_own(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let range = keys::push_targets(tx.by);
    let targets = records::all::<PushTargetV1>(tx, range, Order::Ascending);
    let targets: Vec<_> = targets.take(most).collect::<Result<_, _>>()?;
    for (key, record) in &targets {
        forget(tx, id_of(key)?, record)?;
    }
    Ok(targets.len())
}

pub(crate) fn of(source: &dyn Source, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
    let targets = records::all(source, keys::push_targets(user), Order::Ascending);
    let targets = targets.map(|entry| {
        let (key, record): (_, PushTargetV1) = entry?;
        Ok(record.into_domain(id_of(&key)?))
    });
    targets.collect()
}

fn id_of(key: &[u8]) -> Result<PushTargetId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::PushTarget, key)?;
        parts.user()?;
        parts.push_target()
    })
}
