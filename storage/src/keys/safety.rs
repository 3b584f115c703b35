//! The keys of reports, flags, standings, preferences and the audit log.

use std::ops::Range;

use super::{Key, Parts, Table, after_all, table};
use crate::{
    ids::{MessageId, Position, ReportId, UserId},
    record::ReportStatusV1,
};

pub(crate) fn report(report: ReportId) -> Vec<u8> {
    Key::of(Table::Report).number(report.get()).done()
}

/// Reports made before one; all if there is none.
pub(crate) fn reports_before(before: Option<ReportId>) -> Range<Vec<u8>> {
    let all = table(Table::Report);
    all.start..before.map_or(all.end, report)
}

pub(crate) fn flag(message: MessageId) -> Vec<u8> {
    Key::of(Table::Flag).number(message.get()).done()
}

/// Flags of messages before one; all if there is none.
pub(crate) fn flags_before(before: Option<MessageId>) -> Range<Vec<u8>> {
    let all = table(Table::Flag);
    all.start..before.map_or(all.end, flag)
}

pub(crate) fn standing(user: &UserId) -> Vec<u8> {
    Key::of(Table::Standing).name(user.as_str()).done()
}

pub(crate) fn shadowed(user: &UserId) -> Vec<u8> {
    Key::of(Table::Shadowed).name(user.as_str()).done()
}

pub(crate) fn preferences(user: &UserId) -> Vec<u8> {
    Key::of(Table::Preferences).name(user.as_str()).done()
}

pub(crate) fn audit(n: u64) -> Vec<u8> {
    Key::of(Table::Audit).number(n).done()
}

/// Lines of the audit log after a number.
pub(crate) fn audit_after(n: u64) -> Range<Vec<u8>> {
    after_all(&audit(n))..table(Table::Audit).end
}

/// The ends of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum AuditEnd {
    /// The last line that was let go.
    Forgotten = 1,
    /// The last line that was written.
    Written = 2,
}

pub(crate) fn audit_end(end: AuditEnd) -> Vec<u8> {
    vec![Table::AuditEnd as u8, end as u8]
}

/// Where reports and flags stand to be found by something else than their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf<'a> {
    /// Reports that are this far.
    Reports(ReportStatusV1),
    /// Flags that are this far.
    Flags(ReportStatusV1),
    /// Reports about a person.
    About(&'a UserId),
}

impl Shelf<'_> {
    fn key(self) -> Key {
        let mut key = Key::of(Table::Shelf);
        match self {
            Self::Reports(status) => key.0.extend([1, status as u8]),
            Self::Flags(status) => key.0.extend([2, status as u8]),
            Self::About(user) => {
                key.0.push(3);
                key = key.name(user.as_str());
            }
        }
        key
    }
}

/// The place on a shelf of a report or a flag, by its number.
pub(crate) fn shelved(shelf: Shelf<'_>, number: u64) -> Vec<u8> {
    shelf.key().number(number).done()
}

/// What stands on a shelf below a number; all of it without one.
pub(crate) fn shelf_before(shelf: Shelf<'_>, before: Option<u64>) -> Range<Vec<u8>> {
    let all = shelf.key().all();
    all.start..before.map_or(all.end, |before| shelved(shelf, before))
}

/// The number at the end of a key on a shelf.
pub(crate) fn shelved_number(key: &[u8]) -> Option<u64> {
    let (rest, number) = key.split_last_chunk::<8>()?;
    rest.starts_with(&[Table::Shelf as u8])
        .then(|| u64::from_be_bytes(*number))
}

/// What stands at a place on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelved {
    Report(ReportId),
    Flag(MessageId),
}

/// What stands at the place with this key. Says nothing of whether it belongs there.
pub(crate) fn shelved_at(key: &[u8]) -> Option<Shelved> {
    let position = Position::new(shelved_number(key)?)?;
    match key.get(1)? {
        1 | 3 => Some(Shelved::Report(ReportId::created_at(position))),
        2 => Some(Shelved::Flag(MessageId::created_at(position))),
        _ => None,
    }
}

impl Parts<'_> {
    pub(crate) fn report(&mut self) -> Option<ReportId> {
        self.position().map(ReportId::created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shelves_do_not_reach_into_each_other() {
        let [ann, anna] = ["ann", "anna"].map(|name| UserId::new(name).unwrap());
        let shelves = [
            Shelf::Reports(ReportStatusV1::Pending),
            Shelf::Reports(ReportStatusV1::Dismissed),
            Shelf::Flags(ReportStatusV1::Pending),
            Shelf::About(&ann),
            Shelf::About(&anna),
        ];
        for a in shelves {
            assert_eq!(shelved_number(&shelved(a, 77)), Some(77));
            for b in shelves {
                let key = shelved(b, 7);
                assert_eq!(shelf_before(a, None).contains(&key), a == b);
                assert_eq!(shelf_before(a, Some(8)).contains(&key), a == b);
                assert!(!shelf_before(a, Some(7)).contains(&key));
            }
        }
    }

    #[test]
    fn lines_after_a_number_begin_with_the_next_one() {
        for n in [0, 1, 255, u64::MAX - 1] {
            assert!(!audit_after(n).contains(&audit(n)));
            assert!(audit_after(n).contains(&audit(n + 1)));
        }
        assert!(!audit_after(u64::MAX).contains(&audit(u64::MAX)));
    }
}
