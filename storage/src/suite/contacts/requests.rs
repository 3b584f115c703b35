//! Requests: made, answered, taken back, too old.

use super::words::*;
use crate::{
    contacts::Lifetime,
    domain::{
        change::ChangeBody,
        contact::{ContactRules, Gate, MatchKind, Notice, RequestStatus},
    },
    ids::{IdempotencyKey, MessageRequestId, Position},
    store::{Outcome, Rejection, Transaction, Write},
    suite::{Scene, cases},
};

cases![
    a_request_waits_for_its_answer,
    an_accepted_request_becomes_the_first_message,
    one_request_of_a_pair_is_pending,
    a_declined_request_looks_pending_to_who_made_it,
    a_request_is_taken_back,
    a_request_ends_by_itself,
    a_retry_finds_the_first_request,
    requests_that_make_no_sense,
];

async fn a_request_waits_for_its_answer(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let at = scene.now();
    let write = Write::Ask {
        user: bob.clone(),
        text: "call 555".to_owned(),
        masked: Some("call ***".to_owned()),
        key: None,
    };
    let request = scene.asked(&ann, write).await;
    assert_eq!((&request.from, &request.to), (&ann, &bob));
    assert_eq!(request.text, "call 555");
    assert_eq!(request.masked.as_deref(), Some("call ***"));
    assert_eq!(
        (request.status, request.created_at),
        (RequestStatus::Pending, at)
    );
    assert!(request.id.position() <= scene.store.head());
    let found = scene
        .store
        .message_request(request.id, scene.forever())
        .await;
    assert_eq!(found.expect("reads").as_ref(), Some(&request));
    for (user, other) in [(&ann, &bob), (&bob, &ann)] {
        assert_eq!(
            scene.tie(user, other).await.request.as_ref(),
            Some(&request)
        );
    }
    let between = scene.store.direct_between(&ann, &bob).await;
    assert_eq!(between.expect("reads"), None, "nothing is opened by asking");
}

async fn an_accepted_request_becomes_the_first_message(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let write = Write::Ask {
        user: bob.clone(),
        text: "call 555".to_owned(),
        masked: Some("call ***".to_owned()),
        key: None,
    };
    let request = scene.asked(&ann, write).await;
    let by_maker = scene.write(&ann, accept(request.id)).await;
    assert_eq!(by_maker, Err(Rejection::NoRequest));
    let at = scene.now();
    let (notices, changes) = scene.met(&bob, accept(request.id)).await;
    let request = answered(&notices);
    assert_eq!(request.status, RequestStatus::Accepted);
    assert_eq!(request.answered_at, Some(at));
    let matched = matched(&notices);
    assert_eq!(matched.kind, MatchKind::RequestAccepted);
    assert_eq!(matched.pair, [ann.clone(), bob.clone()]);
    assert_eq!(matched.created_at, at);
    assert_eq!(Some(matched.conversation), request.conversation);
    assert!(matches!(changes[0].body, ChangeBody::Created { .. }));
    let message = last_sent(&changes);
    assert_eq!(Some(message.id), request.message);
    assert_eq!(message.content.text, "call 555", "all of it");
    assert_eq!((&message.author, message.sent_at), (&ann, at));
    assert_eq!(scene.message(message.id).await, *message);
    assert!(scene.store.head() >= message.position());

    let unread = scene.store.unread(&bob).await.expect("reads");
    assert_eq!(unread, [(matched.conversation, 1)]);
    let tie = scene.tie(&bob, &ann).await;
    assert_eq!((tie.matched.as_ref(), tie.request), (Some(matched), None));
    let again = scene.write(&bob, accept(request.id)).await;
    assert_eq!(again, Err(Rejection::NotPending));
    for (by, other) in [(&ann, &bob), (&bob, &ann)] {
        scene.refused(by, ask(other, "x"), Rejection::Matched).await;
    }
}

async fn one_request_of_a_pair_is_pending(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let request = scene.asked(&ann, ask(&bob, "one")).await;
    scene
        .refused(&ann, ask(&bob, "two"), Rejection::Asked)
        .await;
    scene
        .refused(&bob, ask(&ann, "three"), Rejection::Asked)
        .await;
    scene.asked(&ann, ask(&cid, "four")).await;
    let tie = scene.tie(&bob, &ann).await;
    assert_eq!(tie.request, Some(request));
}

async fn a_declined_request_looks_pending_to_who_made_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let request = scene.asked(&ann, ask(&bob, "hi")).await;
    let (notices, changes) = scene.met(&bob, decline(request.id)).await;
    assert_eq!(answered(&notices).status, RequestStatus::Declined);
    assert_eq!((notices.len(), changes.len()), (1, 0));
    assert_eq!(scene.status(request.id).await, RequestStatus::Declined);
    scene
        .refused(&bob, accept(request.id), Rejection::NotPending)
        .await;
    scene.refused(&ann, ask(&bob, "x"), Rejection::Asked).await;
    let seen = scene.tie(&ann, &bob).await.request;
    assert_eq!(seen.map(|seen| seen.id), Some(request.id));
    assert_eq!(scene.tie(&bob, &ann).await.request, None);

    // Who declined may ask all the same, and can then be answered.
    let back = scene.asked(&bob, ask(&ann, "sorry")).await;
    assert_eq!(scene.status(request.id).await, RequestStatus::Expired);
    let (notices, changes) = scene.met(&ann, accept(back.id)).await;
    assert_eq!(matched(&notices).kind, MatchKind::RequestAccepted);
    let id = changes[0].conversation;
    assert_eq!(scene.texts(id).await, [(bob, "sorry".to_owned())]);
}

async fn a_request_is_taken_back(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    for end_first in [false, true] {
        let request = scene.asked(&ann, ask(&bob, "hi")).await.id;
        if end_first {
            scene.met(&bob, decline(request)).await;
        }
        scene
            .refused(&bob, withdraw(request), Rejection::NoRequest)
            .await;
        let (notices, changes) = scene.met(&ann, withdraw(request)).await;
        assert_eq!(answered(&notices).status, RequestStatus::Withdrawn);
        assert_eq!((notices.len(), changes.len()), (1, 0));
        scene
            .refused(&ann, withdraw(request), Rejection::NotPending)
            .await;
        scene
            .refused(&bob, accept(request), Rejection::NotPending)
            .await;
        assert_eq!(scene.tie(&ann, &bob).await, Default::default());
    }
    let nothing = MessageRequestId::created_at(Position::new(1).expect("small"));
    for write in [accept(nothing), decline(nothing), withdraw(nothing)] {
        scene.refused(&ann, write, Rejection::NoRequest).await;
    }
}

async fn a_request_ends_by_itself(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let rules = || ContactRules {
        request_ttl: Some(TTL),
        ..to(&bob, Gate::Request)
    };
    let within = |scene: &Scene| Lifetime {
        at: scene.now(),
        ttl: Some(TTL),
    };
    for is_declined in [false, true] {
        let (notices, _) = scene.met_by(&ann, rules(), ask(&bob, "hi")).await;
        let [Notice::Requested(request)] = &notices[..] else {
            panic!("{notices:?}");
        };
        let id = request.id;
        if is_declined {
            scene.met_by(&bob, rules(), decline(id)).await;
        }
        let so_far = scene.status_within(id, within(&scene)).await;
        assert_ne!(so_far, RequestStatus::Expired);
        let refused = scene.write_by(&ann, rules(), ask(&bob, "again")).await;
        assert_eq!(refused, Err(Rejection::Asked));
        scene.turn_clock(TTL.as_millis() as i64);
        let now = scene.status_within(id, within(&scene)).await;
        assert_eq!(now, RequestStatus::Expired, "declined or not");
        let forever = scene.status(id).await;
        assert_ne!(forever, RequestStatus::Expired, "by another policy");
        for (by, write) in [
            (&bob, accept(id)),
            (&bob, decline(id)),
            (&ann, withdraw(id)),
        ] {
            let outcome = scene.write_by(by, rules(), write).await;
            assert_eq!(outcome, Err(Rejection::NotPending));
        }
    }
    let (notices, _) = scene.met_by(&bob, rules(), ask(&ann, "now I")).await;
    assert!(matches!(&notices[..], [Notice::Requested(_)]));
}

async fn a_retry_finds_the_first_request(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let ask = |user: &crate::ids::UserId, text: &str| Write::Ask {
        user: user.clone(),
        text: text.to_owned(),
        masked: None,
        key: Some(IdempotencyKey::new("k").expect("short")),
    };
    let first = scene.asked(&ann, ask(&bob, "hi")).await;
    let again = scene.write(&ann, ask(&bob, "hi")).await;
    assert_eq!(again, Ok(Outcome::Asked(Box::new(first.clone()))));
    for write in [ask(&bob, "ho"), ask(&cid, "hi")] {
        scene.refused(&ann, write, Rejection::KeyReused).await;
    }
    scene.met(&bob, accept(first.id)).await;
    let again = scene.write(&ann, ask(&bob, "hi")).await;
    let Ok(Outcome::Asked(now)) = again else {
        panic!("{again:?}");
    };
    assert_eq!((now.id, now.status), (first.id, RequestStatus::Accepted));
    scene.asked(&cid, ask(&bob, "hi")).await;

    // What is written may differ from what was sent: the retry is known by the latter.
    let masked = |text: &str, original: &str| Transaction {
        original: Some(original.to_owned()),
        ..scene.transaction(&bob, ask(&cid, text))
    };
    let first = scene.commit(masked("*", "damn")).await;
    assert_eq!(first, Err(Rejection::Asked), "cid asked");
    let [dan] = scene.people(["dan"]);
    let to_dan = |text: &str, original: &str| Transaction {
        original: Some(original.to_owned()),
        ..scene.transaction(&bob, ask(&dan, text))
    };
    let first = scene.commit(to_dan("d***", "damn")).await;
    assert!(matches!(first, Ok(Outcome::Met { .. })), "{first:?}");
    let again = scene.commit(to_dan("****", "damn")).await;
    assert!(matches!(again, Ok(Outcome::Asked(_))), "{again:?}");
    let other = scene.commit(to_dan("d***", "darn")).await;
    assert_eq!(other, Err(Rejection::KeyReused));
}

async fn requests_that_make_no_sense(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.invalid(&ann, ask(&ann, "me")).await;
    scene.invalid(&ann, ask(&bob, " ")).await;
    scene.invalid(&ann, ask(&bob, &"x".repeat(300_000))).await;
    scene.asked(&ann, ask(&bob, &"x".repeat(200_000))).await;
}
