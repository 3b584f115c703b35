//! The newest place of each conversation that was written to lately.
//!
//! Spares a record that would be rewritten with every message: the places themselves tell the head, at the
//! price of a backward scan, which this memory of the writer saves for busy conversations.

use std::cell::RefCell;

use crate::{
    engine::{recent::Recent, records},
    error::StoreError,
    ids::{ConversationId, Position, Seq},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{FloorV1, PlaceV1},
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
                let seq = head(source, conversation)?.map_or(Seq::ZERO, |(seq, _)| seq);
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

/// The newest place that there is, or ever was, and the position of its message: places are given out once.
pub(crate) fn head(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Option<(Seq, Position)>, StoreError> {
    if let Some((seq, place)) = newest(source, conversation)? {
        return Ok(Some((seq, place.message.position())));
    }
    let floor = floor(source, conversation)?;
    Ok(floor.map(|floor| (floor.seq, floor.position)))
}

/// Where the conversation begins, if retention took anything away.
pub(crate) fn floor(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Option<FloorV1>, StoreError> {
    records::load(source, &keys::floor(conversation))
}

/// When the conversation last had a new message, or else was opened: what lists are sorted by.
pub(crate) fn active(
    source: &dyn Source,
    conversation: ConversationId,
) -> Result<Position, StoreError> {
    let head = head(source, conversation)?;
    Ok(head.map_or(conversation.position(), |(_, position)| position))
}
