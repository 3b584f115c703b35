//! Lists of conversations, and what is unread in them.

use super::{Scene, cases, scene::nowhere};
use crate::{
    domain::conversation::Summary,
    ids::{ConversationId, Position, Seq, UserId},
    store::Write,
};

cases![
    only_what_others_said_above_the_cursor_is_unread,
    the_last_message_is_one_that_shows,
    hidden_people_do_not_count,
    hidden_people_stay_hidden_when_they_come_back,
    the_list_begins_with_what_moved_last,
    unread_lists_only_conversations_with_news,
];

async fn summary(scene: &Scene, id: ConversationId, user: &UserId) -> Summary {
    let summary = scene.store.summary(id, user).await.expect("reads");
    summary.expect("in it")
}

async fn only_what_others_said_above_the_cursor_is_unread(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let empty = summary(&scene, id, &ann).await;
    assert_eq!(
        (empty.unread, empty.head, empty.last_message),
        (0, Seq::ZERO, None)
    );
    assert_eq!(empty.active, id.position());
    let first = scene.send(&ann, id, "1").await;
    scene.send(&bob, id, "2").await;
    let last = scene.send(&ann, id, "3").await;
    let of_bob = summary(&scene, id, &bob).await;
    assert_eq!((of_bob.unread, of_bob.head), (2, Seq(3)));
    assert_eq!(of_bob.active, last.position());
    assert_eq!(of_bob.member.user, bob);
    assert_eq!(of_bob.last_message, Some(last));
    assert_eq!(summary(&scene, id, &ann).await.unread, 1);
    let seq = Seq(1);
    let conversation = id;
    scene.change(&bob, Write::Read { conversation, seq }).await;
    assert_eq!(summary(&scene, id, &bob).await.unread, 1);
    let message = first.id;
    scene.change(&ann, Write::Delete { message }).await;
    assert_eq!(
        summary(&scene, id, &bob).await.unread,
        1,
        "was read already"
    );
}

async fn the_last_message_is_one_that_shows(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let shown = scene.send(&ann, id, "1").await;
    let gone = scene.send(&ann, id, "2").await;
    let message = gone.id;
    scene.change(&ann, Write::Delete { message }).await;
    let of_bob = summary(&scene, id, &bob).await;
    assert_eq!(of_bob.last_message, Some(shown));
    assert_eq!((of_bob.unread, of_bob.head), (1, Seq(2)));
    assert_eq!(of_bob.active, gone.position());
}

async fn hidden_people_do_not_count(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.group(&ann, &[&bob, &cid]).await;
    let of_ann = scene.send(&ann, id, "1").await;
    let of_cid = scene.send(&cid, id, "2").await;
    let user = cid.clone();
    let reason = None;
    scene.done(&bob, Write::Block { user, reason }).await;
    let of_bob = summary(&scene, id, &bob).await;
    assert_eq!((of_bob.unread, of_bob.head), (1, Seq(2)));
    assert_eq!(of_bob.last_message, Some(of_ann));
    assert_eq!(scene.store.unread(&bob).await.expect("reads"), [(id, 1)]);
    let user = cid.clone();
    scene.done(&bob, Write::Unblock { user }).await;
    let of_bob = summary(&scene, id, &bob).await;
    assert_eq!((of_bob.unread, of_bob.last_message), (2, Some(of_cid)));
    assert_eq!(
        summary(&scene, id, &cid).await.unread,
        1,
        "a block hides one way"
    );
}

async fn hidden_people_stay_hidden_when_they_come_back(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.group(&ann, &[&bob, &cid]).await;
    let shown = scene.send(&ann, conversation, "1").await;
    scene.send(&cid, conversation, "2").await;
    let user = cid.clone();
    let reason = None;
    scene.done(&bob, Write::Block { user, reason }).await;
    let user = cid.clone();
    scene
        .change(&ann, Write::Remove { conversation, user })
        .await;
    let users = vec![cid.clone()];
    scene
        .change(
            &ann,
            Write::Add {
                conversation,
                users,
            },
        )
        .await;
    scene.send(&cid, conversation, "3").await;
    let of_bob = summary(&scene, conversation, &bob).await;
    assert_eq!((of_bob.unread, of_bob.last_message), (1, Some(shown)));
}

async fn the_list_begins_with_what_moved_last(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let list = async |before: Option<Position>, limit| {
        let page = scene.store.conversations_of(&ann, before, limit).await;
        let page = page.expect("reads");
        page.iter()
            .map(|s| (s.conversation.id, s.active))
            .collect::<Vec<_>>()
    };
    assert!(list(None, 9).await.is_empty());
    let old = scene.direct(&ann, &bob).await;
    let empty = scene.group(&ann, &[&cid]).await;
    let new = scene.direct(&ann, &dan).await;
    scene.group(&bob, &[&cid]).await;
    scene.send(&dan, new, "x").await;
    let last = scene.send(&ann, old, "x").await;
    let all = list(None, 9).await;
    let ids: Vec<_> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [old, new, empty]);
    assert_eq!(all[0].1, last.position());
    assert_eq!(list(None, 2).await, all[..2]);
    assert_eq!(list(Some(all[0].1), 9).await, all[1..]);
    assert_eq!(list(Some(all[1].1), 1).await, all[2..]);
    assert!(list(Some(all[2].1), 9).await.is_empty());
    assert!(list(None, 0).await.is_empty());
}

async fn unread_lists_only_conversations_with_news(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let read = scene.direct(&ann, &bob).await;
    let unread = scene.direct(&ann, &cid).await;
    let group = scene.group(&cid, &[&ann]).await;
    for id in [read, group, unread, group] {
        let by = if id == read { &bob } else { &cid };
        scene.send(by, id, "x").await;
    }
    let conversation = read;
    let seq = Seq(1);
    scene.change(&ann, Write::Read { conversation, seq }).await;
    let counts = scene.store.unread(&ann).await.expect("reads");
    assert_eq!(counts, [(unread, 1), (group, 2)]);
    assert_eq!(
        scene.store.summary(nowhere(), &ann).await.expect("reads"),
        None
    );
    assert!(scene.store.unread(&cid).await.expect("reads").is_empty());
}
