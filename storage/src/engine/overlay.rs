//! What is stored with what was just written laid over it. Reads no further than it is asked to: a range can be all the
//! messages there are, and the writer waits for whoever reads it.

use std::cmp::Ordering;

use crate::kv::{Batch, Order, Scan};

/// The entries of a range. `written` is of the same range.
pub(crate) fn laid_over<'a>(stored: Scan<'a>, mut written: Batch, order: Order) -> Scan<'a> {
    if written.is_empty() {
        return stored;
    }
    let mut stored = stored.peekable();
    Box::new(std::iter::from_fn(move || {
        loop {
            let next = match order {
                Order::Ascending => written.first_entry(),
                Order::Descending => written.last_entry(),
            };
            let Some(next) = next else {
                return stored.next();
            };
            let comes = match (stored.peek(), order) {
                (None, _) => Ordering::Greater,
                (Some(Err(_)), _) => Ordering::Less,
                (Some(Ok((key, _))), Order::Ascending) => key.cmp(next.key()),
                (Some(Ok((key, _))), Order::Descending) => next.key().cmp(key),
            };
            match comes {
                Ordering::Less => return stored.next(),
                Ordering::Equal => _ = stored.next(),
                Ordering::Greater => {}
            }
            if let (key, Some(value)) = next.remove_entry() {
                return Some(Ok((key, value)));
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::error::{StoreError, StoreErrorKind};

    fn key(n: u8) -> Vec<u8> {
        vec![n]
    }

    fn in_order<T: 'static>(entries: Vec<T>, order: Order) -> Box<dyn Iterator<Item = T>> {
        match order {
            Order::Ascending => Box::new(entries.into_iter()),
            Order::Descending => Box::new(entries.into_iter().rev()),
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_map_would_hold(
            stored in proptest::collection::btree_set(0_u8..16, 0..12),
            written in proptest::collection::btree_map(0_u8..16, any::<bool>(), 0..12),
        ) {
            let mut expected: Batch = stored.iter().map(|&n| (key(n), Some(vec![0]))).collect();
            let kept: Vec<_> = stored.into_iter().map(|n| (key(n), vec![0])).collect();
            let written: Batch = written
                .into_iter()
                .map(|(n, is_there)| (key(n), is_there.then(|| vec![1])))
                .collect();
            expected.extend(written.clone());
            let expected: Vec<_> = expected
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .collect();
            for order in [Order::Ascending, Order::Descending] {
                let stored = in_order(kept.clone(), order).map(Ok);
                let all = laid_over(Box::new(stored), written.clone(), order);
                let all: Result<Vec<_>, _> = all.collect();
                let expected: Vec<_> = in_order(expected.clone(), order).collect();
                prop_assert_eq!(all.unwrap(), expected);
            }
        }
    }

    #[test]
    fn it_reads_no_further_than_it_is_asked_to() {
        let n_read = Cell::new(0);
        let stored = (0..100).map(|n| {
            n_read.set(n_read.get() + 1);
            Ok((key(n), Vec::new()))
        });
        let written = Batch::from([(key(50), Some(Vec::new()))]);
        let first = laid_over(Box::new(stored), written, Order::Ascending).next();
        assert_eq!(first.unwrap().unwrap().0, key(0));
        assert_eq!(n_read.get(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_stops_nothing() {
        let failed = StoreError::new(StoreErrorKind::Closed);
        let stored = vec![Err(failed), Ok((key(2), Vec::new()))];
        let written = Batch::from([(key(1), Some(Vec::new()))]);
        let all = laid_over(Box::new(stored.into_iter()), written, Order::Ascending);
        let keys = all.map(|entry| entry.ok().map(|(key, _)| key));
        let expected = [None, Some(key(1)), Some(key(2))];
        assert_eq!(keys.collect::<Vec<_>>(), expected);
    }
}
