//! Reports of people, and how far moderators are with them.

use super::{
    Scene, cases,
    scene::{nothing, nowhere},
};
use crate::{
    domain::safety::{Report, ReportDraft, ReportStatus},
    ids::{ReportId, UserId},
    safety::ReportPage,
    store::{Outcome, Rejection, Write},
};

cases![
    a_report_goes_through_its_states,
    only_what_one_sees_can_be_reported,
    reports_are_found_by_state_and_person,
    reports_have_bounds,
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

async fn reports_have_bounds(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
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
}
