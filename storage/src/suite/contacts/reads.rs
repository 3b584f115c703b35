//! Pages of requests, matches and likes.

use super::words::*;
use crate::{
    contacts::{Direction, RequestPage},
    ids::{MatchId, MessageRequestId, UserId},
    suite::{Scene, cases},
};

cases![
    requests_come_by_direction_newest_first,
    matches_come_newest_first,
    likes_come_in_the_order_of_names,
    what_was_said_is_there_after_a_restart,
];

async fn ids(scene: &Scene, user: &UserId, page: RequestPage) -> Vec<MessageRequestId> {
    let requests = scene
        .store
        .message_requests(user, page, scene.forever())
        .await;
    let requests = requests.expect("reads").into_iter();
    requests.map(|request| request.id).collect()
}

async fn requests_come_by_direction_newest_first(scene: Scene) {
    let [ann, bob, cid, dan, eve] = scene.people(["ann", "bob", "cid", "dan", "eve"]);
    let to_bob = scene.asked(&ann, ask(&bob, "1")).await.id;
    let of_cid = scene.asked(&cid, ask(&ann, "2")).await.id;
    let to_dan = scene.asked(&ann, ask(&dan, "3")).await.id;
    let of_eve = scene.asked(&eve, ask(&ann, "4")).await.id;
    scene.met(&dan, decline(to_dan)).await;
    scene.met(&ann, decline(of_eve)).await;
    let page = |direction, pending, before, limit| RequestPage {
        direction,
        pending,
        before,
        limit,
    };
    use Direction::{Both, Received, Sent};
    for (direction, pending, expected) in [
        (Both, false, vec![of_eve, to_dan, of_cid, to_bob]),
        (Received, false, vec![of_eve, of_cid]),
        (Sent, false, vec![to_dan, to_bob]),
        (Both, true, vec![to_dan, of_cid, to_bob]),
        (Received, true, vec![of_cid]),
        (Sent, true, vec![to_dan, to_bob]),
    ] {
        let found = ids(&scene, &ann, page(direction, pending, None, 10)).await;
        assert_eq!(found, expected, "{direction:?}, {pending}");
        let mut paged = Vec::new();
        for before in [None].into_iter().chain(expected.iter().map(Some)) {
            let page = page(direction, pending, before.copied(), 1);
            paged.extend(ids(&scene, &ann, page).await);
        }
        assert_eq!(paged, expected, "{direction:?}, {pending}");
    }
    assert_eq!(ids(&scene, &bob, page(Both, false, None, 0)).await, []);
    assert_eq!(ids(&scene, &bob, page(Sent, false, None, 10)).await, []);
}

async fn matches_come_newest_first(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let mut expected = Vec::new();
    for other in [&dan, &bob, &cid] {
        expected.insert(0, scene.match_of(&ann, other).await);
    }
    let matches = async |before: Option<MatchId>, limit| {
        let matches = scene.store.matches(&ann, before, limit).await;
        matches.expect("reads")
    };
    assert_eq!(matches(None, 10).await, expected);
    assert_eq!(matches(None, 2).await, expected[..2]);
    assert_eq!(matches(Some(expected[0].id), 10).await, expected[1..]);
    assert_eq!(matches(Some(expected[2].id), 10).await, []);
    let found = scene.store.matched(expected[1].id).await.expect("reads");
    assert_eq!(found.as_ref(), Some(&expected[1]));
    assert_eq!(expected[1].other(&ann), Some(&bob));
}

async fn likes_come_in_the_order_of_names(scene: Scene) {
    let [ann, bo, bob, cid] = scene.people(["ann", "bo", "bob", "cid"]);
    for other in [&cid, &bob, &bo] {
        scene.done(&ann, like(other)).await;
    }
    let mut expected = vec![bo, bob.clone(), cid];
    expected.sort();
    let likes = async |after: Option<&UserId>, limit| {
        let likes = scene.store.likes(&ann, after, limit).await;
        likes.expect("reads")
    };
    assert_eq!(likes(None, 10).await, expected);
    assert_eq!(likes(None, 2).await, expected[..2]);
    assert_eq!(likes(Some(&expected[0]), 2).await, expected[1..]);
    assert_eq!(likes(Some(&expected[2]), 2).await, []);
    let of_bob = scene.store.likes(&bob, None, 10).await.expect("reads");
    assert_eq!(of_bob, [], "liking is not being liked");
}

async fn what_was_said_is_there_after_a_restart(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let matched = scene.match_of(&ann, &bob).await;
    let request = scene.asked(&ann, ask(&cid, &"long ".repeat(9_000))).await;
    scene.done(&ann, like(&dan)).await;
    scene.met(&bob, block(&dan)).await;
    scene.reopen().await;
    assert_eq!(scene.tie(&bob, &ann).await.matched, Some(matched));
    assert_eq!(scene.tie(&cid, &ann).await.request, Some(request));
    assert!(scene.tie(&ann, &dan).await.liked);
    assert_eq!(scene.hidden_from(&dan).await.len(), 1);
}
