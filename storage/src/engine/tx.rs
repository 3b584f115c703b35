//! A transaction in the making: it sees the store, the batch so far and its own writes.

use std::ops::Range;

use crate::{
    audit::Mark,
    codec::{self, Record},
    domain::{
        change::{Change, ChangeBody},
        contact::ContactRules,
    },
    engine::{contacts::calm::Calm, heads::Heads, overlay::laid_over},
    error::StoreError,
    ids::{ConversationId, Position, Seq, Timestamp, UserId},
    keys,
    kv::{Batch, Kv, Order, Scan, Source},
    record::{ChangeBodyV1, ChangeV1, HappeningV1},
    store::{Outcome, Rejection, Transaction},
};

/// Why a transaction ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It may not be. Nothing of it stays.
    Rejected(Rejection),
    /// The store is damaged or broken.
    Broken(StoreError),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

/// What came of a transaction, before it is durable.
pub(crate) type Written = Result<Outcome, Stop>;

/// What the writer remembers of conversations between transactions.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) heads: Heads,
    pub(crate) calm: Calm,
}

/// A transaction in the making. Dropping it leaves no trace.
pub(crate) struct Tx<'a> {
    kv: &'a dyn Kv,
    batch: &'a Batch,
    own: Batch,
    pub(crate) memory: &'a Memory,
    pub(crate) at: Timestamp,
    pub(crate) by: &'a UserId,
    /// Whether the people concerned may have to do with each other.
    pub(crate) contact: &'a ContactRules,
    /// The text as its author sent it, if what is written differs.
    pub(crate) original: Option<&'a str>,
    first: Option<Position>,
    last: Position,
    sent: Option<(ConversationId, Seq)>,
    /// The last line of the audit log.
    pub(crate) audit: Mark,
    /// What is to be told to those who follow the node.
    pub(crate) happened: Vec<HappeningV1>,
}

/// What a finished transaction leaves.
pub(crate) struct Made {
    pub(crate) writes: Batch,
    pub(crate) last: Position,
    pub(crate) sent: Option<(ConversationId, Seq)>,
    pub(crate) audit: Mark,
}

impl<'a> Tx<'a> {
    /// `last`, `audit`: the newest position given out so far, and the newest line of the audit log.
    pub(crate) fn new(
        kv: &'a dyn Kv,
        batch: &'a Batch,
        memory: &'a Memory,
        last: Position,
        audit: Mark,
        transaction: &'a Transaction,
    ) -> Self {
        Self {
            kv,
            batch,
            own: Batch::new(),
            memory,
            at: transaction.at,
            by: &transaction.by,
            contact: &transaction.contact,
            original: transaction.original.as_deref(),
            first: None,
            last,
            sent: None,
            audit,
            happened: Vec::new(),
        }
    }

    pub(crate) fn done(self) -> Made {
        Made {
            writes: self.own,
            last: self.last,
            sent: self.sent,
            audit: self.audit,
        }
    }

    /// The next position.
    pub(crate) fn position(&mut self) -> Result<Position, Rejection> {
        let next = self.last.next(self.at);
        if next == Position::MAX {
            return Err(Rejection::Invalid(
                "the clock is past the last position, in 2094",
            ));
        }
        self.last = next;
        self.first.get_or_insert(next);
        Ok(next)
    }

    /// The position that the transaction is known by: its first one, if none was chosen.
    pub(crate) fn own_position(&mut self) -> Result<Position, Rejection> {
        match self.first {
            Some(first) => Ok(first),
            None => self.position(),
        }
    }

    /// The last position that the transaction used; one of its own, if it has none.
    pub(crate) fn last_position(&mut self) -> Result<Position, Rejection> {
        self.own_position()?;
        Ok(self.last)
    }

    /// Has something told to those who follow the node.
    pub(crate) fn happened(&mut self, what: HappeningV1) {
        self.happened.push(what);
    }

    /// Chooses the position that the transaction is known by.
    pub(crate) fn known_by(&mut self, position: Position) {
        self.first = Some(position);
    }

    /// The newest place of a conversation, by what this transaction sent too.
    pub(crate) fn head(&self, conversation: ConversationId) -> Result<Seq, StoreError> {
        match self.sent {
            Some((sent, seq)) if sent == conversation => Ok(seq),
            _ => self.memory.heads.of(self, conversation),
        }
    }

    /// Remembers the new head of a conversation, for when the transaction is done.
    pub(crate) fn sent(&mut self, conversation: ConversationId, seq: Seq) {
        self.sent = Some((conversation, seq));
    }

    /// Writes a record where none is yet, or none that could have been long.
    pub(crate) fn put_new<R: Record>(
        &mut self,
        key: Vec<u8>,
        record: &R,
    ) -> Result<(), StoreError> {
        let sealed = codec::seal(&key, record)?;
        for (n, part) in (1..).zip(sealed.rest) {
            self.own.insert(keys::continuation(&key, n), Some(part));
        }
        self.own.insert(key, Some(sealed.head));
        Ok(())
    }

    /// Writes a record in the place of what is there.
    pub(crate) fn put<R: Record>(&mut self, key: Vec<u8>, record: &R) -> Result<(), StoreError> {
        if R::LARGE {
            self.delete_parts(&key)?;
        }
        self.put_new(key, record)
    }

    pub(crate) fn delete<R: Record>(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        if R::LARGE {
            self.delete_parts(&key)?;
        }
        self.own.insert(key, None);
        Ok(())
    }

    fn delete_parts(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let n_parts = self.get(key)?.map_or(0, |old| codec::n_continuations(&old));
        for n in 1..=n_parts {
            self.own.insert(keys::continuation(key, n), None);
        }
        Ok(())
    }

    /// Writes a change other than a sent message, and gives it back for the outcome.
    pub(crate) fn change(
        &mut self,
        conversation: ConversationId,
        position: Position,
        stored: ChangeBodyV1,
        body: ChangeBody,
    ) -> Result<Change, StoreError> {
        let record = ChangeV1 {
            by: self.by.clone(),
            at: self.at,
            body: stored,
        };
        self.put_new(keys::change(conversation, position), &record)?;
        Ok(Change {
            position,
            conversation,
            by: self.by.clone(),
            at: self.at,
            body,
        })
    }
}

impl Source for Tx<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.own.get(key).or_else(|| self.batch.get(key)) {
            Some(written) => Ok(written.clone()),
            None => self.kv.get(key),
        }
    }

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        if range.start >= range.end {
            return Box::new(std::iter::empty());
        }
        let written = self.batch.range(range.clone());
        let own = self.own.range(range.clone());
        let written = written.chain(own).map(|(k, v)| (k.clone(), v.clone()));
        laid_over(self.kv.scan(range, order), written.collect(), order)
    }
}
