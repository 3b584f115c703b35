//! A reply is an acceptance.

use super::words::*;
use crate::{
    domain::{
        change::ChangeBody,
        contact::{Gate, HiddenBecause, MatchKind, RequestStatus},
        event::EventId,
    },
    ids::{IdempotencyKey, UserId},
    store::{Outcome, Rejection, Transaction, Write},
    suite::{
        Scene, cases,
        scene::{send, text},
    },
};

cases![
    a_reply_accepts_a_request_under_every_gate,
    a_reply_to_who_wrote_directly_matches,
    a_retry_of_a_reply_answers_as_a_message,
];

async fn a_reply_accepts_a_request_under_every_gate(scene: Scene) {
    for (n, gate) in [Gate::Open, Gate::Request, Gate::Match]
        .into_iter()
        .enumerate()
    {
        let ann = scene.person(&format!("ann{n}"));
        let bob = scene.person(&format!("bob{n}"));
        let id = scene.direct(&ann, &bob).await;
        let request = scene.asked(&ann, ask(&bob, "will you?")).await.id;
        let start = scene.now_in_events();
        let transaction = Transaction {
            contact: to(&ann, gate),
            ..scene.transaction(&bob, send(id, "I will"))
        };
        let outcome = scene.commit(transaction).await;
        let Ok(Outcome::Met { notices, changes }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(answered(&notices).id, request);
        assert_eq!(matched(&notices).kind, MatchKind::Reply);
        assert_eq!(matched(&notices).conversation, id);
        assert_eq!(changes.len(), 2);
        let ChangeBody::Sent(first) = &changes[0].body else {
            panic!("{changes:?}");
        };
        let own = last_sent(&changes);
        assert_eq!((first.seq.0, own.seq.0), (1, 2));
        assert_eq!(answered(&notices).message, Some(first.id));
        assert_eq!((&changes[0].by, &changes[1].by), (&ann, &bob));
        let expected = [
            (ann.clone(), "will you?".to_owned()),
            (bob.clone(), "I will".to_owned()),
        ];
        assert_eq!(scene.texts(id).await, expected);
        assert_eq!(scene.status(request).await, RequestStatus::Accepted);

        // All else that is told of it comes behind its messages.
        let events = scene.events_since(start).await;
        let topics: Vec<_> = events.iter().map(|event| event.what.topic()).collect();
        let told = [
            "message.sent",
            "message.sent",
            "request.accepted",
            "match.created",
        ];
        assert_eq!(topics, told);
        assert!(events[2..].iter().all(|event| {
            let EventId { position, n } = event.id;
            position >= own.position() && n > 0
        }));

        // From now on both write as they like, in any gate.
        for gate in [Gate::Open, Gate::Request, Gate::Match] {
            scene.says(&ann, to(&bob, gate), id, "fine").await;
            scene.says(&bob, to(&ann, gate), id, "fine").await;
        }
    }
}

async fn a_reply_to_who_wrote_directly_matches(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let (notices, changes) = scene.met_by(&ann, premium(&bob), send(id, "hi")).await;
    let written = Some(HiddenBecause::Written);
    assert_eq!(hidings(&notices), [(&ann, &bob, written)]);
    assert_eq!((notices.len(), changes.len()), (1, 1));
    scene.says(&ann, premium(&bob), id, "hi again").await;
    let [mine, theirs] = [scene.tie(&ann, &bob).await, scene.tie(&bob, &ann).await];
    assert_eq!([mine.written_to, theirs.written_to], [false, true]);
    // Without the plan, what was allowed once is not any more.
    scene
        .kept_from(
            &ann,
            to(&bob, Gate::Request),
            send(id, "x"),
            Rejection::AskFirst,
        )
        .await;
    scene
        .kept_from(
            &bob,
            to(&ann, Gate::Match),
            send(id, "x"),
            Rejection::NotMatched,
        )
        .await;

    let (notices, changes) = scene
        .met_by(&bob, to(&ann, Gate::Request), send(id, "hello"))
        .await;
    assert_eq!(matched(&notices).kind, MatchKind::Reply);
    assert_eq!(hidings(&notices), [(&ann, &bob, None)], "shown again");
    assert_eq!(changes.len(), 1);
    assert_eq!(last_sent(&changes).seq.0, 3);
    scene.says(&ann, to(&bob, Gate::Request), id, "so").await;
    assert!(!scene.tie(&bob, &ann).await.written_to);
}

async fn a_retry_of_a_reply_answers_as_a_message(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let request = scene.asked(&ann, ask(&bob, "will you?")).await.id;
    let write = Write::Send {
        conversation,
        content: text("I will"),
        attachments: Vec::new(),
        key: Some(IdempotencyKey::new("k").expect("short")),
    };
    let rules = |peer: &UserId| to(peer, Gate::Match);
    let (_, changes) = scene.met_by(&bob, rules(&ann), write.clone()).await;
    let own = changes.last().expect("sent").clone();
    let again = scene.write_by(&bob, rules(&ann), write.clone()).await;
    assert_eq!(again, Ok(Outcome::Repeated(Box::new(own.clone()))));
    // Also when the two aren't matched any more: it arrived then.
    let matched = scene.tie(&ann, &bob).await.matched.expect("matched").id;
    scene.met(&ann, Write::Unmatch { matched }).await;
    let again = scene.write_by(&bob, rules(&ann), write).await;
    assert_eq!(again, Ok(Outcome::Repeated(Box::new(own))));
    assert_eq!(scene.status(request).await, RequestStatus::Accepted);
    assert_eq!(scene.texts(conversation).await.len(), 2);
}
