//! Messages marked for review, and what their authors wrote.

use super::{Scene, cases, scene::send};
use crate::{
    domain::{
        change::ChangeBody,
        message::Message,
        safety::{Flag, FlagDraft, ReportStatus},
    },
    ids::{MessageId, UserId},
    safety::Retention,
    store::{Outcome, Rejection, Transaction, Write},
};

cases![
    a_flag_keeps_what_was_written,
    a_flag_that_is_set_again_replaces_the_old_one,
    flags_are_found_by_state,
    a_refused_message_is_not_flagged,
    a_flag_goes_with_its_message,
    flags_have_bounds,
];

fn draft(found: &[&str], original: Option<&str>) -> FlagDraft {
    FlagDraft {
        found: found.iter().map(|word| (*word).to_owned()).collect(),
        original: original.map(str::to_owned),
    }
}

async fn flagged(
    scene: &Scene,
    by: &UserId,
    write: Write,
    flag: FlagDraft,
) -> Result<Message, Rejection> {
    let transaction = Transaction {
        flag: Some(flag),
        ..scene.transaction(by, write)
    };
    match scene.commit(transaction).await? {
        Outcome::Changed(mut changes) => match changes.remove(0).body {
            ChangeBody::Sent(message) | ChangeBody::Edited(message) => Ok(message),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn flag(scene: &Scene, message: MessageId) -> Option<Flag> {
    scene.store.flag(message).await.expect("reads")
}

async fn a_flag_keeps_what_was_written(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let conversation = scene.direct(&ann, &bob).await;
    let original = "call 555 0100 ".repeat(1_000);
    let what = draft(&["contact_details", "profanity"], Some(&original));
    let at = scene.now();
    let message = flagged(&scene, &ann, send(conversation, "call [...]"), what.clone())
        .await
        .expect("taken");
    let mut expected = Flag {
        message: message.id,
        conversation,
        author: ann.clone(),
        what,
        status: ReportStatus::Pending,
        at,
        reviewed: None,
    };
    assert_eq!(flag(&scene, message.id).await, Some(expected.clone()));
    let shown = scene.message(message.id).await;
    assert_eq!(shown.content.text, "call [...]");

    let review = |status| Write::ReviewFlag {
        message: message.id,
        status,
    };
    scene
        .unchanged(&moderator, review(ReportStatus::Pending))
        .await;
    let at = scene.now();
    scene
        .done(&moderator, review(ReportStatus::Dismissed))
        .await;
    expected.status = ReportStatus::Dismissed;
    expected.reviewed = Some((at, moderator.clone()));
    assert_eq!(flag(&scene, message.id).await, Some(expected));
    let plain = scene.send(&ann, conversation, "hello").await.id;
    assert_eq!(flag(&scene, plain).await, None);
    let unknown = Write::ReviewFlag {
        message: plain,
        status: ReportStatus::Dismissed,
    };
    scene
        .refused(&moderator, unknown, Rejection::NoReport)
        .await;
}

async fn a_flag_that_is_set_again_replaces_the_old_one(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let conversation = scene.direct(&ann, &bob).await;
    let first = draft(&["profanity"], Some(&"x".repeat(9_000)));
    let message = flagged(&scene, &ann, send(conversation, "1"), first)
        .await
        .expect("taken")
        .id;
    let status = ReportStatus::Actioned;
    scene
        .done(&moderator, Write::ReviewFlag { message, status })
        .await;
    let edit = |text: &str| Write::Edit {
        message,
        text: text.to_owned(),
    };
    scene.change(&ann, edit("2")).await;
    let kept = flag(&scene, message).await.expect("stays");
    assert_eq!(kept.status, status, "an edit that is clean says nothing");
    let second = draft(&["contact_details"], None);
    let at = scene.now();
    flagged(&scene, &ann, edit("3"), second.clone())
        .await
        .expect("taken");
    let now = flag(&scene, message).await.expect("stays");
    assert_eq!((now.what, now.status), (second, ReportStatus::Pending));
    assert_eq!((now.at, now.reviewed), (at, None));
    let pending = scene.store.flags(Some(status), None, 99).await;
    let pending = pending.expect("reads");
    assert!(pending.iter().all(|flag| flag.message != message));
}

async fn flags_are_found_by_state(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let conversation = scene.direct(&ann, &bob).await;
    let mut ids = Vec::new();
    for text in ["1", "2", "3"] {
        let write = send(conversation, text);
        let message = flagged(&scene, &ann, write, draft(&["word"], None)).await;
        ids.push(message.expect("taken").id);
    }
    let [a, b, c] = ids[..] else {
        panic!("{ids:?}")
    };
    let (message, status) = (b, ReportStatus::Reviewing);
    scene
        .done(&moderator, Write::ReviewFlag { message, status })
        .await;
    let found = async |status, before, limit| {
        let flags = scene.store.flags(status, before, limit).await;
        let ids = flags.expect("reads").into_iter().map(|flag| flag.message);
        ids.filter(|id| *id >= a).collect::<Vec<_>>()
    };
    assert_eq!(found(None, None, 99).await, [c, b, a]);
    assert_eq!(found(None, Some(c), 1).await, [b]);
    let pending = Some(ReportStatus::Pending);
    assert_eq!(found(pending, None, 99).await, [c, a]);
    assert_eq!(found(pending, Some(c), 1).await, [a]);
    assert_eq!(found(Some(status), None, 1).await, [b]);
    assert!(found(None, None, 0).await.is_empty());
}

async fn a_refused_message_is_not_flagged(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, conversation, "same").await.id;
    let word = || draft(&["word"], None);
    let refused = flagged(&scene, &cid, send(conversation, "x"), word()).await;
    assert_eq!(refused, Err(Rejection::NotMember));
    let text = "same".to_owned();
    let transaction = Transaction {
        flag: Some(word()),
        ..scene.transaction(&ann, Write::Edit { message, text })
    };
    assert_eq!(scene.commit(transaction).await, Ok(Outcome::Unchanged));
    assert_eq!(flag(&scene, message).await, None);
}

async fn a_flag_goes_with_its_message(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let word = || draft(&["word"], Some("before"));
    let gone = flagged(&scene, &ann, send(conversation, "1"), word()).await;
    let kept = flagged(&scene, &ann, send(conversation, "2"), word()).await;
    let (gone, kept) = (gone.expect("taken").id, kept.expect("taken").id);
    let retention = Retention {
        age: None,
        messages_max: Some(1),
    };
    let mut after = None;
    loop {
        let step = scene.store.purge(retention, scene.now(), after, 99).await;
        after = step.expect("works").through;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(flag(&scene, gone).await, None);
    assert!(flag(&scene, kept).await.is_some());
    let pending = scene
        .store
        .flags(Some(ReportStatus::Pending), None, 1)
        .await;
    assert_eq!(pending.expect("reads")[0].message, kept);
}

async fn flags_have_bounds(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let words = vec!["word"; 65];
    let long = "x".repeat(1024 * 1024 + 1);
    for flag in [
        draft(&words, None),
        draft(&["x".repeat(1_025).as_str()], None),
        draft(&["word"], Some(&long)),
    ] {
        let refused = flagged(&scene, &ann, send(conversation, "x"), flag).await;
        assert!(matches!(refused, Err(Rejection::Invalid(_))), "{refused:?}");
    }
    let most = draft(&words[..64], Some(&long[1..]));
    let message = flagged(&scene, &ann, send(conversation, "x"), most.clone()).await;
    let kept = flag(&scene, message.expect("taken").id).await;
    assert_eq!(kept.expect("there").what, most);
}
