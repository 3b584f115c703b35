//! What consumers gave up on.

use crate::{
    domain::event::EventId,
    engine::{records, tx::Tx},
    error::StoreError,
    events::DeadLetter,
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::DeadLetterV1,
};

/// A longer reason is cut: it has to fit one value.
const WHY_BYTES_MAX: usize = 1024;

pub(crate) fn bury(
    tx: &mut Tx<'_>,
    consumer: &str,
    mut letter: DeadLetter,
) -> Result<(), StoreError> {
    letter
        .why
        .truncate(letter.why.floor_char_boundary(WHY_BYTES_MAX));
    let key = keys::dead_letter(consumer, letter.event);
    tx.put(key, &DeadLetterV1::from(letter))
}

pub(crate) fn letters(
    source: &dyn Source,
    consumer: &str,
    after: Option<EventId>,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let range = keys::dead_letters_after(consumer, after);
    let letters = records::all::<DeadLetterV1>(source, range, Order::Ascending);
    let letters = letters.take(limit).map(|entry| {
        source.breathe();
        let (key, record) = entry?;
        let event = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::DeadLetter, key)?;
            parts.name()?;
            parts.event()
        })?;
        Ok(record.into_domain(event))
    });
    letters.collect()
}

pub(crate) fn revive(tx: &mut Tx<'_>, consumer: &str, event: EventId) -> Result<bool, StoreError> {
    let key = keys::dead_letter(consumer, event);
    let Some(letter) = records::load::<DeadLetterV1>(tx, &key)? else {
        return Ok(false);
    };
    let revived = true;
    tx.put(key, &DeadLetterV1 { revived, ..letter })?;
    Ok(true)
}

pub(crate) fn drop_letter(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: EventId,
) -> Result<(), StoreError> {
    tx.delete::<DeadLetterV1>(keys::dead_letter(consumer, event))
}
