//! Messages that are to be sent later: keeping them, and sending each once.
//!
//! A row in the order of time stands for each one that waits. It goes in the transaction that sends the message, so
//! there is no moment at which both are there, or neither.

use crate::{
    domain::{
        message::Content,
        scheduled::{
            Destination, Kept, SCHEDULE_AHEAD_MAX_MS, SCHEDULED_MAX, Scheduled, ScheduledDraft,
        },
    },
    engine::{
        attachments, bounds,
        fingerprint::Fingerprint,
        members, messages, records,
        tx::{Stop, Tx, Written},
        view::BREATH,
    },
    error::StoreError,
    ids::{AttachmentId, ConversationId, ScheduledId, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{DueV1, HappeningV1, MadeV1, MessageV2, RequestV1, ScheduledV1, SendFailedV1},
    scheduled::DuePlace,
    store::{Outcome, Rejection},
};

pub(crate) fn schedule(tx: &mut Tx<'_>, draft: &ScheduledDraft) -> Written {
    let ScheduledDraft {
        to,
        content,
        attachments,
        at,
        key,
    } = draft;
    bounds::content(content, !attachments.is_empty())?;
    let fingerprint = fingerprint(draft);
    let own = of(tx, tx.by)?;
    // Before all else: a retry is told what the first one was, whatever has come to be since.
    let same_key = |kept: &&(ScheduledId, ScheduledV1)| key.is_some() && kept.1.key == *key;
    if let Some((id, record)) = own.iter().find(same_key) {
        if record.fingerprint != fingerprint {
            return Err(Rejection::KeyReused.into());
        }
        return Ok(kept(tx.by, *id, record.clone(), false));
    }
    check_time(tx.at, *at)?;
    if own.len() >= SCHEDULED_MAX {
        return Err(Rejection::ListFull.into());
    }
    check_place(tx, to, content)?;
    let files = attachments::named(tx, attachments)?;
    let attached = attachments::to_send(attachments, files)?;
    let id = ScheduledId::created_at(tx.position()?);
    attachments::hold(tx, attachments, id)?;
    let record = ScheduledV1 {
        to: to.clone().into(),
        kind: content.kind.into(),
        text: content.text.clone(),
        reply_to: content.reply_to,
        metadata: content.metadata.clone(),
        attachments: attached,
        at: *at,
        key: key.clone(),
        fingerprint,
        created_at: tx.at,
        edited_at: None,
        revision: 0,
        failed: None,
    };
    tx.put_new(keys::scheduled(tx.by, id), &record)?;
    await_turn(tx, id, *at)?;
    Ok(kept(tx.by, id, record, true))
}

/// What can be said about it now. The rest is looked at when it is sent, when it may be otherwise.
fn check_place(tx: &Tx<'_>, to: &Destination, content: &Content) -> Result<(), Stop> {
    let conversation = match to {
        Destination::Conversation(conversation) => *conversation,
        Destination::User(user) if user == tx.by => {
            return Err(Rejection::Invalid("a message goes to somebody else").into());
        }
        Destination::User(_) if content.reply_to.is_some() => {
            return Err(Rejection::Invalid("an answer goes to a conversation").into());
        }
        Destination::User(_) => return Ok(()),
    };
    members::acting(tx, conversation)?;
    if let Some(answered) = content.reply_to {
        let answered: Option<MessageV2> = records::load(tx, &keys::message(answered))?;
        if answered.is_none_or(|answered| answered.conversation != conversation) {
            return Err(Rejection::NoMessage.into());
        }
    }
    Ok(())
}

fn check_time(now: Timestamp, at: Timestamp) -> Result<(), Rejection> {
    if at <= now {
        return Err(Rejection::Invalid(
            "a message is scheduled for a time to come",
        ));
    }
    if at > now.plus_ms(SCHEDULE_AHEAD_MAX_MS) {
        return Err(Rejection::Invalid(
            "a message is scheduled for a year ahead at most",
        ));
    }
    Ok(())
}

fn fingerprint(draft: &ScheduledDraft) -> u64 {
    let print = Fingerprint::of("scheduled").number(draft.at.0.cast_unsigned());
    let print = match &draft.to {
        Destination::Conversation(conversation) => print.number(0).number(conversation.get()),
        Destination::User(user) => print.number(1).part(user.as_str().as_bytes()),
    };
    let Content {
        kind,
        text,
        reply_to,
        metadata,
    } = &draft.content;
    let print = print
        .number(*kind as u64)
        .part(text.as_bytes())
        .number(reply_to.map_or(0, |id| id.get()))
        .optional(metadata.as_deref().map(str::as_bytes));
    let ids = draft.attachments.iter();
    ids.fold(print, |print, id| print.number(id.get())).done()
}

fn kept(author: &UserId, id: ScheduledId, record: ScheduledV1, changed: bool) -> Outcome {
    let scheduled = Box::new(record.into_domain(author.clone(), id));
    Outcome::Kept {
        kept: Kept::Scheduled(scheduled),
        changed,
    }
}

fn await_turn(tx: &mut Tx<'_>, id: ScheduledId, at: Timestamp) -> Result<(), StoreError> {
    let author = tx.by.clone();
    tx.put_new(keys::due(at, id), &DueV1 { author })
}

/// One of the user's own that wasn't sent.
fn own(tx: &Tx<'_>, id: ScheduledId) -> Result<ScheduledV1, Stop> {
    if let Some(record) = records::load(tx, &keys::scheduled(tx.by, id))? {
        return Ok(record);
    }
    let request = match Scheduled::message_key(id) {
        Some(key) => records::load::<RequestV1>(tx, &keys::request(tx.by, &key))?,
        None => None,
    };
    let was_sent = request.is_some_and(|request| matches!(request.made, MadeV1::Message(_)));
    Err(if was_sent {
        Rejection::ScheduledSent.into()
    } else {
        Rejection::NoScheduled.into()
    })
}

pub(crate) fn reschedule(
    tx: &mut Tx<'_>,
    id: ScheduledId,
    text: Option<&str>,
    at: Option<Timestamp>,
) -> Written {
    let mut record = own(tx, id)?;
    if record.failed.is_some() && at.is_none() {
        return Err(Rejection::Invalid("what failed needs a new time to be sent at").into());
    }
    if let Some(at) = at {
        check_time(tx.at, at)?;
    }
    let text = text.unwrap_or(&record.text).to_owned();
    bounds::words(record.kind.into(), &text, !record.attachments.is_empty())?;
    let at = at.unwrap_or(record.at);
    if record.failed.is_none() && (&text, at) == (&record.text, record.at) {
        return Ok(kept(tx.by, id, record, false));
    }
    tx.delete::<DueV1>(keys::due(record.at, id))?;
    record = ScheduledV1 {
        text,
        at,
        edited_at: Some(tx.at),
        revision: record.revision.wrapping_add(1),
        failed: None,
        ..record
    };
    tx.put(keys::scheduled(tx.by, id), &record)?;
    await_turn(tx, id, at)?;
    Ok(kept(tx.by, id, record, true))
}

pub(crate) fn cancel(tx: &mut Tx<'_>, id: ScheduledId) -> Written {
    let record = own(tx, id)?;
    forget(tx, id, &record)?;
    Ok(Outcome::Done)
}

/// The row goes, and what points to it; its files are as they were before.
fn forget(tx: &mut Tx<'_>, id: ScheduledId, record: &ScheduledV1) -> Result<(), StoreError> {
    attachments::let_go(tx, record.attachments.iter().map(|file| file.id))?;
    tx.delete::<DueV1>(keys::due(record.at, id))?;
    tx.delete::<ScheduledV1>(keys::scheduled(tx.by, id))
}

/// One that waits, as it was seen.
fn unchanged(tx: &Tx<'_>, id: ScheduledId, revision: u32) -> Result<ScheduledV1, Stop> {
    let record = own(tx, id)?;
    if record.revision != revision || record.failed.is_some() {
        return Err(Rejection::NoScheduled.into());
    }
    Ok(record)
}

pub(crate) fn fail(
    tx: &mut Tx<'_>,
    id: ScheduledId,
    revision: u32,
    code: u16,
    reason: &str,
) -> Written {
    bounds::label(Some(reason))?;
    let mut record = unchanged(tx, id, revision)?;
    record.failed = Some(SendFailedV1 {
        at: tx.at,
        code,
        reason: reason.to_owned(),
    });
    record.revision = record.revision.wrapping_add(1);
    tx.delete::<DueV1>(keys::due(record.at, id))?;
    tx.put(keys::scheduled(tx.by, id), &record)?;
    tx.happened(HappeningV1::SendFailed {
        scheduled: id,
        code,
    });
    Ok(kept(tx.by, id, record, true))
}

/// Sends one: what it says is what was reviewed, its files are those that it was scheduled with.
pub(crate) fn send(
    tx: &mut Tx<'_>,
    (id, revision): (ScheduledId, u32),
    conversation: ConversationId,
    content: &Content,
) -> Written {
    let record = unchanged(tx, id, revision)?;
    forget(tx, id, &record)?;
    let files: Vec<AttachmentId> = record.attachments.iter().map(|file| file.id).collect();
    let key = Scheduled::message_key(id);
    messages::send(tx, conversation, content, &files, key.as_ref())
}

/// Everything of somebody's, in the order of ids.
fn of(source: &dyn Source, user: &UserId) -> Result<Vec<(ScheduledId, ScheduledV1)>, StoreError> {
    let all = records::all::<ScheduledV1>(source, keys::scheduled_of(user), Order::Ascending);
    all.map(|entry| {
        source.breathe();
        let (key, record) = entry?;
        Ok((id_of(&key)?, record))
    })
    .collect()
}

fn id_of(key: &[u8]) -> Result<ScheduledId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::Scheduled, key)?;
        parts.user()?;
        parts.scheduled()
    })
}

pub(crate) fn list(source: &dyn Source, user: &UserId) -> Result<Vec<Scheduled>, StoreError> {
    let mut list: Vec<_> = of(source, user)?
        .into_iter()
        .map(|(id, record)| record.into_domain(user.clone(), id))
        .collect();
    list.sort_unstable_by_key(|scheduled| (scheduled.at, scheduled.id));
    Ok(list)
}

pub(crate) fn one(
    source: &dyn Source,
    user: &UserId,
    id: ScheduledId,
) -> Result<Option<Scheduled>, StoreError> {
    let record: Option<ScheduledV1> = records::load(source, &keys::scheduled(user, id))?;
    Ok(record.map(|record| record.into_domain(user.clone(), id)))
}

pub(crate) fn due(
    source: &dyn Source,
    after: Option<DuePlace>,
    limit: usize,
) -> Result<Vec<Scheduled>, StoreError> {
    let mut due = Vec::new();
    for entry in records::all::<DueV1>(source, keys::due_after(after), Order::Ascending) {
        if due.len() == limit {
            break;
        }
        source.breathe();
        let found = entry.and_then(|(key, DueV1 { author })| {
            let id = records::parsed(&key, |key| {
                let mut parts = Parts::of(Table::Due, key)?;
                parts.number()?;
                parts.scheduled()
            })?;
            one(source, &author, id)
        });
        match found {
            // Sent or cancelled since its row was read.
            Ok(None) => {}
            Ok(Some(scheduled)) => due.push(scheduled),
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "a scheduled message can't be read, and is not sent");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(due)
}

pub(crate) fn count_due(source: &dyn Source) -> Result<u64, StoreError> {
    let mut n = 0;
    for (row, entry) in (1..).zip(source.scan(keys::due_after(None), Order::Ascending)) {
        entry?;
        n = row;
        if n % BREATH == 0 {
            source.breathe();
        }
    }
    Ok(n)
}

/// Forgets what the user scheduled; tells how many rows.
pub(crate) fn forget_own(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let own: Vec<_> = of(tx, tx.by)?.into_iter().take(most).collect();
    for (id, record) in &own {
        forget(tx, *id, record)?;
    }
    Ok(own.len())
}
