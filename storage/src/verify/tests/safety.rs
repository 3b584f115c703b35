//! Breaks reports, flags, standings and the audit log.

use super::{
    sample::{Sample, name},
    *,
};
use crate::{
    audit::hash,
    ids::ReportId,
    keys::{AuditEnd, Parts, Shelf},
};

fn only<T>(sample: &Sample, table: Table, take: impl Fn(&mut Parts<'_>) -> Option<T>) -> T {
    let mut keys = sample.all().into_keys();
    let key = keys.find(|key| Table::of(key) == Some(table)).unwrap();
    take(&mut Parts::of(table, &key).unwrap()).unwrap()
}

fn report_of(sample: &Sample) -> ReportId {
    only(sample, Table::Report, |parts| parts.report())
}

fn flagged_of(sample: &Sample) -> MessageId {
    only(sample, Table::Flag, |parts| parts.message())
}

const NOT_FOUND: &str = "a report or flag is not to be found here";

#[tokio::test]
async fn what_reports_flags_and_people_are_found_by_is_made_again() {
    let sample = Sample::new().await;
    let before = sample.all();
    let ann = name("ann");
    let (report, flagged) = (report_of(&sample), flagged_of(&sample));
    let pending = ReportStatusV1::Pending;
    for (key, what) in [
        (
            keys::shelved(Shelf::Reports(pending), report.get()),
            NOT_FOUND,
        ),
        (keys::shelved(Shelf::About(&ann), report.get()), NOT_FOUND),
        (
            keys::shelved(Shelf::Flags(pending), flagged.get()),
            NOT_FOUND,
        ),
        (
            keys::shadowed(&ann),
            "somebody whose writing is shown to nobody is not among those",
        ),
    ] {
        sample.delete(&key);
        sample.repairs(&key, what);
        assert_eq!(sample.all(), before, "as it was");
    }
    let since = Timestamp(1);
    sample.put(keys::shadowed(&ann), &ShadowedV1 { since });
    sample.repairs(&keys::shadowed(&ann), "can't be read, or says another time");
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn what_points_to_no_report_or_standing_goes() {
    let sample = Sample::new().await;
    let before = sample.all();
    let (report, flagged) = (report_of(&sample), flagged_of(&sample));
    let actioned = ReportStatusV1::Actioned;
    for key in [
        keys::shelved(Shelf::Reports(actioned), report.get()),
        keys::shelved(Shelf::About(&name("cid")), report.get()),
        keys::shelved(Shelf::Flags(actioned), flagged.get()),
        keys::shelved(Shelf::Reports(actioned), 1),
        keys::shelved(Shelf::Flags(actioned), 1),
    ] {
        sample.put(key.clone(), &ShelvedV1);
        sample.repairs(&key, "no report or flag belongs here");
        assert_eq!(sample.all(), before, "as it was");
    }
    let key = keys::shadowed(&name("cid"));
    let since = Timestamp(1);
    sample.put(key.clone(), &ShadowedV1 { since });
    sample.repairs(&key, "what this person writes is shown");
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn a_flag_without_its_message_is_found() {
    let sample = Sample::new().await;
    let flagged = flagged_of(&sample);
    let message: MessageV2 = records::must(&*sample.kv, &keys::message(flagged)).unwrap();
    sample.delete(&keys::message(flagged));
    let findings = sample.verify(false);
    let key = keys::printable(&keys::flag(flagged));
    let found = findings
        .iter()
        .any(|finding| finding.key == key && finding.what == "its message is missing");
    assert!(found, "{findings:?}");
    assert_eq!(message.text, "flagged");
}

/// A change of the audit log, where it is found, and as what.
type Tampering = (fn(&Sample), Vec<u8>, &'static str);

fn line(sample: &Sample, n: u64) -> AuditV1 {
    records::must(&*sample.kv, &keys::audit(n)).unwrap()
}

/// Gives a line the hash that it should have.
fn rehash(sample: &Sample, n: u64) {
    let before = line(sample, n - 1).hash;
    sample.change(keys::audit(n), |line: &mut AuditV1| {
        line.hash = hash(&before, &line.clone().into_domain(n));
    });
}

#[tokio::test]
async fn the_audit_log_is_checked_and_left_as_it_is() {
    let changed = "was changed, or the one before it was: its hash is another";
    let tamperings: [Tampering; 8] = [
        (
            |sample| sample.change(keys::audit(3), |line: &mut AuditV1| line.at = Timestamp(7)),
            keys::audit(3),
            &format!("line 3 {changed}").leak()[..],
        ),
        (
            |sample| {
                sample.change(keys::audit(3), |line: &mut AuditV1| line.at = Timestamp(7));
                rehash(sample, 3);
            },
            keys::audit(4),
            &format!("line 4 {changed}").leak()[..],
        ),
        (
            |sample| {
                sample.change(keys::audit(5), |line: &mut AuditV1| line.at = Timestamp(7));
                rehash(sample, 5);
            },
            keys::audit(5),
            "line 5 is not the one that was written",
        ),
        (
            |sample| sample.delete(&keys::audit(2)),
            keys::audit(3),
            "line 3 stands where line 2 belongs",
        ),
        (
            |sample| sample.delete(&keys::audit(4)),
            keys::audit(5),
            "line 5 stands where line 4 belongs",
        ),
        (
            |sample| sample.delete(&keys::audit(5)),
            keys::audit_end(AuditEnd::Written),
            "line 5 is missing, at the end of the log",
        ),
        (
            |sample| {
                sample.put(keys::audit(6), &line(sample, 5));
                rehash(sample, 6);
            },
            keys::audit(6),
            "line 6 stands after the last one that was written",
        ),
        (
            |sample| sample.delete(&keys::audit_end(AuditEnd::Forgotten)),
            keys::audit(2),
            "line 2 stands where line 1 belongs",
        ),
    ];
    for (tamper, key, what) in tamperings {
        let sample = Sample::new().await;
        tamper(&sample);
        let before = sample.all();
        sample.finds(&key, what);
        assert_eq!(sample.all(), before, "{what}");
    }
}

#[tokio::test]
async fn a_log_goes_on_after_damage_at_its_end() {
    for broken in [keys::audit(5), keys::audit_end(AuditEnd::Written)] {
        let sample = Sample::new().await;
        let mut value = sample.all()[&broken].clone();
        *value.last_mut().unwrap() ^= 1;
        let batch = Batch::from([(broken.clone(), Some(value))]);
        sample.kv.apply(batch).unwrap();
        sample.write_line().await;
        assert!(sample.all().contains_key(&keys::audit(6)));
        let keys: Vec<_> = sample.verify(false).into_iter().map(|f| f.key).collect();
        // The last line, damaged, can't be told from what it was. The end was written anew.
        let expected = (broken == keys::audit(5)).then(|| keys::printable(&broken));
        assert_eq!(keys, Vec::from_iter(expected));
    }
}
