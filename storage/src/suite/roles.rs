//! Who may do what in a group, and who owns it.

use super::{Scene, cases};
use crate::{
    domain::{change::ChangeBody, conversation::MemberRole},
    ids::{ConversationId, UserId},
    store::{Rejection, Write},
};

cases![
    owners_give_and_take_roles,
    a_group_keeps_an_owner,
    admins_remove_only_those_below_them,
    the_longest_standing_admin_inherits,
    without_admins_the_longest_standing_member_inherits,
    nothing_is_inherited_while_an_owner_stays,
    the_last_one_turns_off_the_light,
];

fn set_role(conversation: ConversationId, user: &UserId, role: MemberRole) -> Write {
    Write::SetRole {
        conversation,
        user: user.clone(),
        role,
    }
}

fn remove(conversation: ConversationId, user: &UserId) -> Write {
    Write::Remove {
        conversation,
        user: user.clone(),
    }
}

async fn role(scene: &Scene, group: ConversationId, user: &UserId) -> MemberRole {
    let member = scene.store.member(group, user).await.expect("reads");
    member.expect("in it").role
}

async fn owners_give_and_take_roles(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let group = scene.group(&ann, &[&bob, &cid]).await;
    let admin = set_role(group, &bob, MemberRole::Admin);
    let set = scene.change(&ann, admin.clone()).await;
    let body = ChangeBody::RoleSet {
        user: bob.clone(),
        role: MemberRole::Admin,
    };
    assert_eq!(set.body, body);
    scene.unchanged(&ann, admin).await;
    assert_eq!(role(&scene, group, &bob).await, MemberRole::Admin);
    let up = set_role(group, &cid, MemberRole::Admin);
    scene.refused(&bob, up.clone(), Rejection::NotAllowed).await;
    scene.refused(&dan, up, Rejection::NotMember).await;
    let stranger = set_role(group, &dan, MemberRole::Admin);
    scene.refused(&ann, stranger, Rejection::NoSuchMember).await;
    let direct = scene.direct(&ann, &bob).await;
    let in_direct = set_role(direct, &bob, MemberRole::Admin);
    scene.refused(&ann, in_direct, Rejection::NotGroup).await;
}

async fn a_group_keeps_an_owner(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let group = scene.group(&ann, &[&bob]).await;
    let step_down = set_role(group, &ann, MemberRole::Member);
    scene.invalid(&ann, step_down.clone()).await;
    scene
        .change(&ann, set_role(group, &bob, MemberRole::Owner))
        .await;
    scene.change(&ann, step_down).await;
    assert_eq!(role(&scene, group, &ann).await, MemberRole::Member);
}

async fn admins_remove_only_those_below_them(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let group = scene.group(&ann, &[&bob, &cid, &dan]).await;
    for admin in [&bob, &cid] {
        scene
            .change(&ann, set_role(group, admin, MemberRole::Admin))
            .await;
    }
    for other in [&ann, &cid] {
        scene
            .refused(&bob, remove(group, other), Rejection::NotAllowed)
            .await;
    }
    scene.change(&bob, remove(group, &dan)).await;
    scene.change(&ann, remove(group, &cid)).await;
}

/// The owner leaves; the successor's change follows.
async fn leave(scene: &Scene, group: ConversationId, owner: &UserId, heir: &UserId) {
    let changes = scene.changes(owner, remove(group, owner)).await;
    let bodies: Vec<_> = changes.iter().map(|change| &change.body).collect();
    let removed = ChangeBody::Removed {
        user: owner.clone(),
    };
    let inherited = ChangeBody::RoleSet {
        user: heir.clone(),
        role: MemberRole::Owner,
    };
    assert_eq!(bodies, [&removed, &inherited]);
    assert!(changes[0].position < changes[1].position);
    assert_eq!(role(scene, group, heir).await, MemberRole::Owner);
}

async fn the_longest_standing_admin_inherits(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let group = scene.group(&ann, &[&bob, &dan]).await;
    let users = vec![cid.clone()];
    let conversation = group;
    scene
        .change(
            &ann,
            Write::Add {
                conversation,
                users,
            },
        )
        .await;
    for admin in [&cid, &dan] {
        scene
            .change(&ann, set_role(group, admin, MemberRole::Admin))
            .await;
    }
    leave(&scene, group, &ann, &dan).await;
}

async fn without_admins_the_longest_standing_member_inherits(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&cid, &bob]).await;
    leave(&scene, group, &ann, &cid).await;
}

async fn nothing_is_inherited_while_an_owner_stays(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&bob, &cid]).await;
    scene
        .change(&ann, set_role(group, &cid, MemberRole::Owner))
        .await;
    let changes = scene.changes(&ann, remove(group, &ann)).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(role(&scene, group, &bob).await, MemberRole::Member);
}

async fn the_last_one_turns_off_the_light(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    let group = scene.group(&ann, &[]).await;
    assert_eq!(scene.changes(&ann, remove(group, &ann)).await.len(), 1);
    let found = scene
        .store
        .conversation(group)
        .await
        .expect("reads")
        .expect("there");
    assert_eq!(found.n_members, 0);
}
