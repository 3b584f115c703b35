//! What people are notified of, and with.

use super::{Scene, cases};
use crate::{
    contacts::Lifetime,
    domain::{
        contact::MatchKind,
        notification::{DoNotDisturb, Mute, Notification, NotificationBody, Quiet},
        push::{PUSH_ADDRESS_BYTES_MAX, PUSH_TARGETS_MAX, PushSubscription, PushTarget},
        safety::Sanction,
    },
    ids::{ConversationId, MessageRequestId, Timestamp, UserId},
    store::{Outcome, Rejection, Transaction, Write},
};

cases![
    a_conversation_has_one_unread_notification,
    what_was_read_is_notified_of_no_more,
    what_was_withdrawn_is_told_of_no_longer,
    nobody_is_notified_of_what_they_may_not_see,
    a_mute_holds_until_it_ends,
    two_people_are_notified_of_each_other,
    a_request_that_is_over_is_no_longer_unread,
    old_notifications_are_forgotten,
    choices_are_kept,
    devices_are_added_and_given_up,
    a_device_is_whose_address_was_given_last,
    devices_have_bounds,
];

async fn list(scene: &Scene, of: &UserId) -> Vec<Notification> {
    let page = scene.store.notifications(of, None, 99).await;
    page.expect("reads")
}

async fn n_unread(scene: &Scene, of: &UserId) -> u64 {
    let n_unread = scene.store.unread_notifications(of).await.expect("reads");
    let listed = list(scene, of).await;
    let listed = listed.iter().filter(|notification| !notification.read);
    assert_eq!(listed.count() as u64, n_unread);
    n_unread
}

/// Notifies; whether something was new.
async fn notify(scene: &Scene, id: ConversationId, user: &UserId) -> bool {
    let users = [user.clone()];
    let told = scene.store.notify(id, &users, scene.now()).await;
    let told = told.expect("writes");
    let newest = list(scene, user).await.into_iter().next();
    for notified in &told {
        assert_eq!(&notified.user, user);
        assert_eq!(Some(&notified.notification), newest.as_ref());
    }
    let again = scene.store.notify(id, &users, scene.now()).await;
    assert_eq!(again.expect("writes"), [], "again, it changes nothing");
    assert_eq!(list(scene, user).await.into_iter().next(), newest);
    !told.is_empty()
}

/// The newest notification, which has to be of a message.
async fn newest(scene: &Scene, of: &UserId) -> crate::ids::MessageId {
    match &list(scene, of).await[..] {
        [
            Notification {
                body: NotificationBody::Message { message, .. },
                ..
            },
            ..,
        ] => *message,
        other => panic!("{other:?}"),
    }
}

async fn a_conversation_has_one_unread_notification(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let direct = scene.direct(&ann, &bob).await;
    let group = scene.group(&cid, &[&ann, &bob]).await;
    assert!(!notify(&scene, direct, &bob).await, "nothing waits");
    scene.send(&ann, direct, "1").await;
    scene.send(&cid, group, "2").await;
    for id in [direct, group] {
        assert!(notify(&scene, id, &bob).await);
        assert!(!notify(&scene, id, &scene.person("dan")).await);
    }
    assert!(!notify(&scene, direct, &ann).await, "it is her own");
    assert_eq!(n_unread(&scene, &bob).await, 2);
    // Two more, of which the first is told with the second; that moves up.
    scene.send(&ann, direct, "3").await;
    let last = scene.send(&ann, direct, "4").await;
    assert!(notify(&scene, direct, &bob).await);
    assert_eq!(newest(&scene, &bob).await, last.id);
    assert_eq!(list(&scene, &bob).await.len(), 2);
    // What was read up to a mark stays, and the next one is another.
    let through = list(&scene, &bob).await[0].id;
    scene.done(&bob, Write::ReadNotifications { through }).await;
    assert!(!notify(&scene, direct, &bob).await, "they know of it");
    assert_eq!(n_unread(&scene, &bob).await, 0);
    scene.send(&ann, direct, "5").await;
    assert!(notify(&scene, direct, &bob).await);
    assert_eq!(list(&scene, &bob).await.len(), 3);
    assert_eq!(n_unread(&scene, &bob).await, 1);
}

async fn what_was_read_is_notified_of_no_more(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let first = scene.send(&ann, conversation, "1").await;
    let second = scene.send(&ann, conversation, "2").await;
    assert!(notify(&scene, conversation, &bob).await);
    let read = |seq| Write::Read { conversation, seq };
    scene.change(&bob, read(first.seq)).await;
    assert_eq!(n_unread(&scene, &bob).await, 1, "one still waits");
    scene.change(&bob, read(second.seq)).await;
    assert_eq!(n_unread(&scene, &bob).await, 0);
    assert_eq!(list(&scene, &bob).await.len(), 1, "it is kept");
    assert!(!notify(&scene, conversation, &bob).await);
    // Who has read it before anybody notified them is not.
    let third = scene.send(&ann, conversation, "3").await;
    scene.change(&bob, read(third.seq)).await;
    assert!(!notify(&scene, conversation, &bob).await);
    let fourth = scene.send(&ann, conversation, "4").await;
    assert!(notify(&scene, conversation, &bob).await);
    assert_eq!(newest(&scene, &bob).await, fourth.id);
}

async fn what_was_withdrawn_is_told_of_no_longer(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let first = scene.send(&ann, id, "1").await;
    let second = scene.send(&ann, id, "2").await;
    let delete = |message| Write::Delete { message };
    assert!(notify(&scene, id, &bob).await);
    let place = list(&scene, &bob).await[0].id;
    scene.change(&ann, delete(second.id)).await;
    assert!(!notify(&scene, id, &bob).await, "of the first they know");
    assert_eq!(newest(&scene, &bob).await, first.id);
    assert_eq!(list(&scene, &bob).await[0].id, place);
    scene.change(&ann, delete(first.id)).await;
    let withdraw = scene
        .store
        .withdraw_notifications(id, std::slice::from_ref(&bob));
    withdraw.await.expect("writes");
    assert_eq!(list(&scene, &bob).await, []);
    // Nothing new comes of withdrawing.
    scene.send(&ann, id, "3").await;
    let withdraw = scene
        .store
        .withdraw_notifications(id, std::slice::from_ref(&bob));
    withdraw.await.expect("writes");
    assert_eq!(list(&scene, &bob).await, []);
    assert!(notify(&scene, id, &bob).await);
    // What lies far above the newest one that waits is looked through.
    for _ in 0..70 {
        let sent = scene.send(&ann, id, "x").await;
        scene.change(&ann, delete(sent.id)).await;
    }
    assert!(!notify(&scene, id, &bob).await);
    assert_eq!(n_unread(&scene, &bob).await, 1);
}

async fn nobody_is_notified_of_what_they_may_not_see(scene: Scene) {
    let [ann, bob, eve, moderator] = scene.people(["ann", "bob", "eve", "mod"]);
    let id = scene.group(&ann, &[&bob, &eve]).await;
    scene.send(&eve, id, "x").await;
    assert!(notify(&scene, id, &bob).await);
    let block = Write::Block {
        user: eve.clone(),
        reason: None,
    };
    scene.done(&bob, block).await;
    assert!(!notify(&scene, id, &bob).await);
    assert_eq!(list(&scene, &bob).await, [], "no longer");
    scene.send(&eve, id, "y").await;
    assert!(!notify(&scene, id, &bob).await);
    let kept = scene.send(&ann, id, "z").await;
    scene.send(&eve, id, "again").await;
    assert!(notify(&scene, id, &bob).await);
    assert_eq!(newest(&scene, &bob).await, kept.id);
    // Who is shadow-banned is heard by nobody.
    let [fay, gil] = scene.people(["fay", "gil"]);
    let direct = scene.direct(&fay, &gil).await;
    let (user, sanction) = (fay.clone(), Sanction::ShadowBan);
    scene
        .done(&moderator, Write::Sanction { user, sanction })
        .await;
    scene.send(&fay, direct, "x").await;
    assert!(!notify(&scene, direct, &gil).await);
    let ask = |user: &UserId| Write::Ask {
        user: user.clone(),
        text: "may I?".to_owned(),
        masked: None,
        key: None,
    };
    scene.write(&fay, ask(&bob)).await.expect("asked");
    assert_eq!(n_unread(&scene, &bob).await, 1, "nor of their requests");
    // Who has left, too.
    let user = bob.clone();
    let leave = Write::Remove {
        conversation: id,
        user,
    };
    scene.changes(&bob, leave).await;
    assert!(!notify(&scene, id, &bob).await);
    assert_eq!(list(&scene, &bob).await, []);
}

async fn a_mute_holds_until_it_ends(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let mute = |until| Write::Mute {
        conversation,
        until,
    };
    let muted = async || {
        let summary = scene.store.summary(conversation, &bob).await;
        summary.expect("reads").expect("there").muted_until
    };
    scene.refused(&cid, mute(None), Rejection::NotMember).await;
    scene.unchanged(&bob, mute(None)).await;
    let until = scene.now().plus_ms(60_000);
    scene.done(&bob, mute(Some(until))).await;
    scene.unchanged(&bob, mute(Some(until))).await;
    assert_eq!(muted().await, Some(until));
    let mutes = scene.store.mutes(&bob).await.expect("reads");
    assert_eq!(
        mutes,
        [Mute {
            conversation,
            until
        }]
    );
    scene.send(&ann, conversation, "x").await;
    assert!(!notify(&scene, conversation, &bob).await);
    scene.turn_clock(120_000);
    assert!(notify(&scene, conversation, &bob).await, "it is over");
    scene.done(&bob, mute(Some(Timestamp::MAX))).await;
    scene.send(&ann, conversation, "y").await;
    assert!(!notify(&scene, conversation, &bob).await);
    assert_eq!(n_unread(&scene, &bob).await, 1, "the one before stays");
    scene.done(&bob, mute(None)).await;
    assert_eq!(muted().await, None);
    assert!(notify(&scene, conversation, &bob).await);
}

async fn two_people_are_notified_of_each_other(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let bodies = async |of: &UserId| -> Vec<NotificationBody> {
        let list = list(&scene, of).await;
        list.into_iter().map(|one| one.body).collect()
    };
    let request = ask(&scene, &ann, &bob).await;
    let requested = NotificationBody::Requested {
        request,
        from: ann.clone(),
    };
    assert_eq!(bodies(&bob).await, [requested]);
    let accept = true;
    scene
        .write(&bob, Write::Answer { request, accept })
        .await
        .expect("answered");
    let conversation = scene.store.direct_between(&ann, &bob).await.expect("reads");
    let accepted = NotificationBody::RequestAccepted {
        request,
        by: bob.clone(),
        conversation,
    };
    assert_eq!(bodies(&ann).await, [accepted], "and not of the match too");
    assert_eq!(n_unread(&scene, &bob).await, 0, "who answers has read it");
    let like = |user: &UserId| Write::Like {
        user: user.clone(),
        on: true,
    };
    scene.done(&bob, like(&cid)).await;
    assert_eq!(bodies(&cid).await, [], "a like is no business of theirs");
    scene.write(&cid, like(&bob)).await.expect("matched");
    let tie = scene.store.tie(&bob, &cid, Lifetime::default()).await;
    let matched = tie.expect("reads").matched.expect("matched");
    assert_eq!(matched.kind, MatchKind::MutualLike);
    let body = NotificationBody::Matched {
        matched: matched.id,
        with: cid.clone(),
        conversation: matched.conversation,
    };
    assert_eq!(bodies(&bob).await[0], body);
    assert_eq!(bodies(&cid).await, [], "it was their own doing");
}

async fn ask(scene: &Scene, by: &UserId, user: &UserId) -> MessageRequestId {
    let write = Write::Ask {
        user: user.clone(),
        text: "may I?".to_owned(),
        masked: None,
        key: None,
    };
    scene.write(by, write).await.expect("asked");
    let tie = scene.store.tie(by, user, Lifetime::default()).await;
    tie.expect("reads").request.expect("pending").id
}

async fn a_request_that_is_over_is_no_longer_unread(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    let request = ask(&scene, &ann, &bob).await;
    let withdraw = Write::Withdraw { request };
    scene.write(&ann, withdraw).await.expect("withdrawn");
    assert_eq!(list(&scene, &bob).await, []);
    let request = ask(&scene, &cid, &bob).await;
    let accept = false;
    scene
        .write(&bob, Write::Answer { request, accept })
        .await
        .expect("declined");
    assert_eq!(n_unread(&scene, &bob).await, 0);
    assert_eq!(list(&scene, &cid).await, [], "a refusal isn't told");
    ask(&scene, &dan, &bob).await;
    assert_eq!(n_unread(&scene, &bob).await, 1);
    let block = Write::Block {
        user: dan.clone(),
        reason: None,
    };
    scene.done(&bob, block).await;
    assert_eq!(n_unread(&scene, &bob).await, 0, "a block ends it");
}

async fn old_notifications_are_forgotten(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let note = |text: &str| crate::domain::notification::NotificationDraft {
        user: bob.clone(),
        body: NotificationBody::System {
            text: text.to_owned(),
        },
    };
    let forget = async |before, limit| {
        let forgotten = scene.store.forget_notifications(before, limit).await;
        forgotten.expect("writes")
    };
    // Others' go first, on a store that is shared.
    while forget(scene.now(), 1000).await == 1000 {}
    for n in 0..40 {
        let transaction = Transaction {
            notifications: vec![note(&n.to_string())],
            ..scene.transaction(&ann, Write::Note)
        };
        assert_eq!(scene.commit(transaction).await, Ok(Outcome::Done));
    }
    scene.send(&ann, id, "x").await;
    assert!(notify(&scene, id, &bob).await);
    assert_eq!(forget(scene.now(), 10).await, 10, "at most so many");
    assert_eq!(list(&scene, &bob).await.len(), 31, "the oldest first");
    scene.turn_clock(1000);
    scene.send(&ann, id, "y").await;
    let before = scene.now();
    scene.turn_clock(1000);
    assert!(forget(before, 999).await >= 30);
    assert!(notify(&scene, id, &bob).await, "it finds its way anew");
    assert_eq!(n_unread(&scene, &bob).await, 1);
}

async fn choices_are_kept(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let quiet = Some(Quiet {
        from: 22 * 60,
        to: 7 * 60,
        utc_offset: 120,
    });
    let choice = DoNotDisturb {
        quiet,
        snooze_until: Some(scene.now()),
    };
    let kept = async |of: &UserId| scene.store.do_not_disturb(of).await.expect("reads");
    scene.done(&ann, Write::DoNotDisturb(choice)).await;
    scene.unchanged(&ann, Write::DoNotDisturb(choice)).await;
    assert_eq!(kept(&ann).await, choice);
    assert_eq!(kept(&bob).await, DoNotDisturb::default());
    let none = DoNotDisturb::default();
    scene.unchanged(&bob, Write::DoNotDisturb(none)).await;
    scene.done(&ann, Write::DoNotDisturb(none)).await;
    assert_eq!(kept(&ann).await, none);
    for (from, to, utc_offset) in [(1440, 0, 0), (0, 1440, 0), (0, 0, 1440), (0, 0, -1440)] {
        let quiet = Some(Quiet {
            from,
            to,
            utc_offset,
        });
        let choice = DoNotDisturb {
            quiet,
            ..DoNotDisturb::default()
        };
        scene.invalid(&ann, Write::DoNotDisturb(choice)).await;
    }
}

/// A token that nobody else has.
fn app(user: &UserId, n: usize) -> PushTarget {
    PushTarget::Fcm {
        token: format!("{user}-{n}"),
    }
}

async fn add(scene: &Scene, by: &UserId, target: PushTarget) -> PushSubscription {
    match scene.write(by, Write::AddPushTarget(target)).await {
        Ok(Outcome::PushTarget(added)) => *added,
        other => panic!("{other:?}"),
    }
}

async fn devices(scene: &Scene, of: &UserId) -> Vec<PushSubscription> {
    scene.store.push_targets(of).await.expect("reads")
}

async fn devices_are_added_and_given_up(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let web = PushTarget::WebPush {
        endpoint: format!("https://push.example/{ann}"),
        p256dh: "BP".to_owned(),
        auth: "a".to_owned(),
    };
    let unified = PushTarget::UnifiedPush {
        endpoint: format!("https://ntfy.example/{ann}"),
    };
    let mut added = Vec::new();
    for target in [web, app(&ann, 1), unified] {
        added.push(add(&scene, &ann, target).await);
    }
    assert_eq!(devices(&scene, &ann).await, added, "oldest first");
    assert_eq!(devices(&scene, &bob).await, []);
    let drop = |n: usize| Write::DropPushTarget {
        target: added[n].id,
    };
    scene.refused(&bob, drop(1), Rejection::NoPushTarget).await;
    scene.done(&ann, drop(1)).await;
    scene.refused(&ann, drop(1), Rejection::NoPushTarget).await;
    added.remove(1);
    assert_eq!(devices(&scene, &ann).await, added);
}

async fn a_device_is_whose_address_was_given_last(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let endpoint = format!("https://push.example/{ann}");
    let web = |key: &str| PushTarget::WebPush {
        endpoint: endpoint.clone(),
        p256dh: key.to_owned(),
        auth: "a".to_owned(),
    };
    let first = add(&scene, &ann, web("old")).await;
    let second = add(&scene, &ann, web("new")).await;
    assert_eq!((second.id, second.target.clone()), (first.id, web("new")));
    assert_eq!(devices(&scene, &ann).await, [second]);
    let theirs = add(&scene, &bob, web("bob")).await;
    assert_eq!(devices(&scene, &ann).await, [], "she is there no more");
    assert_eq!(devices(&scene, &bob).await, [theirs]);
}

async fn devices_have_bounds(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    for n in 0..PUSH_TARGETS_MAX {
        add(&scene, &ann, app(&ann, n)).await;
    }
    let more = Write::AddPushTarget(app(&ann, PUSH_TARGETS_MAX));
    scene
        .refused(&ann, more.clone(), Rejection::PushTargetsFull)
        .await;
    // One that is known is no further one.
    let again = add(&scene, &ann, app(&ann, 3)).await;
    let target = again.id;
    scene.done(&ann, Write::DropPushTarget { target }).await;
    assert!(scene.write(&ann, more).await.is_ok());
    let long = |bytes| PushTarget::Fcm {
        token: "x".repeat(bytes),
    };
    for target in [
        long(PUSH_ADDRESS_BYTES_MAX + 1),
        long(0),
        PushTarget::Webhook,
    ] {
        let outcome = scene.write(&ann, Write::AddPushTarget(target)).await;
        assert!(matches!(outcome, Err(Rejection::Invalid(_))), "{outcome:?}");
    }
}
