//! Who looks at a conversation, for dialects with rooms (S4), and messages that name a person or a conversation.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parlour_storage::ids::{ConversationId, Position};

use crate::{
    codec::Resume,
    command::{Command, Question, Reply, Request, Target},
    error::ErrorCode,
    limits::{JOINED_MAX, Rate, Settings},
    testkit::{Client, Looking, TestNode, message, user},
};

async fn look(client: &Client, conversation: ConversationId, on: bool) -> Result<Reply, ErrorCode> {
    let join = Command::Join { conversation, on };
    let done = client.ask(Request::Do(join)).await;
    done.map_err(|failure| failure.code)
}

async fn come(node: &TestNode, name: &str) -> Client {
    let mut client = node.connect_as(name, None, Arc::new(Looking));
    client.expect("hello").await;
    client
}

/// The next frame about a conversation.
async fn next_here(client: &mut Client) -> String {
    loop {
        let frame = client.next().await.expect("still open");
        if ["Yes", "No", "Unknown"]
            .iter()
            .any(|joined| frame.starts_with(joined))
        {
            return frame;
        }
    }
}

/// S4-12, S4-18, S4-24.
#[actix::test]
async fn who_looks_is_told_who_else_does_once() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let (mut a, mut b) = (come(&node, "a").await, come(&node, "b").await);
    let mut elsewhere = come(&node, "b").await;
    assert_eq!(look(&b, direct, true).await, Ok(Reply::Done));
    for on in [true, true, false, false] {
        look(&a, direct, on).await.unwrap();
    }
    assert_eq!(next_here(&mut b).await, "Yes joined a true");
    assert_eq!(next_here(&mut b).await, "Yes joined a false");
    look(&b, direct, false).await.unwrap();
    look(&a, direct, true).await.unwrap();
    node.send("b", direct, "hi").await.unwrap();
    assert!(next_here(&mut a).await.starts_with("Yes message"));
    assert!(next_here(&mut b).await.starts_with("No own message"));
    let other = next_here(&mut elsewhere).await;
    assert!(
        other.starts_with("No own message"),
        "it never looked: {other}"
    );
    node.stop().await;
}

/// S4-24: a client that is gone has left, whatever limits say of how often it may look.
#[actix::test]
async fn who_is_gone_looks_no_more() {
    let once = Rate {
        n: 1,
        period: Duration::from_secs(3600),
    };
    let rates = BTreeMap::from([("conversation.read".to_owned(), vec![once])]);
    let node = TestNode::start(Settings {
        rates,
        ..Settings::default()
    });
    let direct = node.direct("a", "b").await;
    let (a, mut b) = (come(&node, "a").await, come(&node, "b").await);
    look(&b, direct, true).await.unwrap();
    look(&a, direct, true).await.unwrap();
    assert_eq!(
        look(&a, direct, true).await,
        Err(ErrorCode::RateLimited),
        "looking is reading"
    );
    assert_eq!(next_here(&mut b).await, "Yes joined a true");
    drop(a);
    assert_eq!(next_here(&mut b).await, "Yes joined a false");
    node.stop().await;
}

/// S4-24 and G5.
#[actix::test]
async fn a_block_hides_who_looks() {
    let node = TestNode::start(Settings::default());
    let open = Command::OpenGroup {
        name: None,
        members: vec![user("b"), user("c")],
        key: None,
    };
    let Ok(Reply::Opened { conversation, .. }) = node.ask("a", Request::Do(open)).await else {
        panic!("not opened");
    };
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    node.ask("b", Request::Do(block)).await.unwrap();
    let mut clients = Vec::new();
    for name in ["a", "b", "c"] {
        clients.push(come(&node, name).await);
        look(&clients[clients.len() - 1], conversation, true)
            .await
            .unwrap();
    }
    let [a, b, c] = &mut clients[..] else {
        panic!("three")
    };
    assert_eq!(next_here(a).await, "Yes joined c true", "and not b");
    assert_eq!(next_here(b).await, "Yes joined c true");
    look(a, conversation, false).await.unwrap();
    assert_eq!(next_here(c).await, "Yes joined a false");
    look(c, conversation, false).await.unwrap();
    assert_eq!(next_here(b).await, "Yes joined c false", "and not a");
    node.stop().await;
}

/// S4-12: a stock client that was recovered doesn't join again, and may expect to be where it was.
#[actix::test]
async fn after_a_resume_what_was_looked_at_is_unknown_until_it_is_said() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let resume = Resume {
        epoch: node.core().epoch(),
        position: node.core().store_ref().head(),
    };
    node.send("b", direct, "missed").await.unwrap();
    let mut a = node.connect_as("a", Some(resume), Arc::new(Looking));
    assert!(a.expect("hello").await.ends_with("Some(true)"));
    assert!(next_here(&mut a).await.starts_with("Unknown message"));
    for (on, joined) in [(false, "No message"), (true, "Yes message")] {
        look(&a, direct, on).await.unwrap();
        node.send("b", direct, "live").await.unwrap();
        let frame = next_here(&mut a).await;
        assert!(frame.starts_with(joined), "{frame}");
    }
    let of_another_history = Resume {
        position: Position::MAX,
        ..resume
    };
    let mut fresh = node.connect_as("a", Some(of_another_history), Arc::new(Looking));
    assert!(fresh.expect("hello").await.ends_with("Some(false)"));
    node.send("b", direct, "live").await.unwrap();
    assert!(next_here(&mut fresh).await.starts_with("No message"));
    node.stop().await;
}

/// RELIABILITY section 7: rooms per session.
#[actix::test]
async fn a_connection_looks_at_so_many_conversations_and_no_more() {
    let node = TestNode::start(Settings::default());
    let a = come(&node, "a").await;
    let mut first = None;
    for n in 0..JOINED_MAX {
        let direct = node.direct("a", &format!("peer-{n}")).await;
        look(&a, direct, true).await.unwrap();
        first.get_or_insert(direct);
    }
    let (first, one_more) = (first.unwrap(), node.direct("a", "one-more").await);
    assert_eq!(look(&a, one_more, true).await, Err(ErrorCode::NotAllowed));
    look(&a, first, true).await.unwrap();
    look(&a, first, false).await.unwrap();
    look(&a, one_more, true).await.unwrap();
    node.stop().await;
}

/// Who is removed can't leave by themselves any more, so it is done for them.
#[actix::test]
async fn who_is_removed_from_a_group_looks_no_more() {
    let node = TestNode::start(Settings::default());
    let a = come(&node, "a").await;
    for n in 0..=JOINED_MAX {
        let open = Command::OpenGroup {
            name: None,
            members: vec![user("a")],
            key: None,
        };
        let Ok(Reply::Opened { conversation, .. }) = node.ask("b", Request::Do(open)).await else {
            panic!("not opened");
        };
        assert_eq!(look(&a, conversation, true).await, Ok(Reply::Done), "{n}");
        let remove = Command::Remove {
            conversation,
            user: user("a"),
        };
        node.ask("b", Request::Do(remove)).await.unwrap();
    }
    node.stop().await;
}

#[actix::test]
async fn looking_takes_a_connection_and_a_membership() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let c = come(&node, "c").await;
    assert_eq!(look(&c, direct, true).await, Err(ErrorCode::NoConversation));
    let join = Command::Join {
        conversation: direct,
        on: true,
    };
    let over_rest = node.ask("a", Request::Do(join)).await;
    assert_eq!(
        over_rest.map_err(|failure| failure.code),
        Err(ErrorCode::BadRequest)
    );
    node.stop().await;
}

/// S4-13: a client names both a person and a conversation, which it may not know yet.
#[actix::test]
async fn a_message_goes_to_the_conversation_if_its_sender_is_in_it_and_else_to_the_person() {
    let node = TestNode::start(Settings::default());
    let (ours, theirs) = (node.direct("a", "b").await, node.direct("b", "c").await);
    let send = async |conversation, name: &str| {
        let Command::Send { content, .. } = message(ours, "hi") else {
            panic!("a message");
        };
        let to = Target::Either(conversation, user(name));
        let key = None;
        let sent = node.ask(
            "a",
            Request::Do(Command::Send {
                to,
                content,
                attachments: Vec::new(),
                key,
            }),
        );
        match sent.await {
            Ok(Reply::Sent { change, .. }) => change.conversation,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(send(ours, "c").await, ours);
    assert_eq!(send(theirs, "b").await, ours, "a isn't in theirs");
    let new = send(theirs, "d").await;
    assert!(new != ours && new != theirs, "opened for it");
    let found = Question::Entry(Target::Either(theirs, user("d")));
    let Ok(Reply::Entry(entry)) = node.ask("a", Request::Ask(found)).await else {
        panic!("no entry");
    };
    assert_eq!(entry.summary.conversation.id, new);
    node.stop().await;
}

/// S0, S1, S3: typing names a person.
#[actix::test]
async fn typing_to_a_person_is_told_in_their_direct_conversation_and_opens_none() {
    let node = TestNode::start(Settings::default());
    node.direct("a", "b").await;
    let mut b = come(&node, "b").await;
    let types = async |name: &str| {
        let to = Target::User(user(name));
        let typing = Request::Do(Command::Type { to, on: true });
        node.ask("a", typing).await.map_err(|failure| failure.code)
    };
    assert_eq!(types("b").await, Ok(Reply::Done));
    assert_eq!(next_here(&mut b).await, "No typing a true");
    assert_eq!(types("stranger").await, Err(ErrorCode::NoConversation));
    let store = node.core().store_ref();
    let opened = store.direct_between(&user("a"), &user("stranger")).await;
    assert_eq!(opened.unwrap(), None);
    node.stop().await;
}
