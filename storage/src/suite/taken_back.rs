//! Notifications that go at once with what they are about, in the transaction that ends it.

use super::{
    Scene, cases,
    notices::{ask, list, notify},
};
use crate::{contacts::Lifetime, domain::contact::Match, ids::UserId, store::Write};

cases![
    what_is_over_is_taken_back_at_once,
    who_blocks_is_named_in_no_notification,
];

/// Matches two people, of whom the first is notified of it.
async fn matched(scene: &Scene, a: &UserId, b: &UserId) -> Match {
    for (by, user) in [(a, b), (b, a)] {
        let (user, on) = (user.clone(), true);
        scene
            .write(by, Write::Like { user, on })
            .await
            .expect("liked");
    }
    let tie = scene.store.tie(a, b, Lifetime::default()).await;
    tie.expect("reads").matched.expect("matched")
}

async fn what_is_over_is_taken_back_at_once(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&bob, &cid]).await;
    scene.send(&ann, group, "x").await;
    for user in [&bob, &cid] {
        assert!(notify(&scene, group, user).await);
    }
    for (by, user) in [(&bob, &bob), (&ann, &cid)] {
        let remove = Write::Remove {
            conversation: group,
            user: user.clone(),
        };
        scene.changes(by, remove).await;
        assert_eq!(list(&scene, user).await, []);
    }
    // Of the match itself, and of what was said since.
    let matched = matched(&scene, &ann, &bob).await;
    scene.send(&ann, matched.conversation, "x").await;
    assert!(notify(&scene, matched.conversation, &bob).await);
    let of_both = [
        list(&scene, &ann).await.len(),
        list(&scene, &bob).await.len(),
    ];
    assert_eq!(of_both, [1, 1], "one was matched by the other's like");
    let unmatch = Write::Unmatch {
        matched: matched.id,
    };
    scene.write(&bob, unmatch).await.expect("unmatched");
    for user in [&ann, &bob] {
        assert_eq!(list(&scene, user).await, []);
    }
}

async fn who_blocks_is_named_in_no_notification(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let block = |user: &UserId| Write::Block {
        user: user.clone(),
        reason: None,
    };
    matched(&scene, &ann, &bob).await;
    assert_eq!(list(&scene, &ann).await.len(), 1);
    scene.write(&bob, block(&ann)).await.expect("blocked");
    assert_eq!(list(&scene, &ann).await, []);
    // Whose request was accepted.
    let request = ask(&scene, &cid, &bob).await;
    let accept = true;
    let accept = Write::Answer { request, accept };
    scene.write(&bob, accept).await.expect("answered");
    assert_eq!(list(&scene, &cid).await.len(), 1);
    scene.write(&bob, block(&cid)).await.expect("blocked");
    assert_eq!(list(&scene, &cid).await, []);
    // Who was asked by them.
    ask(&scene, &ann, &dan).await;
    scene.write(&ann, block(&dan)).await.expect("blocked");
    assert_eq!(list(&scene, &dan).await, []);
}
