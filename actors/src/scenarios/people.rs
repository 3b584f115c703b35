//! Who one talks with, and who of them is there.

use super::telling::{ask, do_it, name_people, opened, until_online};
use crate::{
    command::{Command, Person, Question, Reply, Target},
    error::ErrorCode,
    limits::{ONLINE_PAGE, Settings},
    presence::{Everyone, Online},
    testkit::{TestNode, user},
};

async fn people(node: &TestNode, name: &str, of: Option<Target>) -> Result<Vec<Person>, ErrorCode> {
    match ask(node, name, Question::People(of)).await {
        Ok(Reply::People(people)) => Ok(people),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

fn ids(people: &[Person]) -> Vec<&str> {
    people.iter().map(|p| p.card.user.as_str()).collect()
}

fn block(name: &str) -> Command {
    Command::Block {
        user: user(name),
        reason: None,
    }
}

/// S1-09.
#[actix::test]
async fn participants_are_those_of_a_conversation_or_everyone_one_talks_with() {
    let node = TestNode::start(Settings::default());
    name_people(&node, &[("b", "Bo")]).await;
    for peer in ["d", "b"] {
        node.direct("a", peer).await;
    }
    let group = opened(&node, "a", None, &["c", "b"]).await;
    let all = people(&node, "a", None).await.unwrap();
    assert_eq!(ids(&all), ["b", "d"], "c is in a group only");
    assert_eq!(all[0].card.shown_name(), "Bo");
    assert_eq!(all[1].card.shown_name(), "d", "never signed in");
    for (target, expected) in [
        (Target::Conversation(group), vec!["a", "b", "c"]),
        (Target::User(user("d")), vec!["a", "d"]),
    ] {
        let in_it = people(&node, "a", Some(target)).await.unwrap();
        assert_eq!(ids(&in_it), expected);
    }
    for of in [Target::Conversation(group), Target::User(user("b"))] {
        assert_eq!(
            people(&node, "d", Some(of)).await,
            Err(ErrorCode::NoConversation)
        );
    }
    node.stop().await;
}

/// S1-10, S3-22, C-20.
#[actix::test]
async fn contacts_who_are_online_are_listed_and_nobody_across_a_block() {
    let node = TestNode::start(Settings {
        presence_delay: std::time::Duration::from_millis(5),
        offline_grace: std::time::Duration::ZERO,
        ..Settings::default()
    });
    for peer in ["b", "c", "away"] {
        node.direct("a", peer).await;
    }
    opened(&node, "a", None, &["d"]).await;
    let clients = ["a", "b", "c", "d", "stranger"].map(|name| node.connect(name, None));
    until_online(&node, "a", &["b", "c", "d"]).await;
    do_it(&node, "a", block("b")).await;
    do_it(&node, "c", block("a")).await;
    until_online(&node, "a", &["d"]).await;
    until_online(&node, "b", &[]).await;
    until_online(&node, "c", &[]).await;
    drop(clients);
    until_online(&node, "a", &[]).await;
    node.stop().await;
}

/// C-20: the policy that restores global lists.
#[actix::test]
async fn with_presence_for_everyone_everyone_is_listed_and_nobody_across_a_block() {
    let node = TestNode::start(Settings {
        presence_everyone: true,
        ..Settings::default()
    });
    let _clients = ["a", "b", "c", "stranger"].map(|name| node.connect(name, None));
    until_online(&node, "a", &["a", "b", "c", "stranger"]).await;
    do_it(&node, "b", block("a")).await;
    until_online(&node, "a", &["a", "c", "stranger"]).await;
    until_online(&node, "b", &["b", "c", "stranger"]).await;
    until_online(&node, "c", &["a", "b", "c", "stranger"]).await;
    node.stop().await;
}

/// C-20: more people than Presence lists at once.
#[actix::test]
async fn everyone_is_listed_a_page_at_a_time() {
    let node = TestNode::start(Settings {
        presence_everyone: true,
        ..Settings::default()
    });
    let presence = &node.core().actors().presence;
    let n = ONLINE_PAGE + 1;
    for i in 0..n {
        presence
            .send(Online(crate::testkit::connection(&format!("p{i:05}"))))
            .await
            .unwrap();
    }
    let page = |after| Everyone {
        after,
        limit: ONLINE_PAGE,
    };
    let first = presence.send(page(None)).await.unwrap();
    assert_eq!(first.len(), ONLINE_PAGE);
    let last = first.last().unwrap().user.clone();
    let second = presence.send(page(Some(last))).await.unwrap();
    assert_eq!(second.len(), 1);
    let Ok(Reply::Online(all)) = ask(&node, "a", Question::Online).await else {
        panic!("no list");
    };
    assert!(all.is_sorted_by(|one, next| one.user < next.user));
    assert_eq!(all.len(), n);
    node.stop().await;
}
