//! Finding a page by its number or by time, and listing conversations.

use super::{Scene, cases, scene::nowhere};
use crate::{
    domain::message::Message,
    ids::{ConversationId, Position, Timestamp, UserId},
    store::{Listed, MessagePage, PageFrom, Write},
};

cases![
    what_is_deleted_does_not_count,
    what_is_deleted_is_not_skipped,
    pages_by_number_show_each_message_once,
    a_time_leads_to_the_first_message_since,
    a_clock_that_went_back_hides_nothing,
    the_listing_is_sorted_as_the_pages_are,
    the_listing_has_those_that_one_is_in,
];

async fn count(scene: &Scene, id: ConversationId) -> u64 {
    scene.store.n_messages(id).await.expect("reads")
}

/// The place from which on the newest `n` stand.
async fn skip(scene: &Scene, id: ConversationId, n: u64) -> Option<u64> {
    let found = scene.store.skip_newest(id, n).await.expect("reads");
    found.map(|seq| seq.0)
}

async fn since(scene: &Scene, id: ConversationId, at: Timestamp) -> Option<u64> {
    let found = scene.store.first_since(id, at).await.expect("reads");
    found.map(|seq| seq.0)
}

async fn send(scene: &Scene, by: &UserId, id: ConversationId, n: usize) -> Vec<Message> {
    let mut sent = Vec::new();
    for _ in 0..n {
        sent.push(scene.send(by, id, "x").await);
    }
    sent
}

async fn delete(scene: &Scene, message: &Message) {
    let (by, message) = (&message.author, message.id);
    scene.change(by, Write::Delete { message }).await;
}

async fn what_is_deleted_does_not_count(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    assert_eq!(count(&scene, nowhere()).await, 0);
    let id = scene.direct(&ann, &bob).await;
    let elsewhere = scene.direct(&ann, &cid).await;
    assert_eq!(count(&scene, id).await, 0);
    let sent = send(&scene, &ann, id, 4).await;
    send(&scene, &ann, elsewhere, 2).await;
    assert_eq!(count(&scene, id).await, 4);
    for (n, message) in sent.iter().enumerate() {
        delete(&scene, message).await;
        // Again changes nothing.
        let message = message.id;
        scene.unchanged(&ann, Write::Delete { message }).await;
        assert_eq!(count(&scene, id).await, 3 - n as u64);
    }
    send(&scene, &bob, id, 1).await;
    assert_eq!(count(&scene, id).await, 1);
    assert_eq!(count(&scene, elsewhere).await, 2);
}

async fn what_is_deleted_is_not_skipped(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    assert_eq!(skip(&scene, nowhere(), 1).await, None);
    let id = scene.direct(&ann, &bob).await;
    assert_eq!(skip(&scene, id, 0).await, Some(1), "after the newest");
    assert_eq!(skip(&scene, id, 1).await, None);
    let sent = send(&scene, &ann, id, 6).await;
    assert_eq!(skip(&scene, id, 0).await, Some(7));
    assert_eq!(skip(&scene, id, 1).await, Some(6));
    assert_eq!(skip(&scene, id, 6).await, Some(1));
    assert_eq!(skip(&scene, id, 7).await, None);
    assert_eq!(skip(&scene, id, u64::MAX).await, None);
    for place in [2, 5, 6] {
        delete(&scene, &sent[place - 1]).await;
    }
    assert_eq!(skip(&scene, id, 0).await, Some(7));
    assert_eq!(skip(&scene, id, 1).await, Some(4));
    assert_eq!(skip(&scene, id, 2).await, Some(3));
    assert_eq!(skip(&scene, id, 3).await, Some(1));
    assert_eq!(skip(&scene, id, 4).await, None);
    for place in [1, 3, 4] {
        delete(&scene, &sent[place - 1]).await;
    }
    assert_eq!(skip(&scene, id, 1).await, None, "all are deleted");
}

async fn pages_by_number_show_each_message_once(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.group(&ann, &[&bob]).await;
    let sent = send(&scene, &bob, id, 9).await;
    for place in [1, 4, 5, 9] {
        delete(&scene, &sent[place - 1]).await;
    }
    let mut seen = Vec::new();
    for number in 0.. {
        let Some(end) = scene
            .store
            .skip_newest(id, 2 * number)
            .await
            .expect("reads")
        else {
            break;
        };
        let (from, limit) = (PageFrom::Before(end), 9);
        let page = scene.store.messages(id, MessagePage { from, limit }).await;
        let shown = page.expect("reads").into_iter().rev();
        let shown = shown.filter(|message| message.deleted_at.is_none());
        seen.push(shown.take(2).map(|m| m.seq.0).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![8, 7], vec![6, 3], vec![2]]);
}

/// Moves the clock ahead of everything there is, so that what follows is sent when it says.
fn catch_up(scene: &Scene) {
    while Position::at(scene.now()) <= scene.store.head() {
        scene.turn_clock(60_000);
    }
}

async fn a_time_leads_to_the_first_message_since(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    catch_up(&scene);
    let start = scene.now();
    assert_eq!(since(&scene, nowhere(), start).await, None);
    assert_eq!(since(&scene, id, start).await, None);
    let sent = send(&scene, &ann, id, 9).await;
    delete(&scene, &sent[4]).await;
    for message in &sent {
        let (seq, at) = (message.seq.0, message.sent_at);
        assert_eq!(since(&scene, id, at).await, Some(seq), "deleted or not");
        assert_eq!(since(&scene, id, at.plus_ms(-999)).await, Some(seq));
        let next = (seq < 9).then_some(seq + 1);
        assert_eq!(since(&scene, id, at.plus_ms(1)).await, next);
    }
    for long_ago in [i64::MIN, 0, start.0] {
        assert_eq!(since(&scene, id, Timestamp(long_ago)).await, Some(1));
    }
    assert_eq!(since(&scene, id, Timestamp(i64::MAX)).await, None);
}

async fn a_clock_that_went_back_hides_nothing(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    catch_up(&scene);
    let newest = send(&scene, &ann, id, 2).await.remove(1);
    scene.turn_clock(-60_000);
    let after = send(&scene, &ann, id, 2).await;
    assert!(after[1].sent_at < newest.sent_at);
    let at = newest.sent_at;
    assert_eq!(since(&scene, id, at).await, Some(newest.seq.0));
    assert_eq!(since(&scene, id, after[0].sent_at).await, Some(1));
    assert_eq!(since(&scene, id, at.plus_ms(1)).await, None);
}

async fn listing(scene: &Scene, user: &UserId) -> Vec<Listed> {
    scene.store.listing(user).await.expect("reads")
}

async fn the_listing_is_sorted_as_the_pages_are(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    assert_eq!(listing(&scene, &ann).await, []);
    let old = scene.direct(&ann, &bob).await;
    let group = scene.group(&cid, &[&ann]).await;
    let new = scene.direct(&dan, &ann).await;
    scene.send(&ann, group, "x").await;
    let last = scene.send(&bob, old, "x").await;
    let gone = scene.send(&cid, group, "x").await;
    delete(&scene, &gone).await;
    let listed = |conversation, peer: Option<&UserId>, active| Listed {
        conversation,
        peer: peer.cloned(),
        active,
    };
    let all = listing(&scene, &ann).await;
    let expected = [
        listed(group, None, gone.position()),
        listed(old, Some(&bob), last.position()),
        listed(new, Some(&dan), new.position()),
    ];
    assert_eq!(all, expected);
    let summaries = scene.store.conversations_of(&ann, None, 9).await;
    let summaries = summaries.expect("reads");
    let as_pages: Vec<_> = summaries
        .iter()
        .map(|s| (s.conversation.id, s.active))
        .collect();
    let as_listed: Vec<_> = all.iter().map(|l| (l.conversation, l.active)).collect();
    assert_eq!(as_listed, as_pages);
    let of_bob = [listed(old, Some(&ann), last.position())];
    assert_eq!(listing(&scene, &bob).await, of_bob);
}

async fn the_listing_has_those_that_one_is_in(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.group(&ann, &[&bob]).await;
    let user = bob.clone();
    let leave = Write::Remove { conversation, user };
    scene.change(&bob, leave).await;
    assert_eq!(listing(&scene, &bob).await, []);
    let users = vec![bob.clone()];
    let write = Write::Add {
        conversation,
        users,
    };
    scene.change(&ann, write).await;
    let ids = |all: Vec<Listed>| all.iter().map(|l| l.conversation).collect::<Vec<_>>();
    assert_eq!(ids(listing(&scene, &bob).await), [conversation]);
}
