//! What a client is told that was away.

use std::sync::Arc;

use super::{
    Scene, cases,
    scene::{send, text},
};
use crate::{
    domain::change::{Change, ChangeBody},
    ids::{ConversationId, Position, Seq, UserId},
    store::{Changes, Outcome, Transaction, Write},
};

cases![
    everything_comes_back_in_order,
    a_limit_cuts_and_the_rest_follows,
    newcomers_are_told_from_their_coming,
    leavers_are_told_up_to_their_leaving,
    what_happened_between_two_stays_is_not_told,
    a_message_comes_as_it_stands_now,
    a_busy_store_is_followed_without_gap_or_double,
];

async fn since(scene: &Scene, user: &UserId, after: Position, limit: usize) -> Changes {
    let changes = scene.store.changes_since(user, after, limit).await;
    changes.expect("reads")
}

async fn everything_comes_back_in_order(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let start = scene.store.head();
    let opened = scene
        .change(&ann, Write::OpenDirect { with: bob.clone() })
        .await;
    let direct = opened.conversation;
    let mut told = vec![opened];
    let name = Some("trip".to_owned());
    let members = vec![bob.clone(), cid.clone()];
    let key = None;
    let write = Write::OpenGroup {
        name: name.clone(),
        members,
        key,
    };
    let group = scene.change(&ann, write).await.conversation;
    let not_theirs = scene.direct(&ann, &cid).await;
    scene.send(&ann, not_theirs, "psst").await;
    told.extend(scene.changes(&ann, send(direct, "1")).await);
    told.extend(scene.changes(&bob, send(group, "2")).await);
    let ChangeBody::Sent(message) = &told[2].body else {
        panic!("{told:?}")
    };
    let message = message.id;
    let conversation = group;
    let (emoji, on) = ("+".to_owned(), true);
    let users = vec![dan.clone()];
    let user = dan.clone();
    let writes = [
        (
            &bob,
            Write::Read {
                conversation: direct,
                seq: Seq(1),
            },
        ),
        (
            &cid,
            Write::Deliver {
                conversation,
                seq: Seq(1),
            },
        ),
        (&cid, Write::React { message, emoji, on }),
        (
            &ann,
            Write::Add {
                conversation,
                users,
            },
        ),
        (
            &ann,
            Write::Rename {
                conversation,
                name: None,
            },
        ),
        (&dan, Write::Remove { conversation, user }),
        (
            &bob,
            Write::Edit {
                message,
                text: "2!".into(),
            },
        ),
        (&bob, Write::Delete { message }),
    ];
    for (by, write) in writes {
        told.extend(scene.changes(by, write).await);
    }
    let changes = since(&scene, &bob, start, 100).await;
    assert!(!changes.more);
    assert!(changes.through >= told[told.len() - 1].position);
    assert!(changes.changes.is_sorted_by(|a, b| a.position < b.position));
    let seen: Vec<_> = changes.changes.iter().map(kind).collect();
    let mut expected: Vec<_> = told.iter().map(kind).collect();
    // The group itself was left out above: it stands before the first message.
    expected.insert(
        1,
        (ConversationId::position(group), group, "Created".into()),
    );
    assert_eq!(seen, expected);
    let last = changes.changes.last().expect("told");
    assert_eq!(Some(last), told.last());

    let nothing = since(&scene, &bob, changes.through, 100).await;
    assert_eq!(
        nothing,
        Changes {
            changes: vec![],
            ..changes.clone()
        }
    );
    let after_all = since(&scene, &bob, Position::MAX, 100).await;
    assert!(after_all.changes.is_empty() && after_all.through <= scene.store.head());
}

/// Where, and what sort of change.
fn kind(change: &Change) -> (Position, ConversationId, String) {
    let body = format!("{:?}", change.body);
    let name = body.split(|c: char| !c.is_alphabetic()).next();
    let name = name.unwrap_or_default().to_owned();
    (change.position, change.conversation, name)
}

async fn a_limit_cuts_and_the_rest_follows(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let start = scene.store.head();
    let ids = [
        scene.direct(&ann, &bob).await,
        scene.group(&ann, &[&cid]).await,
    ];
    for n in 0..20 {
        scene.send(&ann, ids[n % 2], "x").await;
    }
    let all = since(&scene, &ann, start, 100).await;
    assert_eq!((all.changes.len(), all.more), (22, false));
    for limit in [1, 2, 7, 21, 22, 23] {
        let (mut after, mut got) = (start, Vec::new());
        loop {
            let page = since(&scene, &ann, after, limit).await;
            assert!(page.changes.len() <= limit);
            got.extend(page.changes);
            after = page.through;
            if !page.more {
                break;
            }
        }
        assert_eq!(got, all.changes, "limit {limit}");
    }
    let none = since(&scene, &ann, start, 0).await;
    assert_eq!((none.through, none.more), (start, true));
}

/// Bodies of all changes since.
async fn bodies(scene: &Scene, user: &UserId, after: Position) -> Vec<ChangeBody> {
    let changes = since(scene, user, after, 100).await.changes;
    changes.into_iter().map(|change| change.body).collect()
}

async fn newcomers_are_told_from_their_coming(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let start = scene.store.head();
    let conversation = scene.group(&ann, &[]).await;
    scene.send(&ann, conversation, "before").await;
    let users = vec![bob.clone()];
    let added = scene
        .change(
            &ann,
            Write::Add {
                conversation,
                users,
            },
        )
        .await;
    let after = scene.send(&ann, conversation, "after").await;
    let told = [added.body, ChangeBody::Sent(after)];
    assert_eq!(bodies(&scene, &bob, start).await, told);
    assert_eq!(bodies(&scene, &bob, added.position).await, told[1..]);
}

async fn leavers_are_told_up_to_their_leaving(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.group(&ann, &[&bob]).await;
    let start = scene.store.head();
    let before = scene.send(&ann, conversation, "before").await;
    let user = bob.clone();
    let removed = scene
        .change(&ann, Write::Remove { conversation, user })
        .await;
    scene.send(&ann, conversation, "after").await;
    let told = [ChangeBody::Sent(before), removed.body];
    assert_eq!(bodies(&scene, &bob, start).await, told);
    assert_eq!(bodies(&scene, &bob, removed.position).await, []);
}

async fn what_happened_between_two_stays_is_not_told(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.group(&ann, &[&bob]).await;
    let start = scene.store.head();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(ChangeBody::Sent(scene.send(&bob, conversation, "in").await));
        let user = bob.clone();
        told.push(
            scene
                .change(&bob, Write::Remove { conversation, user })
                .await
                .body,
        );
        scene.send(&ann, conversation, "out").await;
        let users = vec![bob.clone()];
        told.push(
            scene
                .change(
                    &ann,
                    Write::Add {
                        conversation,
                        users,
                    },
                )
                .await
                .body,
        );
    }
    assert_eq!(bodies(&scene, &bob, start).await, told);
}

async fn a_message_comes_as_it_stands_now(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let start = scene.store.head();
    let message = scene.send(&ann, conversation, "x").await.id;
    let text = "y".to_owned();
    scene.change(&ann, Write::Edit { message, text }).await;
    scene.change(&ann, Write::Delete { message }).await;
    let tombstone = scene.message(message).await;
    let told = [
        ChangeBody::Sent(tombstone.clone()),
        ChangeBody::Edited(tombstone.clone()),
        ChangeBody::Deleted(tombstone),
    ];
    assert_eq!(bodies(&scene, &bob, start).await, told);
}

/// Writers and a reader at the same time: what the reader pieces together is what was acknowledged.
async fn a_busy_store_is_followed_without_gap_or_double(scene: Scene) {
    const WRITERS: usize = 4;
    const MESSAGES: usize = 60;
    let [ann, bob] = scene.people(["ann", "bob"]);
    let direct = scene.direct(&ann, &bob).await;
    let group = scene.group(&ann, &[&bob]).await;
    let start = scene.store.head();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..WRITERS {
        let store = Arc::clone(&scene.store);
        let (by, at) = (ann.clone(), scene.now());
        writers.spawn(async move {
            let mut sent = Vec::new();
            for m in 0..MESSAGES {
                let conversation = if (n + m) % 3 == 0 { group } else { direct };
                let content = text(&format!("{n} {m}"));
                let key = None;
                let write = Write::Send {
                    conversation,
                    content,
                    attachments: Vec::new(),
                    key,
                };
                let transaction = Transaction::new(at, by.clone(), write);
                let outcome = store.commit(vec![transaction]).await.expect("commits");
                match outcome.into_iter().next() {
                    Some(Ok(Outcome::Changed(changes))) => sent.extend(changes),
                    other => panic!("{other:?}"),
                }
            }
            sent
        });
    }
    let (mut after, mut followed) = (start, Vec::new());
    while followed.len() < WRITERS * MESSAGES {
        let page = since(&scene, &bob, after, 7).await;
        assert!(
            scene.store.head() >= page.through,
            "nothing undurable is shown"
        );
        followed.extend(page.changes);
        after = page.through;
        tokio::task::yield_now().await;
    }
    let mut acknowledged = writers.join_all().await.concat();
    acknowledged.sort_by_key(|change| change.position);
    assert_eq!(followed, acknowledged);
}
