//! How a record becomes bytes, and how damage is noticed.
//!
//! `[magic 1][kind 1][version 1][crc 4][payload]`, the payload in bincode (fixed-width integers, little
//! endian). The CRC covers key, kind, version and payload, so a record in the wrong place is as bad as a
//! flipped bit. A value has at most [`VALUE_BYTES_MAX`] bytes: a longer record goes on in continuation keys,
//! and its head then has another magic byte and the number of parts (2 bytes) before the payload.
//!
//! The only file that knows bincode. Never meant for bytes from a network.

use std::borrow::Cow;

use bincode::Options as _;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{StoreError, StoreErrorKind},
    keys,
};

/// Larger values make sled write pages to files that it never syncs (`blob_io.rs` of 0.34.7).
pub(crate) const VALUE_BYTES_MAX: usize = 4096;

/// A length prefix is believed up to here. The largest record names 10,000 new members of a group.
const RECORD_BYTES_MAX: u64 = 4 * 1024 * 1024;

const WHOLE: u8 = 0xa5;
const SPLIT: u8 = 0xa6;
const HEADER_BYTES: usize = 7;

/// A type that is stored.
///
/// Fields are never removed or reordered, nor added in place: bincode does not describe itself. A change makes
/// a new struct with the next version. If all it does is to add fields at the end, [`since`](Self::since) makes the
/// old one readable.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// Never reuse a number.
    const KIND: u8;
    /// Counts from 1.
    const VERSION: u8;
    /// It may be longer than one value. Others are bounded so that they never are.
    const LARGE: bool = false;

    /// The version that it is written as: an earlier one, if that has all there is to say.
    fn version(&self) -> u8 {
        Self::VERSION
    }

    /// The end that a payload of an earlier version lacks. `None`: there never was that version.
    fn since(_version: u8) -> Option<&'static [u8]> {
        None
    }
}

/// A record as bytes.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The value of its key.
    pub(crate) head: Vec<u8>,
    /// The values of its continuation keys, from number 1 on.
    pub(crate) rest: Vec<Vec<u8>>,
}

fn bincode() -> impl bincode::Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_limit(RECORD_BYTES_MAX)
        .reject_trailing_bytes()
}

fn crc(key: &[u8], kind: u8, version: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(&[kind, version]);
    hasher.update(payload);
    hasher.finalize()
}

fn corrupt(key: &[u8], reason: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt {
        key: keys::printable(key),
        reason: reason.into(),
    })
}

/// # Errors
///
/// `Corrupt` if the record is larger than any may be; what comes in is bounded far below.
pub(crate) fn seal<R: Record>(key: &[u8], record: &R) -> Result<Sealed, StoreError> {
    let mut head = Vec::with_capacity(128);
    head.extend_from_slice(&[WHOLE, R::KIND, record.version(), 0, 0, 0, 0]);
    bincode()
        .serialize_into(&mut head, record)
        .map_err(|e| corrupt(key, format!("can't be written: {e}")))?;
    let sum = crc(key, R::KIND, record.version(), &head[HEADER_BYTES..]);
    head[3..HEADER_BYTES].copy_from_slice(&sum.to_le_bytes());
    debug_assert!(R::LARGE || head.len() <= VALUE_BYTES_MAX, "{key:?}");
    let mut rest = Vec::new();
    if head.len() > VALUE_BYTES_MAX {
        let tail = head.split_off(VALUE_BYTES_MAX - 2);
        rest.extend(tail.chunks(VALUE_BYTES_MAX).map(<[u8]>::to_vec));
        let n_parts = u16::try_from(rest.len()).expect("4 MiB are 1,024 parts");
        head[0] = SPLIT;
        head.splice(HEADER_BYTES..HEADER_BYTES, n_parts.to_le_bytes());
    }
    Ok(Sealed { head, rest })
}

/// How many continuation keys belong to a value.
pub(crate) fn n_continuations(value: &[u8]) -> u16 {
    match value {
        [SPLIT, _, _, _, _, _, _, low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    }
}

/// Finds the value of a continuation key.
pub(crate) type FindPart<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Option<Vec<u8>>, StoreError>;

/// A record whose checksum is right.
struct Sound<'a> {
    kind: u8,
    version: u8,
    payload: Cow<'a, [u8]>,
}

fn sound<'a>(key: &[u8], value: &'a [u8], part: FindPart<'_>) -> Result<Sound<'a>, StoreError> {
    let Some((&[magic, kind, version, a, b, c, d], rest)) =
        value.split_first_chunk::<HEADER_BYTES>()
    else {
        return Err(corrupt(key, format!("only {} bytes", value.len())));
    };
    let payload = match magic {
        WHOLE => Cow::Borrowed(rest),
        SPLIT => {
            let mut whole = rest.get(2..).unwrap_or_default().to_vec();
            for n in 1..=n_continuations(value) {
                let found = part(&keys::continuation(key, n))?;
                whole.extend(found.ok_or_else(|| corrupt(key, format!("part {n} is missing")))?);
            }
            Cow::Owned(whole)
        }
        _ => return Err(corrupt(key, format!("begins with {magic:#04x}"))),
    };
    if crc(key, kind, version, &payload) != u32::from_le_bytes([a, b, c, d]) {
        return Err(corrupt(key, "its checksum is wrong"));
    }
    Ok(Sound {
        kind,
        version,
        payload,
    })
}

/// Whether a value is a record of this key, of whatever kind and version, with all its parts.
pub(crate) fn is_sound(key: &[u8], value: &[u8], part: FindPart<'_>) -> Result<bool, StoreError> {
    match sound(key, value, part) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind, StoreErrorKind::Corrupt { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a record back.
///
/// # Errors
///
/// `Corrupt`, `Newer`, and whatever `part` gives.
pub(crate) fn open<R: Record>(
    key: &[u8],
    value: &[u8],
    part: FindPart<'_>,
) -> Result<R, StoreError> {
    let Sound {
        kind,
        version,
        payload,
    } = sound(key, value, part)?;
    if kind != R::KIND {
        return Err(corrupt(
            key,
            format!("kind {kind} where {} belongs", R::KIND),
        ));
    }
    if version > R::VERSION {
        return Err(StoreError::new(StoreErrorKind::Newer {
            found: u32::from(version),
            known: u32::from(R::VERSION),
        }));
    }
    let payload = match R::since(version) {
        _ if version == R::VERSION => payload,
        Some(end) => Cow::Owned([&*payload, end].concat()),
        None => return Err(corrupt(key, format!("version {version} never was"))),
    };
    bincode()
        .deserialize(&payload)
        .map_err(|e| corrupt(key, format!("can't be decoded: {e}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl Record for Note {
        const KIND: u8 = 250;
        const VERSION: u8 = 1;
        const LARGE: bool = true;
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct NoteV2 {
        text: String,
    }

    impl Record for NoteV2 {
        const KIND: u8 = 250;
        const VERSION: u8 = 2;
    }

    fn note(bytes: usize) -> Note {
        let text = "0123456789".chars().cycle().take(bytes).collect();
        Note { text }
    }

    fn stored(key: &[u8], sealed: &Sealed) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let numbered = (1..).zip(&sealed.rest);
        numbered
            .map(|(n, part)| (keys::continuation(key, n), part.clone()))
            .collect()
    }

    #[test]
    fn every_length_comes_back_in_values_of_bounded_size() {
        let around = |n: usize| n.saturating_sub(20)..n + 20;
        for bytes in around(20)
            .chain(around(4096))
            .chain(around(8192))
            .chain([100_000])
        {
            let sealed = seal(b"k", &note(bytes)).unwrap();
            assert!(sealed.head.len() <= VALUE_BYTES_MAX);
            assert!(sealed.rest.iter().all(|part| part.len() <= VALUE_BYTES_MAX));
            assert_eq!(
                usize::from(n_continuations(&sealed.head)),
                sealed.rest.len()
            );
            let parts = stored(b"k", &sealed);
            let back: Note =
                open(b"k", &sealed.head, &mut |key| Ok(parts.get(key).cloned())).unwrap();
            assert_eq!(back, note(bytes));
        }
    }

    #[test]
    fn a_missing_part_is_noticed() {
        let sealed = seal(b"k", &note(10_000)).unwrap();
        let error = open::<Note>(b"k", &sealed.head, &mut |_| Ok(None)).unwrap_err();
        assert!(error.to_string().contains("part 1 is missing"), "{error}");
    }

    #[test]
    fn a_record_in_the_wrong_place_is_noticed() {
        let sealed = seal(b"k", &note(3)).unwrap();
        let error = open::<Note>(b"l", &sealed.head, &mut |_| Ok(None)).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let text = "x".into();
        let sealed = seal(b"k", &NoteV2 { text }).unwrap();
        let error = open::<Note>(b"k", &sealed.head, &mut |_| Ok(None)).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Newer { found: 2, known: 1 });
    }

    #[test]
    fn a_length_without_end_allocates_nothing() {
        let mut value = seal(b"k", &note(0)).unwrap().head;
        value[HEADER_BYTES..].fill(0xff);
        let sum = crc(b"k", 250, 1, &value[HEADER_BYTES..]);
        value[3..HEADER_BYTES].copy_from_slice(&sum.to_le_bytes());
        let error = open::<Note>(b"k", &value, &mut |_| Ok(None)).unwrap_err();
        assert!(error.to_string().contains("can't be decoded"), "{error}");
    }

    proptest! {
        #[test]
        fn no_flipped_bit_goes_unnoticed(bytes in 0_usize..5000, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let sealed = seal(b"k", &note(bytes)).unwrap();
            let parts = stored(b"k", &sealed);
            let mut head = sealed.head;
            let at = at.index(head.len());
            head[at] ^= 1 << bit;
            prop_assert!(open::<Note>(b"k", &head, &mut |key| Ok(parts.get(key).cloned())).is_err());
        }

        #[test]
        fn no_bytes_panic(value in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(open::<Note>(b"k", &value, &mut |_| Ok(None)).is_err());
        }
    }
}
