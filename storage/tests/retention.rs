//! Power cuts while retention takes messages away: conversations stay whole, begin no earlier than was said, and
//! give no place out twice.
//!
//! `RETENTION_SEED=… cargo test` repeats a failing round.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parlour_storage::{
    domain::{change::ChangeBody, message::Content},
    faulty::FaultyDisk,
    ids::{ConversationId, IdempotencyKey, Timestamp, UserId},
    local::Options,
    safety::Retention,
    store::{MessagePage, Outcome, PageFrom, Store, Transaction, Write},
};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use tokio::task::JoinSet;

const ROUNDS: usize = 10;
const POWER_CUTS: usize = 4;
const KEPT: u64 = 3;

fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

async fn commit(store: &dyn Store, write: Write) -> Option<Outcome> {
    let transaction = Transaction::new(Timestamp::now(), name("ann"), write);
    let outcomes = store.commit(vec![transaction]).await.ok()?;
    Some(outcomes.into_iter().next().unwrap().unwrap())
}

async fn open(store: &dyn Store) -> ConversationId {
    let with = name("bob");
    match commit(store, Write::OpenDirect { with }).await.unwrap() {
        Outcome::Changed(changes) => changes[0].conversation,
        Outcome::Repeated(change) => change.conversation,
        other => panic!("{other:?}"),
    }
}

/// Sends, edits and reacts until the power goes. Knows the newest place it was told of.
async fn write(store: Arc<dyn Store>, id: ConversationId, tag: String, newest: Arc<AtomicU64>) {
    for n in 0.. {
        let text = format!("{tag}-{n}");
        let send = Write::Send {
            conversation: id,
            content: Content {
                text: text.repeat(if n % 5 == 0 { 1_000 } else { 1 }),
                ..Content::default()
            },
            attachments: Vec::new(),
            key: Some(IdempotencyKey::new(&text).unwrap()),
        };
        let Some(Outcome::Changed(changes)) = commit(&*store, send).await else {
            return;
        };
        let ChangeBody::Sent(message) = &changes[0].body else {
            panic!("{changes:?}")
        };
        newest.fetch_max(message.seq.0, Ordering::SeqCst);
        let message = message.id;
        // Retention may be faster: then they are refused.
        for write in [
            Write::Edit { message, text },
            Write::React {
                message,
                emoji: "+".to_owned(),
                on: true,
            },
        ] {
            let transaction = Transaction::new(Timestamp::now(), name("ann"), write);
            if store.commit(vec![transaction]).await.is_err() {
                return;
            }
        }
    }
}

/// Takes away until the power goes. Knows how much it was told is gone.
async fn purge(store: Arc<dyn Store>, n_gone: Arc<AtomicU64>) {
    let retention = Retention {
        messages_max: Some(KEPT),
        ..Retention::default()
    };
    loop {
        let step = store.purge(retention, Timestamp::now(), None, 5).await;
        let Ok(step) = step else { return };
        n_gone.fetch_add(step.n_messages, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

async fn check(store: &dyn Store, id: ConversationId, newest: u64, n_gone: u64) {
    let page = MessagePage {
        from: PageFrom::End,
        limit: 100_000,
    };
    let places: Vec<_> = store.messages(id, page).await.unwrap();
    let places: Vec<_> = places.iter().map(|message| message.seq.0).collect();
    if let (Some(&oldest), Some(&last)) = (places.first(), places.last()) {
        assert!((oldest..=last).eq(places.iter().copied()), "a gap");
        assert!(oldest > n_gone, "what was taken away is back");
    }
    let head = store.summary(id, &name("ann")).await.unwrap().unwrap().head;
    assert!(head.0 >= newest, "a place would be given out twice");
}

async fn round(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let disk = FaultyDisk::default();
    let (newest, n_gone) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for cut in 0..POWER_CUTS {
        let options = Options {
            batch_keys_max: rng.random_range(1..40),
            ..Options::default()
        };
        let store: Arc<dyn Store> = Arc::new(disk.open(options).unwrap());
        let id = open(&*store).await;
        let [told, gone] = [&newest, &n_gone].map(|n| n.load(Ordering::SeqCst));
        check(&*store, id, told, gone).await;
        let mut tasks = JoinSet::new();
        for writer in 0..2 {
            let tag = format!("{seed}-{cut}-{writer}");
            tasks.spawn(write(Arc::clone(&store), id, tag, Arc::clone(&newest)));
        }
        tasks.spawn(purge(Arc::clone(&store), Arc::clone(&n_gone)));
        let until = gone + rng.random_range(1..60);
        while n_gone.load(Ordering::SeqCst) < until {
            tokio::task::yield_now().await;
        }
        if rng.random_bool(0.5) {
            disk.hold_syncs();
            for _ in 0..rng.random_range(1..2000) {
                tokio::task::yield_now().await;
            }
        }
        disk.cut_power(rng.random_range(0..5));
        while tasks.join_next().await.is_some() {}
        assert_eq!(disk.verify().unwrap().findings, []);
    }
    let store: Arc<dyn Store> = Arc::new(disk.open(Options::default()).unwrap());
    let id = open(&*store).await;
    let [told, gone] = [&newest, &n_gone].map(|n| n.load(Ordering::SeqCst));
    check(&*store, id, told, gone).await;
    // It goes on where it was.
    let retention = Retention {
        messages_max: Some(KEPT),
        ..Retention::default()
    };
    let mut after = Some(None);
    while let Some(from) = after {
        let step = store.purge(retention, Timestamp::now(), from, 5).await;
        after = step.unwrap().through.map(Some);
    }
    assert_eq!(store.n_messages(id).await.unwrap(), KEPT);
    store.close().await.unwrap();
    assert_eq!(disk.verify().unwrap().findings, []);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a seed to repeat is the developer's to give"
)]
fn seeds() -> Vec<u64> {
    match std::env::var("RETENTION_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..ROUNDS)
            .map(|_| rand::random_range(0..1_000_000))
            .collect(),
    }
}

#[tokio::test]
async fn a_power_cut_leaves_whole_conversations() {
    for seed in seeds() {
        println!("RETENTION_SEED={seed}");
        round(seed).await;
    }
}
