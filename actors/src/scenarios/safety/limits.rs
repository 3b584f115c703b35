//! Rate limits: under which actions requests count, what is told of what is left, and what is exempt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parlour_storage::ids::Position;

use crate::{
    codec::Resume,
    command::{Action, Caller, Command, Question, Request, Target},
    error::{CloseCode, ErrorCode},
    limits::{Rate, Settings},
    scenarios::telling::{opened, sent},
    testkit::{TestNode, identity, message, user},
};

fn settings(limits: &[(Action, u32)]) -> Settings {
    let mut rates: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
    for &(action, n) in limits {
        let rate = Rate {
            n,
            period: Duration::from_secs(3600),
        };
        rates
            .entry(action.name().to_owned())
            .or_default()
            .push(rate);
    }
    Settings {
        rates,
        ..Settings::default()
    }
}

#[actix::test]
async fn over_a_connection_a_message_counts_twice() {
    let node = TestNode::start(settings(&[(Action::Send, 3), (Action::SocketSend, 1)]));
    let direct = node.direct("a", "b").await;
    let mut a = node.connect("a", None);
    a.expect("hello").await;
    a.ask(Request::Do(message(direct, "1"))).await.unwrap();
    let refused = a.ask(Request::Do(message(direct, "x"))).await.unwrap_err();
    let quota = refused.quota.expect("the limit that was reached");
    assert_eq!(
        (refused.code, quota.action),
        (ErrorCode::RateLimited, Action::SocketSend)
    );
    // The refusal was charged to neither: two are left over REST.
    sent(&node, "a", direct, "2").await;
    sent(&node, "a", direct, "3").await;
    let refused = node.send("a", direct, "x").await.unwrap_err();
    let quota = refused.quota.expect("the limit that was reached");
    assert_eq!((quota.action, quota.remaining), (Action::Send, 0));
    assert!(refused.retry_after.is_some_and(|wait| wait <= quota.reset));
    node.stop().await;
}

#[actix::test]
async fn whoever_brings_somebody_near_spends_one_budget() {
    let node = TestNode::start(settings(&[(Action::ColdContact, 3)]));
    let group = opened(&node, "a", None, &["b"]).await;
    node.direct("a", "c").await;
    let add = Command::Add {
        conversation: group,
        users: vec![user("d")],
    };
    node.ask("a", Request::Do(add)).await.unwrap();
    let refused = [
        Command::OpenDirect { with: user("e") },
        Command::OpenGroup {
            name: None,
            members: vec![user("e")],
            key: None,
        },
        Command::Add {
            conversation: group,
            users: vec![user("e")],
        },
        Command::Send {
            to: Target::User(user("e")),
            content: Default::default(),
            attachments: Vec::new(),
            key: None,
        },
    ];
    for command in refused {
        let failure = node
            .ask("a", Request::Do(command.clone()))
            .await
            .unwrap_err();
        assert_eq!(failure.code, ErrorCode::RateLimited, "{command:?}");
    }
    // Nobody new: a conversation that is there, and a name.
    let direct = node.direct("c", "a").await;
    sent(&node, "a", direct, "x").await;
    let rename = Command::Rename {
        conversation: group,
        name: None,
    };
    node.ask("a", Request::Do(rename)).await.unwrap();
    node.stop().await;
}

#[actix::test]
async fn the_tightest_quota_is_left_for_who_answers() {
    let node = TestNode::start(settings(&[
        (Action::Send, 10),
        (Action::Send, 100),
        (Action::Read, 5),
    ]));
    let direct = node.direct("a", "b").await;
    let caller = Caller::new(&identity("a"), None);
    assert_eq!(caller.quota.get(), None);
    for left in [9, 8] {
        let request = Request::Do(message(direct, "x"));
        node.core().ask(Arc::clone(&caller), request).await.unwrap();
        let quota = caller.quota.get().expect("a limit applies");
        assert_eq!(
            (quota.action, quota.rate.n, quota.remaining),
            (Action::Send, 10, left)
        );
    }
    node.core()
        .ask(Arc::clone(&caller), Request::Ask(Question::Unread))
        .await
        .unwrap();
    let quota = caller.quota.get().expect("a limit applies");
    assert_eq!((quota.action, quota.remaining), (Action::Read, 4));
    node.stop().await;
}

#[actix::test]
async fn who_resumes_connects_and_catches_up_however_often() {
    let node = TestNode::start(settings(&[(Action::Connect, 2), (Action::Read, 1)]));
    let here = Resume {
        epoch: node.core().epoch(),
        position: node.core().store_ref().head(),
    };
    for _ in 0..2 {
        node.connect("a", None).expect("hello").await;
    }
    let mut refused = node.connect("a", None);
    assert_eq!(refused.expect_close().await, CloseCode::TooManyConnections);
    assert_eq!(
        node.core().registry.connections_of(&user("a")).len(),
        0,
        "none is kept"
    );
    for _ in 0..5 {
        node.connect("a", Some(here)).expect("hello").await;
        let changes = Question::Changes {
            since: here,
            limit: 1,
        };
        node.ask("a", Request::Ask(changes)).await.unwrap();
    }
    // Nobody resumes from a place that isn't there.
    let ahead = Resume {
        position: Position::MAX,
        ..here
    };
    assert_eq!(
        node.connect("a", Some(ahead)).expect_close().await,
        CloseCode::TooManyConnections
    );
    node.ask("a", Request::Ask(Question::Unread)).await.unwrap();
    let refused = node
        .ask("a", Request::Ask(Question::Unread))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    node.connect("b", None).expect("hello").await;
    node.stop().await;
}

/// G6, also of what writes nothing else.
#[actix::test]
async fn reads_and_connects_hold_over_a_restart() {
    use parlour_storage::{faulty::FaultyDisk, local::Options};
    let disk = FaultyDisk::default();
    let limits = [(Action::Connect, 1), (Action::Read, 1), (Action::Type, 1)];
    for round in 0..2 {
        let store = Arc::new(disk.open(Options::default()).unwrap());
        let node = TestNode::start_on(store, settings(&limits));
        let direct = node.direct("a", "b").await;
        let types = Command::Type {
            to: Target::Conversation(direct),
            on: true,
        };
        let read = node.ask("a", Request::Ask(Question::Unread)).await.is_ok();
        let typed = node.ask("a", Request::Do(types)).await.is_ok();
        let connected = node.connect("a", None).next().await.is_ok();
        assert_eq!([read, typed, connected], [round == 0; 3]);
        node.stop().await;
    }
}
