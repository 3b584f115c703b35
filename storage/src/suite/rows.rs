//! What is written beside a change: limiter states, events, notifications.

use super::{Scene, cases, scene::send};
use crate::{
    domain::notification::{
        NOTIFICATION_TEXT_BYTES_MAX, NotificationBody, NotificationDraft, NotificationId,
    },
    ids::{Position, UserId},
    store::{EventDraft, LimiterState, Rejection, Transaction, Write},
};

cases![
    the_limiter_remembers_the_newest_state,
    notifications_are_read_up_to_one,
    a_refused_transaction_leaves_nothing_but_its_limits,
    what_changes_nothing_tells_nobody,
    rows_have_bounds,
];

fn limit(user: &UserId, rule: &str, tat_us: i64) -> LimiterState {
    LimiterState {
        user: user.clone(),
        rule: rule.to_owned(),
        tat_us,
    }
}

fn notification(user: &UserId, text: &str) -> NotificationDraft {
    let text = text.to_owned();
    NotificationDraft {
        user: user.clone(),
        body: NotificationBody::System { text },
    }
}

/// A transaction with one of everything.
fn full(scene: &Scene, by: &UserId, write: Write) -> Transaction {
    Transaction {
        limits: vec![limit(by, "send", 7)],
        events: vec![EventDraft::UserOnline],
        notifications: vec![notification(by, "note")],
        ..scene.transaction(by, write)
    }
}

async fn the_limiter_remembers_the_newest_state(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    for tat_us in [5, 9] {
        let limits = vec![limit(&ann, "send", tat_us), limit(&bob, "other", -1)];
        let transaction = Transaction {
            limits,
            ..scene.transaction(&ann, send(id, "x"))
        };
        scene.commit(transaction).await.expect("taken");
    }
    let limits = async |user| scene.store.limits_of(user).await.expect("reads");
    assert_eq!(limits(&ann).await, [limit(&ann, "send", 9)]);
    assert_eq!(limits(&bob).await, [limit(&bob, "other", -1)]);
}

async fn notifications_are_read_up_to_one(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    for n in 0..3 {
        let texts = [format!("{n}a"), format!("{n}b")];
        let notifications = texts.iter().map(|text| notification(&bob, text)).collect();
        let transaction = Transaction {
            notifications,
            ..scene.transaction(&ann, send(id, "x"))
        };
        scene.commit(transaction).await.expect("taken");
    }
    let page = async |before, limit| {
        let page = scene.store.notifications(&bob, before, limit).await;
        page.expect("reads")
    };
    let all = page(None, 99).await;
    let texts: Vec<_> = all.iter().map(|n| n.body.clone()).collect();
    let expected = ["2b", "2a", "1b", "1a", "0b", "0a"].map(|text| notification(&bob, text).body);
    assert_eq!(texts, expected);
    assert!(all.iter().all(|n| !n.read));
    assert_eq!(page(None, 2).await, all[..2]);
    assert_eq!(page(Some(all[1].id), 99).await, all[2..]);
    let unread = async || scene.store.unread_notifications(&bob).await.expect("reads");
    assert_eq!(unread().await, 6);

    let read = |through| Write::ReadNotifications { through };
    scene.done(&bob, read(all[2].id)).await;
    assert_eq!(unread().await, 2);
    for older in [all[2].id, all[5].id] {
        scene.unchanged(&bob, read(older)).await;
    }
    let states: Vec<_> = page(None, 99).await.iter().map(|n| n.read).collect();
    assert_eq!(states, [false, false, true, true, true, true]);
    // The future is not read yet.
    scene.done(&bob, read(NotificationId(Position::MAX))).await;
    assert_eq!(unread().await, 0);
    scene
        .unchanged(&bob, read(NotificationId(Position::MAX)))
        .await;
    let transaction = full(&scene, &bob, send(id, "x"));
    scene.commit(transaction).await.expect("taken");
    assert_eq!(unread().await, 1);
}

async fn a_refused_transaction_leaves_nothing_but_its_limits(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let transaction = full(&scene, &cid, send(id, "x"));
    assert_eq!(scene.commit(transaction).await, Err(Rejection::NotMember));
    let limits = scene.store.limits_of(&cid).await.expect("reads");
    assert_eq!(
        limits,
        [limit(&cid, "send", 7)],
        "an attempt counts all the same"
    );
    assert_eq!(scene.events_since(start).await, []);
    assert_eq!(
        scene.store.unread_notifications(&cid).await.expect("reads"),
        0
    );
}

async fn what_changes_nothing_tells_nobody(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let again = Write::OpenDirect { with: bob.clone() };
    let transaction = full(&scene, &ann, again);
    scene.commit(transaction).await.expect("taken");
    let transaction = full(&scene, &ann, Write::SeeUser);
    scene.commit(transaction).await.expect("taken");
    assert_eq!(scene.events_since(start).await, []);
    assert_eq!(
        scene.store.unread_notifications(&ann).await.expect("reads"),
        0
    );
    let limits = scene.store.limits_of(&ann).await.expect("reads");
    assert_eq!(
        limits,
        [limit(&ann, "send", 7)],
        "asking costs all the same"
    );
}

async fn rows_have_bounds(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let plain = || scene.transaction(&ann, send(id, "x"));
    let long = "x".repeat(NOTIFICATION_TEXT_BYTES_MAX + 1);
    let reason = Some(long.clone());
    let warning = NotificationDraft {
        user: bob.clone(),
        body: NotificationBody::Warned { reason },
    };
    for transaction in [
        Transaction {
            limits: vec![limit(&ann, &"x".repeat(256), 1)],
            ..plain()
        },
        Transaction {
            notifications: vec![warning],
            ..plain()
        },
        Transaction {
            notifications: vec![notification(&bob, &long)],
            ..plain()
        },
    ] {
        let refused = scene.commit(transaction).await;
        assert!(matches!(refused, Err(Rejection::Invalid(_))), "{refused:?}");
    }
    let sent = scene.send(&ann, id, "x").await;
    assert_eq!(sent.seq.0, 1, "none of them was sent");
}
