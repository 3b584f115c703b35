//! What retention takes away, and that nothing newer looks different for it.

use std::time::Duration;

use super::{
    Scene, cases,
    scene::{send, text},
};
use crate::{
    domain::{
        change::ChangeBody,
        conversation::Summary,
        message::{Content, Message},
    },
    ids::{ConversationId, IdempotencyKey, Position, Seq, Timestamp, UserId},
    safety::Retention,
    store::{MessagePage, PageFrom, Rejection, Write},
};

cases![
    by_default_everything_is_kept,
    of_each_conversation_the_newest_stay,
    what_is_too_old_goes,
    a_step_is_small_and_the_next_goes_on,
    what_hangs_on_a_message_goes_with_it,
    places_are_never_given_out_twice,
    what_is_newer_looks_as_before,
    the_key_of_what_is_gone_is_free,
    nobody_is_told_of_what_is_gone,
    what_one_step_leaves_the_next_takes,
    reading_goes_on_above_what_is_gone,
    a_message_with_much_on_it_goes_whole,
];

fn newest(messages_max: u64) -> Retention {
    Retention {
        messages_max: Some(messages_max),
        ..Retention::default()
    }
}

/// Purges this conversation and those opened later, to the end.
async fn purge(scene: &Scene, id: ConversationId, retention: Retention) -> u64 {
    let before = Position::new(id.get() - 1).expect("smaller");
    let (mut after, mut n) = (Some(ConversationId::created_at(before)), 0);
    while let Some(id) = after {
        let step = scene
            .store
            .purge(retention, scene.now(), Some(id), 3)
            .await
            .expect("purges");
        n += step.n_messages;
        after = step.through;
    }
    n
}

async fn page(scene: &Scene, id: ConversationId) -> Vec<Message> {
    let page = MessagePage {
        from: PageFrom::End,
        limit: 1000,
    };
    scene.store.messages(id, page).await.expect("reads")
}

async fn seqs(scene: &Scene, id: ConversationId) -> Vec<u64> {
    page(scene, id).await.iter().map(|m| m.seq.0).collect()
}

async fn send_many(scene: &Scene, by: &UserId, id: ConversationId, n: usize) -> Vec<Message> {
    let mut sent = Vec::new();
    for _ in 0..n {
        sent.push(scene.send(by, id, "x").await);
    }
    sent
}

async fn summary(scene: &Scene, id: ConversationId, user: &UserId) -> Summary {
    let summary = scene.store.summary(id, user).await.expect("reads");
    summary.expect("is in it")
}

async fn by_default_everything_is_kept(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    send_many(&scene, &ann, id, 3).await;
    let step = scene
        .store
        .purge(Retention::default(), Timestamp::MAX, None, 100)
        .await
        .expect("purges");
    assert_eq!((step.n_messages, step.through), (0, None));
    assert_eq!(seqs(&scene, id).await, [1, 2, 3]);
}

async fn of_each_conversation_the_newest_stay(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let many = scene.direct(&ann, &bob).await;
    let few = scene.direct(&ann, &cid).await;
    let none = scene.direct(&bob, &cid).await;
    let sent = send_many(&scene, &ann, many, 6).await;
    send_many(&scene, &ann, few, 2).await;
    // A deleted one takes up its place.
    let message = sent[5].id;
    scene.change(&ann, Write::Delete { message }).await;
    assert_eq!(purge(&scene, many, newest(2)).await, 4);
    assert_eq!(seqs(&scene, many).await, [5, 6]);
    assert_eq!(scene.store.n_messages(many).await.expect("reads"), 1);
    assert_eq!(seqs(&scene, few).await, [1, 2]);
    assert_eq!(seqs(&scene, none).await, [0; 0]);
    assert_eq!(purge(&scene, many, newest(2)).await, 0, "once is enough");
}

async fn what_is_too_old_goes(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    send_many(&scene, &ann, id, 2).await;
    scene.turn_clock(60_000);
    send_many(&scene, &ann, id, 2).await;
    let age = |seconds| Retention {
        age: Some(Duration::from_secs(seconds)),
        ..Retention::default()
    };
    assert_eq!(purge(&scene, id, age(3_600)).await, 0);
    assert_eq!(purge(&scene, id, age(30)).await, 2);
    assert_eq!(seqs(&scene, id).await, [3, 4]);
    let both = Retention {
        messages_max: Some(1),
        ..age(30)
    };
    assert_eq!(purge(&scene, id, both).await, 1, "what either doesn't keep");
    scene.turn_clock(60_000);
    assert_eq!(purge(&scene, id, age(30)).await, 1);
    assert_eq!(seqs(&scene, id).await, [0; 0]);
}

async fn a_step_is_small_and_the_next_goes_on(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let first = scene.direct(&ann, &bob).await;
    let second = scene.direct(&ann, &cid).await;
    send_many(&scene, &ann, first, 7).await;
    send_many(&scene, &ann, second, 2).await;
    let before = Position::new(first.get() - 1).expect("smaller");
    let mut after = Some(ConversationId::created_at(before));
    let mut left = Vec::new();
    while let Some(id) = after {
        let step = scene.store.purge(newest(0), scene.now(), Some(id), 3);
        let step = step.await.expect("purges");
        assert!(step.n_messages <= 3);
        after = step.through;
        left.push((
            seqs(&scene, first).await.len(),
            seqs(&scene, second).await.len(),
        ));
    }
    left.dedup();
    assert_eq!(left, [(4, 2), (1, 2), (0, 0)]);
}

async fn what_hangs_on_a_message_goes_with_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, &"long ".repeat(3_000)).await.id;
    let edit = Write::Edit {
        message,
        text: "short".to_owned(),
    };
    scene.change(&ann, edit).await;
    let react = Write::React {
        message,
        emoji: "+".to_owned(),
        on: true,
    };
    scene.change(&bob, react.clone()).await;
    let (conversation, seq) = (id, Seq(1));
    scene.change(&bob, Write::Read { conversation, seq }).await;
    assert_eq!(purge(&scene, id, newest(0)).await, 1);
    assert_eq!(scene.store.message(message).await.expect("reads"), None);
    let revisions = scene.store.revisions(message).await.expect("reads");
    assert_eq!(revisions, []);
    let marks = scene.store.read_marks(id, &bob, Seq(1), Seq(1)).await;
    assert_eq!(marks.expect("reads"), []);
    scene.refused(&bob, react, Rejection::NoMessage).await;
    scene
        .refused(&ann, Write::Delete { message }, Rejection::NoMessage)
        .await;
}

async fn places_are_never_given_out_twice(mut scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let last = send_many(&scene, &ann, id, 3).await.remove(2);
    assert_eq!(purge(&scene, id, newest(0)).await, 3);
    let all_gone = summary(&scene, id, &bob).await;
    assert_eq!(all_gone.head, Seq(3));
    assert_eq!(all_gone.active, last.position(), "lists stay in order");
    assert_eq!((all_gone.unread, all_gone.last_message), (0, None));
    assert_eq!(scene.store.n_messages(id).await.expect("reads"), 0);
    let skip = |n| scene.store.skip_newest(id, n);
    assert_eq!(skip(0).await.expect("reads"), Some(Seq(4)));
    assert_eq!(skip(1).await.expect("reads"), None);
    if scene.bed.remembers() {
        scene.reopen().await;
    }
    assert_eq!(scene.send(&ann, id, "x").await.seq, Seq(4));
    assert_eq!(purge(&scene, id, newest(0)).await, 1);
    assert_eq!(scene.send(&ann, id, "x").await.seq, Seq(5));
    assert_eq!(summary(&scene, id, &bob).await.unread, 1);
}

async fn what_is_newer_looks_as_before(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let sent = send_many(&scene, &ann, id, 4).await;
    let content = Content {
        reply_to: Some(sent[1].id),
        ..text("an answer")
    };
    let answer = Write::Send {
        conversation: id,
        content,
        attachments: Vec::new(),
        key: None,
    };
    scene.change(&bob, answer).await;
    let message = sent[2].id;
    let emoji = "+".to_owned();
    let on = true;
    let react = Write::React { message, emoji, on };
    scene.change(&bob, react).await;
    let (conversation, seq) = (id, Seq(4));
    scene.change(&bob, Write::Read { conversation, seq }).await;
    let before = page(&scene, id).await.split_off(2);
    let reader = summary(&scene, id, &ann).await;
    let marks = scene.store.read_marks(id, &bob, Seq(3), Seq(4)).await;
    assert_eq!(purge(&scene, id, newest(3)).await, 2);
    assert_eq!(
        page(&scene, id).await,
        before,
        "also what answers one that is gone"
    );
    assert_eq!(summary(&scene, id, &ann).await, reader);
    let now = scene.store.read_marks(id, &bob, Seq(3), Seq(4)).await;
    assert_eq!(now.expect("reads"), marks.expect("reads"));
    let since = scene.store.first_since(id, Timestamp(0)).await;
    assert_eq!(since.expect("reads"), Some(Seq(3)));
    let content = Content {
        reply_to: Some(sent[1].id),
        ..text("too late")
    };
    let write = Write::Send {
        conversation: id,
        content,
        attachments: Vec::new(),
        key: None,
    };
    scene.refused(&bob, write, Rejection::NoMessage).await;
}

async fn the_key_of_what_is_gone_is_free(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let keyed = |text: &str| match send(id, text) {
        Write::Send {
            conversation,
            content,
            ..
        } => Write::Send {
            conversation,
            content,
            attachments: Vec::new(),
            key: Some(IdempotencyKey::new("key").expect("a key")),
        },
        other => other,
    };
    scene.change(&ann, keyed("one")).await;
    scene.repeated(&ann, keyed("one")).await;
    assert_eq!(purge(&scene, id, newest(0)).await, 1);
    let second = scene.change(&ann, keyed("two")).await;
    assert_eq!(scene.repeated(&ann, keyed("two")).await, second);
    // The key is the second one's now: it doesn't go with what is older.
    scene.send(&ann, id, "three").await;
    assert_eq!(purge(&scene, id, newest(2)).await, 0);
    scene.repeated(&ann, keyed("two")).await;
}

async fn nobody_is_told_of_what_is_gone(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let sent = send_many(&scene, &ann, id, 3).await;
    let react = |message, emoji: &str| Write::React {
        message,
        emoji: emoji.to_owned(),
        on: true,
    };
    let message = sent[0].id;
    let text = "y".to_owned();
    scene.change(&ann, Write::Edit { message, text }).await;
    scene.change(&bob, react(message, "late")).await;
    scene.change(&ann, Write::Delete { message }).await;
    let kept = scene.change(&bob, react(sent[2].id, "kept")).await;
    let all = |changes: crate::store::Changes| changes.changes;
    assert_eq!(purge(&scene, id, newest(2)).await, 1);
    let told = scene.store.changes_since(&bob, Position::ZERO, 100).await;
    let told = all(told.expect("reads"));
    let [created, one, two, reacted] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(matches!(created.body, ChangeBody::Created { .. }));
    assert_eq!(
        [one.position, two.position],
        [sent[1].id, sent[2].id].map(|id| id.position())
    );
    assert_eq!(*reacted, kept);
    // Opening it again still finds it.
    let with = bob.clone();
    let again = scene.repeated(&ann, Write::OpenDirect { with }).await;
    assert_eq!(again.conversation, id);
}

/// What was said of a message goes with it also when an earlier step, which took older ones, met it first.
async fn what_one_step_leaves_the_next_takes(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    // One more than a step takes.
    send_many(&scene, &ann, id, 4).await;
    let (conversation, seq) = (id, Seq(4));
    scene.change(&bob, Write::Read { conversation, seq }).await;
    scene.turn_clock(60_000);
    let old = Retention {
        age: Some(Duration::from_secs(30)),
        ..Retention::default()
    };
    assert_eq!(purge(&scene, id, old).await, 4);
    let told = scene.store.changes_since(&bob, Position::ZERO, 100).await;
    let told = told.expect("reads").changes;
    let [created] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(matches!(created.body, ChangeBody::Created { .. }));
}

async fn reading_goes_on_above_what_is_gone(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let sent = send_many(&scene, &ann, id, 4).await;
    let unread = || async { scene.store.unread(&bob).await.expect("reads") };
    assert_eq!(unread().await, [(id, 4)]);
    assert_eq!(purge(&scene, id, newest(2)).await, 2);
    assert_eq!(unread().await, [(id, 2)]);
    let read = |seq| Write::Read {
        conversation: id,
        seq: Seq(seq),
    };
    // A client that doesn't know yet marks what is gone.
    scene.change(&bob, read(1)).await;
    assert_eq!(unread().await, [(id, 2)]);
    let marked = scene.change(&bob, read(3)).await;
    let ChangeBody::Read { messages, .. } = marked.body else {
        panic!("{marked:?}")
    };
    assert_eq!(messages, [sent[2].id]);
    let marks = scene.store.read_marks(id, &bob, Seq(1), Seq(4)).await;
    let marks: Vec<_> = marks.expect("reads").iter().map(|m| m.up_to.0).collect();
    assert_eq!(marks, [3]);
}

async fn a_message_with_much_on_it_goes_whole(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, "much").await.id;
    for n in 0..70 {
        let text = n.to_string();
        scene.change(&ann, Write::Edit { message, text }).await;
        let (emoji, on) = (n.to_string(), true);
        let react = Write::React { message, emoji, on };
        scene.change(&bob, react).await;
    }
    scene.send(&ann, id, "kept").await;
    assert_eq!(purge(&scene, id, newest(1)).await, 1);
    let told = scene.store.changes_since(&bob, Position::ZERO, 1000).await;
    assert_eq!(
        told.expect("reads").changes.len(),
        2,
        "opened, and the kept one"
    );
    assert_eq!(seqs(&scene, id).await, [2]);
}
