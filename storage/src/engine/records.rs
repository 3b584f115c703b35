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
///
/// A scan may still show what the writer took away when the reader last breathed, without the rest of a long record:
/// what can't be read is looked at again.
pub(crate) fn all<R: Record>(
    source: &dyn Source,
    range: Range<Vec<u8>>,
    order: Order,
) -> impl Iterator<Item = Result<(Vec<u8>, R), StoreError>> + '_ {
    source.scan(range, order).filter_map(|entry| {
        let found = entry.and_then(|(key, value)| {
            let record = codec::open(&key, &value, &mut |part| source.get(part));
            let record = match record {
                Err(error) if error.kind.is_damage() => load(source, &key)?,
                record => Some(record?),
            };
            Ok(record.map(|record| (key, record)))
        });
        found.transpose()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{MessageId, Position, Timestamp},
        kv::{Batch, Kv, Scan},
        memory_store::MemoryKv,
        record::RevisionV1,
    };

    /// A store whose scans show an earlier one.
    struct Stale {
        now: MemoryKv,
        before: MemoryKv,
    }

    impl Source for Stale {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.now.get(key)
        }

        fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
            self.before.scan(range, order)
        }
    }

    fn id() -> MessageId {
        MessageId::created_at(Position::new(1).unwrap())
    }

    fn key(n: u64) -> Vec<u8> {
        keys::revision(id(), Position::new(n).unwrap())
    }

    /// Too long for one value.
    fn sealed(key: &[u8], text: &str) -> codec::Sealed {
        let revision = RevisionV1 {
            text: text.repeat(2 * codec::VALUE_BYTES_MAX),
            written_at: Timestamp(0),
        };
        codec::seal(key, &revision).unwrap()
    }

    fn put(kv: &MemoryKv, n: u64, text: &str, with_rest: bool) {
        let key = key(n);
        let codec::Sealed { head, rest } = sealed(&key, text);
        let rest = (1..).zip(rest).filter(|_| with_rest);
        let rest = rest.map(|(part, value)| (keys::continuation(&key, part), Some(value)));
        let mut batch: Batch = rest.collect();
        batch.insert(key, Some(head));
        kv.apply(batch).unwrap();
    }

    #[test]
    fn what_a_scan_still_shows_is_looked_at_again() {
        let (now, before) = (MemoryKv::default(), MemoryKv::default());
        for n in 1..=3 {
            put(&before, n, "a", true);
        }
        // The first has gone, the second was written anew, the third lost its rest.
        put(&now, 2, "b", true);
        put(&now, 3, "a", false);
        let source = Stale { now, before };
        let found: Vec<_> =
            all::<RevisionV1>(&source, keys::revisions(id()), Order::Ascending).collect();
        let [second, third] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(second.as_ref().unwrap().1.text.starts_with('b'));
        let error = third.as_ref().unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Corrupt { .. }));
    }
}
