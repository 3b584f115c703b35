//! The event outbox: rows for whoever follows the node from outside, and how far each follower has come.

use crate::{
    engine::{
        records,
        tx::{Stop, Tx},
    },
    error::StoreError,
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ConsumerV1, EventV1},
    store::{Event, EventDraft, EventId},
};

pub(crate) fn write(tx: &mut Tx<'_>, drafts: &[EventDraft]) -> Result<(), Stop> {
    for (n, EventDraft { topic, body }) in (0..).zip(drafts) {
        let position = tx.own_position()?;
        let record = EventV1 {
            by: tx.by.clone(),
            at: tx.at,
            topic: topic.clone(),
            body: body.clone(),
        };
        tx.put_new(keys::event(EventId { position, n }), &record)?;
    }
    Ok(())
}

fn id_of(key: &[u8]) -> Result<EventId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::Event, key)?;
        let position = parts.position()?;
        let n = parts.short()?;
        Some(EventId { position, n })
    })
}

pub(crate) fn after(
    source: &dyn Source,
    after: EventId,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let rows = records::all::<EventV1>(source, keys::events_after(after), Order::Ascending);
    let events = rows.take(limit).map(|entry| {
        source.breathe();
        let (key, record) = entry?;
        Ok(record.into_domain(id_of(&key)?))
    });
    events.collect()
}

pub(crate) fn consumer(source: &dyn Source, name: &str) -> Result<EventId, StoreError> {
    let record: Option<ConsumerV1> = records::load(source, &keys::consumer(name))?;
    Ok(
        record.map_or_else(EventId::default, |ConsumerV1 { position, n }| EventId {
            position,
            n,
        }),
    )
}

pub(crate) fn move_consumer(
    tx: &mut Tx<'_>,
    name: &str,
    through: EventId,
) -> Result<(), StoreError> {
    let EventId { position, n } = through;
    tx.put(keys::consumer(name), &ConsumerV1 { position, n })
}

/// Removes the oldest rows up to `through`, at most `limit` at once. Tells whether any may be left.
pub(crate) fn forget(tx: &mut Tx<'_>, through: EventId, limit: usize) -> Result<bool, StoreError> {
    let rows = tx.scan(keys::events_through(through), Order::Ascending);
    let keys: Vec<_> = rows
        .take(limit)
        .map(|entry| entry.map(|(key, _)| key))
        .collect::<Result<_, _>>()?;
    let more = keys.len() == limit;
    for key in keys {
        tx.delete::<EventV1>(key)?;
    }
    Ok(more)
}
