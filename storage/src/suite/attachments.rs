//! Files: that they come back as they were, and are sent once, by who uploaded them.

use super::{
    Scene, cases,
    doomed::is_gone,
    scene::{nowhere, send, text},
};
use crate::{
    attachments::Usage,
    domain::{
        attachment::{ATTACHMENTS_MAX, Attachment, AttachmentDraft, ImageSize},
        change::ChangeBody,
        message::{Content, Message},
    },
    ids::{AttachmentId, ConversationId, IdempotencyKey, UserId},
    store::{Outcome, Rejection, Write},
};

cases![
    an_upload_comes_back_as_it_was,
    what_makes_no_sense_is_refused,
    a_quota_counts_what_is_there,
    a_message_names_its_files_for_good,
    a_file_is_sent_once_by_its_owner,
    a_retry_is_the_same_message_with_the_same_files,
    files_stand_for_a_text,
    it_is_all_there_after_a_restart,
];

fn draft(scene: &Scene, object: &str) -> AttachmentDraft {
    AttachmentDraft {
        // New in every case: one database may serve all.
        object: format!("{}/{object}", scene.person("folder")),
        name: "cat.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 1000,
        digest: [object.as_bytes()[0]; 32],
        image: Some(ImageSize {
            width: 640,
            height: 480,
        }),
        thumbnail: Some(format!("{}/{object}.thumb", scene.person("folder"))),
        quota: None,
    }
}

pub(super) async fn upload(scene: &Scene, user: &UserId, object: &str) -> Attachment {
    match scene.write(user, Write::Upload(draft(scene, object))).await {
        Ok(Outcome::Uploaded(attachment)) => *attachment,
        other => panic!("{other:?}"),
    }
}

pub(super) fn with(conversation: ConversationId, attachments: &[AttachmentId]) -> Write {
    Write::Send {
        conversation,
        content: text("look"),
        attachments: attachments.to_vec(),
        key: None,
    }
}

pub(super) async fn sent(scene: &Scene, user: &UserId, write: Write) -> Message {
    match scene.change(user, write).await.body {
        ChangeBody::Sent(message) => message,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn known(scene: &Scene, id: AttachmentId) -> Option<Attachment> {
    scene.store.attachment(id).await.expect("reads")
}

pub(super) async fn usage(scene: &Scene, user: &UserId) -> Usage {
    scene.store.usage(user).await.expect("reads")
}

async fn an_upload_comes_back_as_it_was(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let created_at = scene.now();
    let first = upload(&scene, &ann, "1").await;
    let AttachmentDraft {
        object,
        name,
        media_type,
        bytes,
        image,
        thumbnail,
        ..
    } = draft(&scene, "1");
    let expected = Attachment {
        id: first.id,
        owner: ann.clone(),
        object,
        name,
        media_type,
        bytes,
        image,
        thumbnail,
        created_at,
        bound: None,
    };
    assert_eq!(first, expected);
    assert_eq!(known(&scene, first.id).await, Some(expected));
    for object in ["1", "1.thumb"] {
        let object = format!("{}/{object}", scene.person("folder"));
        assert!(scene.store.is_object_known(&object).await.expect("reads"));
    }
    let longer = "x".repeat(300);
    for object in ["", "nothing", &longer] {
        assert!(!scene.store.is_object_known(object).await.expect("reads"));
    }
    let plain = AttachmentDraft {
        image: None,
        thumbnail: None,
        ..draft(&scene, "2")
    };
    let outcome = scene.write(&ann, Write::Upload(plain)).await;
    let Ok(Outcome::Uploaded(second)) = outcome else {
        panic!("{outcome:?}");
    };
    let page = |before| scene.store.attachments_of(&ann, before, 1);
    assert_eq!(
        page(None).await.expect("reads"),
        std::slice::from_ref(&*second)
    );
    assert_eq!(
        page(Some(second.id)).await.expect("reads"),
        std::slice::from_ref(&first)
    );
    assert_eq!(page(Some(first.id)).await.expect("reads"), []);
    let of_bob = scene.store.attachments_of(&bob, None, 9).await;
    assert_eq!(of_bob.expect("reads"), []);
    assert_eq!(usage(&scene, &bob).await, Usage::default());
    let (n_files, bytes) = (2, 2000);
    assert_eq!(usage(&scene, &ann).await, Usage { n_files, bytes });
}

async fn what_makes_no_sense_is_refused(scene: Scene) {
    let ann = scene.person("ann");
    let long = || "x".repeat(256);
    type Spoil = fn(&mut AttachmentDraft, String);
    let spoils: [Spoil; 4] = [
        |draft, text| draft.object = text,
        |draft, text| draft.name = text,
        |draft, text| draft.media_type = text,
        |draft, text| draft.thumbnail = Some(text),
    ];
    for spoil in spoils {
        for text in [String::new(), long(), "a\nb".to_owned()] {
            let mut draft = draft(&scene, "1");
            spoil(&mut draft, text);
            scene.invalid(&ann, Write::Upload(draft)).await;
        }
    }
    let mut twice = draft(&scene, "1");
    twice.thumbnail = Some(twice.object.clone());
    scene.invalid(&ann, Write::Upload(twice)).await;
    assert_eq!(usage(&scene, &ann).await, Usage::default());
    upload(&scene, &ann, "1").await;
    // Whoever takes one of the two away would take both.
    let again = AttachmentDraft {
        thumbnail: None,
        ..draft(&scene, "1")
    };
    scene
        .invalid(&scene.person("bob"), Write::Upload(again))
        .await;
}

async fn a_quota_counts_what_is_there(scene: Scene) {
    let ann = scene.person("ann");
    let limited = |object: &str, bytes| {
        Write::Upload(AttachmentDraft {
            bytes,
            quota: Some(1000),
            ..draft(&scene, object)
        })
    };
    scene
        .refused(&ann, limited("1", 1001), Rejection::QuotaFull)
        .await;
    scene
        .refused(&ann, limited("1", u64::MAX), Rejection::QuotaFull)
        .await;
    let outcome = scene.write(&ann, limited("1", 600)).await;
    let Ok(Outcome::Uploaded(first)) = outcome else {
        panic!("{outcome:?}");
    };
    scene
        .refused(&ann, limited("2", 401), Rejection::QuotaFull)
        .await;
    let outcome = scene.write(&ann, limited("2", 400)).await;
    assert!(matches!(outcome, Ok(Outcome::Uploaded(_))), "{outcome:?}");
    scene
        .refused(&ann, limited("3", 1), Rejection::QuotaFull)
        .await;
    let attachment = first.id;
    scene.done(&ann, Write::DropAttachment { attachment }).await;
    let (n_files, bytes) = (1, 400);
    assert_eq!(usage(&scene, &ann).await, Usage { n_files, bytes });
    let outcome = scene.write(&ann, limited("3", 600)).await;
    assert!(matches!(outcome, Ok(Outcome::Uploaded(_))), "{outcome:?}");
}

async fn a_message_names_its_files_for_good(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let [one, two] = [
        upload(&scene, &ann, "1").await,
        upload(&scene, &ann, "2").await,
    ];
    let head = scene.store.head();
    // In the order of the sender, not of the uploads.
    let message = sent(&scene, &ann, with(conversation, &[two.id, one.id])).await;
    let expected = vec![two.attached(), one.attached()];
    assert_eq!(message.attachments, expected);
    assert_eq!(scene.message(message.id).await, message);
    let since = scene
        .store
        .changes_since(&bob, head, 9)
        .await
        .expect("reads");
    assert_eq!(since.changes[0].body, ChangeBody::Sent(message.clone()));
    let bound = Some((conversation, message.id));
    for file in [&one, &two] {
        let file = Attachment {
            bound,
            ..file.clone()
        };
        assert_eq!(known(&scene, file.id).await, Some(file));
    }
    let edit = Write::Edit {
        message: message.id,
        text: String::new(),
    };
    let edited = scene.change(&ann, edit).await.body;
    assert!(
        matches!(&edited, ChangeBody::Edited(edited) if edited.attachments == expected),
        "{edited:?}"
    );
    let react = Write::React {
        message: message.id,
        emoji: "+".to_owned(),
        on: true,
    };
    scene.change(&bob, react).await;
    assert_eq!(scene.message(message.id).await.attachments, expected);
    let plain = scene.send(&ann, conversation, "none").await;
    assert_eq!(plain.attachments, []);
}

async fn a_file_is_sent_once_by_its_owner(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let file = upload(&scene, &ann, "1").await;
    let write = with(conversation, &[file.id]);
    scene
        .refused(&bob, write.clone(), Rejection::NoAttachment)
        .await;
    let nothing: AttachmentId = "1".parse().expect("an id");
    scene
        .refused(
            &ann,
            with(conversation, &[nothing]),
            Rejection::NoAttachment,
        )
        .await;
    scene
        .invalid(&ann, with(conversation, &[file.id, file.id]))
        .await;
    scene
        .refused(&ann, with(nowhere(), &[file.id]), Rejection::NoConversation)
        .await;
    let mut many = Vec::new();
    for n in 0..=ATTACHMENTS_MAX {
        many.push(upload(&scene, &ann, &format!("many{n}")).await.id);
    }
    scene.invalid(&ann, with(conversation, &many)).await;
    let most = sent(&scene, &ann, with(conversation, &many[1..])).await;
    assert_eq!(most.attachments.len(), ATTACHMENTS_MAX);
    // What was refused bound nothing.
    let both = with(conversation, &[many[0], many[1]]);
    scene.refused(&ann, both, Rejection::AttachmentSent).await;
    assert_eq!(known(&scene, many[0]).await.expect("known").bound, None);
    sent(&scene, &ann, write.clone()).await;
    scene.refused(&ann, write, Rejection::AttachmentSent).await;
    let attachment = file.id;
    let drop = Write::DropAttachment { attachment };
    scene.refused(&ann, drop, Rejection::AttachmentSent).await;
}

async fn a_retry_is_the_same_message_with_the_same_files(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let [one, two] = [
        upload(&scene, &ann, "1").await,
        upload(&scene, &ann, "2").await,
    ];
    let keyed = |attachments: &[AttachmentId]| Write::Send {
        conversation,
        content: text("look"),
        attachments: attachments.to_vec(),
        key: Some(IdempotencyKey::new("k").expect("a key")),
    };
    let message = sent(&scene, &ann, keyed(&[one.id])).await;
    let again = scene.repeated(&ann, keyed(&[one.id])).await;
    assert_eq!(again.body, ChangeBody::Sent(message.clone()));
    // Uploaded once more, it is another file with the same in it.
    let copy = upload(&scene, &ann, "1 again").await;
    let again = scene.repeated(&ann, keyed(&[copy.id])).await;
    assert_eq!(again.body, ChangeBody::Sent(message));
    let copy = known(&scene, copy.id).await.expect("it is there");
    assert_eq!(copy.bound, None, "the message has the first one");
    let renamed = AttachmentDraft {
        name: "dog.png".to_owned(),
        ..draft(&scene, "1 renamed")
    };
    let renamed = match scene.write(&ann, Write::Upload(renamed)).await {
        Ok(Outcome::Uploaded(attachment)) => attachment.id,
        other => panic!("{other:?}"),
    };
    scene
        .refused(&ann, keyed(&[renamed]), Rejection::KeyReused)
        .await;
    for other in [&[][..], &[two.id], &[one.id, two.id]] {
        scene
            .refused(&ann, keyed(other), Rejection::KeyReused)
            .await;
    }
}

async fn files_stand_for_a_text(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let file = upload(&scene, &ann, "1").await;
    let silent = |attachments: Vec<AttachmentId>| Write::Send {
        conversation,
        content: Content::default(),
        attachments,
        key: None,
    };
    scene.invalid(&ann, silent(Vec::new())).await;
    let message = sent(&scene, &ann, silent(vec![file.id])).await;
    assert_eq!(message.content.text, "");
    let plain = scene.send(&ann, conversation, "x").await;
    let text = String::new();
    let message = plain.id;
    scene.invalid(&ann, Write::Edit { message, text }).await;
}

async fn it_is_all_there_after_a_restart(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let [one, two, gone] = [
        upload(&scene, &ann, "1").await,
        upload(&scene, &ann, "2").await,
        upload(&scene, &ann, "3").await,
    ];
    let message = sent(&scene, &ann, with(conversation, &[one.id])).await;
    let attachment = gone.id;
    scene.done(&ann, Write::DropAttachment { attachment }).await;
    scene.reopen().await;
    assert_eq!(scene.message(message.id).await, message);
    assert_eq!(known(&scene, two.id).await, Some(two));
    is_gone(&scene, &gone).await;
    let (n_files, bytes) = (2, 2000);
    assert_eq!(usage(&scene, &ann).await, Usage { n_files, bytes });
    let plain = send(conversation, "goes on");
    sent(&scene, &ann, plain).await;
}
