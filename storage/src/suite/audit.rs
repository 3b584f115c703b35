//! The audit log: what is written to it, and letting go of it.

use super::{
    Scene, cases,
    scene::{nowhere, send, text},
};
use crate::{
    audit::{self, Mark},
    domain::safety::{AuditDraft, AuditLine, ReportDraft, Sanction},
    ids::{IdempotencyKey, UserId},
    store::{Outcome, Rejection, Transaction, Write},
};

cases![
    a_line_says_what_was_done,
    what_changes_nothing_is_not_logged,
    the_chain_goes_on_over_groups_and_restarts,
    lines_are_let_go_oldest_first,
    a_line_has_bounds,
];

fn draft(action: &'static str) -> AuditDraft {
    AuditDraft {
        action,
        user: None,
        conversation: None,
        message: None,
        detail: None,
    }
}

fn logged(scene: &Scene, by: &UserId, write: Write, draft: AuditDraft) -> Transaction {
    Transaction {
        audit: Some(draft),
        ..scene.transaction(by, write)
    }
}

/// The newest line, by its number: a database that other cases have written to has others.
async fn newest(scene: &Scene) -> Mark {
    let mut mark = Mark::default();
    loop {
        let page = scene.store.audit_after(mark.n, 500).await.expect("reads");
        let Some(AuditLine { n, hash, .. }) = page.last().cloned() else {
            return mark;
        };
        mark = Mark { n, hash };
    }
}

async fn after(scene: &Scene, n: u64) -> Vec<AuditLine> {
    scene.store.audit_after(n, 9_999).await.expect("reads")
}

async fn a_line_says_what_was_done(scene: Scene) {
    let [ann, bob, moderator] = scene.people(["ann", "bob", "mod"]);
    let before = newest(&scene).await;
    let conversation = scene.direct(&ann, &bob).await;
    let at = scene.now();
    let said = AuditDraft {
        conversation: Some(conversation),
        ..draft("message.sent")
    };
    let write = send(conversation, "secret");
    let sent = scene.commit(logged(&scene, &ann, write, said)).await;
    let Ok(Outcome::Changed(changes)) = sent else {
        panic!("{sent:?}")
    };
    let position = Some(changes[0].position);
    let report = ReportDraft {
        user: bob.clone(),
        category: "spam".to_owned(),
        reason: None,
        conversation: None,
        message: None,
    };
    let reported = logged(&scene, &ann, Write::Report(report), draft("user.reported"));
    let Ok(Outcome::Filed(report)) = scene.commit(reported).await else {
        panic!("not filed")
    };
    let decided = AuditDraft {
        user: Some(bob.clone()),
        message: Some(crate::ids::MessageId::created_at(changes[0].position)),
        detail: Some("for \u{1f4a9}".to_owned()),
        ..draft("user.warned")
    };
    let sanction = Sanction::Warn;
    let write = Write::Sanction {
        user: bob.clone(),
        sanction,
    };
    let warned = scene.commit(logged(&scene, &moderator, write, decided.clone()));
    assert_eq!(warned.await, Ok(Outcome::Done));
    let noted = logged(&scene, &bob, Write::Note, draft("user.connected"));
    assert_eq!(scene.commit(noted).await, Ok(Outcome::Done));

    let lines = after(&scene, before.n).await;
    let [sent, filed, warned, noted] = &lines[..] else {
        panic!("{lines:?}")
    };
    let expected = AuditLine {
        n: before.n + 1,
        at,
        by: ann.clone(),
        position,
        action: "message.sent".to_owned(),
        user: None,
        conversation: Some(conversation),
        message: None,
        detail: None,
        hash: sent.hash,
    };
    assert_eq!(*sent, expected);
    assert_eq!(
        (filed.n, filed.position),
        (before.n + 2, Some(report.position()))
    );
    assert_eq!((&warned.by, warned.position), (&moderator, None));
    assert_eq!(
        (&warned.user, warned.message, &warned.detail),
        (&decided.user, decided.message, &decided.detail)
    );
    assert_eq!(
        (noted.n, noted.action.as_str()),
        (before.n + 4, "user.connected")
    );
    let written = newest(&scene).await;
    assert_eq!(audit::verify(before, &lines, written), Ok(()));
    let page = scene.store.audit_after(before.n + 1, 2).await;
    assert_eq!(page.expect("reads"), lines[1..3]);
}

async fn what_changes_nothing_is_not_logged(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let once = Write::Send {
        conversation,
        content: text("once"),
        attachments: Vec::new(),
        key: Some(IdempotencyKey::new("k").expect("a good key")),
    };
    scene.change(&ann, once.clone()).await;
    let before = newest(&scene).await;
    let try_it = async |write| {
        let transaction = logged(&scene, &ann, write, draft("tried"));
        scene.commit(transaction).await
    };
    assert!(matches!(try_it(once).await, Ok(Outcome::Repeated(_))));
    let user = bob.clone();
    assert_eq!(
        try_it(Write::Unblock { user }).await,
        Ok(Outcome::Unchanged)
    );
    assert_eq!(
        try_it(send(nowhere(), "x")).await,
        Err(Rejection::NoConversation)
    );
    assert_eq!(newest(&scene).await, before);
}

async fn the_chain_goes_on_over_groups_and_restarts(mut scene: Scene) {
    let [ann] = scene.people(["ann"]);
    let before = newest(&scene).await;
    for round in 0..3 {
        let group: Vec<_> = (0..100)
            .map(|n| match n % 10 {
                // Those between that are refused leave no gap.
                9 => logged(&scene, &ann, send(nowhere(), "x"), draft("refused")),
                _ => logged(&scene, &ann, Write::Note, draft("noted")),
            })
            .collect();
        scene.store.commit(group).await.expect("commits");
        let lines = after(&scene, before.n).await;
        assert_eq!(lines.len(), 90 * (round + 1));
        let written = newest(&scene).await;
        assert_eq!(audit::verify(before, &lines, written), Ok(()));
        if scene.bed.remembers() {
            scene.reopen().await;
        }
    }
}

async fn lines_are_let_go_oldest_first(mut scene: Scene) {
    let [ann] = scene.people(["ann"]);
    // Whatever other cases wrote is older, and goes first.
    scene.turn_clock(10_000_000);
    let start = scene.now();
    while scene.store.forget_audit(start, 1_000).await.expect("works") > 0 {}
    let before = newest(&scene).await;
    let mut times = Vec::new();
    for _ in 0..100 {
        times.push(scene.now());
        let noted = logged(&scene, &ann, Write::Note, draft("noted"));
        scene.commit(noted).await.expect("taken");
    }
    let all = after(&scene, 0).await;
    assert_eq!(all.len(), 100);
    if before.n > 0 {
        assert_eq!(audit::verify(before, &all, newest(&scene).await), Ok(()));
    }
    let forget = async |scene: &Scene, before, limit| {
        scene
            .store
            .forget_audit(before, limit)
            .await
            .expect("works")
    };
    assert_eq!(forget(&scene, start, 99).await, 0);
    assert_eq!(forget(&scene, times[70], 0).await, 0);
    assert_eq!(forget(&scene, times[70], 40).await, 40);
    assert_eq!(after(&scene, 0).await, all[40..]);
    assert_eq!(forget(&scene, times[70], 99).await, 30);
    assert_eq!(forget(&scene, times[70], 99).await, 0);
    assert_eq!(after(&scene, 0).await, all[70..]);

    if scene.bed.remembers() {
        scene.reopen().await;
    }
    let noted = logged(&scene, &ann, Write::Note, draft("noted"));
    scene.commit(noted).await.expect("taken");
    let later = scene.now();
    let left = after(&scene, 0).await;
    assert_eq!(left.len(), 31);
    let (n, hash) = (all[69].n, all[69].hash);
    let written = newest(&scene).await;
    assert_eq!(audit::verify(Mark { n, hash }, &left, written), Ok(()));

    assert_eq!(forget(&scene, later, 99).await, 31);
    assert!(after(&scene, 0).await.is_empty());
    if scene.bed.remembers() {
        scene.reopen().await;
    }
    let noted = logged(&scene, &ann, Write::Note, draft("noted"));
    scene.commit(noted).await.expect("taken");
    let left = after(&scene, 0).await;
    let next = newest(&scene).await;
    assert_eq!(left.len(), 1);
    assert_eq!(audit::verify(written, &left, next), Ok(()), "goes on");
}

async fn a_line_has_bounds(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    let before = newest(&scene).await;
    let detail = |bytes| AuditDraft {
        detail: Some("x".repeat(bytes)),
        ..draft("noted")
    };
    let long = logged(&scene, &ann, Write::Note, detail(1_025));
    let refused = scene.commit(long).await;
    assert!(matches!(refused, Err(Rejection::Invalid(_))), "{refused:?}");
    assert_eq!(newest(&scene).await, before);
    let fits = logged(&scene, &ann, Write::Note, detail(1_024));
    assert_eq!(scene.commit(fits).await, Ok(Outcome::Done));
}
