//! The newest place of each conversation that was written to lately.
//!
//! Spares a record that would be rewritten with every message: the places themselves tell the head, at the
//! price of a backward scan, which this memory of the writer saves for busy conversations.

use std::cell::RefCell;

use crate::{
    engine::{recent::Recent, records},
    error::StoreError,
    ids::{ConversationId, MessageId, Seq},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::PlaceV1,
};

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Heads(RefCell<Recent<Seq>>);

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
