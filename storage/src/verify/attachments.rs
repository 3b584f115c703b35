//! Checks of files that were uploaded. Whether they lie where their records say is not looked at.

use std::collections::BTreeMap;

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    ids::{AttachmentId, UserId},
    keys::{self, Table},
    record::{AttachmentOfV1, AttachmentV1, DoomedV1, MessageV2, ObjectV1, UnsentV1, UsageV1},
};

/// What the files of each owner that were met take up. `None`: one of them can't be read.
#[derive(Debug, Default)]
pub(super) struct UsedUp(BTreeMap<UserId, Option<UsageV1>>);

impl UsedUp {
    fn add(&mut self, record: &AttachmentV1) {
        let sum = self.0.entry(record.owner.clone());
        if let Some(sum) = sum.or_insert(Some(UsageV1::default())) {
            sum.n_files += 1;
            sum.bytes = sum.bytes.saturating_add(record.bytes);
        }
    }
}

/// Everything else about a file can be made from its record; the record from nothing.
pub(super) fn check_attachment(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Attachment, key, |parts| parts.attachment());
    let (Some(id), Some(record)) = (id, c.read::<AttachmentV1>(key, value)?) else {
        return Ok(());
    };
    c.used(id.position());
    for object in record.objects() {
        let key = keys::object(object);
        let right = ObjectV1 { attachment: id };
        match c.find::<ObjectV1>(&key)? {
            Found::Record(found) if found == right => {}
            Found::Record(ObjectV1 { attachment }) => {
                c.report(
                    &key,
                    format!("files {attachment} and {id} lie at one place"),
                );
            }
            Found::Nothing | Found::Damaged => {
                c.rewrite(&key, "a file can't be found by where it lies", &right)?;
            }
        }
    }
    let right = AttachmentOfV1 {
        bound: record.bound.is_some(),
    };
    let of = keys::attachment_of(&record.owner, id);
    if !matches!(c.find::<AttachmentOfV1>(&of)?, Found::Record(found) if found == right) {
        c.rewrite(&of, "a file can't be found by its owner", &right)?;
    }
    let unsent = keys::unsent(id);
    // One that a scheduled message has waits for it.
    let may_go = record.bound.is_none() && !c.has(&keys::held(id))?;
    if may_go && !matches!(c.find::<UnsentV1>(&unsent)?, Found::Record(_)) {
        let what = "a file that no message was sent with would never go";
        c.rewrite(&unsent, what, &UnsentV1)?;
    }
    c.used_up.add(&record);
    check_message_of(c, key, id, &record)
}

fn check_message_of(
    c: &mut Checker<'_>,
    key: &[u8],
    id: AttachmentId,
    record: &AttachmentV1,
) -> Result<(), StoreError> {
    let Some((conversation, message)) = record.bound else {
        return Ok(());
    };
    match c.find::<MessageV2>(&keys::message(message))? {
        Found::Record(found) => {
            let has_it = found.attachments.iter().any(|file| file.id == id);
            let is_right = (found.conversation, &found.author) == (conversation, &record.owner);
            if !has_it || !is_right {
                c.report(key, format!("message {message} was not sent with it"));
            }
        }
        Found::Nothing => c.report(key, format!("its message {message} is missing")),
        Found::Damaged => {}
    }
    Ok(())
}

/// The files of a message know that they are.
pub(super) fn check_files_of(
    c: &mut Checker<'_>,
    key: &[u8],
    message: &MessageV2,
) -> Result<(), StoreError> {
    for file in &message.attachments {
        let id = file.id;
        match c.find::<AttachmentV1>(&keys::attachment(id))? {
            // Whether it is this one is looked at with the file.
            Found::Record(record) if record.bound.is_some() => {}
            Found::Record(_) => c.report(key, format!("its file {id} was sent with no message")),
            Found::Nothing => c.report(key, format!("its file {id} is missing")),
            Found::Damaged => {}
        }
    }
    Ok(())
}

pub(super) fn check_attachment_of(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::AttachmentOf, key, |parts| {
        Some((parts.user()?, parts.attachment()?))
    });
    c.read::<AttachmentOfV1>(key, value)?;
    let Some((owner, id)) = ids else {
        return Ok(());
    };
    let is_theirs = match c.find::<AttachmentV1>(&keys::attachment(id))? {
        Found::Record(record) => record.owner == owner,
        Found::Nothing => false,
        Found::Damaged => {
            c.used_up.0.insert(owner, None);
            true
        }
    };
    if !is_theirs {
        c.remove(key, "its file is missing, or somebody else's");
    }
    Ok(())
}

pub(super) fn check_usage(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let owner = c.parts(Table::Usage, key, |parts| parts.user());
    let found = c.read::<UsageV1>(key, value)?;
    let Some(owner) = owner else {
        return Ok(());
    };
    match c.used_up.0.remove(&owner) {
        Some(Some(sum)) if found != Some(sum) => {
            c.rewrite(key, "it is not the sum of the files", &sum)
        }
        // While a file can't be read, nobody knows.
        Some(_) => Ok(()),
        None => {
            c.remove(key, "what no files take up");
            Ok(())
        }
    }
}

/// All who have files and weren't met by [`check_usage`].
pub(super) fn check_missing_usages(c: &mut Checker<'_>) -> Result<(), StoreError> {
    for (owner, sum) in std::mem::take(&mut c.used_up.0) {
        if let Some(sum) = sum {
            let what = "it is missing, though somebody has files";
            c.rewrite(&keys::usage(&owner), what, &sum)?;
        }
    }
    Ok(())
}

pub(super) fn check_unsent(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Unsent, key, |parts| parts.attachment());
    c.read::<UnsentV1>(key, value)?;
    let Some(id) = id else {
        return Ok(());
    };
    let is_unsent = match c.find::<AttachmentV1>(&keys::attachment(id))? {
        Found::Record(record) => record.bound.is_none() && !c.has(&keys::held(id))?,
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_unsent {
        c.remove(key, "its file is missing, was sent, or is to be sent later");
    }
    Ok(())
}

pub(super) fn check_doomed(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Doomed, key, |parts| parts.attachment());
    c.read::<DoomedV1>(key, value)?;
    if let Some(id) = id {
        c.used(id.position());
        if c.has(&keys::attachment(id))? {
            c.remove(key, "a file that is known is to be taken away");
        }
    }
    Ok(())
}

pub(super) fn check_object(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let path = c.parts(Table::Object, key, |parts| parts.name().map(str::to_owned));
    let (Some(path), Some(object)) = (path, c.read::<ObjectV1>(key, value)?) else {
        return Ok(());
    };
    let lies_there = match c.find::<AttachmentV1>(&keys::attachment(object.attachment))? {
        Found::Record(record) => record.objects().any(|object| *object == path),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !lies_there {
        c.remove(key, "its file is missing, or lies elsewhere");
    }
    Ok(())
}
