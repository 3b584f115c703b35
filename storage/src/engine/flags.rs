//! Messages marked for review as they are written, with what their authors wrote if something else is shown.

use crate::{
    domain::{
        change::ChangeBody,
        message::Message,
        safety::{Flag, FlagDraft, ReportStatus},
    },
    engine::{
        records, shelf,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{MessageId, Position},
    keys::{self, Parts, Shelf, Table},
    kv::{Order, Source},
    record::{FlagV1, ReportStatusV1},
    store::{Outcome, Rejection},
};

/// Marks the message that a transaction sent or edited.
pub(crate) fn mark(tx: &mut Tx<'_>, draft: &FlagDraft, outcome: &Outcome) -> Result<(), Stop> {
    let Some(message) = written(outcome) else {
        return Ok(());
    };
    let number = message.id.get();
    let key = keys::flag(message.id);
    let before: Option<FlagV1> = records::load(tx, &key)?;
    if let Some(before) = before {
        shelf::take(tx, Shelf::Flags(before.status), number)?;
    }
    let status = ReportStatusV1::Pending;
    let record = FlagV1 {
        conversation: message.conversation,
        author: message.author.clone(),
        found: draft.found.clone(),
        original: draft.original.clone(),
        status,
        at: tx.at,
        reviewed: None,
    };
    tx.put(key, &record)?;
    shelf::put(tx, Shelf::Flags(status), number)?;
    Ok(())
}

/// The message of the transaction itself: where a request was accepted by it, that one's message comes first.
fn written(outcome: &Outcome) -> Option<&Message> {
    let (Outcome::Changed(changes) | Outcome::Met { changes, .. }) = outcome else {
        return None;
    };
    match &changes.last()?.body {
        ChangeBody::Sent(message) | ChangeBody::Edited(message) => Some(message),
        _ => None,
    }
}

pub(crate) fn review(tx: &mut Tx<'_>, id: MessageId, status: ReportStatus) -> Written {
    let key = keys::flag(id);
    let mut flag: FlagV1 = records::load(tx, &key)?.ok_or(Rejection::NoReport)?;
    let before = flag.status;
    let status = ReportStatusV1::from(status);
    if before == status {
        return Ok(Outcome::Unchanged);
    }
    flag.status = status;
    flag.reviewed = Some((tx.at, tx.by.clone()));
    tx.put(key, &flag)?;
    shelf::take(tx, Shelf::Flags(before), id.get())?;
    shelf::put(tx, Shelf::Flags(status), id.get())?;
    Ok(Outcome::Done)
}

/// Takes the flag of a message away, with the message. One that can't be read goes too; its place stays, for verify.
pub(crate) fn forget(tx: &mut Tx<'_>, id: MessageId) -> Result<(), StoreError> {
    let key = keys::flag(id);
    match records::load::<FlagV1>(tx, &key) {
        Ok(None) => return Ok(()),
        Ok(Some(flag)) => shelf::take(tx, Shelf::Flags(flag.status), id.get())?,
        Err(error) if error.kind.is_damage() => {}
        Err(error) => return Err(error),
    }
    tx.delete::<FlagV1>(key)
}

pub(crate) fn flag(source: &dyn Source, id: MessageId) -> Result<Option<Flag>, StoreError> {
    let record: Option<FlagV1> = records::load(source, &keys::flag(id))?;
    Ok(record.map(|record| record.into_domain(id)))
}

pub(crate) fn page(
    source: &dyn Source,
    status: Option<ReportStatus>,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Vec<Flag>, StoreError> {
    let numbers: Box<dyn Iterator<Item = Result<u64, StoreError>> + '_> = match status {
        Some(status) => {
            let shelf = Shelf::Flags(status.into());
            Box::new(shelf::numbers(source, shelf, before.map(MessageId::get)))
        }
        None => {
            let all = source.scan(keys::flags_before(before), Order::Descending);
            Box::new(all.map(|entry| {
                records::parsed(&entry?.0, |key| Parts::of(Table::Flag, key)?.number())
            }))
        }
    };
    let mut flags = Vec::new();
    for number in numbers {
        if flags.len() >= limit {
            break;
        }
        source.breathe();
        let Some(id) = Position::new(number?).map(MessageId::created_at) else {
            continue;
        };
        // It may have moved on, or gone, since its place on the shelf was read.
        let found = flag(source, id)?;
        flags.extend(found.filter(|flag| status.is_none_or(|status| status == flag.status)));
    }
    Ok(flags)
}
