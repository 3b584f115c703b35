//! Breaks a sound store in each way and looks for the finding.

mod attachments;
mod contacts;
mod safety;
mod sample;
mod scheduled;

use super::*;
use crate::{
    engine::records,
    ids::{IdempotencyKey, MessageId, Position, Seq, Timestamp},
    keys::Table,
    kv::Batch,
    record::*,
};
use sample::{Sample, name};

#[tokio::test]
async fn a_sound_store_has_nothing_wrong_and_something_everywhere() {
    let sample = Sample::new().await;
    let (mut last, mut calls) = (0, 0);
    let report = verify_kv(&*sample.kv, true, &mut |progress| {
        calls += 1;
        assert!(
            progress
                .total
                .is_none_or(|total| progress.n_records <= total)
        );
        last = progress.n_records;
    });
    let report = report.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.n_records, sample.all().len() as u64);
    assert!(calls > 0 && last == report.n_records);
    let tables: Vec<_> = sample
        .all()
        .keys()
        .filter_map(|key| Table::of(key))
        .collect();
    for table in Table::ALL {
        assert!(tables.contains(&table), "{table:?} is empty");
    }
}

#[tokio::test]
async fn every_damaged_record_is_found_and_no_message_is_touched() {
    let sample = Sample::new().await;
    for (key, value) in sample.all() {
        let mut broken = value.clone();
        *broken.last_mut().unwrap() ^= 1;
        sample
            .kv
            .apply(Batch::from([(key.clone(), Some(broken.clone()))]))
            .unwrap();
        let owner = keys::continued(&key).map_or(&key[..], |(owner, _)| owner);
        let findings = sample.verify(true);
        let named = |f: &&Finding| f.key == keys::printable(owner);
        let of_key: Vec<_> = findings.iter().filter(named).collect();
        assert!(
            !of_key.is_empty(),
            "{}: {findings:?}",
            keys::printable(&key)
        );
        let now = sample.all().remove(&key);
        if of_key.iter().all(|f| f.repair == Repair::Impossible) {
            assert_eq!(now, Some(broken), "left alone");
        }
        assert_ne!(now, None, "{}", keys::printable(&key));
        sample.kv.apply(Batch::from([(key, Some(value))])).unwrap();
    }
    // The epoch was made anew and back; all else is as it was.
    assert_eq!(sample.verify(false), []);
}

#[tokio::test]
async fn what_is_missing_and_can_be_made_again_is() {
    let sample = Sample::new().await;
    let (ann, bob, cid) = (name("ann"), name("bob"), name("cid"));
    let group_key = IdempotencyKey::new("group").unwrap();
    let message_key = IdempotencyKey::new(&sample.direct.to_string()).unwrap();
    let before = sample.all();
    for (key, what) in [
        (
            keys::pair(&ann, &bob),
            "a direct conversation can't be found by its pair",
        ),
        (
            keys::blocked_by(&cid, &ann),
            "the other side of a block is missing",
        ),
        (keys::place(sample.direct, Seq(2)), "a message has no place"),
        (keys::place(sample.group, Seq(1)), "a message has no place"),
        (
            keys::tombstone(sample.group, Seq(1)),
            "a deleted message has no tombstone",
        ),
        (
            keys::request(&ann, &message_key),
            "a retry of a message would send it again",
        ),
        (
            keys::stint(&ann, sample.group, sample.group.position()),
            "the index of a user's conversations disagrees with the members",
        ),
    ] {
        sample.delete(&key);
        sample.repairs(&key, what);
        assert_eq!(sample.all(), before, "as it was");
    }
    sample.delete(&keys::request(&ann, &group_key));
    assert_eq!(
        sample.verify(false),
        [],
        "nothing tells of the key of a group"
    );
}

#[tokio::test]
async fn what_disagrees_is_made_to_agree() {
    let sample = Sample::new().await;
    let (ann, bob) = (name("ann"), name("bob"));
    let before = sample.all();
    let key = keys::conversation(sample.group);
    sample.change(key.clone(), |group: &mut ConversationV1| {
        group.n_members = 7
    });
    sample.repairs(
        &key,
        "it counts 7 members and ordinals up to 3, and has 2 and 3",
    );
    sample.change(key.clone(), |group: &mut ConversationV1| {
        group.next_ordinal = 1
    });
    sample.repairs(
        &key,
        "it counts 2 members and ordinals up to 1, and has 2 and 3",
    );
    let key = keys::place(sample.direct, Seq(1));
    sample.change(key.clone(), |place: &mut PlaceV1| place.deleted = true);
    sample.repairs(&key, "the place disagrees with its message");
    sample.change(key.clone(), |place: &mut PlaceV1| place.author = 9);
    sample.repairs(&key, "the place disagrees with its message");
    let stint = keys::stint(&bob, sample.direct, sample.direct.position());
    sample.change(stint.clone(), |stint: &mut StintV1| {
        stint.left = Some(Position::MAX)
    });
    sample.repairs(
        &stint,
        "the index of a user's conversations disagrees with the members",
    );
    assert_eq!(sample.all(), before, "as it was");

    let key = keys::member(sample.direct, &bob);
    sample.change(key.clone(), |member: &mut MemberV1| {
        member.delivered = Seq(9)
    });
    sample.repairs(&key, "cursors at 1 (read) and 9 (delivered) of 2");
    sample.change(key.clone(), |member: &mut MemberV1| member.read = Seq(3));
    sample.repairs(&key, "cursors at 3 (read) and 2 (delivered) of 2");

    let early = Position::new(5).unwrap();
    let key = keys::stint(&ann, sample.group, early);
    sample.put(key.clone(), &StintV1 { left: None });
    sample.repairs(&key, "an old stay that never ended");

    let key = keys::meta(Meta::Ceiling);
    let ceiling: CeilingV1 = records::must(&*sample.kv, &key).unwrap();
    sample.put(key.clone(), &CeilingV1 { position: early });
    let findings = sample.verify(true);
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0]
            .what
            .starts_with("the ceiling is below position")
    );
    assert_eq!(sample.verify(false), []);
    let now: CeilingV1 = records::must(&*sample.kv, &key).unwrap();
    assert!(now.position <= ceiling.position);
}

#[tokio::test]
async fn what_points_to_nothing_is_removed() {
    let sample = Sample::new().await;
    let cid = name("cid");
    let nothing = Position::new(77).unwrap();
    let key = keys::request(&cid, &IdempotencyKey::new("k").unwrap());
    let made = MadeV1::Message(MessageId::created_at(nothing));
    let fingerprint = 1;
    sample.put(key.clone(), &RequestV1 { fingerprint, made });
    let what = "Message(MessageId(Position(77))) that the request made is missing";
    sample.repairs(&key, what);
    let key = keys::tombstone(sample.direct, Seq(2));
    sample.put(key.clone(), &TombstoneV1);
    sample.repairs(&key, "a tombstone of a message that is not deleted");
    let key = keys::tombstone(sample.direct, Seq(9));
    sample.put(key.clone(), &TombstoneV1);
    sample.repairs(&key, "a tombstone where no message stands");
    let key = keys::blocked_by(&cid, &name("bob"));
    sample.put(key.clone(), &BlockedByV1);
    sample.repairs(&key, "there is no such block");
    let long = keys::message(sample.message);
    let key = keys::continuation(&long, 9);
    sample
        .kv
        .apply(Batch::from([(key.clone(), Some(vec![1]))]))
        .unwrap();
    sample.repairs(&key, "a part of no record");
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_reported() {
    let (bob, cid) = (name("bob"), name("cid"));
    let sample = Sample::new().await;
    let key = vec![0x77, 1];
    sample
        .kv
        .apply(Batch::from([(key.clone(), Some(vec![1]))]))
        .unwrap();
    sample.finds(&key, "no table has such keys");
    sample.delete(&key);

    let key = [keys::user(&cid), vec![1]].concat();
    let user = UserV1 {
        name: None,
        picture: None,
        role: NodeRoleV1::User,
        plan: PlanV1::Free,
        created_at: Timestamp(0),
        last_seen: None,
    };
    sample.put(key.clone(), &user);
    sample.finds(&key, "no such key can be");
    sample.delete(&key);

    let key = keys::member(sample.direct, &bob);
    sample.change(key.clone(), |member: &mut MemberV1| member.ordinal = 0);
    let findings = sample.verify(false);
    let what = |what: &str| {
        findings
            .iter()
            .any(|f| f.key == keys::printable(&key) && f.what == what)
    };
    assert!(what("ordinal 0 is someone else's too"), "{findings:?}");
    sample.change(key.clone(), |member: &mut MemberV1| member.ordinal = 1);

    let key = keys::member(sample.group, &name("ann"));
    sample.change(key.clone(), |member: &mut MemberV1| {
        member.role = MemberRoleV1::Member
    });
    sample.finds(
        &keys::conversation(sample.group),
        "a group without an owner",
    );
    sample.change(key, |member: &mut MemberV1| {
        member.role = MemberRoleV1::Owner
    });

    let mark = keys::read_mark(sample.group, &bob, Seq(1));
    sample.put(mark.clone(), &ReadMarkV1 { at: Timestamp(0) });
    sample.finds(&mark, "its conversation is a group");
    sample.delete(&mark);
    let mark = keys::read_mark(sample.direct, &bob, Seq(3));
    sample.put(mark.clone(), &ReadMarkV1 { at: Timestamp(0) });
    sample.finds(&mark, "nothing stands at its place");
    sample.delete(&mark);

    let change = ChangeV1 {
        by: bob,
        at: Timestamp(0),
        body: ChangeBodyV1::Read { seq: Seq(1) },
    };
    let key = keys::change(sample.direct, sample.message.position());
    sample.put(key.clone(), &change);
    sample.finds(
        &keys::message(sample.message),
        "a change has its position too",
    );
    sample.delete(&key);
    let key = keys::change(sample.direct, Position::new(9).unwrap());
    let (from, seq) = (Seq(2), Seq(2));
    let mut beyond = ChangeV1 {
        body: ChangeBodyV1::ReadFrom { from, seq },
        ..change.clone()
    };
    sample.put(key.clone(), &beyond);
    sample.finds(&key, "it reaches place 2, its reader's cursor 1");
    let seq = Seq(1);
    beyond.body = ChangeBodyV1::ReadFrom { from, seq };
    sample.put(key.clone(), &beyond);
    sample.finds(&key, "it marks places 2 to 1 as read");
    beyond.by = cid;
    beyond.body = ChangeBodyV1::Read { seq };
    sample.put(key.clone(), &beyond);
    sample.finds(&key, "its reader never was in the conversation");
    sample.delete(&key);
    let twice = sample.group.position();
    sample.put(keys::change(sample.direct, twice), &change);
    let what = format!("two changes have position {twice}");
    sample.finds(&[Table::Change as u8], &what);
    sample.delete(&keys::change(sample.direct, twice));
    assert_eq!(sample.verify(false), []);
}

#[tokio::test]
async fn a_missing_message_leaves_a_finding_where_it_is_named() {
    let sample = Sample::new().await;
    sample.delete(&keys::message(sample.message));
    let findings = sample.verify(true);
    let n_about = |table: Table| {
        let begins = keys::printable(&[table as u8]);
        let about = findings.iter().filter(|f| f.key.starts_with(&begins));
        about.count()
    };
    for table in [
        Table::Place,
        Table::Revision,
        Table::Reaction,
        Table::Change,
    ] {
        assert!(n_about(table) > 0, "{table:?} in {findings:?}");
    }
    // The key that a retry would use, and the parts of the text, point to nothing now.
    assert!(
        sample
            .verify(false)
            .iter()
            .all(|f| f.repair == Repair::Impossible)
    );
}

#[tokio::test]
async fn a_gap_in_the_order_is_found() {
    let sample = Sample::new().await;
    let message: PlaceV1 = records::must(&*sample.kv, &keys::place(sample.direct, Seq(1))).unwrap();
    sample.delete(&keys::place(sample.direct, Seq(1)));
    sample.delete(&keys::message(message.message));
    let findings = sample.verify(false);
    let gap = keys::printable(&keys::place(sample.direct, Seq(2)));
    let found = findings
        .iter()
        .any(|f| f.key == gap && f.what == "place 2 follows place 0");
    assert!(found, "{findings:?}");
}

#[tokio::test]
async fn a_conversation_begins_where_its_floor_says() {
    let sample = Sample::new().await;
    let before = sample.all();
    let place = keys::place(sample.purged, Seq(2));
    let floor = keys::floor(sample.purged);
    let kept: PlaceV1 = records::must(&*sample.kv, &place).unwrap();
    sample.delete(&floor);
    sample.finds(&place, "place 2 follows place 0");
    // Unreadable, it is told by the oldest place.
    let broken = Batch::from([(floor.clone(), Some(vec![1]))]);
    sample.kv.apply(broken).unwrap();
    sample.repairs(&floor, "where a conversation begins can't be read");
    let made: FloorV1 = records::must(&*sample.kv, &floor).unwrap();
    assert_eq!(made.seq, Seq(1));
    assert!(made.position < kept.message.position());

    // What stands below it, or is said about what stood there.
    let right = before[&floor].clone();
    sample
        .kv
        .apply(Batch::from([(floor.clone(), Some(right))]))
        .unwrap();
    let gone: FloorV1 = records::must(&*sample.kv, &floor).unwrap();
    let gone = MessageId::created_at(gone.position);
    let message = keys::message(kept.message);
    sample.change(message.clone(), |message: &mut MessageV2| {
        message.reply_to = Some(gone);
    });
    let late = ChangeV1 {
        by: name("bob"),
        at: Timestamp(0),
        body: ChangeBodyV1::Edited { message: gone },
    };
    sample.put(
        keys::change(sample.purged, Position::new(9).unwrap()),
        &late,
    );
    assert_eq!(sample.verify(false), [], "these needn't be there");
    let mut low: MessageV2 = records::must(&*sample.kv, &message).unwrap();
    low.seq = Seq(1);
    sample.put(keys::message(gone), &low);
    let what = "it stands below the place where its conversation begins";
    sample.finds(&keys::message(gone), what);
}

#[tokio::test]
async fn what_an_old_format_lacks_is_no_damage() {
    let sample = Sample::new().await;
    sample.delete(&keys::tombstone(sample.group, Seq(1)));
    sample.put(keys::meta(Meta::Format), &FormatV1 { number: 1 });
    assert_eq!(sample.verify(true), []);
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let sample = Sample::new().await;
    sample.put(keys::meta(Meta::Format), &FormatV1 { number: 9 });
    let error = verify_kv(&*sample.kv, true, &mut |_| {}).unwrap_err();
    assert_eq!(
        error.kind,
        StoreErrorKind::Newer {
            found: 9,
            known: FORMAT
        }
    );
}

#[test]
fn no_store_is_made_where_none_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = verify(folder.path(), true, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Failed);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
