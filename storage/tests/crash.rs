//! Power cuts at any moment: what was acknowledged is there afterwards, messages in one order without a gap, with their
//! files; whoever follows the events is told each once; and nothing that was shown is gone.
//!
//! A failing round prints its seed; `CRASH_SEED=… cargo test` runs it alone. Threads take part, so a seed
//! fixes the script and the cut, not every interleaving.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use parlour_storage::{
    audit::{self, Mark},
    domain::{
        attachment::AttachmentDraft,
        event::{EventId, Happening},
        message::{Content, Message},
        safety::AuditDraft,
    },
    events::EventPage,
    faulty::FaultyDisk,
    ids::{
        AttachmentId, ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId,
    },
    local::Options,
    store::{MessagePage, Outcome, PageFrom, Store, Transaction, Write},
};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use tokio::task::JoinSet;

const ROUNDS: u64 = 10;
const POWER_CUTS: usize = 4;
const WRITERS: usize = 3;

fn name(n: usize) -> UserId {
    UserId::new(&format!("user-{n}")).unwrap()
}

/// What the world outside was told, over all power cuts.
#[derive(Debug, Default)]
struct Told {
    /// By writers: acknowledged messages by their keys.
    sent: BTreeMap<String, Message>,
    /// By readers: places that were shown.
    shown: BTreeMap<(ConversationId, Seq), Position>,
    /// By writers: files that were made known, and the message that each was sent with.
    files: BTreeMap<AttachmentId, Option<MessageId>>,
    /// By a follower: sent messages, as events in the order they were told.
    followed: Vec<EventId>,
}

fn send(
    conversation: ConversationId,
    by: &UserId,
    key: &str,
    long: bool,
    attachments: Vec<AttachmentId>,
) -> Transaction {
    let content = Content {
        text: if long {
            key.repeat(2_000)
        } else {
            key.to_owned()
        },
        ..Content::default()
    };
    let key = Some(IdempotencyKey::new(key).unwrap());
    let write = Write::Send {
        conversation,
        content,
        attachments,
        key,
    };
    let mut transaction = Transaction::new(Timestamp::now(), by.clone(), write);
    transaction.audit = Some(AuditDraft {
        action: "message.sent",
        user: None,
        conversation: Some(conversation),
        message: None,
        detail: None,
    });
    transaction
}

fn message_of(outcome: Outcome) -> Message {
    use parlour_storage::domain::change::ChangeBody::Sent;
    let change = match outcome {
        Outcome::Changed(mut changes) => changes.remove(0),
        Outcome::Repeated(change) => *change,
        other => panic!("{other:?}"),
    };
    match change.body {
        Sent(message) => message,
        other => panic!("{other:?}"),
    }
}

async fn open_conversations(store: &dyn Store) -> Vec<ConversationId> {
    let open = |n| {
        let with = name(n);
        Transaction::new(Timestamp::now(), name(0), Write::OpenDirect { with })
    };
    let outcomes = store.commit((1..=3).map(open).collect()).await.unwrap();
    let id = |outcome| match outcome {
        Ok(Outcome::Changed(changes)) => changes[0].conversation,
        Ok(Outcome::Repeated(change)) => change.conversation,
        other => panic!("{other:?}"),
    };
    outcomes.into_iter().map(id).collect()
}

async fn page(store: &dyn Store, id: ConversationId) -> Option<Vec<Message>> {
    let page = MessagePage {
        from: PageFrom::End,
        limit: 100_000,
    };
    store.messages(id, page).await.ok()
}

/// Sends until the power goes.
async fn write(
    store: Arc<dyn Store>,
    ids: Vec<ConversationId>,
    told: Arc<Mutex<Told>>,
    tag: String,
) {
    let mut rng = SmallRng::seed_from_u64(tag.bytes().map(u64::from).sum());
    for n in 0.. {
        let keys: Vec<_> = (0..rng.random_range(1..6))
            .map(|m| format!("{tag}-{n}-{m}"))
            .collect();
        let mut file = None;
        if n % 3 == 0 {
            let Some(known) = upload(&*store, &keys[0]).await else {
                return;
            };
            told.lock().unwrap().files.insert(known, None);
            file = Some(known);
        }
        let message = |(m, key): (usize, &String)| {
            let files = file.filter(|_| m == 0).into_iter().collect();
            send(ids[n % ids.len()], &name(0), key, n % 7 == 0, files)
        };
        let messages = keys.iter().enumerate().map(message).collect();
        let Ok(outcomes) = store.commit(messages).await else {
            return;
        };
        let sent = outcomes
            .into_iter()
            .map(|outcome| message_of(outcome.unwrap()));
        let sent: Vec<_> = keys.into_iter().zip(sent).collect();
        let mut told = told.lock().unwrap();
        told.files
            .extend(file.map(|file| (file, Some(sent[0].1.id))));
        told.sent.extend(sent);
    }
}

/// Makes a file known. `None`: the power went.
async fn upload(store: &dyn Store, key: &str) -> Option<AttachmentId> {
    let draft = AttachmentDraft {
        object: format!("p/{key}"),
        name: key.to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: 1,
        digest: [1; 32],
        image: None,
        thumbnail: None,
        quota: None,
    };
    let upload = Transaction::new(Timestamp::now(), name(0), Write::Upload(draft));
    match store.commit(vec![upload]).await.ok()?.remove(0) {
        Ok(Outcome::Uploaded(file)) => Some(file.id),
        other => panic!("{other:?}"),
    }
}

/// Follows the events until the power goes, from where it was before.
async fn follow(store: Arc<dyn Store>, told: Arc<Mutex<Told>>) {
    loop {
        let after = told.lock().unwrap().followed.last().copied();
        let Ok(page) = store.events_after(after.unwrap_or_default(), 50).await else {
            return;
        };
        told.lock().unwrap().followed.extend(sent_of(&page));
        tokio::task::yield_now().await;
    }
}

/// The sent messages of a page of events.
fn sent_of(page: &EventPage) -> impl Iterator<Item = EventId> {
    let sent = page.events.iter();
    let sent = sent.filter(|event| matches!(event.what, Happening::MessageSent(_)));
    sent.map(|event| event.id)
}

/// Every message is told once and in order, and none was told that isn't there; every file is what it was.
async fn check_events_and_files(store: &dyn Store, told: &Told, sent: &[Position]) {
    let mut events = Vec::new();
    let mut after = EventId::default();
    loop {
        let page = store.events_after(after, 100).await.unwrap();
        events.extend(sent_of(&page));
        after = page.through;
        if !page.more {
            break;
        }
    }
    let positions: Vec<_> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, sent, "an event for each message, in their order");
    assert!(
        events.starts_with(&told.followed),
        "whoever went on after each power cut was told all, and once"
    );
    for (&id, &message) in &told.files {
        let file = store.attachment(id).await.unwrap();
        let bound = file.expect("made known, and gone").bound;
        // One that was told as unsent may have been sent without an answer.
        assert!(message.is_none() || bound.map(|(_, id)| id) == message);
    }
}

/// Reads until the power goes.
async fn read(store: Arc<dyn Store>, ids: Vec<ConversationId>, told: Arc<Mutex<Told>>) {
    loop {
        for &id in &ids {
            let Some(messages) = page(&*store, id).await else {
                return;
            };
            let places = messages.iter().map(|m| ((id, m.seq), m.position()));
            told.lock().unwrap().shown.extend(places);
        }
    }
}

async fn check(store: &dyn Store, ids: &[ConversationId], told: &Told) {
    let mut stored = BTreeMap::new();
    for &id in ids {
        let messages = page(store, id).await.unwrap();
        let places = messages.iter().map(|message| message.seq.0);
        assert!(places.eq(1..=messages.len() as u64), "a gap");
        assert!(messages.is_sorted_by(|a, b| a.position() < b.position()));
        for message in messages {
            assert!(message.position() <= store.head());
            stored.insert((id, message.seq), message);
        }
    }
    let lines = store.audit_after(0, usize::MAX).await.unwrap();
    let last = lines.last().map(|line| (line.n, line.hash));
    let (n, hash) = last.unwrap_or_default();
    let fits = audit::verify(Mark::default(), &lines, Mark { n, hash });
    assert_eq!(fits, Ok(()), "the audit log");
    let logged: Vec<_> = lines.iter().filter_map(|line| line.position).collect();
    let mut sent: Vec<_> = stored.values().map(Message::position).collect();
    sent.sort();
    assert_eq!(logged, sent, "a line for each message, and none without");
    check_events_and_files(store, told, &sent).await;
    for message in told.sent.values() {
        let place = (message.conversation, message.seq);
        assert_eq!(stored.get(&place), Some(message), "acknowledged, and gone");
    }
    for (place, position) in &told.shown {
        let kept = stored.get(place).map(Message::position);
        assert_eq!(kept, Some(*position), "shown, and gone");
    }
}

async fn round(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let disk = FaultyDisk::default();
    let told = Arc::new(Mutex::new(Told::default()));
    for cut in 0..POWER_CUTS {
        let options = Options {
            batch_keys_max: rng.random_range(1..40),
            commit_operations_max: rng.random_range(1..60),
            ..Options::default()
        };
        let store: Arc<dyn Store> = Arc::new(disk.open(options).unwrap());
        let ids = open_conversations(&*store).await;
        let so_far = std::mem::take(&mut *told.lock().unwrap());
        check(&*store, &ids, &so_far).await;
        *told.lock().unwrap() = so_far;
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, ids, told) = (Arc::clone(&store), ids.clone(), Arc::clone(&told));
            tasks.spawn(write(store, ids, told, format!("{seed}-{cut}-{writer}")));
        }
        tasks.spawn(read(Arc::clone(&store), ids.clone(), Arc::clone(&told)));
        tasks.spawn(follow(Arc::clone(&store), Arc::clone(&told)));
        let until = told.lock().unwrap().sent.len() + rng.random_range(1..200);
        while told.lock().unwrap().sent.len() < until {
            tokio::task::yield_now().await;
        }
        // Now and then a sync is under way for long, so that much is lost.
        if rng.random_bool(0.3) {
            disk.hold_syncs();
            for _ in 0..rng.random_range(1..2000) {
                tokio::task::yield_now().await;
            }
        }
        disk.cut_power(rng.random_range(0..5));
        while tasks.join_next().await.is_some() {}
    }
    let findings = disk.verify().unwrap().findings;
    assert_eq!(findings, [], "what a power cut leaves is whole");
    let store = disk.open(Options::default()).unwrap();
    let ids = open_conversations(&store).await;
    let told = Arc::into_inner(told).unwrap().into_inner().unwrap();
    check(&store, &ids, &told).await;
    // A retry of whatever was acknowledged makes nothing new.
    let n_before = n_messages(&store, &ids).await;
    for message in told.sent.values() {
        let long = message.content.text.len() > 1_000;
        let key = message.key.as_ref().unwrap().as_str();
        let files = message.attachments.iter().map(|file| file.id).collect();
        let retry = send(message.conversation, &message.author, key, long, files);
        let outcome = store.commit(vec![retry]).await.unwrap().remove(0).unwrap();
        assert!(matches!(&outcome, Outcome::Repeated(_)));
        assert_eq!(message_of(outcome), *message);
    }
    assert_eq!(n_messages(&store, &ids).await, n_before);
}

async fn n_messages(store: &dyn Store, ids: &[ConversationId]) -> usize {
    let mut n = 0;
    for &id in ids {
        n += page(store, id).await.unwrap().len();
    }
    n
}

#[expect(
    clippy::disallowed_methods,
    reason = "a seed to repeat is the developer's to give"
)]
fn seeds() -> Vec<u64> {
    match std::env::var("CRASH_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..ROUNDS)
            .map(|_| rand::random_range(0..1_000_000))
            .collect(),
    }
}

#[tokio::test]
async fn a_power_cut_takes_nothing_that_anyone_was_told() {
    for seed in seeds() {
        println!("CRASH_SEED={seed}");
        round(seed).await;
    }
}
