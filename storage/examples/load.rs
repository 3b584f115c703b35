//! Loads a store on disk and prints what it takes: durable messages a second, latency, memory and disk.
//!
//! `cargo run --release -p parlour-storage --example load -- FOLDER MESSAGES CONVERSATIONS IN_FLIGHT BATCH_KEYS`

#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::unwrap_used, reason = "a tool for developers")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, IdempotencyKey, Position, Timestamp, UserId},
    local::Options,
    sled_store::SledStore,
    store::{LimiterState, MessagePage, Outcome, PageFrom, Store, Transaction, Write},
};
use tokio::task::JoinSet;

const TEXT_BYTES: usize = 260;
/// Conversations are opened in groups of so many, and each has two users of its own.
const OPEN_GROUP: usize = 256;

fn user(n: usize, side: char) -> UserId {
    UserId::new(&format!("user-{n:08}-{side}")).unwrap()
}

async fn open(store: &dyn Store, conversations: usize) -> Vec<ConversationId> {
    let mut ids = Vec::with_capacity(conversations);
    let all: Vec<usize> = (0..conversations).collect();
    for group in all.chunks(OPEN_GROUP) {
        let open = |n: &usize| {
            let with = user(*n, 'b');
            Transaction::new(Timestamp::now(), user(*n, 'a'), Write::OpenDirect { with })
        };
        let outcomes = store
            .commit(group.iter().map(open).collect())
            .await
            .unwrap();
        ids.extend(outcomes.into_iter().map(|outcome| match outcome.unwrap() {
            Outcome::Changed(changes) => changes[0].conversation,
            Outcome::Repeated(change) => change.conversation,
            other => panic!("{other:?}"),
        }));
    }
    ids
}

/// The n-th message: conversations in a scattered but repeatable order.
fn message(n: usize, ids: &[ConversationId]) -> Transaction {
    let conversation = n.wrapping_mul(2_654_435_761) % ids.len();
    let by = user(conversation, if n.is_multiple_of(2) { 'a' } else { 'b' });
    let content = Content {
        text: format!("{n:0>TEXT_BYTES$}"),
        ..Content::default()
    };
    let limit = LimiterState {
        user: by.clone(),
        rule: "send".to_owned(),
        tat_us: i64::try_from(n).unwrap(),
    };
    let write = Write::Send {
        conversation: ids[conversation],
        content,
        key: Some(IdempotencyKey::new(&format!("key-{n:010}")).unwrap()),
    };
    Transaction {
        limits: vec![limit],
        ..Transaction::new(Timestamp::now(), by, write)
    }
}

fn rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1024
}

fn disk_mb(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files
        .map(|file| file.metadata().map_or(0, |m| m.len()))
        .sum::<u64>()
        >> 20
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, messages, conversations, in_flight, batch_keys] = &arguments[..] else {
        panic!("FOLDER MESSAGES CONVERSATIONS IN_FLIGHT BATCH_KEYS")
    };
    let options = Options {
        batch_keys_max: batch_keys.parse().unwrap(),
        ..Options::default()
    };
    let folder = Path::new(folder);
    let messages: usize = messages.parse().unwrap();
    let begun = Instant::now();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder, options).unwrap());
    println!("opened in {:.1?}", begun.elapsed());
    let begun = Instant::now();
    let ids = Arc::new(open(&*store, conversations.parse().unwrap()).await);
    let (rss, disk) = (rss_mb(), disk_mb(folder));
    println!(
        "{conversations} conversations in {:.1?}, RSS {rss} MB, disk {disk} MB",
        begun.elapsed()
    );

    let tasks: usize = in_flight.parse().unwrap();
    let parts = 10;
    for part in 0..parts {
        let begun = Instant::now();
        let mut senders = JoinSet::new();
        for task in 0..tasks {
            let (store, ids) = (Arc::clone(&store), Arc::clone(&ids));
            let range = part * messages / parts..(part + 1) * messages / parts;
            senders.spawn(async move {
                let mut latencies = Vec::new();
                for n in range.skip(task).step_by(tasks) {
                    let begun = Instant::now();
                    let group = vec![message(n, &ids)];
                    store.commit(group).await.unwrap()[0].as_ref().unwrap();
                    latencies.push(begun.elapsed());
                }
                latencies
            });
        }
        let mut latencies = senders.join_all().await.concat();
        latencies.sort_unstable();
        let rate = latencies.len() as f64 / begun.elapsed().as_secs_f64();
        println!(
            "{:>9} messages: {rate:>6.0}/s, p50 {:.1?}, p99 {:.1?}, RSS {} MB, disk {} MB",
            (part + 1) * messages / parts,
            percentile(&latencies, 50),
            percentile(&latencies, 99),
            rss_mb(),
            disk_mb(folder),
        );
    }

    let mut pages = Vec::new();
    for n in 0..2000 {
        let begun = Instant::now();
        let page = MessagePage {
            from: PageFrom::End,
            limit: 50,
        };
        store
            .messages(ids[n * 7919 % ids.len()], page)
            .await
            .unwrap();
        pages.push(begun.elapsed());
    }
    pages.sort_unstable();
    println!(
        "page of 50: p50 {:.1?}, p99 {:.1?}",
        percentile(&pages, 50),
        percentile(&pages, 99)
    );
    let begun = Instant::now();
    let changes = store
        .changes_since(&user(0, 'b'), Position::ZERO, 1000)
        .await
        .unwrap();
    println!(
        "{} changes of one user: {:.1?}",
        changes.changes.len(),
        begun.elapsed()
    );
    let begun = Instant::now();
    store.close().await.unwrap();
    println!("closed in {:.1?}", begun.elapsed());
}
