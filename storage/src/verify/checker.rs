//! What all checks share: reading without stopping at damage, and collecting findings and repairs.

use std::{collections::BTreeMap, mem};

use crate::{
    codec::{self, Record},
    error::{StoreError, StoreErrorKind},
    ids::{ConversationId, MessageId, Position},
    keys::{self, Meta, Parts, Table},
    kv::{Batch, Kv},
    record::{CeilingV1, FloorV1},
    verify::{Finding, Repair, attachments::UsedUp, audit::Log},
};

/// Repairs are applied in batches of about so many keys.
const REPAIR_KEYS: usize = 1000;

pub(super) struct Checker<'a> {
    pub(super) kv: &'a dyn Kv,
    /// An old store lacks what the next start gives it. That is not damage.
    pub(super) format: u32,
    /// The newest line of the audit log that was met.
    pub(super) log: Log,
    /// By the files that were met.
    pub(super) used_up: UsedUp,
    /// By key and what is wrong: two records can point at the same missing third.
    findings: BTreeMap<(String, String), Repair>,
    repairs: Batch,
    /// Positions of changes; those of messages are unique by their keys.
    positions: Vec<Position>,
    highest: Position,
}

/// What stands at a key.
pub(super) enum Found<R> {
    Nothing,
    /// Something that can't be read. Reported where the scan meets it.
    Damaged,
    Record(R),
}

impl<'a> Checker<'a> {
    pub(super) fn new(kv: &'a dyn Kv, format: u32) -> Self {
        Self {
            kv,
            format,
            log: Log::default(),
            used_up: UsedUp::default(),
            findings: BTreeMap::new(),
            repairs: Batch::new(),
            positions: Vec::new(),
            highest: Position::ZERO,
        }
    }

    /// What nothing else tells how to repair.
    pub(super) fn report(&mut self, key: &[u8], what: impl Into<String>) {
        self.add(key, what.into(), Repair::Impossible);
    }

    /// What is repaired by writing a record.
    pub(super) fn rewrite<R: Record>(
        &mut self,
        key: &[u8],
        what: impl Into<String>,
        record: &R,
    ) -> Result<(), StoreError> {
        debug_assert!(!R::LARGE, "no long record is derived from others");
        let sealed = codec::seal(key, record)?;
        self.repairs.insert(key.to_vec(), Some(sealed.head));
        self.add(key, what.into(), Repair::Possible);
        Ok(())
    }

    /// What is repaired by removing a key.
    pub(super) fn remove(&mut self, key: &[u8], what: impl Into<String>) {
        self.repairs.insert(key.to_vec(), None);
        self.add(key, what.into(), Repair::Possible);
    }

    fn add(&mut self, key: &[u8], what: String, repair: Repair) {
        let key = keys::printable(key);
        self.findings.insert((key, what), repair);
    }

    /// Whether a key that others tell of is going to be written anew, or removed.
    pub(super) fn is_repaired(&self, key: &[u8]) -> bool {
        self.repairs.contains_key(key)
    }

    /// The record that the scan met, or `None` with a report. Not looked at if it will be written again.
    pub(super) fn read<R: Record>(
        &mut self,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<R>, StoreError> {
        if self.is_repaired(key) {
            return Ok(None);
        }
        match codec::open(key, value, &mut |part| self.kv.get(part)) {
            Ok(record) => Ok(Some(record)),
            Err(error) => {
                let reason = damage(error)?;
                self.report(key, reason);
                Ok(None)
            }
        }
    }

    /// The parts of the key that the scan met, or `None` with a report.
    pub(super) fn parts<T>(
        &mut self,
        table: Table,
        key: &[u8],
        take: impl FnOnce(&mut Parts<'_>) -> Option<T>,
    ) -> Option<T> {
        let parts = Parts::of(table, key).and_then(|mut parts| {
            let taken = take(&mut parts)?;
            parts.end(taken)
        });
        if parts.is_none() {
            self.report(key, "no such key can be");
        }
        parts
    }

    /// A record that another one points to.
    pub(super) fn find<R: Record>(&self, key: &[u8]) -> Result<Found<R>, StoreError> {
        let Some(value) = self.kv.get(key)? else {
            return Ok(Found::Nothing);
        };
        match codec::open(key, &value, &mut |part| self.kv.get(part)) {
            Ok(record) => Ok(Found::Record(record)),
            Err(error) => damage(error).map(|_| Found::Damaged),
        }
    }

    /// Whether there is something at a key, readable or not.
    pub(super) fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.kv.get(key)?.is_some())
    }

    pub(super) fn has_conversation(&self, id: ConversationId) -> Result<bool, StoreError> {
        self.has(&keys::conversation(id))
    }

    pub(super) fn has_message(&self, id: MessageId) -> Result<bool, StoreError> {
        self.has(&keys::message(id))
    }

    /// Whether retention took a message away, or should have. While nobody knows, it may have.
    pub(super) fn is_purged(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<bool, StoreError> {
        Ok(match self.find::<FloorV1>(&keys::floor(conversation))? {
            Found::Record(floor) => message.position() <= floor.position,
            Found::Nothing => false,
            Found::Damaged => true,
        })
    }

    /// Remembers that a position was used.
    pub(super) fn used(&mut self, position: Position) {
        self.highest = self.highest.max(position);
    }

    /// Remembers the position of a change.
    pub(super) fn used_by_change(&mut self, position: Position) {
        self.used(position);
        self.positions.push(position);
    }

    /// Positions are unique and below the ceiling.
    pub(super) fn check_positions(&mut self) -> Result<(), StoreError> {
        let mut positions = mem::take(&mut self.positions);
        positions.sort_unstable();
        for pair in positions.windows(2).filter(|pair| pair[0] == pair[1]) {
            let what = format!("two changes have position {}", pair[0]);
            self.report(&[Table::Change as u8], what);
        }
        let key = keys::meta(Meta::Ceiling);
        let ceiling = match self.find::<CeilingV1>(&key)? {
            Found::Record(ceiling) => Some(ceiling.position),
            Found::Nothing | Found::Damaged => None,
        };
        if ceiling.is_none_or(|ceiling| ceiling < self.highest) {
            let what = format!("the ceiling is below position {}", self.highest);
            let position = self.highest;
            self.rewrite(&key, what, &CeilingV1 { position })?;
        }
        Ok(())
    }

    /// The findings, after the repairs if they are wanted.
    pub(super) fn finish(mut self, repair: bool) -> Result<Vec<Finding>, StoreError> {
        let repaired = repair && !self.repairs.is_empty();
        if repaired {
            // In the order of keys, so the ceiling first: whatever else happens, no position is given
            // out twice.
            let mut repairs = mem::take(&mut self.repairs).into_iter().peekable();
            while repairs.peek().is_some() {
                self.kv
                    .apply(repairs.by_ref().take(REPAIR_KEYS).collect())?;
            }
            self.kv.sync()?;
        }
        let finding = |((key, what), repair)| Finding {
            key,
            what,
            repair: match repair {
                Repair::Possible if repaired => Repair::Done,
                other => other,
            },
        };
        Ok(self.findings.into_iter().map(finding).collect())
    }
}

/// Why a record can't be read; anything but damage stops the check.
fn damage(error: StoreError) -> Result<String, StoreError> {
    match error.kind {
        StoreErrorKind::Corrupt { reason, .. } => Ok(reason),
        StoreErrorKind::Newer { found, known } => Ok(format!(
            "version {found} of its kind, where {known} is known"
        )),
        _ => Err(error),
    }
}
