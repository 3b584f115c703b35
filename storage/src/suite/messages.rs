//! Sending, retrying, editing, deleting, reacting, and reading it back.

use super::{
    Scene, cases,
    scene::{nothing, nowhere, send, text},
};
use crate::{
    domain::{
        change::ChangeBody,
        conversation::MemberRole,
        message::{Content, Message, MessageKind, Reaction, Revision},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, Seq, UserId},
    store::{MessagePage, PageFrom, Rejection, Write},
};

cases![
    a_message_is_kept_as_it_was_sent,
    long_texts_come_back_whole,
    places_count_from_one_without_a_gap,
    only_members_send,
    a_retry_finds_the_first_message,
    a_key_is_for_one_request,
    content_has_bounds,
    an_edit_keeps_what_was_said_before,
    a_deleted_message_leaves_an_empty_place,
    in_groups_admins_delete_too,
    reactions_are_given_and_taken_back,
    pages_go_both_ways,
];

fn edit(message: MessageId, text: &str) -> Write {
    Write::Edit {
        message,
        text: text.to_owned(),
    }
}

fn react(message: MessageId, emoji: &str, on: bool) -> Write {
    Write::React {
        message,
        emoji: emoji.to_owned(),
        on,
    }
}

fn send_with_key(conversation: ConversationId, text: &str, key: &str) -> Write {
    Write::Send {
        conversation,
        content: self::text(text),
        attachments: Vec::new(),
        key: Some(IdempotencyKey::new(key).expect("a good key")),
    }
}

async fn a_message_is_kept_as_it_was_sent(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let first = scene.send(&bob, conversation, "first").await;
    let content = Content {
        kind: MessageKind::Image,
        text: String::new(),
        reply_to: Some(first.id),
        metadata: Some(r#"{"w":1}"#.to_owned()),
    };
    let key = Some(IdempotencyKey::new("k").expect("a good key"));
    let sent_at = scene.now();
    let write = Write::Send {
        conversation,
        content: content.clone(),
        attachments: Vec::new(),
        key: key.clone(),
    };
    let change = scene.change(&ann, write).await;
    let expected = Message {
        id: MessageId::created_at(change.position),
        conversation,
        seq: Seq(2),
        author: ann.clone(),
        content,
        attachments: Vec::new(),
        key,
        sent_at,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
    };
    assert_eq!((&change.by, change.at), (&ann, sent_at));
    assert_eq!(scene.message(expected.id).await, expected);
    assert_eq!(change.body, ChangeBody::Sent(expected));
    assert_eq!(scene.store.message(nothing()).await.expect("reads"), None);
}

async fn long_texts_come_back_whole(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    for length in [3_000, 4_000, 4_096, 5_000, 20_000, 256 * 1024] {
        let long = "0123456789"
            .chars()
            .cycle()
            .take(length)
            .collect::<String>();
        let sent = scene.send(&ann, conversation, &long).await;
        assert_eq!(scene.message(sent.id).await.content.text, long);
        scene.change(&ann, edit(sent.id, "short")).await;
        assert_eq!(scene.message(sent.id).await.content.text, "short");
        let revisions = scene.store.revisions(sent.id).await.expect("reads");
        assert_eq!(revisions[0].text, long);
    }
}

async fn places_count_from_one_without_a_gap(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let one = scene.direct(&ann, &bob).await;
    let other = scene.direct(&ann, &cid).await;
    let mut last = scene.store.head();
    for n in 1..=5 {
        for conversation in [one, other] {
            scene
                .refused(&bob, send(nowhere(), "x"), Rejection::NoConversation)
                .await;
            let sent = scene.send(&ann, conversation, "x").await;
            assert_eq!(sent.seq, Seq(n));
            assert!(sent.position() > last);
            last = sent.position();
        }
    }
}

async fn only_members_send(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    scene
        .refused(&cid, send(conversation, "x"), Rejection::NotMember)
        .await;
    scene
        .refused(&cid, send(nowhere(), "x"), Rejection::NoConversation)
        .await;
    let elsewhere = scene.direct(&ann, &cid).await;
    let elsewhere = scene.send(&ann, elsewhere, "x").await;
    for reply_to in [Some(elsewhere.id), Some(nothing())] {
        let content = Content {
            reply_to,
            ..text("x")
        };
        let key = None;
        let write = Write::Send {
            conversation,
            content,
            attachments: Vec::new(),
            key,
        };
        scene.refused(&ann, write, Rejection::NoMessage).await;
    }
}

async fn a_retry_finds_the_first_message(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let write = send_with_key(conversation, "hi", "k");
    let first = scene.change(&ann, write.clone()).await;
    assert_eq!(scene.repeated(&ann, write.clone()).await, first);
    let id = MessageId::created_at(first.position);
    scene.change(&ann, edit(id, "hello")).await;
    let again = scene.repeated(&ann, write.clone()).await;
    assert_eq!(again.position, first.position);
    assert_eq!(again.body, ChangeBody::Sent(scene.message(id).await));

    let theirs = scene.change(&bob, write.clone()).await;
    assert_ne!(theirs.position, first.position, "keys are each user's own");
    // In one group: the second sees the first.
    let write = send_with_key(conversation, "hi", "k2");
    let twice = [(); 2].map(|()| scene.transaction(&ann, write.clone()));
    let outcomes = scene.store.commit(twice.to_vec()).await.expect("commits");
    let repeated = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(crate::store::Outcome::Repeated(_))));
    assert_eq!(repeated.count(), 1);
    let all = page(&scene, conversation, PageFrom::End, 10).await;
    assert_eq!(all, [1, 2, 3]);
}

async fn a_key_is_for_one_request(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let elsewhere = scene.direct(&ann, &cid).await;
    scene
        .change(&ann, send_with_key(conversation, "hi", "k"))
        .await;
    let group = Write::OpenGroup {
        name: None,
        members: vec![],
        key: Some(IdempotencyKey::new("k").expect("a good key")),
    };
    for other in [
        send_with_key(conversation, "hi!", "k"),
        send_with_key(elsewhere, "hi", "k"),
        group,
    ] {
        scene.refused(&ann, other, Rejection::KeyReused).await;
    }
}

async fn content_has_bounds(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let metadata = |bytes| Content {
        metadata: Some("x".repeat(bytes)),
        ..text("x")
    };
    for content in [text(""), text(&"x".repeat(256 * 1024 + 1)), metadata(2049)] {
        let key = None;
        let write = Write::Send {
            conversation,
            content,
            attachments: Vec::new(),
            key,
        };
        scene.invalid(&ann, write).await;
    }
    let sent = scene.send(&ann, conversation, "x").await;
    scene.invalid(&ann, edit(sent.id, "")).await;
    for emoji in ["", "\n", &"x".repeat(65)] {
        scene.invalid(&ann, react(sent.id, emoji, true)).await;
    }
    assert_eq!(page(&scene, conversation, PageFrom::End, 10).await, [1]);
}

async fn an_edit_keeps_what_was_said_before(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let sent = scene.send(&ann, conversation, "one").await;
    scene.unchanged(&ann, edit(sent.id, "one")).await;
    let edited = scene.change(&ann, edit(sent.id, "two")).await;
    let again = scene.change(&ann, edit(sent.id, "three")).await;
    let now = scene.message(sent.id).await;
    assert_eq!(
        (now.content.text.as_str(), now.edited_at),
        ("three", Some(again.at))
    );
    assert_eq!(again.body, ChangeBody::Edited(now));
    let revision = |text: &str, written_at| Revision {
        text: text.to_owned(),
        written_at,
    };
    let revisions = scene.store.revisions(sent.id).await.expect("reads");
    assert_eq!(
        revisions,
        [revision("one", sent.sent_at), revision("two", edited.at)]
    );
    scene
        .refused(&bob, edit(sent.id, "x"), Rejection::NotAuthor)
        .await;
    scene
        .refused(&cid, edit(sent.id, "x"), Rejection::NotMember)
        .await;
    scene
        .refused(&ann, edit(nothing(), "x"), Rejection::NoMessage)
        .await;
}

async fn a_deleted_message_leaves_an_empty_place(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let sent = scene.send(&ann, conversation, "oops").await;
    scene.change(&ann, edit(sent.id, "ooops")).await;
    scene.change(&bob, react(sent.id, "!", true)).await;
    let message = sent.id;
    scene
        .refused(&bob, Write::Delete { message }, Rejection::NotAuthor)
        .await;
    scene
        .refused(
            &bob,
            Write::Delete { message: nothing() },
            Rejection::NoMessage,
        )
        .await;
    let deleted = scene.change(&ann, Write::Delete { message }).await;
    scene.unchanged(&ann, Write::Delete { message }).await;
    let left = scene.message(message).await;
    assert_eq!(left.content, Content::default());
    assert_eq!((left.seq, left.deleted_at), (Seq(1), Some(deleted.at)));
    assert!(left.reactions.is_empty());
    assert!(
        scene
            .store
            .revisions(message)
            .await
            .expect("reads")
            .is_empty()
    );
    assert_eq!(deleted.body, ChangeBody::Deleted(left));
    scene
        .refused(&ann, edit(message, "x"), Rejection::Deleted)
        .await;
    scene
        .refused(&ann, react(message, "x", true), Rejection::Deleted)
        .await;
    assert_eq!(page(&scene, conversation, PageFrom::End, 10).await, [1]);
    assert_eq!(scene.send(&ann, conversation, "next").await.seq, Seq(2));
}

async fn in_groups_admins_delete_too(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.group(&ann, &[&bob, &cid]).await;
    let role = MemberRole::Admin;
    let user = bob.clone();
    let write = Write::SetRole {
        conversation,
        user,
        role,
    };
    scene.change(&ann, write).await;
    let delete = |sent: Message| Write::Delete { message: sent.id };
    let theirs = delete(scene.send(&ann, conversation, "x").await);
    scene
        .refused(&cid, theirs.clone(), Rejection::NotAllowed)
        .await;
    scene.change(&bob, theirs).await;
    let own = delete(scene.send(&cid, conversation, "x").await);
    scene.change(&cid, own).await;
}

async fn reactions_are_given_and_taken_back(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let sent = scene.send(&ann, conversation, "x").await;
    let given = scene.change(&bob, react(sent.id, "yes", true)).await;
    let body = ChangeBody::Reacted {
        message: sent.id,
        seq: sent.seq,
        emoji: "yes".into(),
        on: true,
    };
    assert_eq!(given.body, body);
    scene.unchanged(&bob, react(sent.id, "yes", true)).await;
    scene.unchanged(&bob, react(sent.id, "no", false)).await;
    for (by, emoji) in [(&ann, "yes"), (&ann, "z"), (&bob, "no")] {
        scene.change(by, react(sent.id, emoji, true)).await;
    }
    let reaction = |emoji: &str, user: &UserId| Reaction {
        emoji: emoji.to_owned(),
        user: user.clone(),
    };
    let now = scene.message(sent.id).await.reactions;
    let expected = [
        reaction("no", &bob),
        reaction("yes", &ann),
        reaction("yes", &bob),
        reaction("z", &ann),
    ];
    assert_eq!(now, expected);
    scene.change(&ann, react(sent.id, "yes", false)).await;
    let now = scene.message(sent.id).await.reactions;
    assert_eq!(
        now,
        [
            reaction("no", &bob),
            reaction("yes", &bob),
            reaction("z", &ann)
        ]
    );
    scene
        .refused(&cid, react(sent.id, "x", true), Rejection::NotMember)
        .await;
    scene
        .refused(&ann, react(nothing(), "x", true), Rejection::NoMessage)
        .await;
}

/// The places on a page.
async fn page(scene: &Scene, id: ConversationId, from: PageFrom, limit: usize) -> Vec<u64> {
    let page = scene
        .store
        .messages(id, MessagePage { from, limit })
        .await
        .expect("reads");
    page.iter().map(|message| message.seq.0).collect()
}

async fn pages_go_both_ways(scene: Scene) {
    use PageFrom::{After, Before, End};
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    assert!(page(&scene, id, End, 5).await.is_empty());
    assert!(page(&scene, nowhere(), End, 5).await.is_empty());
    for _ in 1..=7 {
        scene.send(&ann, id, "x").await;
    }
    assert_eq!(page(&scene, id, End, 3).await, [5, 6, 7]);
    assert_eq!(page(&scene, id, End, 0).await, [0; 0]);
    assert_eq!(page(&scene, id, Before(Seq(5)), 3).await, [2, 3, 4]);
    assert_eq!(page(&scene, id, Before(Seq(2)), 3).await, [1]);
    assert_eq!(page(&scene, id, Before(Seq::ZERO), 3).await, [0; 0]);
    assert_eq!(page(&scene, id, Before(Seq(u64::MAX)), 2).await, [6, 7]);
    assert_eq!(page(&scene, id, After(Seq::ZERO), 3).await, [1, 2, 3]);
    assert_eq!(page(&scene, id, After(Seq(6)), 3).await, [7]);
    assert_eq!(page(&scene, id, After(Seq(7)), 3).await, [0; 0]);
    assert_eq!(page(&scene, id, After(Seq(u64::MAX)), 3).await, [0; 0]);
}
