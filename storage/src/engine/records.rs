//! Loading records from anything that keys can be read from.

use std::ops::Range;

use crate::{
    codec::{self, Record},
    error::{StoreError, StoreErrorKind},
    keys,
    kv::{Order, Source},
};

/// The record of a key, if there is one.
pub(crate) fn load<R: Record>(source: &dyn Source, key: &[u8]) -> Result<Option<R>, StoreError> {
    let Some(value) = source.get(key)? else {
        return Ok(None);
    };
    codec::open(key, &value, &mut |part| source.get(part)).map(Some)
}

/// The record of a key that another record says is there.
pub(crate) fn must<R: Record>(source: &dyn Source, key: &[u8]) -> Result<R, StoreError> {
    load(source, key)?.ok_or_else(|| corrupt(key, "it is missing, though another record names it"))
}

/// The records of a range of keys, read as they are asked for.
pub(crate) fn all<R: Record>(
    source: &dyn Source,
    range: Range<Vec<u8>>,
    order: Order,
) -> impl Iterator<Item = Result<(Vec<u8>, R), StoreError>> + '_ {
    source.scan(range, order).map(|entry| {
        let (key, value) = entry?;
        let record = codec::open(&key, &value, &mut |part| source.get(part))?;
        Ok((key, record))
    })
}

/// The parts of a key.
pub(crate) fn parsed<T>(
    key: &[u8],
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, StoreError> {
    parse(key).ok_or_else(|| corrupt(key, "no such key can be"))
}

pub(crate) fn corrupt(key: &[u8], reason: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt {
        key: keys::printable(key),
        reason: reason.to_owned(),
    })
}
