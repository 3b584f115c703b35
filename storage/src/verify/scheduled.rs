//! Checks of what people keep for later.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    keys::{self, Table},
    record::{AttachmentV1, DueV1, HeldV1, ScheduledV1, TemplateV1, UnsentV1},
};

/// Everything else about a scheduled message can be made from its record; the record from nothing.
pub(super) fn check_scheduled(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Scheduled, key, |parts| {
        Some((parts.user()?, parts.scheduled()?))
    });
    let (Some((author, id)), Some(record)) = (ids, c.read::<ScheduledV1>(key, value)?) else {
        return Ok(());
    };
    c.used(id.position());
    if record.failed.is_none() {
        let due = keys::due(record.at, id);
        let right = DueV1 { author };
        if !matches!(c.find::<DueV1>(&due)?, Found::Record(found) if found == right) {
            c.rewrite(&due, "a scheduled message would never be sent", &right)?;
        }
    }
    for file in &record.attachments {
        match c.find::<AttachmentV1>(&keys::attachment(file.id))? {
            Found::Nothing => c.report(key, format!("its file {} is missing", file.id)),
            Found::Damaged => {}
            Found::Record(_) => {
                let held = keys::held(file.id);
                let right = HeldV1 { scheduled: id };
                if !matches!(c.find::<HeldV1>(&held)?, Found::Record(found) if found == right) {
                    c.rewrite(&held, "a file of a scheduled message would go", &right)?;
                    let unsent = keys::unsent(file.id);
                    // Put there by the check of the file, which can't know.
                    if c.is_repaired(&unsent) || c.has(&unsent)? {
                        c.remove(&unsent, "its file is to be sent later");
                    }
                }
            }
        }
    }
    Ok(())
}

pub(super) fn check_due(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let place = c.parts(Table::Due, key, |parts| {
        Some((parts.number()?, parts.scheduled()?))
    });
    let (Some((at, id)), Some(DueV1 { author })) = (place, c.read::<DueV1>(key, value)?) else {
        return Ok(());
    };
    let waits = match c.find::<ScheduledV1>(&keys::scheduled(&author, id))? {
        Found::Record(record) => record.failed.is_none() && u64::try_from(record.at.0) == Ok(at),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !waits {
        c.remove(key, "nothing waits to be sent at this time");
    }
    Ok(())
}

pub(super) fn check_held(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let file = c.parts(Table::Held, key, |parts| parts.attachment());
    let (Some(file), Some(HeldV1 { scheduled })) = (file, c.read::<HeldV1>(key, value)?) else {
        return Ok(());
    };
    let unbound = match c.find::<AttachmentV1>(&keys::attachment(file))? {
        Found::Record(record) if record.bound.is_none() => record,
        Found::Record(_) | Found::Nothing => {
            c.remove(key, "its file is missing, or was sent");
            return Ok(());
        }
        Found::Damaged => return Ok(()),
    };
    let is_named = match c.find::<ScheduledV1>(&keys::scheduled(&unbound.owner, scheduled))? {
        Found::Record(record) => record.attachments.iter().any(|named| named.id == file),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_named {
        c.remove(key, "no scheduled message has this file");
        let what = "a file that no message was sent with would never go";
        c.rewrite(&keys::unsent(file), what, &UnsentV1)?;
    }
    Ok(())
}

pub(super) fn check_template(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Template, key, |parts| {
        parts.user()?;
        parts.template()
    });
    c.read::<TemplateV1>(key, value)?;
    if let Some(id) = id {
        c.used(id.position());
    }
    Ok(())
}
