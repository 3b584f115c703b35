//! An index follows its store, from wherever it was cut off.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use parlour_search::{Indexer, MEMORY_MIN, Place, Query, Writer, check};
use parlour_storage::{
    domain::{
        change::ChangeBody,
        event::EventId,
        message::{Content, Message},
    },
    ids::{ConversationId, Timestamp, UserId},
    local::{LocalStore, Options},
    memory_store::MemoryStore,
    sled_store::SledStore,
    store::{Outcome, Store, Transaction, Write},
};

/// Two people, their conversation, and a folder for the index.
struct Scene {
    store: Arc<dyn Store>,
    conversation: ConversationId,
    folder: tempfile::TempDir,
}

fn ann() -> UserId {
    UserId::new("ann").unwrap()
}

async fn write(store: &dyn Store, write: Write) -> Outcome {
    let transaction = Transaction::new(Timestamp::now(), ann(), write);
    store
        .commit(vec![transaction])
        .await
        .unwrap()
        .remove(0)
        .unwrap()
}

impl Scene {
    async fn new() -> Self {
        Self::on(MemoryStore::new(Options::default()).unwrap()).await
    }

    async fn on(store: LocalStore) -> Self {
        let with = UserId::new("bob").unwrap();
        let Outcome::Changed(changes) = write(&store, Write::OpenDirect { with }).await else {
            panic!("opened")
        };
        Self {
            conversation: changes[0].conversation,
            store: Arc::new(store),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn send(&self, text: &str) -> Message {
        let content = Content {
            text: text.to_owned(),
            ..Content::default()
        };
        let send = Write::Send {
            conversation: self.conversation,
            content,
            key: None,
            attachments: Vec::new(),
        };
        match write(&*self.store, send).await {
            Outcome::Changed(changes) => match changes.into_iter().next().unwrap().body {
                ChangeBody::Sent(message) => message,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn indexer(&self) -> Indexer {
        let place = Place::Folder(self.folder.path().to_owned());
        Indexer::new(
            Arc::clone(&self.store),
            Writer::open(&place, MEMORY_MIN).unwrap(),
        )
    }

    fn total(&self, indexer: &Indexer, words: &str) -> u64 {
        let query = Query {
            words: words.to_owned(),
            conversations: vec![self.conversation],
            limit: 10,
            ..Query::default()
        };
        indexer.index().search(&query).unwrap().total
    }

    async fn is_right(&self, indexer: &Indexer) {
        let report = check(&*self.store, indexer.index(), &mut |_| {})
            .await
            .unwrap();
        assert!(report.is_good(), "{report:?}");
    }
}

async fn caught_up(indexer: &mut Indexer) {
    indexer.catch_up(&mut |_| true).await.unwrap();
}

#[tokio::test]
async fn what_happens_to_a_message_happens_to_the_index() {
    let scene = Scene::new().await;
    let first = scene.send("before the index").await;
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    assert_eq!(scene.total(&indexer, "before"), 1);

    let second = scene.send("after it was built").await;
    let edit = Write::Edit {
        message: first.id,
        text: "other words".to_owned(),
    };
    write(&*scene.store, edit).await;
    caught_up(&mut indexer).await;
    let totals = ["before", "other", "built"].map(|word| scene.total(&indexer, word));
    assert_eq!(totals, [0, 1, 1]);

    write(&*scene.store, Write::Delete { message: second.id }).await;
    caught_up(&mut indexer).await;
    assert_eq!(scene.total(&indexer, "built"), 0);
    scene.is_right(&indexer).await;
}

#[tokio::test]
async fn it_goes_on_from_its_last_commit() {
    let scene = Scene::new().await;
    scene.send("one").await;
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    drop(indexer);
    let gone = scene.send("two").await;
    scene.send("three").await;
    write(&*scene.store, Write::Delete { message: gone.id }).await;
    let mut indexer = scene.indexer();
    assert_eq!(
        indexer.index().n_messages(),
        1,
        "what was committed is there at once"
    );
    caught_up(&mut indexer).await;
    let totals = ["one", "two", "three"].map(|word| scene.total(&indexer, word));
    assert_eq!(totals, [1, 0, 1]);
    scene.is_right(&indexer).await;
}

#[tokio::test]
async fn building_that_was_cut_off_goes_on_where_it_was() {
    let scene = Scene::new().await;
    for n in 0..1200 {
        scene.send(&format!("number {n}")).await;
    }
    let mut indexer = scene.indexer();
    let mut told = Vec::new();
    let tell = &mut |progress| {
        told.push(progress);
        false
    };
    indexer.catch_up(tell).await.unwrap();
    assert_eq!((told.len(), told[0].n_messages), (1, 500));
    drop(indexer);
    // Said and unsaid while it is not whole.
    let page = scene.store.all_messages(None, 1000).await.unwrap();
    for message in [&page[3], &page[999]] {
        write(
            &*scene.store,
            Write::Delete {
                message: message.id,
            },
        )
        .await;
    }
    scene.send("number later").await;

    let mut indexer = scene.indexer();
    let mut n_read = 0;
    let tell = &mut |progress: parlour_search::Progress| {
        n_read = progress.n_messages;
        true
    };
    indexer.catch_up(tell).await.unwrap();
    assert_eq!(n_read, 700, "not those that it had");
    assert_eq!(scene.total(&indexer, "number"), 1199);
    scene.is_right(&indexer).await;
}

#[tokio::test]
async fn an_index_that_can_not_follow_any_more_is_built_anew() {
    let scene = Scene::new().await;
    let first = scene.send("once").await;
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    indexer.close().unwrap();
    let edit = Write::Edit {
        message: first.id,
        text: "twice".to_owned(),
    };
    write(&*scene.store, edit).await;
    scene.send("thrice").await;
    let head = EventId::through(scene.store.head());
    while scene.store.forget_events(head, 100).await.unwrap().more {}

    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    let totals = ["once", "twice", "thrice"].map(|word| scene.total(&indexer, word));
    assert_eq!(totals, [0, 1, 1]);
    scene.is_right(&indexer).await;
    indexer.close().unwrap();

    // Another history, with an index of this one beside it.
    let other = Scene {
        folder: scene.folder,
        ..Scene::new().await
    };
    other.send("elsewhere").await;
    let mut indexer = other.indexer();
    caught_up(&mut indexer).await;
    assert_eq!(indexer.index().n_messages(), 1);
    other.is_right(&indexer).await;
}

#[tokio::test]
async fn an_index_that_is_ahead_of_its_store_is_built_anew() {
    let data = tempfile::tempdir().unwrap();
    let [backup, live] = ["backup", "live"].map(|name| data.path().join(name));
    let open = |path: &Path| SledStore::open(path, Options::default()).unwrap();
    let scene = Scene::on(open(&backup)).await;
    scene.send("kept").await;
    scene.store.close().await.unwrap();
    copy(&backup, &live);

    let store = Arc::new(open(&live));
    let scene = Scene { store, ..scene };
    scene.send("gone").await;
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    assert_eq!(scene.total(&indexer, "gone"), 1);
    indexer.close().unwrap();
    scene.store.close().await.unwrap();

    let store = Arc::new(open(&backup));
    let scene = Scene { store, ..scene };
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    let totals = ["kept", "gone"].map(|word| scene.total(&indexer, word));
    assert_eq!(totals, [1, 0]);
    scene.is_right(&indexer).await;
}

/// A folder, as a backup of a stopped node has it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_message_is_found_soon_after_it_was_sent() {
    let scene = Scene::new().await;
    let indexer = scene.indexer();
    let index = indexer.index().clone();
    let running = indexer.start().unwrap();
    let found = async |n: u64| {
        let begun = Instant::now();
        while index.n_messages() != n {
            assert!(begun.elapsed() < Duration::from_secs(20), "{n} messages");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    for n in 1..4 {
        scene.send("a word").await;
        found(n).await;
    }
    running.stop();
    scene.is_right(&scene.indexer()).await;
}

#[tokio::test]
async fn a_check_tells_what_is_wrong() {
    let scene = Scene::new().await;
    let kept = scene.send("kept").await;
    let lost = scene.send("lost").await;
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    indexer.close().unwrap();
    let place = Place::Folder(scene.folder.path().to_owned());
    let mut writer = Writer::open(&place, MEMORY_MIN).unwrap();
    writer.remove(lost.id);
    let content = Content {
        text: "other".to_owned(),
        ..Content::default()
    };
    let other = Message {
        content,
        ..kept.clone()
    };
    writer.replace(&other).unwrap();
    writer.commit(writer.mark().unwrap()).unwrap();
    drop(writer);
    let mut indexer = scene.indexer();
    caught_up(&mut indexer).await;
    let report = check(&*scene.store, indexer.index(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(
        (report.n_messages, report.n_wrong, report.n_surplus),
        (2, 2, 1)
    );
    assert_eq!(report.wrong, [kept.id, lost.id]);
    indexer.begin_anew();
    caught_up(&mut indexer).await;
    scene.is_right(&indexer).await;
}
