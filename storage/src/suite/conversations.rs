//! Opening, naming and finding conversations.

use super::{Scene, cases, scene::nowhere};
use crate::{
    domain::{
        change::ChangeBody,
        conversation::{Conversation, ConversationKind, MemberRole},
    },
    ids::{IdempotencyKey, UserId},
    store::{Rejection, Write},
};

cases![
    a_pair_has_one_direct_conversation,
    nobody_talks_with_themselves,
    a_group_begins_with_its_owner_and_each_member_once,
    a_group_has_a_bound,
    opening_a_group_again_finds_the_first,
    only_those_who_may_rename_a_group,
    what_does_not_exist_is_not_found,
];

fn open_group(name: &str, members: &[&UserId], key: Option<&str>) -> Write {
    Write::OpenGroup {
        name: Some(name.to_owned()),
        members: members.iter().copied().cloned().collect(),
        key: key.map(|key| IdempotencyKey::new(key).expect("a good key")),
    }
}

async fn a_pair_has_one_direct_conversation(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let created_at = scene.now();
    let opened = scene
        .change(&bob, Write::OpenDirect { with: ann.clone() })
        .await;
    let conversation = Conversation {
        id: opened.conversation,
        kind: ConversationKind::Direct {
            pair: [ann.clone(), bob.clone()],
        },
        created_by: bob.clone(),
        created_at,
        n_members: 2,
        archived: false,
    };
    assert_eq!(opened.position, conversation.id.position());
    assert_eq!((&opened.by, opened.at), (&bob, created_at));
    let body = ChangeBody::Created {
        conversation: conversation.clone(),
        members: vec![bob.clone(), ann.clone()],
    };
    assert_eq!(opened.body, body);
    for (by, with) in [(&ann, &bob), (&bob, &ann)] {
        let with = with.clone();
        let found = scene.store.direct_between(by, &with).await.expect("reads");
        assert_eq!(found, Some(conversation.id));
        assert_eq!(scene.repeated(by, Write::OpenDirect { with }).await, opened);
    }
    let found = scene
        .store
        .conversation(conversation.id)
        .await
        .expect("reads");
    assert_eq!(found, Some(conversation));
}

async fn nobody_talks_with_themselves(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    scene
        .invalid(&ann, Write::OpenDirect { with: ann.clone() })
        .await;
}

async fn a_group_begins_with_its_owner_and_each_member_once(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let opened = scene
        .change(&bob, open_group("trip", &[&cid, &bob, &ann, &cid], None))
        .await;
    let ChangeBody::Created {
        conversation,
        members,
    } = opened.body
    else {
        panic!("{opened:?}")
    };
    assert_eq!(members, [bob.clone(), cid.clone(), ann.clone()]);
    let kind = ConversationKind::Group {
        name: Some("trip".into()),
    };
    assert_eq!(
        (conversation.kind.clone(), conversation.n_members),
        (kind, 3)
    );

    let roster = scene.store.roster(conversation.id).await.expect("reads");
    let roster = roster.expect("there");
    assert_eq!(roster.conversation, conversation);
    assert!(roster.as_of >= opened.position);
    let members: Vec<_> = roster.members.iter().map(|m| (&m.user, m.role)).collect();
    let expected = [
        (&ann, MemberRole::Member),
        (&bob, MemberRole::Owner),
        (&cid, MemberRole::Member),
    ];
    assert_eq!(members, expected);
    assert!(roster.members.iter().all(|m| m.joined_at == opened.at));
}

async fn a_group_has_a_bound(scene: Scene) {
    let [ann, one_more] = scene.people(["ann", "more"]);
    let names: Vec<_> = (1..=10_000)
        .map(|n| scene.person(&format!("p{n:05}")))
        .collect();
    let all: Vec<_> = names.iter().collect();
    let too_many = open_group("full", &all, None);
    scene.refused(&ann, too_many, Rejection::GroupFull).await;
    let opened = scene
        .change(&ann, open_group("full", &all[1..], None))
        .await;
    let add = Write::Add {
        conversation: opened.conversation,
        users: vec![one_more],
    };
    scene.refused(&ann, add, Rejection::GroupFull).await;
    let roster = scene
        .store
        .roster(opened.conversation)
        .await
        .expect("reads");
    assert_eq!(roster.expect("there").members.len(), 10_000);
}

async fn opening_a_group_again_finds_the_first(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let opened = scene
        .change(&ann, open_group("a", &[&bob, &cid], Some("k")))
        .await;
    let again = scene
        .repeated(&ann, open_group("a", &[&cid, &bob], Some("k")))
        .await;
    assert_eq!(again, opened);
    for other in [
        open_group("b", &[&bob, &cid], Some("k")),
        open_group("a", &[&bob], Some("k")),
    ] {
        scene.refused(&ann, other, Rejection::KeyReused).await;
    }
    let theirs = scene
        .change(&bob, open_group("a", &[&ann, &cid], Some("k")))
        .await;
    assert_ne!(
        theirs.conversation, opened.conversation,
        "keys are each user's own"
    );
}

async fn only_those_who_may_rename_a_group(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.group(&ann, &[&bob]).await;
    let rename = |name: Option<&str>| Write::Rename {
        conversation,
        name: name.map(str::to_owned),
    };
    scene.unchanged(&ann, rename(None)).await;
    scene
        .refused(&bob, rename(Some("x")), Rejection::NotAllowed)
        .await;
    scene
        .refused(&cid, rename(Some("x")), Rejection::NotMember)
        .await;
    let name = Some("new".to_owned());
    let renamed = scene.change(&ann, rename(Some("new"))).await;
    assert_eq!(renamed.body, ChangeBody::Renamed { name: name.clone() });
    let found = scene.store.conversation(conversation).await.expect("reads");
    assert_eq!(found.expect("there").kind, ConversationKind::Group { name });

    let conversation = scene.direct(&ann, &bob).await;
    let rename = Write::Rename {
        conversation,
        name: None,
    };
    scene.refused(&ann, rename, Rejection::NotGroup).await;
}

async fn what_does_not_exist_is_not_found(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let store = &scene.store;
    assert_eq!(store.conversation(nowhere()).await.expect("reads"), None);
    assert_eq!(store.roster(nowhere()).await.expect("reads"), None);
    assert_eq!(store.member(nowhere(), &ann).await.expect("reads"), None);
    assert_eq!(store.summary(nowhere(), &ann).await.expect("reads"), None);
    assert_eq!(store.direct_between(&ann, &bob).await.expect("reads"), None);
    let rename = Write::Rename {
        conversation: nowhere(),
        name: None,
    };
    scene.refused(&ann, rename, Rejection::NoConversation).await;
}
