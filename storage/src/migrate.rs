//! The format of a store: creating one, bringing an old one up to date, refusing a newer one.

use rand::random;

use crate::{
    codec,
    engine::{commit, records},
    error::{StoreError, StoreErrorKind},
    ids::{Epoch, Position},
    keys::{self, Meta},
    kv::{Batch, Kv, Order},
    record::{EpochV1, FormatV1},
};

/// The number of the layout of keys and records. A change of either that old records don't survive adds
/// one, and a function here that takes a store from the number before to it; format 1 is the first.
pub const FORMAT: u32 = 1;

/// Makes an empty store usable and an old one current; tells its epoch.
///
/// # Errors
///
/// `Newer` if a newer version wrote it.
pub(crate) fn prepare(kv: &dyn Kv) -> Result<Epoch, StoreError> {
    match records::load::<FormatV1>(kv, &keys::meta(Meta::Format))? {
        None => create(kv)?,
        Some(FormatV1 { number }) if number > FORMAT => {
            return Err(StoreError::new(StoreErrorKind::Newer {
                found: number,
                known: FORMAT,
            }));
        }
        Some(FormatV1 { number }) if number < FORMAT => {
            let key = keys::meta(Meta::Format);
            return Err(records::corrupt(
                &key,
                &format!("format {number} never was"),
            ));
        }
        Some(_) => {}
    }
    let EpochV1 { epoch } = records::must(kv, &keys::meta(Meta::Epoch))?;
    Ok(Epoch(epoch))
}

fn create(kv: &dyn Kv) -> Result<(), StoreError> {
    if let Some(entry) = kv.scan(keys::everything(), Order::Ascending).next() {
        return Err(records::corrupt(
            &entry?.0,
            "it is in a store without a format",
        ));
    }
    let mut batch = Batch::new();
    let key = keys::meta(Meta::Format);
    let sealed = codec::seal(&key, &FormatV1 { number: FORMAT })?;
    batch.insert(key, Some(sealed.head));
    let key = keys::meta(Meta::Epoch);
    let sealed = codec::seal(&key, &EpochV1 { epoch: random() })?;
    batch.insert(key, Some(sealed.head));
    commit::put_ceiling(&mut batch, Position::ZERO)?;
    kv.apply(batch)?;
    kv.sync()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_store::MemoryKv;

    #[test]
    fn a_new_store_keeps_its_epoch() {
        let kv = MemoryKv::default();
        let epoch = prepare(&kv).unwrap();
        assert_eq!(prepare(&kv).unwrap(), epoch);
    }

    #[test]
    fn a_store_that_lost_its_format_is_not_taken_for_a_new_one() {
        let kv = MemoryKv::default();
        prepare(&kv).unwrap();
        kv.apply(Batch::from([(keys::meta(Meta::Format), None)]))
            .unwrap();
        let error = prepare(&kv).unwrap_err();
        assert!(
            matches!(error.kind, StoreErrorKind::Corrupt { .. }),
            "{error}"
        );
    }

    #[test]
    fn a_newer_format_is_refused() {
        let kv = MemoryKv::default();
        let key = keys::meta(Meta::Format);
        let number = FORMAT + 1;
        let sealed = codec::seal(&key, &FormatV1 { number }).unwrap();
        kv.apply(Batch::from([(key, Some(sealed.head))])).unwrap();
        let (found, known) = (number, FORMAT);
        assert_eq!(
            prepare(&kv).unwrap_err().kind,
            StoreErrorKind::Newer { found, known }
        );
    }
}
