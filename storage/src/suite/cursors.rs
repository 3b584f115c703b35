//! How far people have read and received.

use super::{Scene, cases, scene::nowhere};
use crate::{
    domain::{change::ChangeBody, conversation::Cursor, message::ReadMark},
    ids::{ConversationId, Seq, UserId},
    store::{Rejection, Write},
};

cases![
    cursors_move_forward_to_the_newest_message_at_most,
    reading_is_receiving,
    only_members_have_cursors,
    marks_tell_when_each_message_was_read,
    groups_have_no_marks,
];

fn read(conversation: ConversationId, seq: u64) -> Write {
    let seq = Seq(seq);
    Write::Read { conversation, seq }
}

fn deliver(conversation: ConversationId, seq: u64) -> Write {
    let seq = Seq(seq);
    Write::Deliver { conversation, seq }
}

async fn cursor(scene: &Scene, id: ConversationId, user: &UserId) -> Cursor {
    let member = scene.store.member(id, user).await.expect("reads");
    member.expect("in it").cursor
}

async fn cursors_move_forward_to_the_newest_message_at_most(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    scene.unchanged(&bob, read(id, 1)).await;
    for _ in 0..3 {
        scene.send(&ann, id, "x").await;
    }
    let second = scene.change(&bob, read(id, 2)).await;
    assert!(matches!(second.body, ChangeBody::Read { seq: Seq(2), .. }));
    for seq in [0, 1, 2] {
        scene.unchanged(&bob, read(id, seq)).await;
        scene.unchanged(&bob, deliver(id, seq)).await;
    }
    let beyond = scene.change(&bob, read(id, u64::MAX)).await;
    assert!(matches!(beyond.body, ChangeBody::Read { seq: Seq(3), .. }));
    scene.unchanged(&bob, read(id, u64::MAX)).await;
    let now = cursor(&scene, id, &bob).await;
    assert_eq!((now.read, now.read_at), (Seq(3), Some(beyond.at)));
    assert_eq!(
        cursor(&scene, id, &ann).await,
        Cursor::default(),
        "each their own"
    );
}

async fn reading_is_receiving(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    for _ in 0..3 {
        scene.send(&ann, id, "x").await;
    }
    let arrived = scene.change(&bob, deliver(id, 2)).await;
    assert_eq!(arrived.body, ChangeBody::Delivered { seq: Seq(2) });
    let one = scene.change(&bob, read(id, 1)).await;
    let expected = Cursor {
        read: Seq(1),
        read_at: Some(one.at),
        delivered: Seq(2),
        delivered_at: Some(arrived.at),
    };
    assert_eq!(cursor(&scene, id, &bob).await, expected);
    let three = scene.change(&bob, read(id, 3)).await;
    let now = cursor(&scene, id, &bob).await;
    assert_eq!((now.delivered, now.delivered_at), (Seq(3), Some(three.at)));
}

async fn only_members_have_cursors(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.direct(&ann, &bob).await;
    for write in [read(id, 1), deliver(id, 1)] {
        scene.refused(&cid, write, Rejection::NotMember).await;
    }
    for write in [read(nowhere(), 1), deliver(nowhere(), 1)] {
        scene.refused(&cid, write, Rejection::NoConversation).await;
    }
}

async fn marks(
    scene: &Scene,
    id: ConversationId,
    user: &UserId,
    from: u64,
    to: u64,
) -> Vec<ReadMark> {
    let marks = scene.store.read_marks(id, user, Seq(from), Seq(to)).await;
    marks.expect("reads")
}

async fn marks_tell_when_each_message_was_read(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    for _ in 0..9 {
        scene.send(&ann, id, "x").await;
    }
    let mut all = Vec::new();
    for seq in [2, 3, 7] {
        let at = scene.change(&bob, read(id, seq)).await.at;
        let up_to = Seq(seq);
        all.push(ReadMark { up_to, at });
    }
    assert_eq!(marks(&scene, id, &bob, 1, 9).await, all);
    assert_eq!(marks(&scene, id, &bob, 1, 2).await, all[..1]);
    assert_eq!(marks(&scene, id, &bob, 2, 3).await, all[..2]);
    assert_eq!(marks(&scene, id, &bob, 4, 5).await, all[2..]);
    assert_eq!(marks(&scene, id, &bob, 8, 9).await, []);
    assert_eq!(marks(&scene, id, &bob, 3, 2).await, []);
    assert_eq!(marks(&scene, id, &ann, 1, 9).await, []);
}

async fn groups_have_no_marks(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.group(&ann, &[&bob]).await;
    scene.send(&ann, id, "x").await;
    scene.change(&bob, read(id, 1)).await;
    assert_eq!(marks(&scene, id, &bob, 1, 9).await, []);
}
