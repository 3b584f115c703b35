//! Forgetting events that are too old, and remembering that they were.

use crate::{
    codec,
    domain::event::EventId,
    engine::{purge::take_rows, records, tx::Tx},
    error::StoreError,
    events::Forgotten,
    keys::{self, Parts, Table},
    kv::{Batch, Order, Source},
    record::{DeadLetterV1, EventFloorV1, HappenedV1},
};

/// Up to and including here events were forgotten.
pub(crate) fn floor(source: &dyn Source) -> Result<EventId, StoreError> {
    let floor: Option<EventFloorV1> = records::load(source, &keys::event_floor())?;
    Ok(floor.unwrap_or_default().into())
}

/// Writes a floor into a batch.
pub(crate) fn put_floor(batch: &mut Batch, floor: EventId) -> Result<(), StoreError> {
    let key = keys::event_floor();
    let sealed = codec::seal(&key, &EventFloorV1::from(floor))?;
    batch.insert(key, Some(sealed.head));
    Ok(())
}

/// Takes away the oldest rows up to `through`, at most `limit` at once, and raises the floor with them, so that a power
/// cut leaves no gap above it. Dead letters go before their events.
pub(crate) fn forget(
    tx: &mut Tx<'_>,
    through: EventId,
    limit: usize,
) -> Result<Forgotten, StoreError> {
    let old = floor(tx)?;
    let mut done = Forgotten::default();
    if through <= old {
        return Ok(done);
    }
    let mut n_letters = 0;
    for consumer in named_in_letters(tx)? {
        let letters = keys::dead_letters_through(&consumer, through);
        n_letters += take_rows::<DeadLetterV1>(tx, letters, limit - n_letters)?;
        done.n_rows = n_letters as u64;
        if n_letters == limit {
            done.more = true;
            return Ok(done);
        }
    }
    if !has_any(tx, old, through)? {
        return Ok(done);
    }
    let rows = tx.scan(keys::events_through(through), Order::Ascending);
    let keys: Vec<_> = rows
        .take(limit)
        .map(|row| Ok(row?.0))
        .collect::<Result<_, StoreError>>()?;
    done.n_rows += keys.len() as u64;
    done.more = keys.len() == limit;
    let mut new = through;
    if done.more
        && let Some(last) = keys.last()
    {
        new = records::parsed(last, |key| Parts::of(Table::Event, key)?.event())?;
    }
    for key in keys {
        tx.delete::<HappenedV1>(key)?;
    }
    tx.put(keys::event_floor(), &EventFloorV1::from(new))?;
    Ok(done)
}

/// Whether anything happened above a place and up to another one: on a node where nothing does, nothing is written.
fn has_any(source: &dyn Source, above: EventId, through: EventId) -> Result<bool, StoreError> {
    let messages = keys::messages_within(above.position, through.position);
    let rows = keys::events_after(above).start..keys::events_through(through).end;
    for range in [messages, rows] {
        let first = source.scan(range, Order::Ascending).next();
        if first.transpose()?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of all who have dead letters.
fn named_in_letters(source: &dyn Source) -> Result<Vec<String>, StoreError> {
    let mut left = keys::table(Table::DeadLetter);
    let mut names = Vec::new();
    while let Some(first) = source.scan(left.clone(), Order::Ascending).next() {
        let (key, _) = first?;
        let name: String = records::parsed(&key, |key| {
            Some(Parts::of(Table::DeadLetter, key)?.name()?.to_owned())
        })?;
        left.start = keys::dead_letters_after(&name, None).end;
        names.push(name);
    }
    Ok(names)
}
