//! What moderators decide about people and messages, and what people chose for themselves.

use super::{Scene, cases, scene::nothing};
use crate::{
    domain::{
        change::ChangeBody,
        safety::{Preferences, Sanction, Standing},
    },
    ids::{ConversationId, MessageId, Seq, Timestamp, UserId},
    store::{Rejection, Write},
};

cases![
    sanctions_add_up_and_are_taken_back,
    what_changes_nothing_is_no_sanction,
    whom_nobody_is_shown_counts_for_nobody_else,
    many_whom_nobody_is_shown_are_found_in_small_and_large_conversations,
    a_takedown_deletes_anybodys_message,
    preferences_are_kept,
];

async fn standing(scene: &Scene, user: &UserId) -> Standing {
    scene.store.standing(user).await.expect("reads")
}

fn decide(user: &UserId, sanction: Sanction) -> Write {
    let user = user.clone();
    Write::Sanction { user, sanction }
}

async fn sanctions_add_up_and_are_taken_back(scene: Scene) {
    let [moderator, bob] = scene.people(["mod", "bob"]);
    assert_eq!(standing(&scene, &bob).await, Standing::default());
    let until = scene.now().plus_ms(3_600_000);
    let mut expected = Standing::default();
    for n in 1..=2 {
        scene.done(&moderator, decide(&bob, Sanction::Warn)).await;
        expected.warnings = n;
        assert_eq!(standing(&scene, &bob).await, expected);
    }
    let never = Some(Timestamp::MAX);
    type Change = fn(&mut Standing, Timestamp);
    let steps: [(Sanction, Change); 10] = [
        (Sanction::Mute(Some(until)), |s, until| {
            s.muted_until = Some(until);
        }),
        (Sanction::Mute(None), |s, _| {
            s.muted_until = Some(Timestamp::MAX);
        }),
        (Sanction::Suspend(Some(until)), |s, until| {
            s.suspended_until = Some(until);
        }),
        (Sanction::Suspend(None), |s, _| {
            s.suspended_until = Some(Timestamp::MAX);
        }),
        (Sanction::Reinstate, |s, _| s.suspended_until = None),
        (Sanction::Ban, |s, _| {
            s.banned = true;
            s.suspended_until = Some(Timestamp::MAX);
        }),
        (Sanction::Unmute, |s, _| s.muted_until = None),
        (Sanction::Reinstate, |s, _| {
            s.banned = false;
            s.suspended_until = None;
        }),
        (Sanction::Suspend(Some(until)), |s, until| {
            s.suspended_until = Some(until);
        }),
        (Sanction::Ban, |s, _| {
            s.banned = true;
            s.suspended_until = Some(Timestamp::MAX);
        }),
    ];
    for (sanction, change) in steps {
        scene.done(&moderator, decide(&bob, sanction)).await;
        change(&mut expected, until);
        assert_eq!(standing(&scene, &bob).await, expected, "{sanction:?}");
    }
    assert_eq!(expected.suspended_until, never);
    assert_eq!(standing(&scene, &moderator).await, Standing::default());
}

async fn what_changes_nothing_is_no_sanction(scene: Scene) {
    let [moderator, bob] = scene.people(["mod", "bob"]);
    for sanction in [
        Sanction::Unmute,
        Sanction::Reinstate,
        Sanction::EndShadowBan,
    ] {
        scene.unchanged(&moderator, decide(&bob, sanction)).await;
    }
    let soon = scene.now().plus_ms(2_500);
    let later = scene.now().plus_ms(3_600_000);
    for sanction in [
        Sanction::Mute(Some(later)),
        Sanction::ShadowBan,
        Sanction::Ban,
    ] {
        scene.done(&moderator, decide(&bob, sanction)).await;
        scene.unchanged(&moderator, decide(&bob, sanction)).await;
    }
    for shorter in [Some(later), None] {
        let suspend = decide(&bob, Sanction::Suspend(shorter));
        scene.unchanged(&moderator, suspend).await;
    }
    assert!(standing(&scene, &bob).await.banned, "until reinstated");
    let now = scene.now();
    for sanction in [Sanction::Mute(Some(now)), Sanction::Suspend(Some(soon))] {
        scene.invalid(&moderator, decide(&bob, sanction)).await;
    }
    let soon = scene.now().plus_ms(2_500);
    let mute = Sanction::Mute(Some(soon));
    scene.done(&moderator, decide(&bob, mute)).await;
    scene.turn_clock(60_000);
    assert!(!standing(&scene, &bob).await.is_muted(scene.now()));
    scene
        .unchanged(&moderator, decide(&bob, Sanction::Unmute))
        .await;
}

async fn summary_counts(
    scene: &Scene,
    id: ConversationId,
    user: &UserId,
) -> (u64, Option<MessageId>) {
    let summary = scene.store.summary(id, user).await.expect("reads");
    let summary = summary.expect("in it");
    let page = scene.store.conversations_of(user, None, 99).await;
    let page = page.expect("reads");
    let listed = page.iter().find(|other| other.conversation.id == id);
    assert_eq!(listed, Some(&summary), "lists say the same");
    let unread = scene.store.unread(user).await.expect("reads");
    let unread = unread.into_iter().find(|(other, _)| *other == id);
    assert_eq!(unread.map_or(0, |(_, n)| n), summary.unread);
    (summary.unread, summary.last_message.map(|last| last.id))
}

async fn whom_nobody_is_shown_counts_for_nobody_else(scene: Scene) {
    let [ann, bob, cid, moderator] = scene.people(["ann", "bob", "cid", "mod"]);
    let group = scene.group(&ann, &[&bob, &cid]).await;
    let direct = scene.direct(&ann, &bob).await;
    let of_ann = scene.send(&ann, group, "1").await.id;
    let of_bob = scene.send(&bob, group, "2").await.id;
    let alone = scene.send(&bob, direct, "3").await.id;
    let since = scene.now();
    scene
        .done(&moderator, decide(&bob, Sanction::ShadowBan))
        .await;
    let shadowed = scene.store.shadowed().await.expect("reads");
    assert!(shadowed.contains(&(bob.clone(), since)));
    assert!(shadowed.is_sorted());
    assert_eq!(standing(&scene, &bob).await.shadowed_since, Some(since));
    for (conversation, user, expected) in [
        (group, &ann, (0, Some(of_ann))),
        (group, &cid, (1, Some(of_ann))),
        (group, &bob, (1, Some(of_bob))),
        (direct, &ann, (0, None)),
        (direct, &bob, (0, Some(alone))),
    ] {
        let counts = summary_counts(&scene, conversation, user).await;
        assert_eq!(counts, expected, "{user}");
    }
    let seq = Seq(2);
    let conversation = group;
    scene.change(&cid, Write::Read { conversation, seq }).await;

    scene
        .done(&moderator, decide(&bob, Sanction::EndShadowBan))
        .await;
    let shadowed = scene.store.shadowed().await.expect("reads");
    assert!(shadowed.iter().all(|(user, _)| *user != bob));
    assert_eq!(
        summary_counts(&scene, group, &ann).await,
        (1, Some(of_bob)),
        "what was written meanwhile is shown"
    );
    assert_eq!(summary_counts(&scene, direct, &ann).await, (1, Some(alone)));
}

async fn many_whom_nobody_is_shown_are_found_in_small_and_large_conversations(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let crowd: Vec<_> = (0..12).map(|n| scene.person(&format!("p{n}"))).collect();
    let small = scene.group(&ann, &[&bob, &crowd[0]]).await;
    let all: Vec<_> = crowd.iter().chain([&bob]).collect();
    let large = scene.group(&ann, &all).await;
    for id in [small, large] {
        scene.send(&bob, id, "1").await;
        scene.send(&crowd[0], id, "2").await;
    }
    // One of the last in the order of keys, and one who is shown.
    scene.send(&crowd[10], large, "3").await;
    scene.send(&crowd[11], large, "4").await;
    for user in &crowd[..11] {
        scene
            .done(&moderator, decide(user, Sanction::ShadowBan))
            .await;
    }
    assert_eq!(summary_counts(&scene, small, &ann).await.0, 1);
    assert_eq!(summary_counts(&scene, large, &ann).await.0, 2);
    assert_eq!(summary_counts(&scene, small, &crowd[0]).await.0, 1);
    for user in &crowd[..11] {
        scene
            .done(&moderator, decide(user, Sanction::EndShadowBan))
            .await;
    }
    assert_eq!(summary_counts(&scene, small, &ann).await.0, 2);
    assert_eq!(summary_counts(&scene, large, &ann).await.0, 4);
}

async fn a_takedown_deletes_anybodys_message(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let conversation = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, conversation, "x").await.id;
    let start = scene.store.head();
    let change = scene.change(&moderator, Write::Takedown { message }).await;
    assert_eq!(
        (&change.by, change.conversation),
        (&moderator, conversation)
    );
    let ChangeBody::Deleted(tombstone) = &change.body else {
        panic!("{change:?}")
    };
    assert!(tombstone.deleted_at.is_some() && tombstone.content.text.is_empty());
    assert_eq!(scene.message(message).await, *tombstone);
    let told = scene.store.changes_since(&bob, start, 9).await;
    assert_eq!(told.expect("reads").changes, std::slice::from_ref(&change));
    scene
        .unchanged(&moderator, Write::Takedown { message })
        .await;
    assert_eq!(scene.store.n_messages(conversation).await.ok(), Some(0));
    let message = nothing();
    scene
        .refused(
            &moderator,
            Write::Takedown { message },
            Rejection::NoMessage,
        )
        .await;
}

async fn preferences_are_kept(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let of = async |users: &[&UserId]| {
        let users: Vec<_> = users.iter().copied().cloned().collect();
        let preferences = scene.store.preferences(&users).await.expect("reads");
        let hidden = preferences.into_iter().map(|p| p.hide_receipts);
        hidden.collect::<Vec<_>>()
    };
    let hide = |hide_receipts| Write::Prefer(Preferences { hide_receipts });
    scene.unchanged(&ann, hide(false)).await;
    scene.done(&ann, hide(true)).await;
    scene.unchanged(&ann, hide(true)).await;
    assert_eq!(of(&[&bob, &ann, &bob]).await, [false, true, false]);
    scene.done(&ann, hide(false)).await;
    assert_eq!(of(&[&ann]).await, [false]);
    assert!(of(&[]).await.is_empty());
}
