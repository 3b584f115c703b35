//! Who goes first where processor time is short. A test binary of its own, as it looks at all threads of its process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration, time::Instant};

use parlour_search::{Indexer, MEMORY_MIN, Place, Writer};
use parlour_storage::{
    ids::{Timestamp, UserId},
    local::Options,
    memory_store::MemoryStore,
    store::{Store, Transaction, Write},
};

/// How nice the threads of this process are that have a name.
fn niceness() -> BTreeMap<String, Vec<i32>> {
    let mut threads: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        // One that ends meanwhile has none.
        let Ok(stat) = fs::read_to_string(thread.unwrap().path().join("stat")) else {
            continue;
        };
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        let nice = rest.split_whitespace().nth(16).unwrap().parse().unwrap();
        threads.entry(name.to_owned()).or_default().push(nice);
    }
    threads
}

#[tokio::test]
async fn all_who_index_let_the_others_go_first() {
    let store = MemoryStore::new(Options::default()).unwrap();
    let with = UserId::new("bob").unwrap();
    let (ann, write) = (UserId::new("ann").unwrap(), Write::OpenDirect { with });
    let transaction = Transaction::new(Timestamp::now(), ann, write);
    store.commit(vec![transaction]).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let writer = Writer::open(&Place::Memory, MEMORY_MIN).unwrap();
    let running = Indexer::new(Arc::clone(&store), writer).start().unwrap();
    // By then it has committed, so that tantivy has begun another thread.
    let since = Instant::now();
    while running.found() < store.head() {
        assert!(since.elapsed() < Duration::from_secs(30), "not indexed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let own = rustix::process::getpriority_process(None).unwrap();
    let nicer = (own + 10).min(19);
    let threads = niceness();
    for name in [
        "indexer",
        "thrd-tantivy-in",
        "segment_updater",
        "merge_thread_0",
    ] {
        let all = threads.get(name).map_or(&[][..], |all| all);
        let is_nicer = !all.is_empty() && all.iter().all(|nice| *nice == nicer);
        assert!(is_nicer, "{name} beside {own}: {threads:?}");
    }
    running.stop();
}
