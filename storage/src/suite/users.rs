//! People and what is kept of them.

use super::{Scene, cases};
use crate::{
    domain::user::{NodeRole, Plan, User},
    store::{Profile, Write},
};

cases![
    a_profile_is_kept_until_a_token_says_otherwise,
    being_seen_moves_forward_only,
    unknown_people_are_left_out,
    names_have_a_bound,
];

fn profile(name: &str) -> Profile {
    Profile {
        name: Some(name.to_owned()),
        picture: None,
        role: NodeRole::Moderator,
        plan: Plan::Premium,
    }
}

async fn a_profile_is_kept_until_a_token_says_otherwise(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    assert_eq!(scene.store.user(&ann).await.expect("reads"), None);
    let created_at = scene.now();
    scene.done(&ann, Write::SaveUser(profile("Ann"))).await;
    scene.unchanged(&ann, Write::SaveUser(profile("Ann"))).await;
    let seen = scene.now();
    scene.done(&ann, Write::SeeUser).await;
    scene.done(&ann, Write::SaveUser(profile("Annie"))).await;
    let expected = User {
        id: ann.clone(),
        name: Some("Annie".into()),
        picture: None,
        role: NodeRole::Moderator,
        plan: Plan::Premium,
        created_at,
        last_seen: Some(seen),
    };
    assert_eq!(scene.store.user(&ann).await.expect("reads"), Some(expected));
}

async fn being_seen_moves_forward_only(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.unchanged(&bob, Write::SeeUser).await;
    scene.done(&ann, Write::SaveUser(profile("Ann"))).await;
    let seen = scene.now();
    scene.done(&ann, Write::SeeUser).await;
    scene.turn_clock(-10_000);
    scene.unchanged(&ann, Write::SeeUser).await;
    let user = scene.store.user(&ann).await.expect("reads").expect("known");
    assert_eq!(user.last_seen, Some(seen));
}

async fn unknown_people_are_left_out(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    for person in [&ann, &cid] {
        scene.done(person, Write::SaveUser(profile("x"))).await;
    }
    let asked = [cid.clone(), bob, ann.clone(), cid.clone()];
    let found = scene.store.users(&asked).await.expect("reads");
    let found: Vec<_> = found.into_iter().map(|user| user.id).collect();
    assert_eq!(found, [cid.clone(), ann, cid]);
}

async fn names_have_a_bound(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    let long = "x".repeat(1025);
    scene.invalid(&ann, Write::SaveUser(profile(&long))).await;
    assert_eq!(scene.store.user(&ann).await.expect("reads"), None);
}
