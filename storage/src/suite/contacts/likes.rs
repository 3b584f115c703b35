//! Likes, the matches they make, and their end.

use super::words::*;
use crate::{
    domain::{
        change::ChangeBody,
        contact::{Gate, HiddenBecause, MatchKind, Notice, RequestStatus},
    },
    ids::{MatchId, Position},
    store::{Outcome, Rejection, Write},
    suite::{Scene, cases, scene::send},
};

cases![
    who_is_liked_back_is_matched,
    a_like_of_who_asked_accepts_the_request,
    a_match_settles_what_was_asked,
    an_unmatch_archives_the_conversation,
    a_new_match_takes_it_out_of_the_archive,
    an_open_gate_takes_it_out_of_the_archive,
    an_unmatch_needs_a_match_of_ones_own,
];

async fn who_is_liked_back_is_matched(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    scene.unchanged(&ann, unlike(&bob)).await;
    let liked = scene.write(&ann, like(&bob)).await;
    assert_eq!(liked, Ok(Outcome::Done), "nobody is told");
    scene.unchanged(&ann, like(&bob)).await;
    scene.done(&ann, like(&cid)).await;
    scene.done(&ann, unlike(&cid)).await;
    scene.done(&cid, like(&ann)).await;
    let tie = scene.tie(&ann, &bob).await;
    assert_eq!((tie.liked, tie.liked_back), (true, false));
    let (notices, changes) = scene.met(&bob, like(&ann)).await;
    let matched = matched(&notices);
    assert_eq!(notices.len(), 1);
    assert_eq!(matched.kind, MatchKind::MutualLike);
    assert_eq!(changes.len(), 1);
    assert!(matches!(changes[0].body, ChangeBody::Created { .. }));
    assert_eq!(changes[0].conversation, matched.conversation);
    let tie = scene.tie(&ann, &bob).await;
    assert_eq!((tie.liked, tie.liked_back), (true, true));
    assert_eq!(tie.matched.as_ref(), Some(matched));
    // A like taken back leaves the match.
    scene.done(&bob, unlike(&ann)).await;
    scene.done(&bob, like(&ann)).await;
    assert_eq!(scene.tie(&ann, &bob).await.matched.as_ref(), Some(matched));
    scene.invalid(&ann, like(&ann)).await;
}

async fn a_like_of_who_asked_accepts_the_request(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.done(&bob, like(&ann)).await;
    let request = scene.asked(&ann, ask(&bob, "hi")).await.id;
    // Who liked before may say so again, and is heard.
    let (notices, changes) = scene.met(&bob, like(&ann)).await;
    assert_eq!(matched(&notices).kind, MatchKind::LikeAfterRequest);
    assert_eq!(answered(&notices).id, request);
    assert_eq!(last_sent(&changes).content.text, "hi");
    assert_eq!(scene.status(request).await, RequestStatus::Accepted);
}

async fn a_match_settles_what_was_asked(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let request = scene.asked(&ann, ask(&bob, "hi")).await.id;
    scene.done(&ann, like(&bob)).await;
    let declined = scene.asked(&ann, ask(&cid, "hi")).await.id;
    scene.met(&cid, decline(declined)).await;
    scene.done(&ann, like(&cid)).await;
    let (notices, _) = scene.met(&cid, like(&ann)).await;
    assert_eq!(matched(&notices).kind, MatchKind::MutualLike);
    assert_eq!(notices.len(), 1);
    assert_eq!(scene.status(declined).await, RequestStatus::Expired);
    let id = matched(&notices).conversation;
    assert_eq!(scene.texts(id).await, [], "what was declined is not said");

    // What is pending is said, though she liked him before and the two would be matched anyway.
    let (notices, changes) = scene.met(&bob, like(&ann)).await;
    assert_eq!(matched(&notices).kind, MatchKind::LikeAfterRequest);
    assert_eq!(answered(&notices).id, request);
    assert_eq!(last_sent(&changes).author, ann);
}

async fn an_unmatch_archives_the_conversation(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let matched = scene.match_of(&ann, &bob).await;
    let other = scene.match_of(&ann, &cid).await;
    let id = matched.conversation;
    scene.send(&bob, id, "hi").await;
    scene.send(&cid, other.conversation, "ho").await;
    let (notices, changes) = scene
        .met(
            &ann,
            Write::Unmatch {
                matched: matched.id,
            },
        )
        .await;
    let unmatched = Notice::Unmatched {
        matched: matched.clone(),
        except: None,
    };
    assert_eq!(notices[0], unmatched);
    let because = Some(HiddenBecause::Removed);
    let hidden = [(&ann, &bob, because), (&bob, &ann, because)];
    assert_eq!(hidings(&notices), hidden);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].body, ChangeBody::Archived { on: true });
    assert_eq!(changes[0].conversation, id);
    assert!(scene.is_archived(id).await);
    for user in [&ann, &bob] {
        let told = scene.store.changes_since(user, Position::ZERO, 100).await;
        let told = told.expect("reads").changes;
        assert!(told.contains(&changes[0]), "as it happened");
    }

    assert_eq!(scene.tie(&ann, &bob).await, Default::default());
    assert_eq!(scene.store.matched(matched.id).await.expect("reads"), None);
    let matches = scene.store.matches(&ann, None, 10).await.expect("reads");
    assert_eq!(matches, std::slice::from_ref(&other));
    // Out of the lists of what goes on, and into the one of everything.
    let unread = scene.store.unread(&ann).await.expect("reads");
    assert_eq!(unread, [(other.conversation, 1)]);
    let listed = scene.store.listing(&ann).await.expect("reads");
    let listed: Vec<_> = listed.into_iter().map(|l| l.conversation).collect();
    assert_eq!(listed, [other.conversation]);
    let page = scene.store.conversations_of(&ann, None, 10).await;
    let page = page.expect("reads").into_iter();
    let page: Vec<_> = page
        .map(|s| (s.conversation.id, s.conversation.archived))
        .collect();
    assert_eq!(page, [(other.conversation, false), (id, true)]);
    // They are seen coming and going no more.
    let contacts = scene.store.contacts(&ann, 100).await;
    assert_eq!(contacts.expect("reads"), [cid]);
    assert!(!scene.store.acquainted(&ann, &bob).await.expect("reads"));
    scene
        .refused(
            &ann,
            Write::Unmatch {
                matched: matched.id,
            },
            Rejection::NoMatch,
        )
        .await;
}

async fn a_new_match_takes_it_out_of_the_archive(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let first = scene.match_of(&ann, &bob).await;
    scene.met(&bob, Write::Unmatch { matched: first.id }).await;
    // One like is not enough: the old ones are gone.
    scene.done(&ann, like(&bob)).await;
    let (notices, changes) = scene.met(&bob, like(&ann)).await;
    let second = matched(&notices);
    assert!(second.id > first.id);
    assert_eq!(second.conversation, first.conversation);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].body, ChangeBody::Archived { on: false });
    assert!(!scene.is_archived(first.conversation).await);
    assert!(scene.store.acquainted(&ann, &bob).await.expect("reads"));
    let hidden = [(&bob, &ann, None), (&ann, &bob, None)];
    assert_eq!(hidings(&notices), hidden);
    assert_eq!(scene.hidden_from(&ann).await, []);
}

async fn an_open_gate_takes_it_out_of_the_archive(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let matched = scene.match_of(&ann, &bob).await;
    let id = matched.conversation;
    scene.says(&ann, to(&bob, Gate::Open), id, "x").await;
    scene
        .met(
            &bob,
            Write::Unmatch {
                matched: matched.id,
            },
        )
        .await;
    scene
        .kept_from(
            &bob,
            to(&ann, Gate::Request),
            send(id, "x"),
            Rejection::AskFirst,
        )
        .await;
    assert!(scene.is_archived(id).await);
    let (notices, changes) = scene
        .met_by(&bob, to(&ann, Gate::Open), send(id, "y"))
        .await;
    assert_eq!((notices.len(), changes.len()), (0, 2));
    assert_eq!(changes[0].body, ChangeBody::Archived { on: false });
    assert_eq!(last_sent(&changes).content.text, "y");
    assert!(!scene.is_archived(id).await);
    scene.says(&ann, to(&bob, Gate::Open), id, "z").await;
    assert_eq!(
        scene.hidden_from(&ann).await.len(),
        1,
        "hidden all the same"
    );
}

async fn an_unmatch_needs_a_match_of_ones_own(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let matched = scene.match_of(&ann, &bob).await.id;
    let nothing = MatchId::created_at(Position::new(1).expect("small"));
    for (by, matched) in [(&cid, matched), (&ann, nothing)] {
        scene
            .refused(by, Write::Unmatch { matched }, Rejection::NoMatch)
            .await;
    }
}
