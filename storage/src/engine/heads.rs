//! The newest place of each conversation that was written to lately.
//!
//! Spares a record that would be rewritten with every message: the places themselves tell the head, at the
//! price of a backward scan, which this memory of the writer saves for busy conversations.

use std::{cell::RefCell, collections::HashMap};

use crate::{
    engine::records,
    error::StoreError,
    ids::{ConversationId, MessageId, Seq},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::PlaceV1,
};

/// Remembers between this many conversations and twice as many, at about 40 bytes each.
const CONVERSATIONS: usize = 64 * 1024;

/// The memory, in two generations: what is used moves to the young one, and the old one goes when that
/// is full.
#[derive(Debug, Default)]
pub(crate) struct Heads(RefCell<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<ConversationId, Seq>,
    old: HashMap<ConversationId, Seq>,
}

impl Heads {
    /// The newest place of a conversation.
    pub(crate) fn of(
        &self,
        source: &dyn Source,
        conversation: ConversationId,
    ) -> Result<Seq, StoreError> {
        let known = self.0.borrow_mut().get(conversation);
        match known {
            Some(seq) => Ok(seq),
            None => {
                let newest = newest(source, conversation)?;
                let seq = newest.map_or(Seq::ZERO, |(seq, _)| seq);
                self.set(conversation, seq);
                Ok(seq)
            }
        }
    }

    /// A message was committed.
    pub(crate) fn set(&self, conversation: ConversationId, seq: Seq) {
        self.0.borrow_mut().set(conversation, seq);
    }
}

impl Generations {
    fn get(&mut self, conversation: ConversationId) -> Option<Seq> {
        if let Some(&seq) = self.young.get(&conversation) {
            return Some(seq);
        }
        let seq = self.old.remove(&conversation)?;
        self.set(conversation, seq);
        Some(seq)
    }

    fn set(&mut self, conversation: ConversationId, seq: Seq) {
        if self.young.len() >= CONVERSATIONS && !self.young.contains_key(&conversation) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(conversation, seq);
    }
}

/// The newest place of a conversation, and what stands there.
pub(crate) fn newest(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Option<(Seq, PlaceV1)>, StoreError> {
    let places = keys::places(conversation);
    let newest = records::all::<PlaceV1>(source, places, Order::Descending).next();
    newest
        .transpose()?
        .map(|(key, place)| Ok((seq_of(&key)?, place)))
        .transpose()
}

/// The seq in the key of a place.
pub(crate) fn seq_of(key: &[u8]) -> Result<Seq, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::Place, key)?;
        parts.conversation()?;
        parts.seq()
    })
}

/// The newest message, for callers that need no more of the place.
pub(crate) fn newest_message(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Option<MessageId>, StoreError> {
    Ok(newest(source, conversation)?.map(|(_, place)| place.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Position, memory_store::MemoryKv};

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_used() {
        let id = |n: usize| ConversationId::created_at(Position::new(n as u64 + 1).unwrap());
        let heads = Heads::default();
        let nothing = MemoryKv::default();
        for n in 0..5 * CONVERSATIONS {
            heads.set(id(n), Seq(n as u64));
            assert_eq!(heads.of(&nothing, id(0)).unwrap(), Seq(0));
            heads.set(id(0), Seq(0));
        }
        let generations = heads.0.borrow();
        assert!(generations.young.len() <= CONVERSATIONS);
        assert!(generations.old.len() <= CONVERSATIONS);
    }
}
