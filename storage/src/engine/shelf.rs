//! Where reports and flags stand to be found by how far they are, and by whom they are about.

use crate::{
    engine::{records, tx::Tx},
    error::StoreError,
    keys::{self, Shelf},
    kv::{Order, Source},
    record::ShelvedV1,
};

pub(crate) fn put(tx: &mut Tx<'_>, shelf: Shelf<'_>, number: u64) -> Result<(), StoreError> {
    tx.put_new(keys::shelved(shelf, number), &ShelvedV1)
}

pub(crate) fn take(tx: &mut Tx<'_>, shelf: Shelf<'_>, number: u64) -> Result<(), StoreError> {
    tx.delete::<ShelvedV1>(keys::shelved(shelf, number))
}

/// The numbers on a shelf below `before`, the largest first.
pub(crate) fn numbers<'a>(
    source: &'a dyn Source,
    shelf: Shelf<'_>,
    before: Option<u64>,
) -> impl Iterator<Item = Result<u64, StoreError>> + use<'a> {
    let range = keys::shelf_before(shelf, before);
    source.scan(range, Order::Descending).map(|entry| {
        let (key, _) = entry?;
        records::parsed(&key, keys::shelved_number)
    })
}
