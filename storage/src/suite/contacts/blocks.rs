//! What a block does to matches, requests and likes.

use super::words::*;
use crate::{
    domain::contact::{Gate, HiddenBecause, Notice, RequestStatus},
    store::Rejection,
    suite::{Scene, cases, scene::send},
};

cases![
    a_block_ends_a_match_in_silence,
    a_block_ends_requests_and_likes,
    both_sides_may_block,
    nothing_brings_two_together_across_a_block,
];

const BLOCKED: Option<HiddenBecause> = Some(HiddenBecause::Blocked);
/// What the blocked one is told, as if it were an unmatch.
const REMOVED: Option<HiddenBecause> = Some(HiddenBecause::Removed);

async fn a_block_ends_a_match_in_silence(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let matched = scene.match_of(&ann, &bob).await;
    let id = matched.conversation;
    scene.says(&bob, to(&ann, Gate::Match), id, "x").await;
    let (notices, changes) = scene.met(&ann, block(&bob)).await;
    assert_eq!(changes, [], "nothing is archived");
    let except = Some(bob.clone());
    let matched = matched.clone();
    assert_eq!(notices[0], Notice::Unmatched { matched, except });
    let hidden = [(&ann, &bob, BLOCKED), (&bob, &ann, REMOVED)];
    assert_eq!(hidings(&notices), hidden);
    assert_eq!(notices.len(), 3);
    assert!(!scene.is_archived(id).await);
    assert_eq!(scene.tie(&ann, &bob).await, Default::default());
    assert_eq!(scene.store.matches(&bob, None, 1).await.expect("reads"), []);
    for gate in [Gate::Request, Gate::Match] {
        let outcome = scene.write_by(&bob, to(&ann, gate), send(id, "y")).await;
        assert!(outcome.is_err(), "{outcome:?}");
    }
    let (notices, _) = scene.met(&ann, unblock(&bob)).await;
    let shown = [(&ann, &bob, None), (&bob, &ann, None)];
    assert_eq!(hidings(&notices), shown);
    assert_eq!(scene.tie(&ann, &bob).await, Default::default(), "for good");
}

async fn a_block_ends_requests_and_likes(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    scene.done(&ann, like(&bob)).await;
    scene.done(&cid, like(&ann)).await;
    let mine = scene.asked(&ann, ask(&bob, "hi")).await.id;
    let theirs = scene.asked(&cid, ask(&ann, "hi")).await.id;
    let id = scene.direct(&cid, &ann).await;
    scene.met_by(&cid, premium(&ann), send(id, "hey")).await;

    let (notices, _) = scene.met(&ann, block(&bob)).await;
    assert_eq!(notices.len(), 2, "of discovery alone: {notices:?}");
    assert_eq!(scene.status(mine).await, RequestStatus::Withdrawn);
    let (notices, _) = scene.met(&ann, block(&cid)).await;
    assert_eq!(answered(&notices).status, RequestStatus::Declined);
    assert_eq!(scene.status(theirs).await, RequestStatus::Declined);
    let seen = scene.tie(&cid, &ann).await;
    assert_eq!(seen.request.map(|seen| seen.id), Some(theirs));
    assert!(!seen.liked && !scene.tie(&ann, &bob).await.liked);
    assert!(!scene.tie(&ann, &cid).await.written_to);
    scene.met(&ann, unblock(&cid)).await;
    scene.refused(&cid, ask(&ann, "x"), Rejection::Asked).await;
    scene
        .refused(&ann, accept(theirs), Rejection::NotPending)
        .await;
    // That somebody wrote is still why they need not be shown to who did.
    let written = [(ann.clone(), HiddenBecause::Written)];
    assert_eq!(scene.hidden_from(&cid).await, written);
}

async fn both_sides_may_block(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    // Each is told of their own block by its name, and of the other's only if nothing hid them before.
    for (by, write, told) in [
        (
            &ann,
            block(&bob),
            vec![(&ann, &bob, BLOCKED), (&bob, &ann, REMOVED)],
        ),
        (&bob, block(&ann), vec![(&bob, &ann, BLOCKED)]),
        (&ann, unblock(&bob), vec![(&ann, &bob, REMOVED)]),
        (&ann, block(&bob), vec![(&ann, &bob, BLOCKED)]),
        (&bob, unblock(&ann), vec![(&bob, &ann, REMOVED)]),
        (
            &ann,
            unblock(&bob),
            vec![(&ann, &bob, None), (&bob, &ann, None)],
        ),
    ] {
        let (notices, _) = scene.met(by, write).await;
        assert_eq!(hidings(&notices), told);
        for (from, user, because) in told {
            let listed = because.map(|because| (user.clone(), because));
            assert_eq!(scene.hidden_from(from).await, Vec::from_iter(listed));
        }
    }
}

async fn nothing_brings_two_together_across_a_block(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    scene.met(&ann, block(&bob)).await;
    for (by, other) in [(&ann, &bob), (&bob, &ann)] {
        for write in [ask(other, "hi"), like(other)] {
            scene.refused(by, write, Rejection::Blocked).await;
        }
        scene.unchanged(by, unlike(other)).await;
        assert_eq!(scene.tie(by, other).await, Default::default());
    }
    // What was on its way when she blocked him is written, and veiled from her. It matches nobody.
    scene.met_by(&bob, premium(&ann), send(id, "hi")).await;
    let reply = send(id, "ho");
    scene
        .kept_from(&ann, to(&bob, Gate::Request), reply, Rejection::Blocked)
        .await;
}
