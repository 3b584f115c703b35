//! Files that go: whatever takes one away leaves word of where it lies, until it was taken away there too.

use super::{
    Scene,
    attachments::{known, sent, upload, usage, with},
    cases,
};
use crate::{
    attachments::{Doomed, Usage},
    domain::{attachment::Attachment, change::ChangeBody},
    ids::{AttachmentId, ConversationId, Position},
    personal::Erase,
    safety::Retention,
    store::{Outcome, Rejection, Write},
};

cases![
    what_is_given_up_is_doomed,
    what_nobody_sent_goes_after_a_while,
    a_deleted_message_keeps_its_files_until_retention,
    erasure_takes_files_along,
];

/// Where a file lies that is to be taken away.
async fn doomed(scene: &Scene, id: AttachmentId) -> Option<Vec<String>> {
    let doomed: Vec<Doomed> = scene.store.doomed(None, usize::MAX).await.expect("reads");
    doomed
        .into_iter()
        .find(|one| one.id == id)
        .map(|one| one.objects)
}

/// Nothing of it is left but where it lies, so that it can be taken away.
pub(super) async fn is_gone(scene: &Scene, attachment: &Attachment) {
    assert_eq!(known(scene, attachment.id).await, None);
    let objects: Vec<_> = std::iter::once(attachment.object.clone())
        .chain(attachment.thumbnail.clone())
        .collect();
    for object in &objects {
        let is_known = scene.store.is_object_known(object).await;
        assert!(!is_known.expect("reads"), "{object}");
    }
    assert_eq!(doomed(scene, attachment.id).await, Some(objects));
    let id = [attachment.id];
    scene.store.forget_doomed(&id).await.expect("forgets");
    assert_eq!(doomed(scene, attachment.id).await, None);
}

async fn what_is_given_up_is_doomed(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let file = upload(&scene, &ann, "1").await;
    let attachment = file.id;
    let drop = Write::DropAttachment { attachment };
    scene
        .refused(&bob, drop.clone(), Rejection::NoAttachment)
        .await;
    scene.done(&ann, drop.clone()).await;
    is_gone(&scene, &file).await;
    scene.refused(&ann, drop, Rejection::NoAttachment).await;
    assert_eq!(usage(&scene, &ann).await, Usage::default());
    let of_ann = scene.store.attachments_of(&ann, None, 9).await;
    assert_eq!(of_ann.expect("reads"), []);
}

async fn what_nobody_sent_goes_after_a_while(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let [old, also_old] = [
        upload(&scene, &ann, "1").await,
        upload(&scene, &bob, "2").await,
    ];
    let kept = upload(&scene, &ann, "3").await;
    sent(&scene, &ann, with(conversation, &[kept.id])).await;
    scene.turn_clock(60_000);
    let before = scene.now();
    let new = upload(&scene, &ann, "4").await;
    // Others of an earlier case may be met first.
    while scene
        .store
        .give_up_unsent(before, 1)
        .await
        .expect("gives up")
        == 1
    {}
    for gone in [&old, &also_old] {
        is_gone(&scene, gone).await;
    }
    for stays in [&kept, &new] {
        assert!(known(&scene, stays.id).await.is_some());
        assert_eq!(doomed(&scene, stays.id).await, None);
    }
    let (n_files, bytes) = (2, 2000);
    assert_eq!(usage(&scene, &ann).await, Usage { n_files, bytes });
}

async fn a_deleted_message_keeps_its_files_until_retention(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let file = upload(&scene, &ann, "1").await;
    let message = sent(&scene, &ann, with(conversation, &[file.id])).await.id;
    let deleted = scene.change(&ann, Write::Delete { message }).await.body;
    assert!(
        matches!(&deleted, ChangeBody::Deleted(tombstone) if tombstone.attachments.is_empty()),
        "{deleted:?}"
    );
    assert_eq!(scene.message(message).await.attachments, []);
    let bound = Some((conversation, message));
    assert_eq!(known(&scene, file.id).await.expect("known").bound, bound);
    scene.send(&ann, conversation, "newer").await;
    let newest = Retention {
        messages_max: Some(1),
        ..Retention::default()
    };
    let after = Position::new(conversation.get() - 1).map(ConversationId::created_at);
    let purged = scene.store.purge(newest, scene.now(), after, 1).await;
    assert_eq!(purged.expect("purges").n_messages, 1);
    is_gone(&scene, &file).await;
    assert_eq!(usage(&scene, &ann).await, Usage::default());
}

async fn erasure_takes_files_along(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let [with_text, deleted, unsent, theirs] = [
        upload(&scene, &ann, "1").await,
        upload(&scene, &ann, "2").await,
        upload(&scene, &ann, "3").await,
        upload(&scene, &bob, "4").await,
    ];
    let first = sent(&scene, &ann, with(conversation, &[with_text.id]))
        .await
        .id;
    let message = sent(&scene, &ann, with(conversation, &[deleted.id]))
        .await
        .id;
    scene.change(&ann, Write::Delete { message }).await;
    let kept = sent(&scene, &bob, with(conversation, &[theirs.id])).await;
    let holdings = scene.store.holdings(&ann).await.expect("reads");
    assert_eq!(holdings.attachments, 1, "the others go with their messages");
    for id in [first, message] {
        let erased = scene.write(&ann, Write::Erase(Erase::Message(id))).await;
        assert!(
            !matches!(erased, Ok(Outcome::Unchanged) | Err(_)),
            "{erased:?}"
        );
        scene
            .unchanged(&ann, Write::Erase(Erase::Message(id)))
            .await;
    }
    for file in [&with_text, &deleted] {
        is_gone(&scene, file).await;
    }
    scene.done(&ann, Write::Erase(Erase::Rows)).await;
    is_gone(&scene, &unsent).await;
    let holdings = scene.store.holdings(&ann).await.expect("reads");
    assert_eq!(holdings.attachments, 0);
    assert_eq!(usage(&scene, &ann).await, Usage::default());
    assert_eq!(scene.message(kept.id).await, kept);
    assert!(known(&scene, theirs.id).await.is_some());
}
