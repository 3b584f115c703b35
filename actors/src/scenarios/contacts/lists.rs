//! What is asked about requests, matches, likes and discovery: pages, and how two people stand to each other.

use parlour_storage::{
    contacts::Direction,
    domain::{
        contact::{Gate, HiddenBecause, MatchKind},
        user::Plan,
    },
    ids::MessageRequestId,
};

use super::{
    super::telling::name_people, asked, contact, like, matched, node_under, question, write_to,
    written,
};
use crate::{
    command::{ContactQuestion, ContactReply, Relation},
    error::ErrorCode,
    testkit::{TestNode, user},
};

/// A page of requests: with whom, and where to go on.
async fn page(
    node: &TestNode,
    name: &str,
    direction: Direction,
    before: Option<MessageRequestId>,
) -> (Vec<String>, Option<MessageRequestId>) {
    let asked = ContactQuestion::Requests {
        direction,
        pending: true,
        before,
        limit: 2,
    };
    match question(node, name, asked).await {
        Ok(ContactReply::Requests { requests, next }) => {
            let with = requests.iter().map(|r| r.with.shown_name().to_owned());
            (with.collect(), next)
        }
        other => panic!("{other:?}"),
    }
}

/// S0-06.
#[actix::test]
async fn requests_are_listed_by_direction_newest_first_and_by_the_page() {
    let node = node_under(Gate::Request);
    name_people(&node, &[("c", "Cy")]).await;
    for from in ["b", "c", "d"] {
        asked(&node, from, "a", "hi").await;
    }
    asked(&node, "a", "e", "hi").await;
    let (first, next) = page(&node, "a", Direction::Both, None).await;
    assert_eq!(first, ["e", "d"]);
    let (second, end) = page(&node, "a", Direction::Both, next).await;
    assert_eq!(
        (&second[..], end),
        (&["Cy".to_owned(), "b".to_owned()][..], None)
    );
    let (sent, end) = page(&node, "a", Direction::Sent, None).await;
    assert_eq!((&sent[..], end), (&["e".to_owned()][..], None));
    let (received, next) = page(&node, "a", Direction::Received, None).await;
    assert_eq!(
        (&received[..], next.is_some()),
        (&["d".to_owned(), "Cy".to_owned()][..], true)
    );
    let (to_d, _) = page(&node, "d", Direction::Received, None).await;
    assert_eq!(to_d, [""; 0]);
    node.stop().await;
}

#[actix::test]
async fn matches_likes_and_who_is_hidden_are_listed_by_the_page() {
    let node = node_under(Gate::Request);
    for other in ["b", "c"] {
        matched(&node, "a", other).await;
    }
    for other in ["x", "y"] {
        contact(&node, "a", like(other)).await.unwrap();
        written(&node, "a", Plan::Premium, write_to(other, "hi"))
            .await
            .unwrap();
    }
    let mut before = None;
    for (other, is_last) in [("c", false), ("b", true)] {
        match question(&node, "a", ContactQuestion::Matches { before, limit: 1 }).await {
            Ok(ContactReply::Matches { matches, next }) => {
                assert_eq!(matches.len(), 1);
                assert_eq!(matches[0].with.user, user(other));
                assert_eq!(next.is_none(), is_last);
                before = next;
            }
            other => panic!("{other:?}"),
        }
    }
    let mut after = None;
    for (expected, is_last) in [(["b", "c", "x"].as_slice(), false), (&["y"], true)] {
        match question(&node, "a", ContactQuestion::Likes { after, limit: 3 }).await {
            Ok(ContactReply::Likes { users, next }) => {
                let users: Vec<_> = users.iter().map(|card| card.user.as_str()).collect();
                assert_eq!(users, expected);
                assert_eq!(next.is_none(), is_last);
                after = next;
            }
            other => panic!("{other:?}"),
        }
    }
    let mut after = None;
    for (expected, is_last) in [("x", false), ("y", true)] {
        match question(&node, "a", ContactQuestion::Hidden { after, limit: 1 }).await {
            Ok(ContactReply::Hidden { users, next }) => {
                assert_eq!(users.len(), 1);
                assert_eq!(users[0].user, user(expected));
                assert_eq!(users[0].because, HiddenBecause::Written);
                assert_eq!(next.is_none(), is_last);
                after = next;
            }
            other => panic!("{other:?}"),
        }
    }
    for limit in [0, 101] {
        let refused = question(&node, "a", ContactQuestion::Likes { after: None, limit }).await;
        assert_eq!(refused, Err(ErrorCode::BadValue), "{limit}");
    }
    node.stop().await;
}

async fn relation(node: &TestNode, name: &str, other: &str) -> Relation {
    match question(node, name, ContactQuestion::Relation(user(other))).await {
        Ok(ContactReply::Relation(relation)) => *relation,
        other => panic!("{other:?}"),
    }
}

#[actix::test]
async fn a_relation_says_who_may_write_and_not_who_likes_whom() {
    let node = node_under(Gate::Request);
    name_people(&node, &[("b", "Bo")]).await;
    let before = relation(&node, "a", "b").await;
    assert_eq!(before.with.shown_name(), "Bo");
    assert_eq!((before.gate, before.may_write), (Gate::Request, false));
    contact(&node, "b", like("a")).await.unwrap();
    assert_eq!(relation(&node, "a", "b").await, before);
    assert!(relation(&node, "b", "a").await.liked);
    asked(&node, "b", "a", "hi").await;
    let asked = relation(&node, "a", "b").await;
    assert!(
        asked.may_write && asked.request.is_some_and(|r| !r.sent),
        "an answer accepts"
    );
    let asking = relation(&node, "b", "a").await;
    assert!(!asking.may_write && asking.request.is_some_and(|r| r.sent));
    contact(&node, "a", like("b")).await.unwrap();
    for (name, other) in [("a", "b"), ("b", "a")] {
        let relation = relation(&node, name, other).await;
        assert!(relation.may_write && relation.request.is_none());
        let kind = relation.matched.map(|(_, kind)| kind);
        assert!(matches!(
            kind,
            Some(MatchKind::MutualLike | MatchKind::LikeAfterRequest)
        ));
    }
    let oneself = question(&node, "a", ContactQuestion::Relation(user("a"))).await;
    assert_eq!(oneself, Err(ErrorCode::BadValue));
    node.stop().await;
}
