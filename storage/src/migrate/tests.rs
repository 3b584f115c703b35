//! Stores of every format that there was, opened by this version.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::*;
use crate::{
    domain::{change::ChangeBody, event::EventId, message::Content},
    events::Events as _,
    ids::{ConversationId, MessageId, Seq, Timestamp, UserId},
    kv::{Scan, Source},
    local::{LocalStore, Options},
    memory_store::MemoryKv,
    sled_store::SledKv,
    store::{Store, Transaction, Write},
    verify::verify_kv,
};

/// Everything in a store that was written by the last version of format 1: a key and its value a line, in hex.
///
/// Ann opened a direct conversation with Bob, and a group with Bob and Cid. Ann sent five messages to Bob, Bob
/// three to the group. Bob read up to 2; Ann deleted 2 and 4; Bob read up to 5. Ann deleted the first message
/// of the group; Cid read up to 3.
const FORMAT_1: &str = include_str!("format-1.txt");

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

fn format_1() -> MemoryKv {
    let entries = FORMAT_1.lines().map(|line| {
        let (key, value) = line.split_once(' ').unwrap();
        (bytes(key), bytes(value))
    });
    MemoryKv::from(entries.collect::<BTreeMap<_, _>>())
}

fn all(kv: &dyn Kv) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let all = kv.scan(keys::everything(), Order::Ascending);
    all.map(Result::unwrap).collect()
}

fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn format(kv: &dyn Kv) -> u32 {
    let format: FormatV1 = records::must(kv, &keys::meta(Meta::Format)).unwrap();
    format.number
}

#[test]
fn a_new_store_keeps_its_epoch() {
    let kv = MemoryKv::default();
    let epoch = prepare(&kv).unwrap();
    assert_eq!(prepare(&kv).unwrap(), epoch);
}

#[test]
fn a_store_that_lost_its_format_is_not_taken_for_a_new_one() {
    let kv = MemoryKv::default();
    prepare(&kv).unwrap();
    kv.apply(Batch::from([(keys::meta(Meta::Format), None)]))
        .unwrap();
    let error = prepare(&kv).unwrap_err();
    assert!(
        matches!(error.kind, StoreErrorKind::Corrupt { .. }),
        "{error}"
    );
}

fn with_format(number: u32) -> MemoryKv {
    let kv = MemoryKv::default();
    let mut batch = Batch::new();
    put_format(&mut batch, number).unwrap();
    kv.apply(batch).unwrap();
    kv
}

#[test]
fn a_newer_format_is_refused() {
    let (found, known) = (FORMAT + 1, FORMAT);
    assert_eq!(
        prepare(&with_format(found)).unwrap_err().kind,
        StoreErrorKind::Newer { found, known }
    );
}

#[test]
fn a_format_that_never_was_is_damage() {
    let error = prepare(&with_format(0)).unwrap_err();
    assert!(error.to_string().contains("never was"), "{error}");
}

fn findings(kv: &dyn Kv) -> Vec<String> {
    let report = verify_kv(kv, false, &mut |_| {}).unwrap();
    report.findings.into_iter().map(|f| f.what).collect()
}

/// The places that are not deleted, the newest first.
async fn alive(store: &LocalStore, id: ConversationId) -> Vec<u64> {
    let mut places = Vec::new();
    for n in 1.. {
        match store.skip_newest(id, n).await.unwrap() {
            Some(seq) => places.push(seq.0),
            None => break,
        }
    }
    assert_eq!(store.n_messages(id).await.unwrap(), places.len() as u64);
    places
}

/// The places of the messages that each mark names, as a member is told of it.
async fn reads(store: &LocalStore, user: &UserId, id: ConversationId) -> Vec<Vec<u64>> {
    let changes = store.changes_since(user, Position::ZERO, 100).await;
    let mut reads = Vec::new();
    for change in changes.unwrap().changes {
        if let ChangeBody::Read { messages, .. } = change.body
            && change.conversation == id
        {
            let mut places = Vec::new();
            for message in messages {
                places.push(store.message(message).await.unwrap().unwrap().seq.0);
            }
            reads.push(places);
        }
    }
    reads
}

#[tokio::test]
async fn an_old_store_answers_as_a_new_one() {
    answers_as_a_new_one(Arc::new(format_1())).await;
}

#[tokio::test]
async fn events_are_told_from_the_upgrade_on() {
    let store = LocalStore::start(Arc::new(format_1()), Options::default()).unwrap();
    let page = store.events_after(EventId::default(), 99).await.unwrap();
    assert!(page.missed, "most of what was before left no event");
    assert_eq!(page.events, []);
    let direct = store.direct_between(&name("ann"), &name("bob")).await;
    let write = Write::Send {
        conversation: direct.unwrap().unwrap(),
        content: Content {
            text: "new".to_owned(),
            ..Content::default()
        },
        attachments: Vec::new(),
        key: None,
    };
    let transaction = Transaction::new(Timestamp::now(), name("ann"), write);
    store
        .commit(vec![transaction])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let page = store.events_after(page.through, 99).await.unwrap();
    assert!(!page.missed);
    let told: Vec<_> = page.events.iter().map(|e| e.what.topic()).collect();
    assert_eq!(told, ["message.sent"]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn so_does_one_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SledKv::open(folder.path(), Options::default().cache_bytes).unwrap();
    let kv = open();
    let old = all(&format_1()).into_iter();
    kv.apply(old.map(|(key, value)| (key, Some(value))).collect())
        .unwrap();
    kv.sync().unwrap();
    drop(kv);
    answers_as_a_new_one(Arc::new(open())).await;
    let kv = open();
    assert_eq!((format(&kv), findings(&kv)), (FORMAT, vec![]));
}

async fn answers_as_a_new_one(kv: Arc<dyn Kv>) {
    assert_eq!(findings(&*kv), [""; 0], "sound before");
    let store = LocalStore::start(Arc::clone(&kv), Options::default()).unwrap();
    assert_eq!(findings(&*kv), [""; 0], "and after");
    assert_eq!(format(&*kv), FORMAT);
    let direct = store.direct_between(&name("ann"), &name("bob")).await;
    let direct = direct.unwrap().unwrap();
    let [group] = store.conversation_ids_of(&name("cid")).await.unwrap()[..] else {
        panic!("cid is in one group");
    };
    assert_eq!(reads(&store, &name("bob"), direct).await, [vec![], vec![5]]);
    assert_eq!(reads(&store, &name("cid"), group).await, [[3]]);
    assert_eq!(alive(&store, direct).await, [5, 3, 1]);
    assert_eq!(alive(&store, group).await, [3, 2]);

    // What is deleted from now on counts with what was deleted before.
    let place: PlaceV1 = records::must(&*kv, &keys::place(direct, Seq(5))).unwrap();
    let message = place.message;
    let at = Timestamp(1_800_000_000_000);
    let delete = Transaction::new(at, name("ann"), Write::Delete { message });
    let outcome = store.commit(vec![delete]).await.unwrap().remove(0);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(alive(&store, direct).await, [3, 1]);
    store.close().await.unwrap();
}

#[test]
fn a_place_that_cannot_be_read_keeps_nobody_out() {
    let kv = format_1();
    let mut places = kv.scan(keys::table(Table::Place), Order::Ascending);
    // The second one, of a deleted message.
    let (key, mut value) = places.nth(1).unwrap().unwrap();
    drop(places);
    *value.last_mut().unwrap() ^= 1;
    kv.apply(Batch::from([(key, Some(value))])).unwrap();
    prepare(&kv).unwrap();
    assert_eq!(format(&kv), FORMAT);
    assert_eq!(
        findings(&kv),
        [
            "the place of a message can't be read",
            "a deleted message has no tombstone"
        ]
    );
    verify_kv(&kv, true, &mut |_| {}).unwrap();
    assert_eq!(findings(&kv), [""; 0]);
}

/// A store whose process ends after so many batches.
#[derive(Debug)]
struct Cut {
    kv: MemoryKv,
    batches_left: AtomicUsize,
}

impl Source for Cut {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.kv.get(key)
    }

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        self.kv.scan(range, order)
    }
}

impl Kv for Cut {
    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let left = self.batches_left.load(Relaxed).checked_sub(1);
        let left = left.ok_or_else(|| StoreError::new(StoreErrorKind::Failed))?;
        self.batches_left.store(left, Relaxed);
        self.kv.apply(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.kv.sync()
    }
}

#[test]
fn a_step_that_was_cut_short_is_taken_again() {
    let old = || {
        let kv = format_1();
        let conversation = ConversationId::created_at(Position::new(7).unwrap());
        for n in 1..=500 {
            let key = keys::place(conversation, Seq(n));
            let place = PlaceV1 {
                message: MessageId::created_at(Position::new(n).unwrap()),
                author: 0,
                deleted: n % 2 == 0,
            };
            let sealed = codec::seal(&key, &place).unwrap();
            kv.apply(Batch::from([(key, Some(sealed.head))])).unwrap();
        }
        kv
    };
    let kv = old();
    prepare(&kv).unwrap();
    let expected = all(&kv);
    let is_tombstone = |key: &&Vec<u8>| Table::of(key) == Some(Table::Tombstone);
    assert_eq!(expected.keys().filter(is_tombstone).count(), 250 + 3);
    let mut n_batches = 0;
    loop {
        let kv = Cut {
            kv: old(),
            batches_left: AtomicUsize::new(n_batches),
        };
        let is_done = prepare(&kv).is_ok();
        assert_eq!(format(&kv) == FORMAT, is_done);
        prepare(&kv.kv).unwrap();
        assert_eq!(all(&kv), expected, "after {n_batches} batches");
        if is_done {
            break;
        }
        n_batches += 1;
    }
    assert!(n_batches >= 3, "cut between batches too");
}
