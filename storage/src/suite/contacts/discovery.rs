//! Whom somebody need not be shown, and why.

use super::words::*;
use crate::{
    domain::contact::{
        Gate,
        HiddenBecause::{Blocked, Removed, Written},
    },
    ids::UserId,
    store::{Rejection, Write},
    suite::{Scene, cases, scene::send},
};

cases![
    the_newest_reason_counts_and_others_stay,
    hidden_people_come_in_pages_in_the_order_of_names,
];

async fn the_newest_reason_counts_and_others_stay(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    scene.met_by(&ann, premium(&bob), send(id, "hi")).await;
    assert_eq!(scene.hidden_from(&ann).await, [(bob.clone(), Written)]);
    assert_eq!(scene.hidden_from(&bob).await, [], "it is for one side");
    let before = scene.store.hidden(&ann, None, 10).await.expect("reads");
    let at = scene.now();
    let (notices, _) = scene.met(&bob, block(&ann)).await;
    assert_eq!(
        hidings(&notices),
        [(&bob, &ann, Some(Blocked))],
        "to her it is as it was"
    );
    let hidden = scene.store.hidden(&bob, None, 10).await.expect("reads");
    assert_eq!((hidden[0].because, hidden[0].at), (Blocked, at));
    assert_eq!(hidden.len(), 1);
    assert_eq!(
        scene.store.hidden(&ann, None, 10).await.expect("reads"),
        before
    );
    let (notices, _) = scene.met(&bob, unblock(&ann)).await;
    assert_eq!(hidings(&notices), [(&bob, &ann, None)]);
    assert_eq!(
        scene.store.hidden(&ann, None, 10).await.expect("reads"),
        before
    );

    // The block took away that he may answer; what is written now he may.
    let rules = || to(&ann, Gate::Request);
    scene
        .kept_from(&bob, rules(), send(id, "ho"), Rejection::AskFirst)
        .await;
    scene.met_by(&ann, premium(&bob), send(id, "hi")).await;
    let (notices, _) = scene.met_by(&bob, rules(), send(id, "ho")).await;
    let matched = matched(&notices).id;
    scene.met(&bob, Write::Unmatch { matched }).await;
    assert_eq!(scene.hidden_from(&ann).await, [(bob.clone(), Removed)]);
    scene.met_by(&ann, premium(&bob), send(id, "sorry")).await;
    assert_eq!(scene.hidden_from(&ann).await, [(bob, Written)]);
    assert!(!scene.is_archived(id).await, "he is to see it");
}

async fn hidden_people_come_in_pages_in_the_order_of_names(scene: Scene) {
    let [ann, bo, bob, cid] = scene.people(["ann", "bo", "bob", "cid"]);
    scene.met(&ann, block(&cid)).await;
    scene.met(&bob, block(&ann)).await;
    let matched = scene.match_of(&ann, &bo).await.id;
    scene.met(&ann, Write::Unmatch { matched }).await;
    let mut expected = vec![(bo, Removed), (bob, Removed), (cid, Blocked)];
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(scene.hidden_from(&ann).await, expected);
    let mut found = Vec::new();
    while found.len() < 3 {
        let after = found.last().map(|(user, _): &(UserId, _)| user);
        let page = scene.store.hidden(&ann, after, 1).await.expect("reads");
        assert_eq!(page.len(), 1);
        found.extend(page.into_iter().map(|hidden| (hidden.user, hidden.because)));
    }
    assert_eq!(found, expected);
    let last = found.last().map(|(user, _)| user);
    assert_eq!(scene.store.hidden(&ann, last, 1).await.expect("reads"), []);
}
