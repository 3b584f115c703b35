//! How far those who follow the node have come.

use crate::{
    domain::event::EventId,
    engine::{purge::take_rows, records, tx::Tx},
    error::StoreError,
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ConsumerV1, DeadLetterV1},
};

pub(crate) fn consumer(source: &dyn Source, name: &str) -> Result<Option<EventId>, StoreError> {
    let record: Option<ConsumerV1> = records::load(source, &keys::consumer(name))?;
    Ok(record.map(Into::into))
}

pub(crate) fn consumers(source: &dyn Source) -> Result<Vec<(String, EventId)>, StoreError> {
    let all = keys::table(Table::Consumer);
    let all = records::all::<ConsumerV1>(source, all, Order::Ascending);
    let consumers = all.map(|entry| {
        let (key, record) = entry?;
        let name = records::parsed(&key, |key| {
            Some(Parts::of(Table::Consumer, key)?.name()?.to_owned())
        })?;
        Ok((name, record.into()))
    });
    consumers.collect()
}

/// Moves a consumer from where it stands, and tells whether it stood there.
pub(crate) fn move_consumer(
    tx: &mut Tx<'_>,
    name: &str,
    from: Option<EventId>,
    to: EventId,
) -> Result<bool, StoreError> {
    let stood_there = consumer(tx, name)? == from;
    if stood_there {
        tx.put(keys::consumer(name), &ConsumerV1::from(to))?;
    }
    Ok(stood_there)
}

/// Moves a consumer wherever it stands, and tells whether there is one.
pub(crate) fn rewind(tx: &mut Tx<'_>, name: &str, to: EventId) -> Result<bool, StoreError> {
    let key = keys::consumer(name);
    let is_known = tx.get(&key)?.is_some();
    if is_known {
        tx.put(key, &ConsumerV1::from(to))?;
    }
    Ok(is_known)
}

/// Takes away a consumer and at most `limit` of its dead letters; tells whether any may be left.
pub(crate) fn forget_consumer(
    tx: &mut Tx<'_>,
    name: &str,
    limit: usize,
) -> Result<bool, StoreError> {
    tx.delete::<ConsumerV1>(keys::consumer(name))?;
    let letters = keys::dead_letters_after(name, None);
    Ok(take_rows::<DeadLetterV1>(tx, letters, limit)? == limit)
}
