//! How it ends: unmatching, blocking, and who sees whom before and after.

use parlour_storage::{
    domain::{
        contact::{Gate, RequestStatus},
        user::Plan,
    },
    ids::ConversationId,
};

use super::{
    asked, contact, like, listening, matched, node_under, question, told, write_to, written,
};
use crate::{
    command::{
        Command, ContactCommand, ContactQuestion, ContactReply, InboxFilter, Question, Reply,
        Request, Target,
    },
    error::ErrorCode,
    outbox::Frame,
    scenarios::{
        meeting::sees,
        telling::{ask, do_it, until_online},
    },
    testkit::{TestNode, user},
};

async fn typing(
    node: &TestNode,
    name: &str,
    to: ConversationId,
    on: bool,
) -> Result<(), ErrorCode> {
    let to = Target::Conversation(to);
    let typed = node.ask(name, Request::Do(Command::Type { to, on })).await;
    typed.map(|_| ()).map_err(|failure| failure.code)
}

/// S0-50.
#[actix::test]
async fn unmatching_archives_the_conversation_and_is_told_to_both() {
    let node = node_under(Gate::Match);
    let matched = matched(&node, "a", "b").await.matched;
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    let mut stranger = listening(&node, "stranger").await;
    written(&node, "a", Plan::Free, write_to("b", "hi"))
        .await
        .unwrap();
    typing(&node, "b", matched.conversation, true)
        .await
        .unwrap();
    told(&node, &mut a).await;
    told(&node, &mut b).await;
    let unmatch = ContactCommand::Unmatch {
        matched: matched.id,
    };
    let by_stranger = contact(&node, "stranger", unmatch.clone()).await;
    assert_eq!(by_stranger, Err(ErrorCode::NoMatch));
    do_it(&node, "a", Command::Contact(unmatch.clone())).await;
    let again = contact(&node, "a", unmatch).await;
    assert_eq!(again, Err(ErrorCode::NoMatch));
    let mut to_a = told(&node, &mut a).await;
    to_a.sort();
    let typed = "typing b false";
    let expected = [
        "archived true",
        "hidden b Some(Removed)",
        typed,
        "unmatched b",
    ];
    assert_eq!(to_a, expected);
    let mut to_b = told(&node, &mut b).await;
    to_b.sort();
    let expected = ["archived true", "hidden a Some(Removed)", "unmatched a"];
    assert_eq!(to_b, expected);

    let refused = Err(ErrorCode::NotMatched);
    let at = matched.conversation;
    for name in ["a", "b"] {
        let sent = node.send(name, at, "still there?").await;
        assert_eq!(
            sent.map_err(|failure| failure.code),
            Err(ErrorCode::NotMatched)
        );
        assert_eq!(typing(&node, name, at, true).await, refused);
        assert_eq!(typing(&node, name, at, false).await, Ok(()), "that ends it");
        assert_eq!(listed(&node, name).await, (0, vec![true]));
    }
    let join = Request::Do(Command::Join {
        conversation: at,
        on: true,
    });
    let joined = b.ask(join).await;
    assert_eq!(
        joined.map_err(|failure| failure.code),
        Err(ErrorCode::NotMatched)
    );
    assert_eq!(told(&node, &mut stranger).await, [""; 0]);
    assert_eq!(told(&node, &mut b).await, [""; 0]);

    // They meet again, and go on where they were.
    let again = super::matched(&node, "b", "a").await.matched;
    assert_eq!(again.conversation, at);
    node.send("a", at, "again").await.unwrap();
    assert_eq!(typing(&node, "a", at, true).await, Ok(()));
    let to_b = told(&node, &mut b).await;
    let expected = [
        "hidden a None",
        "archived false",
        "message a again",
        "typing a true",
    ];
    for frame in expected {
        assert!(to_b.contains(&frame.to_owned()), "{frame} in {to_b:?}");
    }
    assert_eq!(listed(&node, "a").await, (1, vec![false]));
    node.stop().await;
}

/// How many conversations a dialect's list has, and which of the native one are archived.
async fn listed(node: &TestNode, name: &str) -> (usize, Vec<bool>) {
    let inbox = Question::Inbox {
        matching: InboxFilter::default(),
        offset: 0,
        limit: 10,
    };
    let Ok(Reply::Inbox { total, .. }) = ask(node, name, inbox).await else {
        panic!("no inbox");
    };
    let all = Question::Conversations {
        before: None,
        limit: 10,
    };
    let Ok(Reply::Conversations { summaries, .. }) = ask(node, name, all).await else {
        panic!("no list");
    };
    let archived = summaries.iter().map(|s| s.conversation.archived);
    (total, archived.collect())
}

fn block(name: &str) -> Command {
    Command::Block {
        user: user(name),
        reason: None,
    }
}

/// S0-48, G5.
#[actix::test]
async fn a_block_ends_the_match_and_the_blocked_one_is_not_told_of_it() {
    let node = node_under(Gate::Request);
    let matched = matched(&node, "a", "b").await.matched;
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    do_it(&node, "b", block("a")).await;
    let mut to_b = told(&node, &mut b).await;
    to_b.sort();
    assert_eq!(to_b, ["hidden a Some(Blocked)", "unmatched a"]);
    assert_eq!(told(&node, &mut a).await, ["hidden b Some(Removed)"]);
    let unmatch = ContactCommand::Unmatch {
        matched: matched.id,
    };
    let gone = contact(&node, "a", unmatch).await;
    assert_eq!(gone, Err(ErrorCode::NoMatch));
    for (name, other, code) in [
        ("a", "b", ErrorCode::NotReachable),
        ("b", "a", ErrorCode::BlockedByYou),
    ] {
        for command in [super::ask_for(other, "hi"), like(other)] {
            let refused = contact(&node, name, command.clone()).await;
            assert_eq!(refused, Err(code), "{command:?}");
        }
        let sent = node.send(name, matched.conversation, "hi").await;
        assert_eq!(sent.map_err(|failure| failure.code), Err(code));
        let relation = ContactQuestion::Relation(user(other));
        match question(&node, name, relation).await {
            Ok(ContactReply::Relation(relation)) if name == "b" => {
                assert!(relation.blocked && !relation.may_write && !relation.liked);
                assert_eq!(relation.matched, None);
            }
            // Who blocks them isn't there.
            nobody => assert_eq!((name, nobody), ("a", Err(ErrorCode::NoUser))),
        }
    }
    node.stop().await;
}

/// S0-48: a block ends requests in both directions, and who is blocked sees nothing of it.
#[actix::test]
async fn requests_across_a_block_are_left_out_and_answered_by_nobody() {
    let node = node_under(Gate::Request);
    let request = asked(&node, "a", "b", "hi").await.request.id;
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    do_it(&node, "b", block("a")).await;
    assert_eq!(told(&node, &mut a).await, ["hidden b Some(Removed)"]);
    let to_b = told(&node, &mut b).await;
    let expected = ["answered a to b Declined", "hidden a Some(Blocked)"];
    assert_eq!(to_b, expected);
    let all = || ContactQuestion::Requests {
        direction: Default::default(),
        pending: false,
        before: None,
        limit: 10,
    };
    for (name, n) in [("a", 1), ("b", 0)] {
        match question(&node, name, all()).await {
            Ok(ContactReply::Requests { requests, .. }) => {
                let pending = |r: &super::ShownRequest| r.request.status == RequestStatus::Pending;
                assert_eq!(requests.len(), n, "{name}");
                assert!(requests.iter().all(pending));
            }
            other => panic!("{other:?}"),
        }
    }
    let seen = question(&node, "b", ContactQuestion::Request(request)).await;
    assert_eq!(seen, Err(ErrorCode::NoRequest));
    let accept = ContactCommand::Answer {
        request,
        accept: true,
    };
    let refused = contact(&node, "b", accept).await;
    assert_eq!(refused, Err(ErrorCode::BlockedByYou));
    // Taking it back is no contact.
    let withdraw = ContactCommand::Withdraw { request };
    contact(&node, "a", withdraw).await.unwrap();
    assert_eq!(told(&node, &mut b).await, [""; 0]);
    node.stop().await;
}

#[actix::test]
async fn matched_people_see_each_other_and_nobody_else() {
    let node = node_under(Gate::Match);
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| node.connect(name, None));
    for client in [&mut a, &mut b, &mut c] {
        client.expect("hello").await;
    }
    asked(&node, "c", "a", "hi").await;
    let matched = matched(&node, "a", "b").await.matched;
    sees(&mut a, &["b"]).await;
    sees(&mut b, &["a"]).await;
    until_online(&node, "a", &["b"]).await;
    until_online(&node, "c", &[]).await;
    sees(&mut node.connect("b", None), &["a"]).await;
    let unmatch = ContactCommand::Unmatch {
        matched: matched.id,
    };
    do_it(&node, "b", Command::Contact(unmatch)).await;
    a.expect("presence b false").await;
    b.expect("presence a false").await;
    until_online(&node, "a", &[]).await;
    // Seen again once they are matched again: in the conversation that they had.
    super::matched(&node, "a", "b").await;
    a.expect("presence b true").await;
    until_online(&node, "b", &["a"]).await;
    c.outbox.push(Frame::Text("end".into()));
    loop {
        let frame = c.next().await.unwrap();
        assert!(
            !frame.starts_with("presence") && !frame.starts_with("online"),
            "{frame}"
        );
        if frame == "end" {
            break;
        }
    }
    node.stop().await;
}
