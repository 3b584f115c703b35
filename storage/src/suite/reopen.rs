//! What is there after the store was closed and opened again.

use super::{Scene, cases, scene::send};
use crate::{
    error::StoreErrorKind,
    ids::{IdempotencyKey, Position, Seq},
    store::{Transaction, Write},
};

cases![everything_is_still_there, a_closed_store_says_so];

async fn everything_is_still_there(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let [ann, bob] = scene.people(["ann", "bob"]);
    let start = scene.store.head();
    let id = scene.direct(&ann, &bob).await;
    let long = "long ".repeat(5_000);
    scene.send(&ann, id, &long).await;
    let key = Some(IdempotencyKey::new("k").expect("a good key"));
    let content = super::scene::text("once");
    let once = Write::Send {
        conversation: id,
        content,
        attachments: Vec::new(),
        key,
    };
    let sent = scene.change(&ann, once.clone()).await;
    scene
        .change(
            &bob,
            Write::Read {
                conversation: id,
                seq: Seq(1),
            },
        )
        .await;
    let before = scene
        .store
        .changes_since(&bob, start, 99)
        .await
        .expect("reads");
    let roster = scene.store.roster(id).await.expect("reads");
    let (epoch, head) = (scene.store.epoch(), scene.store.head());

    for _ in 0..2 {
        scene.reopen().await;
        assert_eq!(scene.store.epoch(), epoch);
        assert!(scene.store.head() >= head);
        let after = scene
            .store
            .changes_since(&bob, start, 99)
            .await
            .expect("reads");
        assert_eq!(after.changes, before.changes);
        let members = |roster: Option<crate::store::Roster>| roster.expect("there").members;
        let now = scene.store.roster(id).await.expect("reads");
        assert_eq!(members(now), members(roster.clone()));
        assert_eq!(scene.store.unread(&bob).await.expect("reads"), [(id, 1)]);
        assert_eq!(scene.repeated(&ann, once.clone()).await, sent);
    }
    scene.turn_clock(-1_000_000_000);
    let next = scene.change(&ann, send(id, "x")).await;
    assert!(next.position > head.max(sent.position));
    assert_eq!(scene.store.unread(&bob).await.expect("reads"), [(id, 2)]);
}

async fn a_closed_store_says_so(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let transaction: Transaction = scene.transaction(&ann, Write::OpenDirect { with: bob });
    scene.store.close().await.expect("closes");
    let kind = |result: Result<(), crate::error::StoreError>| result.map_err(|error| error.kind);
    let commit = scene.store.commit(vec![transaction]).await.map(drop);
    assert_eq!(kind(commit), Err(StoreErrorKind::Closed));
    let read = scene.store.user(&ann).await.map(drop);
    assert_eq!(kind(read), Err(StoreErrorKind::Closed));
    let since = scene
        .store
        .changes_since(&ann, Position::ZERO, 9)
        .await
        .map(drop);
    assert_eq!(kind(since), Err(StoreErrorKind::Closed));
    assert_eq!(kind(scene.store.close().await), Err(StoreErrorKind::Closed));
}
