//! Checks of what people are notified with.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    keys::{self, Table},
    record::{PushAddressV1, PushTargetV1},
};

/// The other side of a device can be made from its record.
pub(super) fn check_push_target(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::PushTarget, key, |parts| {
        Some((parts.user()?, parts.push_target()?))
    });
    let (Some((user, target)), Some(record)) = (ids, c.read::<PushTargetV1>(key, value)?) else {
        return Ok(());
    };
    c.used(target.position());
    let address = keys::push_address(record.device.address());
    let right = PushAddressV1 { user, target };
    match c.find::<PushAddressV1>(&address)? {
        Found::Record(found) if found == right => {}
        Found::Record(_) => c.report(key, "somebody else's device has the same address"),
        Found::Nothing | Found::Damaged => {
            c.rewrite(&address, "a device can't be found by its address", &right)?;
        }
    }
    Ok(())
}

pub(super) fn check_push_address(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::PushAddress, key, |parts| parts.hash());
    let Some(PushAddressV1 { user, target }) = c.read(key, value)? else {
        return Ok(());
    };
    let found = c.find::<PushTargetV1>(&keys::push_target(&user, target))?;
    let is_its_own = match &found {
        Found::Record(record) => keys::push_address(record.device.address()) == key,
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_its_own {
        c.remove(key, "it is the address of no device");
    }
    Ok(())
}
