//! Those who follow events: how far each has come, what was given up, and what was forgotten before they took it.

use std::sync::Arc;

use super::{Scene, cases};
use crate::{
    domain::event::EventId,
    error::StoreErrorKind,
    events::{DeadLetter, Follower, Forgotten},
    ids::{ConversationId, Position, Timestamp, UserId},
    store::Write,
};

cases![
    what_is_forgotten_is_missed,
    a_node_where_nothing_happens_forgets_nothing,
    a_consumer_moves_from_where_it_stands,
    dead_letters_are_kept_until_dropped_or_forgotten,
    many_dead_letters_leave_no_silent_gap,
    what_consumers_know_outlives_a_restart,
    a_follower_waits_and_goes_on,
    a_follower_learns_that_the_store_is_closed,
];

/// Forgets all up to a place, however many steps it takes.
async fn forget(scene: &Scene, through: EventId) -> u64 {
    let mut n_rows = 0;
    loop {
        let step = scene.store.forget_events(through, 10).await;
        let step = step.expect("forgets");
        n_rows += step.n_rows;
        if !step.more {
            return n_rows;
        }
    }
}

async fn what_is_forgotten_is_missed(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    for _ in 0..100 {
        let message = scene.send(&ann, id, "x").await.id;
        scene.change(&ann, Write::Delete { message }).await;
    }
    let events = scene.events_since(start).await;
    assert_eq!(events.len(), 200);
    let through = events[120].id;
    assert!(forget(&scene, through).await >= 60);
    let floor = scene.store.events_floor().await.expect("reads");
    assert_eq!(floor, through);
    let page = scene.store.events_after(start, 1000).await.expect("reads");
    assert!(page.missed, "messages are still there, but not as events");
    assert_eq!(page.events, events[121..]);
    assert_eq!(scene.events_since(floor).await, events[121..]);
    for event in &events[..=120] {
        let found = scene.store.event(event.id).await.expect("reads");
        assert_eq!(found, None);
    }
    // Again, or less: nothing.
    assert_eq!(forget(&scene, through).await, 0);
    assert_eq!(forget(&scene, events[3].id).await, 0);
    assert_eq!(scene.store.events_floor().await.expect("reads"), through);
    // A message alone is forgotten too, though nothing is taken away for it.
    scene.send(&ann, id, "x").await;
    let all = scene.now_in_events();
    forget(&scene, all).await;
    assert_eq!(scene.store.events_floor().await.expect("reads"), all);
    assert_eq!(scene.events_since(all).await, []);
}

async fn a_node_where_nothing_happens_forgets_nothing(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.direct(&ann, &bob).await;
    let all = scene.now_in_events();
    forget(&scene, all).await;
    let floor = scene.store.events_floor().await.expect("reads");
    let later = EventId::through(Position::MAX);
    let step = scene.store.forget_events(later, 10).await.expect("forgets");
    assert_eq!(step, Forgotten::default());
    assert_eq!(scene.store.events_floor().await.expect("reads"), floor);
}

fn at(position: u64, n: u16) -> EventId {
    let position = Position::new(position).expect("small");
    EventId { position, n }
}

async fn a_consumer_moves_from_where_it_stands(scene: Scene) {
    let name = scene.person("search").to_string();
    let name = name.as_str();
    let store = &scene.store;
    let stands = async || store.consumer(name).await.expect("reads");
    let moves = async |from, to| store.move_consumer(name, from, to).await.expect("moves");
    assert_eq!(stands().await, None);
    assert!(!moves(Some(at(1, 0)), at(2, 0)).await, "it is new");
    assert!(!store.rewind_consumer(name, at(2, 0)).await.expect("asks"));
    assert_eq!(stands().await, None);
    assert!(moves(None, at(77, 3)).await);
    assert!(!moves(None, at(78, 0)).await, "it is not new any more");
    assert!(moves(Some(at(77, 3)), at(80, 0)).await);
    let mut woken = store.moves();
    woken.mark_unchanged();
    assert!(
        store
            .rewind_consumer(name, at(5, 0))
            .await
            .expect("rewinds")
    );
    assert!(woken.has_changed().expect("open"));
    assert!(!moves(Some(at(80, 0)), at(81, 0)).await, "it was rewound");
    assert_eq!(stands().await, Some(at(5, 0)));
    let all = store.consumers().await.expect("reads");
    assert!(all.contains(&(name.to_owned(), at(5, 0))));
    store.forget_consumer(name).await.expect("forgets");
    assert_eq!(stands().await, None);
}

fn letter(event: EventId, why: &str) -> DeadLetter {
    DeadLetter {
        event,
        why: why.to_owned(),
        attempts: 3,
        at: Timestamp(5),
        revived: false,
    }
}

async fn dead_letters_are_kept_until_dropped_or_forgotten(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    for _ in 0..4 {
        scene.send(&ann, id, "x").await;
    }
    let events: Vec<_> = scene.events_since(start).await;
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let names = ["hook-a", "hook-ab"].map(|name| scene.person(name).to_string());
    let [one, other] = [names[0].as_str(), names[1].as_str()];
    let store = &scene.store;
    for id in &ids {
        for name in [one, other] {
            store.bury(name, letter(*id, "gone")).await.expect("buries");
        }
    }
    let letters = async |name: &str, after, limit| {
        let letters = store.dead_letters(name, after, limit).await;
        letters.expect("reads")
    };
    let all: Vec<_> = ids.iter().map(|id| letter(*id, "gone")).collect();
    assert_eq!(letters(one, None, 9).await, all);
    assert_eq!(letters(one, None, 2).await, all[..2]);
    assert_eq!(letters(one, Some(ids[1]), 9).await, all[2..]);
    // Buried again it says the newest reason, however long it is.
    let long = "\u{e9}".repeat(1000);
    store
        .bury(one, letter(ids[0], &long))
        .await
        .expect("buries");
    let first = &letters(one, None, 1).await[0];
    assert_eq!(first.why, "\u{e9}".repeat(512));
    assert!(store.revive(one, ids[0]).await.expect("revives"));
    assert!(letters(one, None, 1).await[0].revived);
    assert!(!letters(other, None, 1).await[0].revived);
    store.drop_dead_letter(one, ids[0]).await.expect("drops");
    assert!(!store.revive(one, ids[0]).await.expect("asks"));
    assert_eq!(letters(one, None, 9).await, all[1..]);
    // They go with their events, and with their consumer.
    forget(&scene, ids[2]).await;
    for name in [one, other] {
        assert_eq!(letters(name, None, 9).await, all[3..]);
    }
    store.forget_consumer(one).await.expect("forgets");
    assert_eq!(letters(one, None, 9).await, []);
    assert_eq!(letters(other, None, 9).await, all[3..]);
}

async fn many_dead_letters_leave_no_silent_gap(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let name = scene.person("hook").to_string();
    let store = &scene.store;
    let start = scene.now_in_events();
    for _ in 0..40 {
        let message = scene.send(&ann, id, "x").await.id;
        scene.change(&ann, Write::Delete { message }).await;
    }
    let events = scene.events_since(start).await;
    for event in &events {
        let buried = store.bury(&name, letter(event.id, "gone")).await;
        buried.expect("buries");
    }
    let through = scene.now_in_events();
    // One step at a time, as small as they are made.
    while store.forget_events(through, 1).await.expect("forgets").more {
        let page = store.events_after(start, 1000).await.expect("reads");
        assert!(page.missed || page.events == events);
    }
    assert_eq!(store.events_floor().await.expect("reads"), through);
    let left = store.dead_letters(&name, None, 9).await;
    assert_eq!(left.expect("reads"), []);
}

async fn what_consumers_know_outlives_a_restart(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, "x").await.id;
    let start = scene.now_in_events();
    scene.change(&ann, Write::Delete { message }).await;
    let store = &scene.store;
    forget(&scene, start).await;
    let moved = store.move_consumer("hook", None, start).await;
    assert!(moved.expect("moves"));
    store
        .bury("hook", letter(start, "x"))
        .await
        .expect("buries");
    let events = scene.events_since(start).await;
    scene.reopen().await;
    let store = &scene.store;
    assert_eq!(store.events_floor().await.expect("reads"), start);
    assert_eq!(store.consumer("hook").await.expect("reads"), Some(start));
    let letters = store.dead_letters("hook", None, 9).await.expect("reads");
    assert_eq!(letters, [letter(start, "x")]);
    assert_eq!(scene.events_since(start).await, events);
}

async fn sends(scene: &Scene, by: &UserId, id: ConversationId, n: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    for _ in 0..n {
        let position = scene.send(by, id, "x").await.position();
        ids.push(EventId { position, n: 0 });
    }
    ids
}

async fn a_follower_waits_and_goes_on(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let mut follower = Follower::new(Arc::clone(&scene.store), start);
    let n = 50;
    let reading = tokio::spawn(async move {
        let mut read = Vec::new();
        while read.len() < n {
            let page = follower.next(7).await.expect("reads");
            assert!(!page.events.is_empty() && page.events.len() <= 7);
            read.extend(page.events.into_iter().map(|event| event.id));
        }
        read
    });
    let ids = sends(&scene, &ann, id, n).await;
    assert_eq!(reading.await.expect("ends"), ids);
}

async fn a_follower_learns_that_the_store_is_closed(scene: Scene) {
    let start = scene.now_in_events();
    let mut follower = Follower::new(Arc::clone(&scene.store), start);
    let reading = tokio::spawn(async move { follower.next(7).await });
    scene.store.close().await.expect("closes");
    let error = reading.await.expect("ends").expect_err("closed");
    assert_eq!(error.kind, StoreErrorKind::Closed);
}
