//! Checks of what people are notified of, and with.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    keys::{self, Table},
    record::{
        DoNotDisturbV1, MuteV1, NoticedV1, NotificationAtV1, NotificationV2, PushAddressV1,
        PushTargetV1,
    },
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

/// What finds it by its age can be made from it. What finds it by what it is about can't: that may be over.
pub(super) fn check_notification(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Notification, key, |parts| {
        Some((parts.user()?, parts.position()?))
    });
    let Some((user, position)) = ids else {
        return Ok(());
    };
    c.used(position);
    c.read::<NotificationV2>(key, value)?;
    let at = keys::notification_at(position);
    let right = NotificationAtV1 { user };
    match c.find::<NotificationAtV1>(&at)? {
        Found::Record(found) if found == right => {}
        Found::Record(_) => c.report(key, "somebody else's notification has the same position"),
        Found::Nothing | Found::Damaged => {
            c.rewrite(&at, "a notification can't be found by its age", &right)?;
        }
    }
    Ok(())
}

pub(super) fn check_notification_at(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let position = c.parts(Table::NotificationAt, key, |parts| parts.position());
    let (Some(position), Some(NotificationAtV1 { user })) = (position, c.read(key, value)?) else {
        return Ok(());
    };
    if !c.has(&keys::notification(&user, position))? {
        c.remove(key, "it finds no notification");
    }
    Ok(())
}

pub(super) fn check_noticed(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Noticed, key, |parts| {
        Some((parts.user()?, parts.position()?))
    });
    let (Some((user, about)), Some(noticed)) = (ids, c.read::<NoticedV1>(key, value)?) else {
        return Ok(());
    };
    let row = keys::notification(&user, noticed.notification);
    let is_its_own = match c.find::<NotificationV2>(&row)? {
        Found::Record(record) => record.body.about() == Some(about),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_its_own {
        c.remove(key, "it finds no notification about this");
    }
    Ok(())
}

pub(super) fn check_mute(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let ids = c.parts(Table::Mute, key, |parts| {
        Some((parts.user()?, parts.conversation()?))
    });
    c.read::<MuteV1>(key, value)?;
    if let Some((_, conversation)) = ids
        && !c.has_conversation(conversation)?
    {
        c.remove(key, "its conversation is missing");
    }
    Ok(())
}

pub(super) fn check_do_not_disturb(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::DoNotDisturb, key, |parts| parts.user());
    c.read::<DoNotDisturbV1>(key, value).map(drop)
}
