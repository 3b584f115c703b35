//! Which messages a read mark names, when it is made and when it is read back.

use super::{Scene, cases, scene::send};
use crate::{
    domain::{
        change::{Change, ChangeBody, READ_MESSAGES_MAX, READ_PLACES_MAX},
        message::Message,
    },
    ids::{ConversationId, MessageId, Position, Seq, UserId},
    store::{Outcome, Write},
};

cases![
    reading_names_what_it_newly_covers,
    in_groups_each_reads_for_themselves,
    what_was_deleted_since_is_named_no_more,
    much_is_named_by_its_newest_part,
    what_others_wrote_is_not_looked_for_without_end,
    a_mark_sees_what_was_committed_with_it,
];

fn read(conversation: ConversationId, seq: u64) -> Write {
    let seq = Seq(seq);
    Write::Read { conversation, seq }
}

/// What a mark names.
fn named(change: &Change) -> Vec<MessageId> {
    match &change.body {
        ChangeBody::Read { messages, .. } => messages.clone(),
        other => panic!("{other:?}"),
    }
}

fn ids<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<MessageId> {
    messages.into_iter().map(|message| message.id).collect()
}

/// The changes of those positions as `user` is told of them who was away.
async fn told(scene: &Scene, user: &UserId, live: &[Change]) -> Vec<Change> {
    let after = Position::new(live[0].position.get() - 1).expect("smaller");
    let told = scene.store.changes_since(user, after, 10_000).await;
    let mut told = told.expect("reads").changes;
    told.retain(|told| live.iter().any(|live| live.position == told.position));
    told
}

async fn delete(scene: &Scene, message: &Message) {
    let (by, message) = (&message.author, message.id);
    scene.change(by, Write::Delete { message }).await;
}

async fn reading_names_what_it_newly_covers(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let mut sent = Vec::new();
    for by in [&ann, &bob, &ann, &ann, &ann, &bob, &ann] {
        sent.push(scene.send(by, id, "x").await);
    }
    delete(&scene, &sent[2]).await;
    let mut live = Vec::new();
    for (seq, expected) in [
        (1, ids(&sent[..1])),
        (3, vec![]),
        (5, ids(&sent[3..5])),
        (6, vec![]),
        (7, ids(&sent[6..])),
    ] {
        live.push(scene.change(&bob, read(id, seq)).await);
        assert_eq!(named(&live[live.len() - 1]), expected, "up to {seq}");
    }
    live.push(scene.change(&ann, read(id, 7)).await);
    assert_eq!(named(&live[5]), ids([&sent[1], &sent[5]]));
    for user in [&ann, &bob] {
        assert_eq!(told(&scene, user, &live).await, live);
    }
}

async fn in_groups_each_reads_for_themselves(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.group(&ann, &[&bob]).await;
    let mut sent = Vec::new();
    for by in [&ann, &bob, &ann] {
        sent.push(scene.send(by, id, "x").await);
    }
    let conversation = id;
    let add = |user: &UserId| Write::Add {
        conversation,
        users: vec![user.clone()],
    };
    scene.change(&ann, add(&cid)).await;
    sent.push(scene.send(&bob, id, "x").await);
    let mut live = vec![
        scene.change(&cid, read(id, 4)).await,
        scene.change(&bob, read(id, 2)).await,
    ];
    assert_eq!(named(&live[0]), ids(&sent[3..]), "what was before was read");
    assert_eq!(named(&live[1]), ids(&sent[..1]));
    // Who comes back is who they were.
    let user = bob.clone();
    let leave = Write::Remove { conversation, user };
    scene.change(&bob, leave).await;
    scene.send(&ann, id, "missed").await;
    scene.change(&ann, add(&bob)).await;
    scene.send(&bob, id, "x").await;
    let news = scene.send(&ann, id, "x").await;
    live.push(scene.change(&bob, read(id, 9)).await);
    assert_eq!(named(&live[2]), [news.id]);
    assert_eq!(told(&scene, &ann, &live).await, live);
}

async fn what_was_deleted_since_is_named_no_more(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(scene.send(&ann, id, "x").await);
    }
    let live = [scene.change(&bob, read(id, 3)).await];
    assert_eq!(named(&live[0]), ids(&sent));
    delete(&scene, &sent[1]).await;
    let now = told(&scene, &ann, &live).await;
    assert_eq!(named(&now[0]), ids([&sent[0], &sent[2]]));
    delete(&scene, &sent[0]).await;
    delete(&scene, &sent[2]).await;
    let now = told(&scene, &ann, &live).await;
    assert_eq!(named(&now[0]), []);
}

/// Sends so many at once.
async fn send_many(scene: &Scene, by: &UserId, id: ConversationId, n: usize) -> Vec<MessageId> {
    let transactions = (0..n).map(|_| scene.transaction(by, send(id, "x")));
    let outcomes = scene.store.commit(transactions.collect()).await;
    let sent = outcomes.expect("commits").into_iter();
    sent.map(|outcome| match outcome {
        Ok(Outcome::Changed(changes)) => MessageId::created_at(changes[0].position),
        other => panic!("{other:?}"),
    })
    .collect()
}

async fn much_is_named_by_its_newest_part(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let sent = send_many(&scene, &ann, id, 2 * READ_MESSAGES_MAX).await;
    scene.change(&bob, read(id, 2)).await;
    let last = scene.message(sent[sent.len() - 1]).await;
    delete(&scene, &last).await;
    let end = sent.len() as u64;
    let live = [scene.change(&bob, read(id, end)).await];
    let newest = &sent[READ_MESSAGES_MAX - 1..sent.len() - 1];
    assert_eq!(newest.len(), READ_MESSAGES_MAX);
    assert_eq!(named(&live[0]), newest);
    assert_eq!(told(&scene, &bob, &live).await, live);
}

async fn what_others_wrote_is_not_looked_for_without_end(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let theirs = send_many(&scene, &ann, id, 3).await;
    let n_own = usize::try_from(READ_PLACES_MAX).expect("small") - 1;
    send_many(&scene, &bob, id, n_own).await;
    let live = [scene.change(&bob, read(id, u64::MAX)).await];
    assert_eq!(named(&live[0]), theirs[2..], "in the newest places");
    assert_eq!(told(&scene, &ann, &live).await, live);
}

async fn a_mark_sees_what_was_committed_with_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let first = scene.send(&ann, id, "x").await;
    let message = first.id;
    let group = [
        (&ann, send(id, "2")),
        (&ann, Write::Delete { message }),
        (&bob, read(id, 2)),
        (&ann, send(id, "3")),
        (&bob, send(id, "4")),
        (&bob, read(id, 4)),
    ];
    let transaction = |(by, write)| scene.transaction(by, write);
    let outcomes = scene.store.commit(group.map(transaction).to_vec()).await;
    let changes = outcomes.expect("commits").into_iter();
    let changes: Vec<_> = changes
        .map(|outcome| match outcome {
            Ok(Outcome::Changed(mut changes)) => changes.remove(0),
            other => panic!("{other:?}"),
        })
        .collect();
    let sent = |n: usize| MessageId::created_at(changes[n].position);
    assert_eq!(named(&changes[2]), [sent(0)]);
    assert_eq!(named(&changes[5]), [sent(3)]);
    let live = [changes[2].clone(), changes[5].clone()];
    assert_eq!(told(&scene, &ann, &live).await, live);
}
