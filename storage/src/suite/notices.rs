//! What people are notified with.

use super::{Scene, cases};
use crate::{
    domain::push::{PUSH_ADDRESS_BYTES_MAX, PUSH_TARGETS_MAX, PushSubscription, PushTarget},
    ids::UserId,
    store::{Outcome, Rejection, Write},
};

cases![
    devices_are_added_and_given_up,
    a_device_is_whose_address_was_given_last,
    devices_have_bounds,
];

/// A token that nobody else has.
fn app(user: &UserId, n: usize) -> PushTarget {
    PushTarget::Fcm {
        token: format!("{user}-{n}"),
    }
}

async fn add(scene: &Scene, by: &UserId, target: PushTarget) -> PushSubscription {
    match scene.write(by, Write::AddPushTarget(target)).await {
        Ok(Outcome::PushTarget(added)) => *added,
        other => panic!("{other:?}"),
    }
}

async fn devices(scene: &Scene, of: &UserId) -> Vec<PushSubscription> {
    scene.store.push_targets(of).await.expect("reads")
}

async fn devices_are_added_and_given_up(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let web = PushTarget::WebPush {
        endpoint: format!("https://push.example/{ann}"),
        p256dh: "BP".to_owned(),
        auth: "a".to_owned(),
    };
    let unified = PushTarget::UnifiedPush {
        endpoint: format!("https://ntfy.example/{ann}"),
    };
    let mut added = Vec::new();
    for target in [web, app(&ann, 1), unified] {
        added.push(add(&scene, &ann, target).await);
    }
    assert_eq!(devices(&scene, &ann).await, added, "oldest first");
    assert_eq!(devices(&scene, &bob).await, []);
    let drop = |n: usize| Write::DropPushTarget {
        target: added[n].id,
    };
    scene.refused(&bob, drop(1), Rejection::NoPushTarget).await;
    scene.done(&ann, drop(1)).await;
    scene.refused(&ann, drop(1), Rejection::NoPushTarget).await;
    added.remove(1);
    assert_eq!(devices(&scene, &ann).await, added);
}

async fn a_device_is_whose_address_was_given_last(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let endpoint = format!("https://push.example/{ann}");
    let web = |key: &str| PushTarget::WebPush {
        endpoint: endpoint.clone(),
        p256dh: key.to_owned(),
        auth: "a".to_owned(),
    };
    let first = add(&scene, &ann, web("old")).await;
    let second = add(&scene, &ann, web("new")).await;
    assert_eq!((second.id, second.target.clone()), (first.id, web("new")));
    assert_eq!(devices(&scene, &ann).await, [second]);
    let theirs = add(&scene, &bob, web("bob")).await;
    assert_eq!(devices(&scene, &ann).await, [], "she is there no more");
    assert_eq!(devices(&scene, &bob).await, [theirs]);
}

async fn devices_have_bounds(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    for n in 0..PUSH_TARGETS_MAX {
        add(&scene, &ann, app(&ann, n)).await;
    }
    let more = Write::AddPushTarget(app(&ann, PUSH_TARGETS_MAX));
    scene
        .refused(&ann, more.clone(), Rejection::PushTargetsFull)
        .await;
    // One that is known is no further one.
    let again = add(&scene, &ann, app(&ann, 3)).await;
    let target = again.id;
    scene.done(&ann, Write::DropPushTarget { target }).await;
    assert!(scene.write(&ann, more).await.is_ok());
    let long = |bytes| PushTarget::Fcm {
        token: "x".repeat(bytes),
    };
    for target in [
        long(PUSH_ADDRESS_BYTES_MAX + 1),
        long(0),
        PushTarget::Webhook,
    ] {
        let outcome = scene.write(&ann, Write::AddPushTarget(target)).await;
        assert!(matches!(outcome, Err(Rejection::Invalid(_))), "{outcome:?}");
    }
}
