//! Who may write to whom under each gate, by every way there is.

use super::words::*;
use crate::{
    domain::contact::{ContactRules, Gate},
    ids::{IdempotencyKey, UserId},
    store::{Outcome, Rejection, Transaction, Write},
    suite::{
        Scene, cases,
        scene::{send, text},
    },
};

cases![
    strangers_write_under_the_open_gate_alone,
    a_group_is_no_way_round_the_gate,
    what_was_written_is_left_alone_by_who_may_not_write,
    who_is_asked_may_open_and_write,
    what_is_masked_is_shown_to_who_is_matched,
    a_retry_is_known_by_what_was_sent,
];

fn gated(gate: Gate) -> ContactRules {
    ContactRules {
        gate,
        ..ContactRules::default()
    }
}

fn refusal(gate: Gate) -> Rejection {
    match gate {
        Gate::Match => Rejection::NotMatched,
        _ => Rejection::AskFirst,
    }
}

fn open(with: &UserId) -> Write {
    Write::OpenDirect { with: with.clone() }
}

async fn strangers_write_under_the_open_gate_alone(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.direct(&ann, &bob).await;
    for gate in [Gate::Request, Gate::Match] {
        for n in 0..2 {
            scene.says(&ann, to(&bob, Gate::Open), id, "x").await;
            let write = send(id, "x");
            scene
                .kept_from(&ann, to(&bob, gate), write.clone(), refusal(gate))
                .await;
            let found = scene.write_by(&ann, gated(gate), open(&bob)).await;
            assert!(matches!(found, Ok(Outcome::Repeated(_))), "{found:?}, {n}");
        }
        scene
            .kept_from(&ann, gated(gate), open(&cid), refusal(gate))
            .await;
    }
    // A plan helps where asking does.
    let rules = ContactRules {
        gate: Gate::Match,
        ..premium(&bob)
    };
    scene
        .kept_from(&ann, rules, send(id, "x"), Rejection::NotMatched)
        .await;
    let opened = scene.write_by(&ann, premium(&cid), open(&cid)).await;
    assert!(matches!(opened, Ok(Outcome::Changed(_))), "{opened:?}");
    assert!(
        !scene.tie(&cid, &ann).await.written_to,
        "nothing is written"
    );
}

async fn a_group_is_no_way_round_the_gate(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    scene.match_of(&ann, &bob).await;
    let group = |members: &[&UserId]| Write::OpenGroup {
        name: None,
        members: members.iter().copied().cloned().collect(),
        key: Some(IdempotencyKey::new("k").expect("short")),
    };
    for gate in [Gate::Request, Gate::Match] {
        let both = group(&[&ann, &bob, &cid]);
        scene
            .kept_from(&ann, gated(gate), both, refusal(gate))
            .await;
    }
    let opened = scene
        .write_by(&ann, gated(Gate::Match), group(&[&ann, &bob]))
        .await;
    let Ok(Outcome::Changed(changes)) = opened else {
        panic!("{opened:?}");
    };
    let conversation = changes[0].conversation;
    let add = |users: &[&UserId]| Write::Add {
        conversation,
        users: users.iter().copied().cloned().collect(),
    };
    let outcome = scene.write_by(&ann, gated(Gate::Match), add(&[&bob])).await;
    assert_eq!(outcome, Ok(Outcome::Unchanged), "he is in it");
    for gate in [Gate::Request, Gate::Match] {
        scene
            .kept_from(&ann, gated(gate), add(&[&bob, &cid]), refusal(gate))
            .await;
    }
    let rules = || ContactRules {
        direct: true,
        ..gated(Gate::Request)
    };
    let added = scene.write_by(&ann, rules(), add(&[&cid])).await;
    assert!(matches!(added, Ok(Outcome::Changed(_))), "{added:?}");
    let member = scene.store.member(conversation, &cid).await.expect("reads");
    assert!(member.is_some());
}

async fn what_was_written_is_left_alone_by_who_may_not_write(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let matched = scene.match_of(&ann, &bob).await;
    let id = matched.conversation;
    let mine = scene.send(&ann, id, "one").await.id;
    let theirs = scene.send(&bob, id, "two").await.id;
    let edit = |text: &str| Write::Edit {
        message: mine,
        text: text.to_owned(),
    };
    let react = |emoji: &str, on| Write::React {
        message: theirs,
        emoji: emoji.to_owned(),
        on,
    };
    let rules = || to(&bob, Gate::Match);
    for write in [edit("uno"), react("+", true)] {
        let outcome = scene.write_by(&ann, rules(), write).await;
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{outcome:?}");
    }
    scene
        .met(
            &bob,
            Write::Unmatch {
                matched: matched.id,
            },
        )
        .await;
    for write in [send(id, "x"), edit("un"), react("-", true)] {
        scene
            .kept_from(&ann, rules(), write, Rejection::NotMatched)
            .await;
    }
    // What was given may be taken back.
    for write in [react("+", false), Write::Delete { message: mine }] {
        let outcome = scene.write_by(&ann, rules(), write).await;
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{outcome:?}");
    }
}

async fn who_is_asked_may_open_and_write(scene: Scene) {
    let [ann, bob, cid, dan] = scene.people(["ann", "bob", "cid", "dan"]);
    for (asked, gate) in [(&bob, Gate::Request), (&cid, Gate::Match)] {
        scene.asked(&ann, ask(asked, "hi")).await;
        scene
            .kept_from(&ann, to(asked, gate), open(asked), refusal(gate))
            .await;
        let opened = scene.write_by(asked, to(&ann, gate), open(&ann)).await;
        let Ok(Outcome::Changed(changes)) = opened else {
            panic!("{opened:?}");
        };
        let id = changes[0].conversation;
        scene
            .kept_from(&ann, to(asked, gate), send(id, "?"), refusal(gate))
            .await;
        let (notices, _) = scene.met_by(asked, to(&ann, gate), send(id, "yes")).await;
        assert_eq!(matched(&notices).conversation, id);
    }
    let request = scene.asked(&ann, ask(&dan, "hi")).await.id;
    scene.met(&dan, decline(request)).await;
    scene
        .kept_from(
            &dan,
            to(&ann, Gate::Match),
            open(&ann),
            Rejection::NotMatched,
        )
        .await;
}

async fn what_is_masked_is_shown_to_who_is_matched(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let rules = |peer: &UserId| ContactRules {
        masked: Some("call ***".to_owned()),
        ..to(peer, Gate::Open)
    };
    for _ in 0..2 {
        let said = scene.says(&ann, rules(&bob), id, "call 555").await;
        assert_eq!(said.content.text, "call ***");
        assert_eq!(scene.message(said.id).await.content.text, "call ***");
    }
    let plain = scene.says(&ann, to(&bob, Gate::Open), id, "hello").await;
    let edit = |text: &str| Write::Edit {
        message: plain.id,
        text: text.to_owned(),
    };
    let edited = scene.write_by(&ann, rules(&bob), edit("call 555")).await;
    assert!(matches!(edited, Ok(Outcome::Changed(_))), "{edited:?}");
    assert_eq!(scene.message(plain.id).await.content.text, "call ***");

    // A reply that matches the two is shown whole.
    scene.asked(&ann, ask(&bob, "hi")).await;
    let (_, changes) = scene.met_by(&bob, rules(&ann), send(id, "call 666")).await;
    assert_eq!(last_sent(&changes).content.text, "call 666");
    for _ in 0..2 {
        let said = scene.says(&ann, rules(&bob), id, "call 555").await;
        assert_eq!(said.content.text, "call 555");
    }
    let edited = scene.write_by(&ann, rules(&bob), edit("call 555")).await;
    assert!(matches!(edited, Ok(Outcome::Changed(_))), "{edited:?}");
    assert_eq!(scene.message(plain.id).await.content.text, "call 555");
}

async fn a_retry_is_known_by_what_was_sent(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let sent = |written: &str, original: &str| {
        let write = Write::Send {
            conversation,
            content: text(written),
            attachments: Vec::new(),
            key: Some(IdempotencyKey::new("k").expect("short")),
        };
        Transaction {
            original: Some(original.to_owned()),
            contact: ContactRules {
                masked: Some(format!("masked {written}")),
                ..to(&bob, Gate::Open)
            },
            ..scene.transaction(&ann, write)
        }
    };
    let first = scene.commit(sent("d***", "damn")).await;
    let Ok(Outcome::Changed(changes)) = first else {
        panic!("{first:?}");
    };
    assert_eq!(last_sent(&changes).content.text, "masked d***");
    let again = scene.commit(sent("****", "damn")).await;
    let Ok(Outcome::Repeated(change)) = again else {
        panic!("{again:?}");
    };
    assert_eq!(*change, changes[0]);
    let other = scene.commit(sent("d***", "darn")).await;
    assert_eq!(other, Err(Rejection::KeyReused));
}
