//! Messages without their conversations: by their ids, and all of them in one order.

use super::{Scene, cases};
use crate::{
    ids::{MessageId, Position},
    store::Write,
};

cases![
    messages_are_found_by_their_ids_in_the_order_asked,
    all_messages_come_in_the_order_they_were_sent,
];

async fn messages_are_found_by_their_ids_in_the_order_asked(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let (one, other) = (
        scene.direct(&ann, &bob).await,
        scene.direct(&ann, &cid).await,
    );
    let first = scene.send(&ann, one, "1").await;
    let second = scene.send(&cid, other, "2").await;
    let third = scene.send(&bob, one, "3").await;
    let message = third.id;
    scene.change(&bob, Write::Delete { message }).await;
    let unknown = MessageId::created_at(Position::new(1).expect("a position"));
    let found = async |ids: &[MessageId]| {
        let found = scene.store.messages_of_ids(ids).await;
        found.expect("reads")
    };
    let all = found(&[third.id, unknown, first.id, second.id]).await;
    let ids: Vec<_> = all.iter().map(|message| message.id).collect();
    assert_eq!(ids, [third.id, first.id, second.id]);
    assert_eq!(all[1..], [first, second], "as they were sent");
    assert!(all[0].deleted_at.is_some() && all[0].content.text.is_empty());
    assert_eq!(found(&[unknown]).await, []);
    assert_eq!(found(&[]).await, []);
}

async fn all_messages_come_in_the_order_they_were_sent(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let (one, other) = (
        scene.direct(&ann, &bob).await,
        scene.direct(&ann, &cid).await,
    );
    let begin = scene.send(&ann, one, "begin").await;
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(scene.send(&bob, one, &n.to_string()).await);
        sent.push(scene.send(&cid, other, &n.to_string()).await);
    }
    let message = sent[2].id;
    scene.change(&bob, Write::Delete { message }).await;
    let text = "edited".to_owned();
    let message = sent[3].id;
    scene.change(&cid, Write::Edit { message, text }).await;
    for limit in [1, 2, 5, 100] {
        let (mut all, mut after) = (Vec::new(), Some(begin.id));
        loop {
            let page = scene.store.all_messages(after, limit).await.expect("reads");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.id);
            all.extend(page);
        }
        let ids: Vec<_> = all.iter().map(|message| message.id).collect();
        let expected: Vec<_> = sent.iter().map(|message| message.id).collect();
        assert_eq!(ids, expected, "by {limit}");
        assert!(all[2].deleted_at.is_some(), "tombstones too");
        assert_eq!(all[3].content.text, "edited", "as they stand now");
    }
    let from_the_oldest = scene.store.all_messages(None, 1).await.expect("reads");
    assert!(from_the_oldest[0].id <= begin.id);
}
