//! Coming and going.

use super::{Scene, cases, scene::nowhere};
use crate::{
    domain::{change::ChangeBody, conversation::Cursor},
    ids::{ConversationId, Seq, UserId},
    store::{Rejection, Write},
};

cases![
    newcomers_come_once_and_start_at_the_newest_message,
    only_those_who_may_add_people,
    members_leave_and_are_removed,
    who_left_is_out_until_added_again,
    contacts_are_those_of_small_conversations,
    acquainted_are_those_who_share_a_conversation_now,
];

fn add(conversation: ConversationId, users: &[&UserId]) -> Write {
    Write::Add {
        conversation,
        users: users.iter().copied().cloned().collect(),
    }
}

fn remove(conversation: ConversationId, user: &UserId) -> Write {
    Write::Remove {
        conversation,
        user: user.clone(),
    }
}

async fn newcomers_come_once_and_start_at_the_newest_message(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let group = scene.group(&ann, &[&bob]).await;
    scene.send(&ann, group, "before").await;
    let added = scene
        .change(&ann, add(group, &[&dan, &bob, &cid, &dan]))
        .await;
    let users = vec![dan.clone(), cid.clone()];
    assert_eq!(added.body, ChangeBody::Added { users });
    scene.unchanged(&ann, add(group, &[&dan, &bob])).await;
    let member = scene
        .store
        .member(group, &dan)
        .await
        .expect("reads")
        .expect("in it");
    let cursor = Cursor {
        read: Seq(1),
        delivered: Seq(1),
        ..Cursor::default()
    };
    assert_eq!((member.joined_at, member.cursor), (added.at, cursor));
    let found = scene
        .store
        .conversation(group)
        .await
        .expect("reads")
        .expect("there");
    assert_eq!(found.n_members, 4);
    let ids = scene.store.conversation_ids_of(&dan).await.expect("reads");
    assert_eq!(ids, [group]);
}

async fn only_those_who_may_add_people(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&bob]).await;
    scene
        .refused(&bob, add(group, &[&cid]), Rejection::NotAllowed)
        .await;
    scene
        .refused(&cid, add(group, &[&cid]), Rejection::NotMember)
        .await;
    scene
        .refused(&ann, add(nowhere(), &[&cid]), Rejection::NoConversation)
        .await;
    let direct = scene.direct(&ann, &bob).await;
    scene
        .refused(&ann, add(direct, &[&cid]), Rejection::NotGroup)
        .await;
}

async fn members_leave_and_are_removed(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&bob, &cid]).await;
    scene
        .refused(&bob, remove(group, &cid), Rejection::NotAllowed)
        .await;
    scene
        .refused(&bob, remove(group, &ann), Rejection::NotAllowed)
        .await;
    let left = scene.change(&bob, remove(group, &bob)).await;
    assert_eq!(left.body, ChangeBody::Removed { user: bob.clone() });
    let removed = scene.change(&ann, remove(group, &cid)).await;
    assert_eq!(
        (&removed.by, &removed.body),
        (&ann, &ChangeBody::Removed { user: cid.clone() })
    );
    scene
        .refused(&ann, remove(group, &cid), Rejection::NoSuchMember)
        .await;
    scene
        .refused(&cid, remove(group, &cid), Rejection::NotMember)
        .await;
    let found = scene
        .store
        .conversation(group)
        .await
        .expect("reads")
        .expect("there");
    assert_eq!(found.n_members, 1);
    let direct = scene.direct(&ann, &bob).await;
    scene
        .refused(&ann, remove(direct, &ann), Rejection::NotGroup)
        .await;
}

async fn who_left_is_out_until_added_again(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let group = scene.group(&ann, &[&bob]).await;
    let message = scene.send(&bob, group, "hi").await;
    scene.change(&bob, remove(group, &bob)).await;
    assert_eq!(scene.store.member(group, &bob).await.expect("reads"), None);
    assert_eq!(scene.store.summary(group, &bob).await.expect("reads"), None);
    assert!(
        scene
            .store
            .conversation_ids_of(&bob)
            .await
            .expect("reads")
            .is_empty()
    );
    let roster = scene
        .store
        .roster(group)
        .await
        .expect("reads")
        .expect("there");
    assert!(roster.members.iter().all(|member| member.user != bob));
    let id = message.id;
    for write in [
        super::scene::send(group, "still here"),
        Write::Edit {
            message: id,
            text: "x".into(),
        },
        Write::Delete { message: id },
        Write::React {
            message: id,
            emoji: "+".into(),
            on: true,
        },
        Write::Read {
            conversation: group,
            seq: Seq(1),
        },
        Write::Deliver {
            conversation: group,
            seq: Seq(1),
        },
    ] {
        scene.refused(&bob, write, Rejection::NotMember).await;
    }
    scene.send(&ann, group, "gone?").await;
    scene.change(&ann, add(group, &[&bob])).await;
    let member = scene
        .store
        .member(group, &bob)
        .await
        .expect("reads")
        .expect("in it");
    assert_eq!(member.cursor.read, Seq(2));
    scene.send(&bob, group, "back").await;
    assert!(
        scene.store.unread(&bob).await.expect("reads").is_empty(),
        "their own"
    );
}

async fn contacts_are_those_of_small_conversations(scene: Scene) {
    let [ann, bob, cid, dan, eve] = scene.people(["ann", "bob", "cid", "dan", "eve"]);
    scene.direct(&ann, &bob).await;
    scene.group(&cid, &[&ann, &bob]).await;
    let large = scene.group(&dan, &[&ann, &bob, &cid, &eve]).await;
    let contacts = async |max| scene.store.contacts(&ann, max).await.expect("reads");
    assert_eq!(contacts(0).await, vec![bob.clone()]);
    assert_eq!(contacts(3).await, [bob.clone(), cid.clone()]);
    assert_eq!(
        contacts(5).await,
        [bob.clone(), cid.clone(), dan.clone(), eve.clone()]
    );
    scene.change(&eve, remove(large, &eve)).await;
    assert_eq!(contacts(4).await, [bob, cid, dan], "four are left");
}

async fn acquainted_are_those_who_share_a_conversation_now(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let group = scene.group(&ann, &[&bob]).await;
    scene.direct(&ann, &cid).await;
    let acquainted = async |a, b| scene.store.acquainted(a, b).await.expect("reads");
    assert!(acquainted(&ann, &bob).await && acquainted(&bob, &ann).await);
    assert!(acquainted(&cid, &ann).await);
    assert!(!acquainted(&bob, &cid).await);
    scene.change(&bob, remove(group, &bob)).await;
    assert!(!acquainted(&ann, &bob).await);
}
