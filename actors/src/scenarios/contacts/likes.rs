//! Likes, and the matches they lead to.

use parlour_storage::domain::contact::{Gate, MatchKind};

use super::{asked, contact, kind_of, like, listening, matched, node_under, told};
use crate::{
    command::{ContactCommand, ContactReply},
    error::ErrorCode,
    testkit::{Client, TestNode, user},
};

async fn matched_by_liking(node: &TestNode, name: &str, other: &str) -> Option<MatchKind> {
    match contact(node, name, like(other)).await {
        Ok(ContactReply::Liked { matched }) => matched.map(|matched| kind_of(&matched)),
        other => panic!("{other:?}"),
    }
}

/// S0-39.
#[actix::test]
async fn two_who_like_each_other_are_matched_and_one_who_is_liked_is_not_told() {
    let node = node_under(Gate::Match);
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    assert_eq!(matched_by_liking(&node, "a", "b").await, None);
    assert_eq!(told(&node, &mut a).await, [""; 0]);
    assert_eq!(told(&node, &mut b).await, [""; 0]);
    let kind = matched_by_liking(&node, "b", "a").await;
    assert_eq!(kind, Some(MatchKind::MutualLike));
    async fn expect(node: &TestNode, client: &mut Client, other: &str) {
        let matched = format!("matched MutualLike {other}");
        assert_eq!(told(node, client).await, [&*matched, "created b"]);
    }
    expect(&node, &mut a, "b").await;
    expect(&node, &mut b, "a").await;
    // A client that lost the answer asks again.
    for (name, other) in [("a", "b"), ("b", "a")] {
        let kind = matched_by_liking(&node, name, other).await;
        assert_eq!(kind, Some(MatchKind::MutualLike));
    }
    assert_eq!(told(&node, &mut a).await, [""; 0]);
    assert_eq!(told(&node, &mut b).await, [""; 0]);
    node.stop().await;
}

/// S0-42.
#[actix::test]
async fn who_likes_somebody_that_asked_accepts_by_it() {
    let node = node_under(Gate::Request);
    asked(&node, "a", "b", "hi").await;
    let mut a = listening(&node, "a").await;
    let kind = matched_by_liking(&node, "b", "a").await;
    assert_eq!(kind, Some(MatchKind::LikeAfterRequest));
    let expected = [
        "answered a to b Accepted",
        "matched LikeAfterRequest b",
        "created b",
        "message a hi",
    ];
    let mut frames = told(&node, &mut a).await;
    frames[..2].sort();
    assert_eq!(frames, expected);
    let again = contact(&node, "a", super::ask_for("b", "more")).await;
    assert_eq!(again, Err(ErrorCode::AlreadyMatched));
    node.stop().await;
}

#[actix::test]
async fn a_like_that_was_taken_back_leads_to_nothing() {
    let node = node_under(Gate::Open);
    assert_eq!(matched_by_liking(&node, "a", "b").await, None);
    let unlike = ContactCommand::Like {
        user: user("b"),
        on: false,
    };
    for _ in 0..2 {
        let none = ContactReply::Liked { matched: None };
        assert_eq!(contact(&node, "a", unlike.clone()).await, Ok(none));
    }
    assert_eq!(matched_by_liking(&node, "b", "a").await, None);
    matched(&node, "b", "a").await;
    node.stop().await;
}
