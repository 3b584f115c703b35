//! Files that were uploaded: making them known, sending them, and forgetting them.
//!
//! What is in a file is written before any of this, and taken away after it: a record never names a file that isn't
//! there, and what is forgotten is [doomed](crate::attachments::Doomed) in the same transaction.

use crate::{
    attachments::{Doomed, Usage},
    domain::attachment::{ATTACHMENTS_MAX, Attachment, AttachmentDraft, OBJECT_BYTES_MAX},
    engine::{
        bounds, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{AttachmentId, ConversationId, MessageId, Position, ScheduledId, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{
        AttachedV1, AttachmentOfV1, AttachmentV1, DoomedV1, HeldV1, ObjectV1, UnsentV1, UsageV1,
    },
    store::{Outcome, Rejection},
};

pub(crate) fn upload(tx: &mut Tx<'_>, draft: &AttachmentDraft) -> Written {
    bounds::attachment(draft)?;
    let usage = usage_of(tx, tx.by)?;
    let bytes = usage.bytes.saturating_add(draft.bytes);
    if draft.quota.is_some_and(|quota| bytes > quota) {
        return Err(Rejection::QuotaFull.into());
    }
    let id = AttachmentId::created_at(tx.position()?);
    let record = AttachmentV1 {
        owner: tx.by.clone(),
        object: draft.object.clone(),
        name: draft.name.clone(),
        media_type: draft.media_type.clone(),
        bytes: draft.bytes,
        digest: draft.digest,
        image: draft.image.map(Into::into),
        thumbnail: draft.thumbnail.clone(),
        created_at: tx.at,
        bound: None,
    };
    for object in record.objects() {
        let key = keys::object(object);
        if tx.get(&key)?.is_some() {
            return Err(Rejection::Invalid("another file lies there").into());
        }
        tx.put_new(key, &ObjectV1 { attachment: id })?;
    }
    tx.put_new(keys::attachment(id), &record)?;
    let of = AttachmentOfV1 { bound: false };
    tx.put_new(keys::attachment_of(tx.by, id), &of)?;
    tx.put_new(keys::unsent(id), &UnsentV1)?;
    let usage = UsageV1 {
        n_files: usage.n_files + 1,
        bytes,
    };
    tx.put(keys::usage(tx.by), &usage)?;
    Ok(Outcome::Uploaded(Box::new(record.into_domain(id))))
}

pub(crate) fn give_up(tx: &mut Tx<'_>, id: AttachmentId) -> Written {
    let record = own(tx, id)?;
    forget(tx, id, record)?;
    Ok(Outcome::Done)
}

/// A file of the user's own that no message was sent with, nor is to be.
fn own(tx: &Tx<'_>, id: AttachmentId) -> Result<AttachmentV1, Stop> {
    let record = owned(tx, id)?;
    if record.bound.is_some() {
        return Err(Rejection::AttachmentSent.into());
    }
    if tx.get(&keys::held(id))?.is_some() {
        return Err(Rejection::AttachmentHeld.into());
    }
    Ok(record)
}

/// A file of the user's own.
fn owned(tx: &Tx<'_>, id: AttachmentId) -> Result<AttachmentV1, Stop> {
    let record: Option<AttachmentV1> = records::load(tx, &keys::attachment(id))?;
    let record = record.filter(|record| record.owner == *tx.by);
    Ok(record.ok_or(Rejection::NoAttachment)?)
}

/// Files that a message is to be sent with, or was, if the same is asked for again.
pub(crate) fn named(tx: &Tx<'_>, ids: &[AttachmentId]) -> Result<Vec<AttachmentV1>, Stop> {
    if ids.len() > ATTACHMENTS_MAX {
        return Err(Rejection::Invalid("a message takes at most 10 files").into());
    }
    ids.iter().map(|&id| owned(tx, id)).collect()
}

/// What a message says of the files that are to be sent with it, if they may be.
pub(crate) fn to_send(
    ids: &[AttachmentId],
    named: Vec<AttachmentV1>,
) -> Result<Vec<AttachedV1>, Stop> {
    let mut attached: Vec<AttachedV1> = Vec::with_capacity(ids.len());
    for (&id, record) in ids.iter().zip(named) {
        if attached.iter().any(|other| other.id == id) {
            return Err(Rejection::Invalid("a message takes each file once").into());
        }
        if record.bound.is_some() {
            return Err(Rejection::AttachmentSent.into());
        }
        attached.push(record.into_domain(id).attached().into());
    }
    Ok(attached)
}

/// Remembers with which message files were sent.
pub(crate) fn bind(
    tx: &mut Tx<'_>,
    ids: &[AttachmentId],
    conversation: ConversationId,
    message: MessageId,
) -> Result<(), Stop> {
    for &id in ids {
        let record = AttachmentV1 {
            bound: Some((conversation, message)),
            ..own(tx, id)?
        };
        tx.put(keys::attachment(id), &record)?;
        let of = AttachmentOfV1 { bound: true };
        tx.put(keys::attachment_of(tx.by, id), &of)?;
        tx.delete::<UnsentV1>(keys::unsent(id))?;
    }
    Ok(())
}

/// Keeps files for a message that is to be sent later: they don't grow too old, and no other message takes them.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    ids: &[AttachmentId],
    scheduled: ScheduledId,
) -> Result<(), Stop> {
    for &id in ids {
        own(tx, id)?;
        tx.put_new(keys::held(id), &HeldV1 { scheduled })?;
        tx.delete::<UnsentV1>(keys::unsent(id))?;
    }
    Ok(())
}

/// Takes that back.
pub(crate) fn let_go(
    tx: &mut Tx<'_>,
    ids: impl Iterator<Item = AttachmentId>,
) -> Result<(), StoreError> {
    for id in ids {
        tx.delete::<HeldV1>(keys::held(id))?;
        tx.put_new(keys::unsent(id), &UnsentV1)?;
    }
    Ok(())
}

/// Forgets the files of a message that is going for good. One that can't be read stays, for verify.
pub(crate) fn forget_sent(tx: &mut Tx<'_>, attached: &[AttachedV1]) -> Result<(), StoreError> {
    for &AttachedV1 { id, .. } in attached {
        match records::load::<AttachmentV1>(tx, &keys::attachment(id)) {
            Ok(None) => {}
            Ok(Some(record)) => forget(tx, id, record)?,
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "a file of a message that is gone is not taken away");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Forgets files that no message was sent with, uploaded before a time; tells how many.
pub(crate) fn forget_unsent(
    tx: &mut Tx<'_>,
    before: Timestamp,
    most: usize,
) -> Result<usize, StoreError> {
    let end = AttachmentId::created_at(Position::at(before));
    let rows = tx.scan(keys::unsent_before(end), Order::Ascending);
    let ids: Vec<_> = rows
        .take(most)
        .map(|row| records::parsed(&row?.0, |key| Parts::of(Table::Unsent, key)?.attachment()))
        .collect::<Result<_, StoreError>>()?;
    let n = ids.len();
    for id in ids {
        match records::must::<AttachmentV1>(tx, &keys::attachment(id)) {
            Ok(record) => forget(tx, id, record)?,
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "a file that no message was sent with is not taken away");
                // Else it would be the first one each time, and no other would go.
                tx.delete::<UnsentV1>(keys::unsent(id))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}

/// Forgets files of the user's own that no message was sent with; tells how many.
pub(crate) fn forget_own(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let ids = unsent_of(tx, tx.by, most)?;
    let n = ids.len();
    for id in ids {
        let record: AttachmentV1 = records::must(tx, &keys::attachment(id))?;
        forget(tx, id, record)?;
    }
    Ok(n)
}

/// Files of somebody's that no message was sent with.
pub(crate) fn unsent_of(
    source: &dyn Source,
    user: &UserId,
    most: usize,
) -> Result<Vec<AttachmentId>, StoreError> {
    let all = keys::attachments_of(user, None);
    let all = records::all::<AttachmentOfV1>(source, all, Order::Ascending);
    all.filter(|entry| !matches!(entry, Ok((_, of)) if of.bound))
        .take(most)
        .map(|entry| id_of(&entry?.0))
        .collect()
}

/// The record goes, and what points to it; what is in the file is left for others to take away.
fn forget(tx: &mut Tx<'_>, id: AttachmentId, record: AttachmentV1) -> Result<(), StoreError> {
    for object in record.objects() {
        tx.delete::<ObjectV1>(keys::object(object))?;
    }
    tx.delete::<AttachmentV1>(keys::attachment(id))?;
    tx.delete::<AttachmentOfV1>(keys::attachment_of(&record.owner, id))?;
    if record.bound.is_none() {
        tx.delete::<UnsentV1>(keys::unsent(id))?;
        tx.delete::<HeldV1>(keys::held(id))?;
    }
    let usage = usage_of(tx, &record.owner)?;
    let key = keys::usage(&record.owner);
    match usage.n_files.saturating_sub(1) {
        0 => tx.delete::<UsageV1>(key)?,
        n_files => {
            let bytes = usage.bytes.saturating_sub(record.bytes);
            tx.put(key, &UsageV1 { n_files, bytes })?;
        }
    }
    let doomed = DoomedV1 {
        object: record.object,
        thumbnail: record.thumbnail,
    };
    tx.put_new(keys::doomed(id), &doomed)
}

/// Remembers that doomed files are gone.
pub(crate) fn forget_doomed(tx: &mut Tx<'_>, ids: &[AttachmentId]) -> Result<(), StoreError> {
    for &id in ids {
        tx.delete::<DoomedV1>(keys::doomed(id))?;
    }
    Ok(())
}

pub(crate) fn attachment(
    source: &dyn Source,
    id: AttachmentId,
) -> Result<Option<Attachment>, StoreError> {
    let record: Option<AttachmentV1> = records::load(source, &keys::attachment(id))?;
    Ok(record.map(|record| record.into_domain(id)))
}

pub(crate) fn page(
    source: &dyn Source,
    user: &UserId,
    before: Option<AttachmentId>,
    limit: usize,
) -> Result<Vec<Attachment>, StoreError> {
    let mut page = Vec::new();
    let rows = source.scan(keys::attachments_of(user, before), Order::Descending);
    for row in rows.take(limit) {
        source.breathe();
        let id = id_of(&row?.0)?;
        // Forgotten since its row was read.
        page.extend(attachment(source, id)?);
    }
    Ok(page)
}

fn id_of(key: &[u8]) -> Result<AttachmentId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::AttachmentOf, key)?;
        parts.user()?;
        parts.attachment()
    })
}

fn usage_of(source: &dyn Source, user: &UserId) -> Result<UsageV1, StoreError> {
    Ok(records::load(source, &keys::usage(user))?.unwrap_or_default())
}

pub(crate) fn usage(source: &dyn Source, user: &UserId) -> Result<Usage, StoreError> {
    usage_of(source, user).map(UsageV1::to_domain)
}

pub(crate) fn is_object_known(source: &dyn Source, object: &str) -> Result<bool, StoreError> {
    // Longer paths are never given out.
    let fits = object.len() <= OBJECT_BYTES_MAX;
    Ok(fits && source.get(&keys::object(object))?.is_some())
}

pub(crate) fn doomed(
    source: &dyn Source,
    after: Option<AttachmentId>,
    limit: usize,
) -> Result<Vec<Doomed>, StoreError> {
    let all = records::all::<DoomedV1>(source, keys::doomed_after(after), Order::Ascending);
    all.take(limit)
        .map(|entry| {
            let (key, record) = entry?;
            let id = records::parsed(&key, |key| Parts::of(Table::Doomed, key)?.attachment())?;
            Ok(record.into_domain(id))
        })
        .collect()
}
