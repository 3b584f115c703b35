//! Breaks what two people have to do with each other.

use super::*;
use crate::{
    ids::{ConversationId, MatchId, MessageRequestId},
    kv::Order,
};

/// The only record of a table, or the first.
fn first(sample: &Sample, table: Table) -> Vec<u8> {
    let mut all = crate::kv::Source::scan(&*sample.kv, keys::table(table), Order::Ascending);
    all.next().unwrap().unwrap().0
}

fn position_of(table: Table, key: &[u8]) -> Position {
    keys::Parts::of(table, key).unwrap().position().unwrap()
}

#[tokio::test]
async fn what_is_missing_of_a_request_or_match_is_made_again() {
    let sample = Sample::new().await;
    let (ann, dan, eve) = (name("ann"), name("dan"), name("eve"));
    let before = sample.all();
    let request = first(&sample, Table::MessageRequest);
    let request = MessageRequestId::created_at(position_of(Table::MessageRequest, &request));
    let matched = first(&sample, Table::Match);
    let matched = MatchId::created_at(position_of(Table::Match, &matched));
    let found = "can't be found from the side of one of its people";
    let tie = "two people's match or pending request can't be found by the pair";
    for (key, what) in [
        (
            keys::request_of(&ann, request),
            format!("a request {found}"),
        ),
        (
            keys::request_of(&dan, request),
            format!("a request {found}"),
        ),
        (keys::match_of(&ann, matched), format!("a match {found}")),
        (keys::match_of(&eve, matched), format!("a match {found}")),
        (keys::tie(&ann, &dan), tie.to_owned()),
        (keys::tie(&ann, &eve), tie.to_owned()),
    ] {
        sample.delete(&key);
        sample.repairs(&key, &what);
        assert_eq!(sample.all(), before, "as it was");
    }
    let key = keys::request_of(&ann, request);
    sample.change(key.clone(), |of: &mut RequestOfV1| of.sent = true);
    sample.repairs(&key, &format!("a request {found}"));
    let key = keys::tie(&ann, &eve);
    sample.change(key.clone(), |tie: &mut TieV1| tie.matched = None);
    sample.repairs(&key, tie);
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn what_names_no_request_and_no_match_goes() {
    let sample = Sample::new().await;
    let (ann, bob, cid) = (name("ann"), name("bob"), name("cid"));
    let before = sample.all();
    let nothing = Position::new(77).unwrap();
    let request = first(&sample, Table::MessageRequest);
    let request = position_of(Table::MessageRequest, &request);
    for position in [nothing, request] {
        let id = MessageRequestId::created_at(position);
        let key = keys::request_of(&bob, id);
        sample.put(key.clone(), &RequestOfV1 { sent: true });
        sample.repairs(&key, "there is no such request");
    }
    let matched = position_of(Table::Match, &first(&sample, Table::Match));
    for position in [nothing, matched] {
        let key = keys::match_of(&bob, MatchId::created_at(position));
        sample.put(key.clone(), &MatchOfV1);
        sample.repairs(&key, "there is no such match");
    }
    let key = keys::hidden(&bob, &cid);
    sample.put(key.clone(), &HiddenV1::default());
    sample.repairs(&key, "somebody is hidden without a reason");
    assert_eq!(sample.all(), before);

    let key = keys::tie(&ann, &bob);
    for tie in [
        TieV1 {
            matched: Some(MatchId::created_at(matched)),
            ..TieV1::default()
        },
        TieV1 {
            request: Some(MessageRequestId::created_at(nothing)),
            ..TieV1::default()
        },
    ] {
        sample.put(key.clone(), &tie);
        sample.repairs(&key, "the match or request that it names is missing");
        let now: TieV1 = records::must(&*sample.kv, &key).unwrap();
        assert_eq!(now, TieV1::default());
    }
}

#[tokio::test]
async fn a_match_without_its_conversation_is_reported() {
    let sample = Sample::new().await;
    let key = first(&sample, Table::Match);
    let matched: MatchV1 = records::must(&*sample.kv, &key).unwrap();
    let conversation = keys::conversation(matched.conversation);
    let archive = |record: &mut ConversationV1| {
        record.kind = ConversationKindV1::Archived {
            pair: matched.pair.clone(),
        };
    };
    sample.change(conversation, archive);
    sample.finds(&key, "its conversation is archived");
    sample.change(key.clone(), |matched: &mut MatchV1| {
        matched.conversation = sample.direct;
    });
    sample.finds(&key, "its conversation is not of this pair");
    sample.change(key.clone(), |matched: &mut MatchV1| {
        matched.conversation = ConversationId::created_at(Position::new(77).unwrap());
    });
    sample.finds(&key, "its conversation is missing");
}

#[tokio::test]
async fn a_retry_of_no_request_is_forgotten() {
    let sample = Sample::new().await;
    let key = keys::request(&name("dan"), &IdempotencyKey::new("ask").unwrap());
    let nothing = MessageRequestId::created_at(Position::new(77).unwrap());
    let made = MadeV1::Asked(nothing);
    let fingerprint = 1;
    sample.put(key.clone(), &RequestV1 { fingerprint, made });
    let what = "Asked(MessageRequestId(Position(77))) that the request made is missing";
    sample.repairs(&key, what);
}
