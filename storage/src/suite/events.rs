//! Events: in which order they are told, and what becomes of them when what they tell of changes.

use super::{Scene, cases, scene::send};
use crate::{
    domain::{
        event::{Event, EventId, Happening},
        safety::ReportDraft,
    },
    ids::IdempotencyKey,
    safety::Retention,
    store::{Outcome, Write},
};

cases![
    messages_and_all_else_are_in_one_order,
    pages_of_any_size_tell_the_same,
    what_is_told_is_as_it_stands_now,
    what_changes_nothing_is_not_told,
    what_retention_takes_is_told,
    one_event_is_found_by_its_place,
];

async fn messages_and_all_else_are_in_one_order(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let first = scene.send(&ann, id, "1").await;
    let text = "one".to_owned();
    let message = first.id;
    let edited = scene.change(&ann, Write::Edit { message, text }).await;
    let second = scene.send(&bob, id, "2").await;
    let message = second.id;
    let deleted = scene.change(&bob, Write::Delete { message }).await;
    let events = scene.events_since(start).await;
    let row = |position| EventId { position, n: 1 };
    let sent = |position| EventId { position, n: 0 };
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let expected = [
        sent(first.position()),
        row(edited.position),
        sent(second.position()),
        row(deleted.position),
    ];
    assert_eq!(ids, expected);
    let conversation = id;
    let message = first.id;
    assert_eq!(
        events[1].what,
        Happening::MessageEdited {
            conversation,
            message
        }
    );
    let message = second.id;
    assert_eq!(
        events[3].what,
        Happening::MessageDeleted {
            conversation,
            message
        }
    );
    assert_eq!(
        (&events[3].by, events[3].at),
        (&Some(bob.clone()), deleted.at)
    );
    assert_eq!((&events[2].by, events[2].at), (&Some(bob), second.sent_at));
}

async fn pages_of_any_size_tell_the_same(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    for n in 0..20 {
        let sent = scene.send(&ann, id, "x").await;
        let message = sent.id;
        if n % 3 == 0 {
            scene.change(&ann, Write::Delete { message }).await;
        }
        if n % 5 == 0 {
            let user = bob.clone();
            let reason = None;
            scene.done(&ann, Write::Block { user, reason }).await;
            scene.done(&ann, Write::Unblock { user: bob.clone() }).await;
        }
    }
    let all = scene.events_since(start).await;
    assert!(all.is_sorted_by(|a, b| a.id < b.id), "{all:?}");
    for limit in [1, 2, 7, all.len(), all.len() + 1] {
        let (mut at, mut read) = (start, Vec::new());
        loop {
            let page = scene.store.events_after(at, limit).await.expect("reads");
            assert!(page.events.len() <= limit && !page.missed);
            read.extend(page.events);
            at = page.through;
            if !page.more {
                break;
            }
        }
        assert_eq!(read, all, "{limit} at a time");
        assert_eq!(at, EventId::through(scene.store.head()));
    }
    let nothing = scene.store.events_after(start, 0).await.expect("reads");
    assert_eq!((nothing.through, nothing.more), (start, true));
}

async fn what_is_told_is_as_it_stands_now(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let sent = scene.send(&ann, id, "secret").await;
    let message = sent.id;
    scene.change(&ann, Write::Delete { message }).await;
    let report = ReportDraft {
        user: ann.clone(),
        category: "spam".to_owned(),
        reason: Some("because".to_owned()),
        conversation: Some(id),
        message: Some(message),
    };
    let Ok(Outcome::Filed(report)) = scene.write(&bob, Write::Report(report)).await else {
        panic!("not filed");
    };
    let events = scene.events_since(start).await;
    let Happening::MessageSent(told) = &events[0].what else {
        panic!("{events:?}");
    };
    assert_eq!(told.content.text, "", "it was deleted");
    assert!(told.deleted_at.is_some());
    let expected = Happening::UserReported {
        report,
        user: ann,
        conversation: Some(id),
        message: Some(message),
        category: "spam".to_owned(),
        reason: Some("because".to_owned()),
    };
    assert_eq!(events[2].what, expected);
}

async fn what_changes_nothing_is_not_told(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let write = Write::Send {
        conversation,
        content: super::scene::text("x"),
        attachments: Vec::new(),
        key: Some(IdempotencyKey::new("k").expect("short")),
    };
    scene.change(&ann, write.clone()).await;
    let start = scene.now_in_events();
    scene.repeated(&ann, write).await;
    scene
        .repeated(&ann, Write::OpenDirect { with: bob.clone() })
        .await;
    scene.unchanged(&ann, Write::Unblock { user: bob }).await;
    let refused = scene.write(&cid, send(conversation, "x")).await;
    assert!(refused.is_err());
    assert_eq!(scene.events_since(start).await, []);
}

async fn what_retention_takes_is_told(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let mut gone = Vec::new();
    for _ in 0..40 {
        gone.push(scene.send(&ann, id, "x").await.id);
    }
    let kept = gone.pop();
    let start = scene.now_in_events();
    let newest = Retention {
        age: None,
        messages_max: Some(1),
    };
    let now = scene.now();
    let mut after = None;
    loop {
        let purged = scene.store.purge(newest, now, after, 1000).await;
        after = purged.expect("purges").through;
        if after.is_none() {
            break;
        }
    }
    let events = scene.events_since(start).await;
    let mut told = Vec::new();
    for Event { by, at, what, .. } in events {
        let Happening::MessagesPurged {
            conversation,
            messages,
        } = what
        else {
            panic!("{what:?}");
        };
        assert_eq!((by, at), (None, now));
        if conversation == id {
            told.extend(messages);
        }
    }
    assert_eq!(told, gone);
    // What is gone is not told any more; what stayed is.
    let sent = EventId {
        position: gone[0].position(),
        n: 0,
    };
    assert_eq!(scene.store.event(sent).await.expect("reads"), None);
    let position = kept.expect("40 of them").position();
    let sent = EventId { position, n: 0 };
    assert!(scene.store.event(sent).await.expect("reads").is_some());
}

async fn one_event_is_found_by_its_place(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let sent = scene.send(&ann, id, "x").await;
    let message = sent.id;
    scene.change(&ann, Write::Delete { message }).await;
    for event in scene.events_since(start).await {
        let found = scene.store.event(event.id).await.expect("reads");
        assert_eq!(found, Some(event));
    }
    let nothing = EventId {
        position: sent.position(),
        n: 9,
    };
    assert_eq!(scene.store.event(nothing).await.expect("reads"), None);
}
