//! Keys of what people are notified with.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{Key, Parts, Table};
use crate::ids::{PushTargetId, UserId};

pub(crate) fn push_target(user: &UserId, id: PushTargetId) -> Vec<u8> {
    let key = Key::of(Table::PushTarget).name(user.as_str());
    key.number(id.get()).done()
}

pub(crate) fn push_targets(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::PushTarget).name(user.as_str()).all()
}

/// By a hash, since addresses are longer than a part of a key may be.
pub(crate) fn push_address(address: &str) -> Vec<u8> {
    let mut key = vec![Table::PushAddress as u8];
    key.extend_from_slice(&Sha256::digest(address.as_bytes()));
    key
}

impl Parts<'_> {
    pub(crate) fn push_target(&mut self) -> Option<PushTargetId> {
        self.position().map(PushTargetId::created_at)
    }

    /// The rest of a key that is a hash.
    pub(crate) fn hash(&mut self) -> Option<[u8; 32]> {
        let (hash, rest) = self.0.split_first_chunk::<32>()?;
        self.0 = rest;
        Some(*hash)
    }
}
