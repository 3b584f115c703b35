//! What two people have to do with each other: one record a pair.

use crate::{
    contacts::Lifetime,
    engine::{conversations, records, tx::Tx},
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::TieV1,
};

/// Where a person stands in the records of a pair.
pub(crate) fn side(user: &UserId, other: &UserId) -> usize {
    usize::from(user > other)
}

pub(crate) fn load(
    source: &dyn Source,
    a: &UserId,
    b: &UserId,
) -> Result<Option<TieV1>, StoreError> {
    records::load(source, &keys::tie(a, b))
}

/// Keeps how who does it stands to somebody.
pub(crate) fn put(tx: &mut Tx<'_>, other: &UserId, tie: &TieV1) -> Result<(), StoreError> {
    if let Some(conversation) = conversations::direct_between(tx, tx.by, other)? {
        tx.memory.calm.forget(conversation);
    }
    tx.put(keys::tie(tx.by, other), tie)
}

/// By which requests are looked at in a transaction.
pub(crate) fn lifetime(tx: &Tx<'_>) -> Lifetime {
    Lifetime {
        at: tx.at,
        ttl: tx.contact.request_ttl,
    }
}
