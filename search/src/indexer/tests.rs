//! When what happened can be found, by a clock that stands still until it is put forward.

use std::sync::mpsc;

use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, Timestamp, UserId},
    local::Options,
    memory_store::MemoryStore,
    store::{Outcome, Transaction, Write},
};
use tokio::time::advance;

use super::*;
use crate::{MEMORY_MIN, Place};

/// What was sent is found so long after it was read from the store, at most, but for what the commit itself takes. With
/// that, two seconds hold on any node that commits within one.
const FOUND_WITHIN: Duration = Duration::from_secs(1);

/// An index that is up to date, and how it goes on.
struct Scene {
    store: Arc<dyn Store>,
    conversation: ConversationId,
    indexer: Indexer,
    follower: Follower,
    n_sent: u64,
    /// A clock that is paused still runs ahead where everybody waits, unless something blocks meanwhile: and who waits
    /// for the store's threads must not be taken for one who waits for the clock.
    _stands_still: mpsc::Sender<()>,
}

async fn write(store: &dyn Store, write: Write) -> ConversationId {
    let ann = UserId::new("ann").unwrap();
    let transaction = Transaction::new(Timestamp::now(), ann, write);
    let mut outcomes = store.commit(vec![transaction]).await.unwrap();
    match outcomes.remove(0) {
        Ok(Outcome::Changed(changes)) => changes[0].conversation,
        other => panic!("{other:?}"),
    }
}

impl Scene {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let (stands_still, ends) = mpsc::channel();
        tokio::task::spawn_blocking(move || ends.recv());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(options).unwrap());
        let with = UserId::new("bob").unwrap();
        let conversation = write(&*store, Write::OpenDirect { with }).await;
        let writer = Writer::open(&Place::Memory, MEMORY_MIN).unwrap();
        let mut indexer = Indexer::new(Arc::clone(&store), writer);
        indexer.catch_up(&mut |_| true).await.unwrap();
        Self {
            follower: indexer.follower(),
            store,
            conversation,
            indexer,
            n_sent: 0,
            _stands_still: stands_still,
        }
    }

    /// Somebody sends a message, and the indexer does what it does when it is woken.
    async fn send(&mut self, text: &str) {
        let send = Write::Send {
            conversation: self.conversation,
            content: Content {
                text: text.to_owned(),
                ..Content::default()
            },
            key: None,
            attachments: Vec::new(),
        };
        write(&*self.store, send).await;
        self.n_sent += 1;
        self.wake().await;
    }

    /// What `run` does whenever something happened, or something is due.
    async fn wake(&mut self) {
        while self.indexer.follow(&mut self.follower).await.unwrap() {}
        self.indexer.keep().unwrap();
    }

    fn n_found(&self) -> u64 {
        self.indexer.index().n_messages()
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_alone_is_committed_when_its_time_is_up() {
    let mut scene = Scene::new().await;
    let before = Instant::now();
    scene.send("a word").await;
    assert_eq!(Instant::now(), before, "the clock stands still");
    let due = scene.indexer.due();
    assert!(due <= Instant::now() + FOUND_WITHIN, "it wakes by itself");
    assert_eq!(scene.n_found(), 0, "more may come");
    advance(due - Instant::now()).await;
    scene.wake().await;
    assert_eq!(scene.n_found(), 1);
    // And the clock begins anew.
    scene.send("a word").await;
    assert_eq!((scene.n_found(), scene.n_sent), (1, 2));
    assert!(scene.indexer.due() <= Instant::now() + FOUND_WITHIN);
}

#[tokio::test(start_paused = true)]
async fn messages_that_keep_coming_put_nothing_off() {
    let mut scene = Scene::new().await;
    let mut sent_at = Vec::new();
    let mut n_commits = 0;
    for _ in 0..100 {
        let n_found = scene.n_found();
        sent_at.push(Instant::now());
        scene.send("a word").await;
        n_commits += u64::from(scene.n_found() > n_found);
        let oldest_unfound = sent_at.get(scene.n_found() as usize);
        let waits = oldest_unfound.map(|at| at.elapsed());
        assert!(waits.is_none_or(|waits| waits < FOUND_WITHIN), "{waits:?}");
        advance(Duration::from_millis(40)).await;
    }
    assert!((2..20).contains(&n_commits), "{n_commits} of 100 messages");
}

#[tokio::test(start_paused = true)]
async fn what_is_long_waits_for_no_time() {
    let mut scene = Scene::new().await;
    let text = "w ".repeat(10_000);
    while scene.n_found() == 0 {
        scene.send(&text).await;
        let bytes = scene.n_sent as usize * text.len();
        assert!(bytes < MEMORY_MIN, "{} messages wait", scene.n_sent);
    }
    assert!(scene.n_sent > 1, "still not a commit each");
}

#[tokio::test(start_paused = true)]
async fn what_was_indexed_outlives_a_store_that_is_busy() {
    let options = Options {
        reader_threads: 1,
        read_queue_max: 1,
        ..Options::default()
    };
    let mut scene = Scene::with(options).await;
    let text = "w ".repeat(100);
    for _ in 0..100 {
        scene.send(&text).await;
    }
    assert_eq!(scene.n_found(), 0, "it waits to be committed");
    // One is being read, and one waits; there is no room for a third.
    for _ in 0..10 {
        let store = Arc::clone(&scene.store);
        tokio::spawn(async move { store.all_messages(None, PAGE).await.map(drop) });
    }
    tokio::task::yield_now().await;
    let index = scene.indexer.index().clone();
    let (stop, stopped) = oneshot::channel();
    stop.send(()).unwrap();
    scene.indexer.run_on(stopped).await;
    assert_eq!(index.n_messages(), 100);
}
