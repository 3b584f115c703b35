//! Requests: made, accepted, declined, withdrawn, and answered by writing back.

use parlour_storage::{
    domain::{
        change::ChangeBody,
        contact::{Gate, MatchKind, RequestStatus},
        user::Plan,
    },
    ids::IdempotencyKey,
};

use super::{
    super::telling::name_people, accepted, ask_for, asked, contact, kind_of, listening, node_under,
    question, told, write_to, written,
};
use crate::{
    command::{Command, ContactCommand, ContactQuestion, ContactReply, Reply, Request},
    error::ErrorCode,
    testkit::{TestNode, user},
};

/// S0-35, S0-40, C-08.
#[actix::test]
async fn an_accepted_request_is_told_to_both_and_becomes_a_message_of_who_asked() {
    let node = node_under(Gate::Request);
    name_people(&node, &[("a", "Ann"), ("b", "Bo")]).await;
    let (mut phone, mut tablet) = (listening(&node, "a").await, listening(&node, "a").await);
    let (mut b, mut other) = (listening(&node, "b").await, listening(&node, "b").await);
    let mut stranger = listening(&node, "stranger").await;
    let refused = written(&node, "a", Plan::Free, write_to("b", "hello?")).await;
    assert_eq!(refused, Err(ErrorCode::AskFirst));

    phone.begin(Request::Do(Command::Contact(ask_for("b", "hi"))));
    phone.expect("reply").await;
    assert_eq!(told(&node, &mut phone).await, [""; 0], "it has the answer");
    let requested = "requested a to b hi";
    assert_eq!(
        told(&node, &mut tablet).await,
        [format!("{requested} (Bo)")]
    );
    assert_eq!(told(&node, &mut b).await, [format!("{requested} (Ann)")]);
    assert_eq!(
        told(&node, &mut other).await,
        [format!("{requested} (Ann)")]
    );

    let ContactReply::Requests { requests, .. } = question(&node, "b", all()).await.unwrap() else {
        panic!("no page");
    };
    let [request] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert!(!request.sent && request.with.shown_name() == "Ann");
    let accept = ContactCommand::Answer {
        request: request.request.id,
        accept: true,
    };
    b.begin(Request::Do(Command::Contact(accept)));
    b.expect("reply").await;
    let (created, message) = ("created Bo", "message Ann hi");
    assert_eq!(told(&node, &mut b).await, [created, message]);
    let answered = "answered a to b Accepted";
    let to_b = [answered, "matched RequestAccepted Ann", created, message];
    assert_eq!(told(&node, &mut other).await, to_b);
    let to_a = [answered, "matched RequestAccepted Bo", created, message];
    assert_eq!(told(&node, &mut phone).await, to_a);
    assert_eq!(told(&node, &mut tablet).await, to_a);
    for (from, to, text) in [("a", "b", "at last"), ("b", "a", "indeed")] {
        written(&node, from, Plan::Free, write_to(to, text))
            .await
            .unwrap();
    }
    assert_eq!(told(&node, &mut stranger).await, [""; 0]);
    node.stop().await;
}

fn all() -> ContactQuestion {
    ContactQuestion::Requests {
        direction: Default::default(),
        pending: false,
        before: None,
        limit: 10,
    }
}

/// What each of the two sees of their only request.
async fn statuses(node: &TestNode) -> [RequestStatus; 2] {
    let mut seen = Vec::new();
    for name in ["a", "b"] {
        match question(node, name, all()).await {
            Ok(ContactReply::Requests { requests, next }) => {
                assert_eq!((requests.len(), next), (1, None));
                seen.push(requests[0].request.status);
            }
            other => panic!("{other:?}"),
        }
    }
    [seen[0], seen[1]]
}

/// S0-37.
#[actix::test]
async fn a_declined_request_goes_on_looking_pending_to_who_made_it() {
    let node = node_under(Gate::Request);
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    let request = asked(&node, "a", "b", "hi").await;
    told(&node, &mut a).await;
    told(&node, &mut b).await;
    let decline = ContactCommand::Answer {
        request: request.request.id,
        accept: false,
    };
    match contact(&node, "b", decline.clone()).await {
        Ok(ContactReply::Answered { request, matched }) => {
            assert_eq!(request.request.status, RequestStatus::Declined);
            assert_eq!(matched, None);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(told(&node, &mut b).await, ["answered a to b Declined"]);
    assert_eq!(told(&node, &mut a).await, [""; 0]);
    use RequestStatus::{Declined, Pending};
    assert_eq!(statuses(&node).await, [Pending, Declined]);
    let again = contact(&node, "a", ask_for("b", "please")).await;
    assert_eq!(again, Err(ErrorCode::AlreadyAsked));
    let again = contact(&node, "b", decline).await;
    assert_eq!(again, Err(ErrorCode::NotPending));
    node.stop().await;
}

#[actix::test]
async fn a_request_is_answered_by_whom_it_was_made_to_and_withdrawn_by_who_made_it() {
    let node = node_under(Gate::Match);
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    let request = asked(&node, "a", "b", "hi").await.request.id;
    let accept = ContactCommand::Answer {
        request,
        accept: true,
    };
    for name in ["a", "c"] {
        let refused = contact(&node, name, accept.clone()).await;
        assert_eq!(refused, Err(ErrorCode::NoRequest), "{name}");
    }
    let withdraw = ContactCommand::Withdraw { request };
    for name in ["b", "c"] {
        let refused = contact(&node, name, withdraw.clone()).await;
        assert_eq!(refused, Err(ErrorCode::NoRequest), "{name}");
    }
    let seen = question(&node, "c", ContactQuestion::Request(request)).await;
    assert_eq!(seen, Err(ErrorCode::NoRequest));
    told(&node, &mut a).await;
    told(&node, &mut b).await;
    match contact(&node, "a", withdraw).await {
        Ok(ContactReply::Request(shown)) => {
            assert_eq!(shown.request.status, RequestStatus::Withdrawn);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(told(&node, &mut b).await, ["answered a to b Withdrawn"]);
    assert_eq!(told(&node, &mut a).await, [""; 0]);
    let late = contact(&node, "b", accept).await;
    assert_eq!(late, Err(ErrorCode::NotPending));
    node.stop().await;
}

#[actix::test]
async fn a_request_that_is_sent_again_is_answered_as_before_and_told_once() {
    let node = node_under(Gate::Request);
    let mut b = listening(&node, "b").await;
    let ask = ContactCommand::Ask {
        user: user("b"),
        text: "hi".to_owned(),
        key: Some(IdempotencyKey::new("k").unwrap()),
    };
    let first = contact(&node, "a", ask.clone()).await.unwrap();
    assert_eq!(contact(&node, "a", ask).await, Ok(first));
    assert_eq!(told(&node, &mut b).await, ["requested a to b hi (a)"]);
    node.stop().await;
}

/// S0-41, C-40.
#[actix::test]
async fn writing_back_accepts_whatever_the_gate_and_over_whichever_connection() {
    for gate in [Gate::Open, Gate::Request, Gate::Match] {
        let node = node_under(gate);
        let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
        asked(&node, "a", "b", "hi").await;
        told(&node, &mut a).await;
        told(&node, &mut b).await;
        let reply = written(&node, "b", Plan::Free, write_to("a", "hello")).await;
        let Ok(Reply::Sent { change, about, .. }) = reply else {
            panic!("{reply:?}");
        };
        let ChangeBody::Sent(message) = &change.body else {
            panic!("{change:?}");
        };
        assert_eq!(
            message.content.text, "hello",
            "their own, and not the request's"
        );
        assert_eq!(about.by.user, user("b"));
        // Opened by itself first, since the message is to a person.
        let expected = |other| {
            let mut expected = vec![
                "created b".to_owned(),
                "answered a to b Accepted".to_owned(),
                format!("matched Reply {other}"),
                "message a hi".to_owned(),
                "message b hello".to_owned(),
            ];
            expected.sort();
            expected
        };
        for (client, other) in [(&mut a, "b"), (&mut b, "a")] {
            let mut frames = told(&node, client).await;
            let at = |of: &str| frames.iter().position(|frame| frame == of);
            assert!(at("message a hi") < at("message b hello"), "{frames:?}");
            frames.sort();
            assert_eq!(frames, expected(other), "{gate:?}");
        }
        node.stop().await;
    }
}

/// S0-36, S0-38: a premium plan writes without asking, and who is written to may answer.
#[actix::test]
async fn who_writes_directly_is_shown_the_other_no_more_and_is_matched_by_the_answer() {
    let node = node_under(Gate::Request);
    let (mut a, mut b) = (listening(&node, "a").await, listening(&node, "b").await);
    written(&node, "a", Plan::Premium, write_to("b", "hi"))
        .await
        .unwrap();
    let to_a = told(&node, &mut a).await;
    assert!(
        to_a.contains(&"hidden b Some(Written)".to_owned()),
        "{to_a:?}"
    );
    assert_eq!(told(&node, &mut b).await, ["created a", "message a hi"]);
    written(&node, "a", Plan::Premium, write_to("b", "again"))
        .await
        .unwrap();
    assert_eq!(told(&node, &mut a).await, ["message a again"], "said once");
    told(&node, &mut b).await;
    written(&node, "b", Plan::Free, write_to("a", "hello"))
        .await
        .unwrap();
    let to_a = told(&node, &mut a).await;
    assert!(to_a.contains(&"matched Reply b".to_owned()), "{to_a:?}");
    assert!(to_a.contains(&"message b hello".to_owned()), "{to_a:?}");
    node.stop().await;
}

/// C-08: no other way leads round the gate.
#[actix::test]
async fn strangers_reach_each_other_by_no_command_under_a_gate() {
    for (gate, code) in [
        (Gate::Request, ErrorCode::AskFirst),
        (Gate::Match, ErrorCode::NotMatched),
    ] {
        let node = node_under(gate);
        let group = Command::OpenGroup {
            name: None,
            members: vec![user("b")],
            key: None,
        };
        let direct = Command::OpenDirect { with: user("b") };
        for command in [group, direct, write_to("b", "hi")] {
            let refused = written(&node, "a", Plan::Free, command.clone()).await;
            assert_eq!(refused, Err(code), "{command:?}");
        }
        let request = asked(&node, "a", "b", "hi").await;
        let matched = accepted(&node, "b", &request).await;
        assert_eq!(kind_of(&matched), MatchKind::RequestAccepted);
        node.stop().await;
    }
}
