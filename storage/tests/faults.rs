//! What happens when the disk fails, hangs or panics: nobody is told what isn't so, and nobody waits for ever.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::{sync::Arc, time::Duration};

use parlour_storage::{
    domain::message::Content,
    error::StoreErrorKind,
    faulty::FaultyDisk,
    ids::{ConversationId, Position, Timestamp, UserId},
    local::Options,
    store::{Health, MessagePage, Outcome, PageFrom, Store, Transaction, Write},
};

fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn transaction(write: Write) -> Transaction {
    Transaction::new(Timestamp::now(), name("ann"), write)
}

fn send(conversation: ConversationId) -> Transaction {
    let content = Content {
        text: "x".to_owned(),
        ..Content::default()
    };
    transaction(Write::Send {
        conversation,
        content,
        attachments: Vec::new(),
        key: None,
    })
}

async fn open(disk: &FaultyDisk, options: Options) -> (Arc<dyn Store>, ConversationId) {
    let store: Arc<dyn Store> = Arc::new(disk.open(options).unwrap());
    let with = name("bob");
    let group = vec![transaction(Write::OpenDirect { with })];
    let outcomes = store.commit(group).await.unwrap();
    match &outcomes[0] {
        Ok(Outcome::Changed(changes)) => (store, changes[0].conversation),
        Ok(Outcome::Repeated(change)) => (store, change.conversation),
        other => panic!("{other:?}"),
    }
}

async fn n_messages(store: &dyn Store, id: ConversationId) -> usize {
    let page = MessagePage {
        from: PageFrom::End,
        limit: 1000,
    };
    store.messages(id, page).await.unwrap().len()
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    store.commit(vec![send(id)]).await.unwrap();
    let head = store.head();
    disk.fail_syncs();
    let error = store.commit(vec![send(id)]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Failed);
    let health = store.health().borrow().clone();
    let reason = "failed to sync".to_owned();
    assert!(
        matches!(&health, Health::Failed { reason: r } if r.starts_with(&reason)),
        "{health:?}"
    );

    // The disk works again, but what it lost in between nobody knows: it stays failed.
    disk.release_syncs();
    for _ in 0..3 {
        let error = store.commit(vec![send(id)]).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Failed);
    }
    let error = store.message("1".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Failed);
    assert_eq!(store.head(), head);
    assert!(matches!(*store.health().borrow(), Health::Failed { .. }));
    assert_eq!(
        store.close().await.unwrap_err().kind,
        StoreErrorKind::Failed
    );
}

#[tokio::test]
async fn a_read_does_not_show_what_a_power_cut_could_undo() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    disk.hold_syncs();
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(vec![send(id)]).await }
    });
    while disk.n_unsynced() == 0 {
        tokio::task::yield_now().await;
    }
    let read = tokio::spawn({
        let store = Arc::clone(&store);
        async move { n_messages(&*store, id).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!read.is_finished() && !commit.is_finished());
    disk.release_syncs();
    assert_eq!(read.await.unwrap(), 1);
    commit.await.unwrap().unwrap()[0].as_ref().unwrap();
}

#[tokio::test]
async fn the_next_group_is_applied_while_one_is_being_synced_up_to_a_bound() {
    let disk = FaultyDisk::default();
    let options = Options {
        commit_operations_max: 10,
        commit_queue_max: 5,
        batch_keys_max: 1,
        ..Options::default()
    };
    let (store, id) = open(&disk, options).await;
    disk.hold_syncs();
    let mut commits = tokio::task::JoinSet::new();
    let mut busy = 0;
    while busy == 0 || disk.n_unsynced() < 10 {
        let (store, group) = (Arc::clone(&store), vec![send(id)]);
        commits.spawn(async move { store.commit(group).await.map_err(|error| error.kind) });
        tokio::task::yield_now().await;
        while let Some(refused) = commits.try_join_next() {
            assert_eq!(refused.unwrap(), Err(StoreErrorKind::Busy));
            busy += 1;
        }
        assert!(commits.len() < 100, "the bound is never met");
    }
    // At most ten share the sync that hangs, and at most ten more the next.
    assert!(
        (10..=20).contains(&disk.n_unsynced()),
        "{}",
        disk.n_unsynced()
    );
    disk.release_syncs();
    let done = commits.join_all().await;
    let accepted = done.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(accepted >= 10);
    assert_eq!(
        n_messages(&*store, id).await,
        accepted,
        "busy means that nothing was done"
    );
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_hanging_sync_is_noticed_and_so_is_its_end() {
    let disk = FaultyDisk::default();
    let options = Options {
        stall_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    let (store, id) = open(&disk, options).await;
    let mut health = store.health();
    disk.hold_syncs();
    let commit = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(vec![send(id)]).await }
    });
    health
        .wait_for(|health| *health == Health::Stalled)
        .await
        .unwrap();
    disk.release_syncs();
    health
        .wait_for(|health| *health == Health::Good)
        .await
        .unwrap();
    commit.await.unwrap().unwrap()[0].as_ref().unwrap();
}

#[tokio::test]
async fn whoever_waits_when_the_store_fails_is_told() {
    for _ in 0..20 {
        let disk = FaultyDisk::default();
        let options = Options {
            commit_operations_max: 2,
            batch_keys_max: 1,
            ..Options::default()
        };
        let (store, id) = open(&disk, options).await;
        disk.hold_syncs();
        let mut calls = tokio::task::JoinSet::new();
        for n in 0..100 {
            let store = Arc::clone(&store);
            calls.spawn(async move {
                if n % 3 == 0 {
                    store.conversation(id).await.map(drop)
                } else {
                    store.commit(vec![send(id)]).await.map(drop)
                }
            });
            tokio::task::yield_now().await;
        }
        disk.fail_syncs();
        // Some reads were done before any of the commits.
        let answers = calls.join_all().await;
        let failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        assert!(failed.clone().count() >= 66);
        assert!(
            failed
                .into_iter()
                .all(|error| error.kind == StoreErrorKind::Failed)
        );
        assert_eq!(
            store.close().await.unwrap_err().kind,
            StoreErrorKind::Failed
        );
        assert_eq!(
            store.close().await.unwrap_err().kind,
            StoreErrorKind::Failed
        );
    }
}

#[tokio::test]
async fn a_panic_in_the_writer_fails_the_store() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    disk.panic_in_get();
    let error = store.commit(vec![send(id)]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Failed);
    let mut health = store.health();
    let is_failed = |health: &Health| matches!(health, Health::Failed { .. });
    health.wait_for(is_failed).await.unwrap();
    disk.release_syncs();
    let error = store.commit(vec![send(id)]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Failed);
}

#[tokio::test]
async fn a_panic_in_a_read_costs_that_read() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    disk.panic_in_get();
    for _ in 0..5 {
        let error = store.conversation(id).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Failed);
    }
    disk.release_syncs();
    assert!(store.conversation(id).await.unwrap().is_some());
    assert_eq!(*store.health().borrow(), Health::Good);
}

#[tokio::test]
async fn a_dropped_call_is_done_all_the_same() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    {
        let mut commit = std::pin::pin!(store.commit(vec![send(id)]));
        let poll = std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx)));
        assert!(poll.await.is_pending(), "it takes a sync");
    }
    store.commit(vec![send(id)]).await.unwrap();
    assert_eq!(n_messages(&*store, id).await, 2);
}

#[tokio::test]
async fn closing_makes_durable_what_is_in_progress() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    let mut commits = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (store, group) = (Arc::clone(&store), vec![send(id)]);
        commits.spawn(async move { store.commit(group).await });
    }
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    let done = commits.join_all().await;
    let kept = done.iter().filter(|outcome| outcome.is_ok()).count();
    disk.cut_power(0);
    let (store, _) = open(&disk, Options::default()).await;
    assert_eq!(n_messages(&*store, id).await, kept);
    assert!(disk.verify().unwrap().findings.is_empty());
}

#[tokio::test]
async fn a_dropped_store_ends_by_itself() {
    let disk = FaultyDisk::default();
    let (store, id) = open(&disk, Options::default()).await;
    store.commit(vec![send(id)]).await.unwrap();
    let mut health = store.health();
    drop(store);
    // The last thread to end takes the sender with it.
    while health.changed().await.is_ok() {}
    assert_eq!(disk.n_unsynced(), 0, "also the exact position");
    assert_eq!(disk.verify().unwrap().findings, []);
}

#[tokio::test]
async fn positions_go_on_above_what_a_crash_can_have_shown() {
    let disk = FaultyDisk::default();
    let mut last = Position::ZERO;
    for keep in 0..20 {
        let (store, id) = open(&disk, Options::default()).await;
        assert!(store.head() >= last);
        let mut early = send(id);
        early.at = Timestamp(0);
        let outcomes = store.commit(vec![early]).await.unwrap();
        let Ok(Outcome::Changed(changes)) = &outcomes[0] else {
            panic!("{outcomes:?}")
        };
        assert!(changes[0].position > last);
        last = changes[0].position;
        disk.cut_power(keep % 3);
    }
}
