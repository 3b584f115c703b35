//! Groups of transactions, order, and health.

use std::sync::Arc;

use super::{
    Scene, cases,
    scene::{send, text},
};
use crate::{
    ids::{ConversationId, Position, Seq, Timestamp},
    store::{Health, MessagePage, Outcome, PageFrom, Rejection, Transaction, Write},
};

cases![
    a_group_is_done_in_order_and_sees_itself,
    an_empty_group_is_done,
    positions_grow_though_the_clock_goes_back,
    a_clock_past_all_positions_is_refused,
    many_at_once_make_one_order,
    what_was_acknowledged_is_below_the_head,
];

async fn a_group_is_done_in_order_and_sees_itself(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.direct(&ann, &bob).await;
    let group = [
        (&ann, send(id, "1")),
        (&cid, send(id, "no")),
        (
            &bob,
            Write::Read {
                conversation: id,
                seq: Seq(1),
            },
        ),
        (
            &bob,
            Write::Read {
                conversation: id,
                seq: Seq(2),
            },
        ),
        (&bob, send(id, "2")),
        (&cid, Write::OpenDirect { with: ann.clone() }),
        (&ann, Write::OpenDirect { with: cid.clone() }),
    ];
    let group = group.map(|(by, write)| scene.transaction(by, write));
    let outcomes = scene.store.commit(group.to_vec()).await.expect("commits");
    assert_eq!(outcomes.len(), 7);
    assert_eq!(outcomes[1], Err(Rejection::NotMember));
    assert_eq!(outcomes[3], Ok(Outcome::Unchanged));
    assert!(matches!(outcomes[6], Ok(Outcome::Repeated(_))));
    let positions: Vec<_> = [0, 2, 4, 5].map(|n| position(&outcomes[n])).to_vec();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    assert_eq!(seqs(&scene, id).await, [1, 2]);
}

fn position(outcome: &Result<Outcome, Rejection>) -> Position {
    match outcome {
        Ok(Outcome::Changed(changes)) => changes[0].position,
        other => panic!("{other:?}"),
    }
}

async fn seqs(scene: &Scene, id: ConversationId) -> Vec<u64> {
    let page = MessagePage {
        from: PageFrom::End,
        limit: 10_000,
    };
    let messages = scene.store.messages(id, page).await.expect("reads");
    assert!(messages.is_sorted_by(|a, b| a.position() < b.position()));
    messages.iter().map(|message| message.seq.0).collect()
}

async fn an_empty_group_is_done(scene: Scene) {
    assert_eq!(scene.store.commit(vec![]).await.expect("commits"), []);
    assert_eq!(*scene.store.health().borrow(), Health::Good);
}

async fn positions_grow_though_the_clock_goes_back(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let first = scene.send(&ann, id, "x").await;
    scene.turn_clock(-1_000_000_000);
    let second = scene.send(&ann, id, "x").await;
    assert!(second.position() > first.position());
    assert!(
        second.sent_at < first.sent_at,
        "what the clock said is kept"
    );
}

async fn a_clock_past_all_positions_is_refused(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let mut late = scene.transaction(&ann, send(id, "x"));
    late.at = Timestamp(i64::MAX);
    let refused = scene.commit(late).await;
    assert!(matches!(refused, Err(Rejection::Invalid(_))), "{refused:?}");
    assert_eq!(scene.send(&ann, id, "x").await.seq, Seq(1));
}

async fn many_at_once_make_one_order(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (store, at) = (Arc::clone(&scene.store), scene.now());
        let by = [&ann, &bob][n % 2].clone();
        writers.spawn(async move {
            for m in 0..10 {
                let message = |k| {
                    let content = text(&format!("{n} {m} {k}"));
                    let key = None;
                    let conversation = id;
                    let write = Write::Send {
                        conversation,
                        content,
                        attachments: Vec::new(),
                        key,
                    };
                    Transaction::new(at, by.clone(), write)
                };
                let group = (0..5).map(message).collect();
                let outcomes = store.commit(group).await.expect("commits");
                assert!(outcomes.iter().all(Result::is_ok));
            }
        });
    }
    writers.join_all().await;
    assert_eq!(seqs(&scene, id).await, (1..=400).collect::<Vec<_>>());
}

async fn what_was_acknowledged_is_below_the_head(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    for _ in 0..20 {
        let sent = scene.send(&ann, id, "x").await;
        assert!(scene.store.head() >= sent.position());
    }
}
