//! Reports, flags, what moderators decide, and what people chose for themselves.

use super::{
    Scene, cases,
    scene::{nothing, nowhere, send},
};
use crate::{
    domain::{
        change::ChangeBody,
        message::Message,
        safety::{
            Flag, FlagDraft, Preferences, Report, ReportDraft, ReportStatus, Sanction, Standing,
        },
    },
    ids::{ConversationId, MessageId, Position, ReportId, Seq, Timestamp, UserId},
    safety::{ReportPage, Retention},
    store::{Outcome, Rejection, Transaction, Write},
};

cases![
    a_report_goes_through_its_states,
    only_what_one_sees_can_be_reported,
    reports_are_found_by_state_and_person,
    a_flag_keeps_what_was_written,
    a_flag_that_is_set_again_replaces_the_old_one,
    flags_are_found_by_state,
    a_refused_message_is_not_flagged,
    a_flag_goes_with_its_message,
    sanctions_add_up_and_are_taken_back,
    what_changes_nothing_is_no_sanction,
    whom_nobody_is_shown_counts_for_nobody_else,
    a_takedown_deletes_anybodys_message,
    preferences_are_kept,
    reports_and_flags_have_bounds,
];

fn about(user: &UserId) -> ReportDraft {
    ReportDraft {
        user: user.clone(),
        category: "spam".to_owned(),
        reason: None,
        conversation: None,
        message: None,
    }
}

async fn file(scene: &Scene, by: &UserId, draft: ReportDraft) -> ReportId {
    match scene.write(by, Write::Report(draft)).await {
        Ok(Outcome::Filed(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn report(scene: &Scene, id: ReportId) -> Report {
    let report = scene.store.report(id).await.expect("reads");
    report.expect("there is the report")
}

fn review(report: ReportId, status: ReportStatus, note: Option<&str>) -> Write {
    Write::ReviewReport {
        report,
        status,
        note: note.map(str::to_owned),
    }
}

async fn a_report_goes_through_its_states(scene: Scene) {
    let [ann, bob, mod_a, mod_b] = scene.people(["ann", "bob", "mod-a", "mod-b"]);
    let conversation = scene.direct(&ann, &bob).await;
    let message = scene.send(&bob, conversation, "buy this").await;
    let draft = ReportDraft {
        reason: Some("long ".repeat(2_000)),
        message: Some(message.id),
        ..about(&bob)
    };
    let before = scene.store.head();
    let at = scene.now();
    let id = file(&scene, &ann, draft.clone()).await;
    assert!(id.position() > before && id.position() <= scene.store.head());
    let mut expected = Report {
        id,
        by: ann.clone(),
        what: ReportDraft {
            conversation: Some(conversation),
            ..draft
        },
        status: ReportStatus::Pending,
        at,
        reviewed: None,
        note: None,
    };
    assert_eq!(report(&scene, id).await, expected);

    scene
        .unchanged(&mod_a, review(id, ReportStatus::Pending, None))
        .await;
    assert_eq!(report(&scene, id).await, expected, "not reviewed by that");
    let at = scene.now();
    scene
        .done(&mod_a, review(id, ReportStatus::Reviewing, Some("mine")))
        .await;
    expected.status = ReportStatus::Reviewing;
    expected.reviewed = Some((at, mod_a.clone()));
    expected.note = Some("mine".to_owned());
    assert_eq!(report(&scene, id).await, expected);
    for note in [None, Some("mine")] {
        scene
            .unchanged(&mod_b, review(id, ReportStatus::Reviewing, note))
            .await;
    }
    let at = scene.now();
    scene
        .done(&mod_b, review(id, ReportStatus::Actioned, None))
        .await;
    expected.status = ReportStatus::Actioned;
    expected.reviewed = Some((at, mod_b.clone()));
    assert_eq!(report(&scene, id).await, expected, "the note stays");
    scene
        .done(&mod_b, review(id, ReportStatus::Actioned, Some("warned")))
        .await;
    assert_eq!(report(&scene, id).await.note.as_deref(), Some("warned"));

    let unknown = ReportId::created_at(conversation.position());
    let write = review(unknown, ReportStatus::Dismissed, None);
    scene.refused(&mod_a, write, Rejection::NoReport).await;
    assert_eq!(scene.store.report(unknown).await.expect("reads"), None);
}

async fn only_what_one_sees_can_be_reported(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    scene.invalid(&ann, Write::Report(about(&ann))).await;
    let theirs = scene.direct(&bob, &cid).await;
    let message = scene.send(&bob, theirs, "x").await.id;
    let own = scene.direct(&ann, &bob).await;
    let draft = |conversation, message| ReportDraft {
        conversation,
        message,
        ..about(&bob)
    };
    for (conversation, message, rejection) in [
        (Some(theirs), None, Rejection::NotMember),
        (None, Some(message), Rejection::NotMember),
        (Some(theirs), Some(message), Rejection::NotMember),
        (Some(own), Some(message), Rejection::NoMessage),
        (Some(nowhere()), None, Rejection::NoConversation),
        (None, Some(nothing()), Rejection::NoMessage),
        (Some(own), Some(nothing()), Rejection::NoMessage),
    ] {
        let write = Write::Report(draft(conversation, message));
        scene.refused(&ann, write, rejection).await;
    }
    file(&scene, &ann, draft(None, None)).await;
    file(&scene, &ann, draft(Some(own), None)).await;
    let gone = Write::Delete { message };
    scene.change(&bob, gone).await;
    file(&scene, &cid, draft(None, Some(message))).await;
}

async fn found(scene: &Scene, page: ReportPage) -> Vec<ReportId> {
    let reports = scene.store.reports(page).await.expect("reads");
    reports.into_iter().map(|report| report.id).collect()
}

async fn reports_are_found_by_state_and_person(scene: Scene) {
    let [ann, bob, bo] = scene.people(["ann", "bob", "bo"]);
    let start = file(&scene, &bob, about(&ann)).await;
    let mut ids = Vec::new();
    for user in [&bob, &bo, &bob, &bo] {
        ids.push(file(&scene, &ann, about(user)).await);
    }
    let [a, b, c, d] = ids[..] else {
        panic!("{ids:?}")
    };
    scene
        .done(&bo, review(b, ReportStatus::Dismissed, None))
        .await;
    scene
        .done(&bo, review(c, ReportStatus::Reviewing, None))
        .await;
    let page = |status, about: Option<&UserId>, before, limit| ReportPage {
        status,
        about: about.cloned(),
        before,
        limit,
    };
    // A database that other cases have written to may have more: newer ones come first, older ones last.
    let all = found(&scene, page(None, None, None, 99)).await;
    assert!(all.is_sorted_by(|a, b| a > b));
    let of_this: Vec<_> = all.into_iter().filter(|id| *id >= start).collect();
    assert_eq!(of_this, [d, c, b, a, start]);
    assert_eq!(found(&scene, page(None, None, Some(c), 2)).await, [b, a]);
    assert_eq!(found(&scene, page(None, Some(&bob), None, 9)).await, [c, a]);
    assert_eq!(found(&scene, page(None, Some(&bo), None, 1)).await, [d]);
    assert_eq!(found(&scene, page(None, Some(&bo), Some(d), 9)).await, [b]);
    let pending = Some(ReportStatus::Pending);
    assert_eq!(found(&scene, page(pending, Some(&bob), None, 9)).await, [a]);
    assert_eq!(
        found(&scene, page(pending, None, Some(d), 2)).await,
        [a, start]
    );
    let reviewing = Some(ReportStatus::Reviewing);
    assert_eq!(found(&scene, page(reviewing, None, None, 1)).await, [c]);
    assert!(found(&scene, page(None, None, None, 0)).await.is_empty());
    scene
        .done(&bo, review(c, ReportStatus::Pending, None))
        .await;
    assert_eq!(found(&scene, page(pending, None, Some(d), 1)).await, [c]);
}

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
    assert_eq!(told.expect("reads").changes, [change.clone()]);
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

async fn reports_and_flags_have_bounds(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let category = |text: &str| ReportDraft {
        category: text.to_owned(),
        ..about(&bob)
    };
    let reason = |bytes| ReportDraft {
        reason: Some("x".repeat(bytes)),
        ..about(&bob)
    };
    for draft in [
        category(""),
        category(&"x".repeat(1_025)),
        reason(16 * 1024 + 1),
    ] {
        scene.invalid(&ann, Write::Report(draft)).await;
    }
    let id = file(&scene, &ann, reason(16 * 1024)).await;
    let long = "x".repeat(16 * 1024 + 1);
    let write = review(id, ReportStatus::Actioned, Some(&long));
    scene.invalid(&bob, write).await;
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
    assert!(scene.store.head() > Position::ZERO);
}
