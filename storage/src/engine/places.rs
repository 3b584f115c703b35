//! Finding a place of a conversation by number or time, without reading what stands there.
//!
//! Places have no gap: retention takes the oldest ones, each with its tombstone ([`purge`](super::purge)). So the
//! two ends tell how many there are, and the tombstones how many of them are deleted. What a look-up costs
//! grows with what was deleted, and not with what was said.

use crate::{
    engine::{heads, records, tx::Tx, view::BREATH},
    error::StoreError,
    ids::{ConversationId, Position, Seq, Timestamp},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{PlaceV1, TombstoneV1},
};

/// Says at a place that its message is deleted, and beside it.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    seq: Seq,
) -> Result<(), StoreError> {
    let key = keys::place(conversation, seq);
    let place: PlaceV1 = records::must(tx, &key)?;
    let deleted = true;
    tx.put(key, &PlaceV1 { deleted, ..place })?;
    tx.put_new(keys::tombstone(conversation, seq), &TombstoneV1)
}

/// The places that are there, from `oldest` to `newest`. Without any `oldest` is one more: before the first
/// message 1 and 0.
struct Span {
    oldest: u64,
    newest: u64,
}

impl Span {
    fn of(source: &dyn Source, conversation: ConversationId) -> Result<Self, StoreError> {
        let newest = heads::head(source, conversation)?.map_or(0, |(seq, _)| seq.0);
        let oldest = oldest(source, conversation)?;
        Ok(Self {
            oldest: oldest.map_or(newest + 1, |seq| seq.0),
            newest,
        })
    }

    /// How many there are, deleted or not.
    fn len(&self) -> u64 {
        self.newest + 1 - self.oldest
    }

    /// The deleted ones, the newest first.
    fn tombstones<'a>(
        &self,
        source: &'a dyn Source,
        conversation: ConversationId,
    ) -> impl Iterator<Item = Result<u64, StoreError>> + use<'a> {
        let range = keys::tombstones(conversation, Seq(self.oldest), Seq(self.newest));
        let rows = records::all::<TombstoneV1>(source, range, Order::Descending);
        (1..).zip(rows).map(|(n, row)| {
            if n % BREATH == 0 {
                source.breathe();
            }
            records::parsed(&row?.0, |key| {
                let mut parts = Parts::of(Table::Tombstone, key)?;
                parts.conversation()?;
                parts.number()
            })
        })
    }
}

/// The oldest place that there is.
pub(crate) fn oldest(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Option<Seq>, StoreError> {
    let places = keys::places_from(conversation, Seq(1));
    let oldest = source.scan(places, Order::Ascending).next().transpose()?;
    oldest.map(|(key, _)| heads::seq_of(&key)).transpose()
}

/// How many messages are not deleted.
pub(crate) fn count(source: &dyn Source, conversation: ConversationId) -> Result<u64, StoreError> {
    let span = Span::of(source, conversation)?;
    let mut n = span.len();
    for tombstone in span.tombstones(source, conversation) {
        tombstone?;
        n -= 1;
    }
    Ok(n)
}

/// The place of the oldest of the newest `n` messages that are not deleted; for 0 the one after the newest.
pub(crate) fn skip_newest(
    source: &dyn Source,
    conversation: ConversationId,
    n: u64,
) -> Result<Option<Seq>, StoreError> {
    let span = Span::of(source, conversation)?;
    // Where it is if nothing is deleted; each tombstone on the way there moves it one further.
    let mut place = (span.newest + 1).saturating_sub(n);
    for tombstone in span.tombstones(source, conversation) {
        if place < span.oldest || tombstone? < place {
            break;
        }
        place -= 1;
    }
    Ok((place >= span.oldest).then_some(Seq(place)))
}

/// The place of the first message sent at a time or later, by the clock of the positions.
pub(crate) fn first_since(
    source: &dyn Source,
    conversation: ConversationId,
    at: Timestamp,
) -> Result<Option<Seq>, StoreError> {
    let first = Position::at(at);
    let above = Position::new(first.get().saturating_sub(1)).unwrap_or_default();
    first_above(source, conversation, above)
}

/// The place of the first message above a position, found by leaps back from the newest one: what is asked
/// for is mostly near it, and positions ascend with the places.
pub(crate) fn first_above(
    source: &dyn Source,
    conversation: ConversationId,
    above: Position,
) -> Result<Option<Seq>, StoreError> {
    let Some((newest, place)) = heads::newest(source, conversation)? else {
        return Ok(None);
    };
    if place.message.position() <= above {
        return Ok(None);
    }
    // What retention took away counts as not above.
    let is_above = |seq: u64| -> Result<bool, StoreError> {
        let place: Option<PlaceV1> = records::load(source, &keys::place(conversation, Seq(seq)))?;
        Ok(place.is_some_and(|place| place.message.position() > above))
    };
    let mut yes = newest.0;
    let mut leap = 1;
    let mut no = loop {
        let probe = newest.0.saturating_sub(leap);
        if probe == 0 || !is_above(probe)? {
            break probe;
        }
        yes = probe;
        leap *= 2;
    };
    while yes - no > 1 {
        let middle = no + (yes - no) / 2;
        if is_above(middle)? {
            yes = middle;
        } else {
            no = middle;
        }
    }
    Ok(Some(Seq(yes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codec,
        ids::MessageId,
        kv::{Batch, Kv},
        memory_store::MemoryKv,
    };

    /// Places from `oldest` to `newest`, with tombstones where something is deleted.
    fn places(oldest: u64, newest: u64, deleted: &[u64]) -> (MemoryKv, ConversationId) {
        let id = ConversationId::created_at(Position::new(1).unwrap());
        let kv = MemoryKv::default();
        let mut batch = Batch::new();
        for n in oldest..=newest {
            let place = PlaceV1 {
                message: MessageId::created_at(Position::new(n * 10).unwrap()),
                author: 0,
                deleted: deleted.contains(&n),
            };
            let key = keys::place(id, Seq(n));
            batch.insert(key.clone(), Some(codec::seal(&key, &place).unwrap().head));
            if place.deleted {
                let key = keys::tombstone(id, Seq(n));
                batch.insert(
                    key.clone(),
                    Some(codec::seal(&key, &TombstoneV1).unwrap().head),
                );
            }
        }
        kv.apply(batch).unwrap();
        (kv, id)
    }

    #[test]
    fn what_retention_took_is_not_there() {
        let (kv, id) = places(6, 12, &[7, 11, 12]);
        assert_eq!(count(&kv, id).unwrap(), 4);
        let skip = |n| skip_newest(&kv, id, n).unwrap().map(|seq| seq.0);
        let all = [0, 1, 2, 3, 4, 5, 13].map(skip);
        assert_eq!(
            all,
            [Some(13), Some(10), Some(9), Some(8), Some(6), None, None]
        );
        let above = |n| first_above(&kv, id, Position::new(n).unwrap()).unwrap();
        let all = [0, 59, 60, 119, 120].map(|n| above(n).map(|seq| seq.0));
        assert_eq!(all, [Some(6), Some(6), Some(7), Some(12), None]);
    }

    #[test]
    fn many_tombstones_are_many_breaths() {
        let deleted: Vec<_> = (2..=3 * BREATH).collect();
        let (kv, id) = places(1, 3 * BREATH, &deleted);
        assert_eq!(count(&kv, id).unwrap(), 1);
        assert_eq!(skip_newest(&kv, id, 1).unwrap(), Some(Seq(1)));
        assert_eq!(skip_newest(&kv, id, 2).unwrap(), None);
    }
}
