//! The format of a store: creating one, bringing an old one up to date, refusing a newer one.

use rand::random;

use crate::{
    codec,
    domain::event::EventId,
    engine::{commit, events, records},
    error::{StoreError, StoreErrorKind},
    ids::{Epoch, Position},
    keys::{self, Meta, Parts, Table},
    kv::{Batch, Kv, Order},
    record::{CeilingV1, EpochV1, FormatV1, PlaceV1, TombstoneV1},
};

/// The number of the layout of keys and records. A change of either that old records, or older versions of
/// Parlour, don't survive adds one, and a step to `STEPS`.
pub const FORMAT: u32 = 4;

/// A step from one format to the next. May have been begun before and not finished.
type Step = fn(&dyn Kv) -> Result<(), StoreError>;

/// The steps, the first of them from format 1, which was the first, to format 2.
const STEPS: [Step; FORMAT as usize - 1] = [bury_the_deleted, only_add, begin_events];

/// Keys that a step writes in one batch: large batches make sled keep memory.
const BATCH_KEYS: usize = 96;

/// Progress is logged every so many records.
const PROGRESS_RECORDS: u64 = 1_000_000;

/// Makes an empty store usable and an old one current; tells its epoch.
///
/// # Errors
///
/// `Newer` if a newer version wrote it.
pub(crate) fn prepare(kv: &dyn Kv) -> Result<Epoch, StoreError> {
    let key = keys::meta(Meta::Format);
    match records::load::<FormatV1>(kv, &key)? {
        None => create(kv)?,
        Some(FormatV1 { number: 0 }) => {
            return Err(records::corrupt(&key, "format 0 never was"));
        }
        Some(FormatV1 { number }) if number > FORMAT => {
            return Err(StoreError::new(StoreErrorKind::Newer {
                found: number,
                known: FORMAT,
            }));
        }
        Some(FormatV1 { number }) => {
            for (from, step) in (1..).zip(STEPS).filter(|(from, _)| *from >= number) {
                upgrade(kv, from, step)?;
            }
        }
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
    put_format(&mut batch, FORMAT)?;
    let key = keys::meta(Meta::Epoch);
    let sealed = codec::seal(&key, &EpochV1 { epoch: random() })?;
    batch.insert(key, Some(sealed.head));
    commit::put_ceiling(&mut batch, Position::ZERO)?;
    kv.apply(batch)?;
    kv.sync()
}

fn put_format(batch: &mut Batch, number: u32) -> Result<(), StoreError> {
    let key = keys::meta(Meta::Format);
    let sealed = codec::seal(&key, &FormatV1 { number })?;
    batch.insert(key, Some(sealed.head));
    Ok(())
}

/// The number comes last, when all else is durable: until then an older version may open the store and write,
/// and the step is taken again from its beginning.
fn upgrade(kv: &dyn Kv, from: u32, step: Step) -> Result<(), StoreError> {
    let to = from + 1;
    tracing::info!(from, to, "bringing the store to a new format");
    step(kv)?;
    kv.sync()?;
    let mut batch = Batch::new();
    put_format(&mut batch, to)?;
    kv.apply(batch)?;
    kv.sync()?;
    tracing::info!(format = to, "the store has its new format");
    Ok(())
}

/// To format 3: new tables, and new cases of old records. Nothing that is there changes.
fn only_add(_: &dyn Kv) -> Result<(), StoreError> {
    Ok(())
}

/// To format 4: events are told from now on. What was edited, deleted and decided before has none, so all that was
/// before lies below the floor.
fn begin_events(kv: &dyn Kv) -> Result<(), StoreError> {
    let CeilingV1 { position } = records::must(kv, &keys::meta(Meta::Ceiling))?;
    let mut batch = Batch::new();
    events::put_floor(&mut batch, EventId::through(position))?;
    kv.apply(batch)
}

/// To format 2: a tombstone beside the place of each deleted message.
///
/// What can't be read is passed over: one damaged record is no reason to keep everybody out. Verify finds it,
/// and the tombstone that it should have had.
fn bury_the_deleted(kv: &dyn Kv) -> Result<(), StoreError> {
    let (mut batch, mut n_places, mut n_deleted) = (Batch::new(), 0_u64, 0_u64);
    let places = records::all::<PlaceV1>(kv, keys::table(Table::Place), Order::Ascending);
    for entry in places {
        n_places += 1;
        if n_places % PROGRESS_RECORDS == 0 {
            tracing::info!(n_places, n_deleted, "looking for deleted messages");
        }
        let tombstone = entry.and_then(|(key, place)| {
            let of_place = |key: &[u8]| {
                let mut parts = Parts::of(Table::Place, key)?;
                Some(keys::tombstone(parts.conversation()?, parts.seq()?))
            };
            let tombstone = records::parsed(&key, of_place)?;
            Ok(place.deleted.then_some(tombstone))
        });
        let key = match tombstone {
            Ok(Some(key)) => key,
            Ok(None) => continue,
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "met a damaged record on the way to the new format");
                continue;
            }
            Err(error) => return Err(error),
        };
        n_deleted += 1;
        let sealed = codec::seal(&key, &TombstoneV1)?;
        batch.insert(key, Some(sealed.head));
        if batch.len() >= BATCH_KEYS {
            kv.apply(std::mem::take(&mut batch))?;
        }
    }
    kv.apply(batch)
}

#[cfg(test)]
mod tests;
