//! Messages that are sent later: when, by which rules, and what becomes of those that can't be.

use std::{collections::BTreeMap, time::Duration};

use parlour_storage::{
    domain::{
        contact::Gate,
        message::Content,
        safety::Sanction,
        scheduled::{Destination, Scheduled, ScheduledDraft},
    },
    ids::{ConversationId, ScheduledId},
    store::PageFrom,
};

use super::safety::decide;
use crate::{
    command::{
        Command, ContactCommand, ContactReply, LaterCommand, LaterQuestion, LaterReply, Question,
        Reply, Request,
    },
    error::{ErrorCode, Failure},
    limits::{Rate, Settings},
    policy::Policy,
    testkit::{TestNode, user},
};

const MONTH: Duration = Duration::from_hours(30 * 24);

fn draft(node: &TestNode, to: Destination, text: &str) -> ScheduledDraft {
    let content = Content {
        text: text.to_owned(),
        ..Content::default()
    };
    ScheduledDraft {
        to,
        content,
        attachments: Vec::new(),
        at: node.core().now().plus_ms(MONTH.as_millis() as i64),
        key: None,
    }
}

async fn try_keep(node: &TestNode, by: &str, command: LaterCommand) -> Result<Reply, Failure> {
    node.ask(by, Request::Do(Command::Later(command))).await
}

async fn schedule(node: &TestNode, by: &str, to: ConversationId, text: &str) -> ScheduledId {
    let draft = draft(node, Destination::Conversation(to), text);
    match try_keep(node, by, LaterCommand::Schedule(draft)).await {
        Ok(Reply::Later(LaterReply::Scheduled(scheduled))) => scheduled.id,
        other => panic!("{other:?}"),
    }
}

async fn list(node: &TestNode, by: &str) -> Vec<Scheduled> {
    let question = Question::Later(LaterQuestion::AllScheduled);
    match node.ask(by, Request::Ask(question)).await {
        Ok(Reply::Later(LaterReply::AllScheduled(all))) => all,
        other => panic!("{other:?}"),
    }
}

fn pass(node: &TestNode, time: Duration) {
    node.core().set_clock_ahead(time);
}

/// Waits until what somebody scheduled stands as wanted.
async fn until(node: &TestNode, by: &str, wanted: impl Fn(&[Scheduled]) -> bool) -> Vec<Scheduled> {
    loop {
        let all = list(node, by).await;
        if wanted(&all) {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn texts(node: &TestNode, by: &str, conversation: ConversationId) -> Vec<String> {
    let question = Question::Messages {
        conversation,
        from: PageFrom::End,
        limit: 100,
    };
    match node.ask(by, Request::Ask(question)).await {
        Ok(Reply::Messages(messages)) => messages
            .into_iter()
            .map(|shown| shown.message.content.text)
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// The code that the only one failed with.
async fn failed_with(node: &TestNode, by: &str) -> u16 {
    let all = until(node, by, |all| all.iter().all(|one| one.failed.is_some())).await;
    let [one] = &all[..] else { panic!("{all:?}") };
    let failed = one.failed.as_ref().unwrap();
    assert!(!failed.reason.is_empty());
    failed.code
}

#[actix::test]
async fn a_message_is_sent_when_its_time_has_come_and_not_before() {
    let node = TestNode::start(Settings::default());
    let conversation = node.direct("ann", "bob").await;
    let mut bob = node.connect("bob", None);
    let [late, soon] = ["late", "soon"];
    let late = schedule(&node, "ann", conversation, late).await;
    let soon = schedule(&node, "ann", conversation, soon).await;
    let sooner = LaterCommand::Reschedule {
        scheduled: soon,
        text: Some("sooner".to_owned()),
        at: Some(node.core().now().plus_ms(3_600_000)),
    };
    try_keep(&node, "ann", sooner).await.unwrap();
    pass(&node, Duration::from_secs(3000));
    node.send("ann", conversation, "now").await.unwrap();
    assert!(bob.expect("message").await.ends_with("now"), "nothing else");
    pass(&node, Duration::from_secs(1000));
    assert!(bob.expect("message").await.ends_with("sooner"));
    until(&node, "ann", |all| all.len() == 1 && all[0].id == late).await;
    let cancel = try_keep(&node, "ann", LaterCommand::Cancel(soon)).await;
    assert_eq!(cancel.unwrap_err().code, ErrorCode::ScheduledSent);
    pass(&node, MONTH);
    assert!(bob.expect("message").await.ends_with("late"));
    until(&node, "ann", <[_]>::is_empty).await;
    assert_eq!(node.core().counters.scheduled_sent.get(), 2);
    node.stop().await;
}

#[actix::test]
async fn whom_one_never_wrote_to_is_written_to_when_it_is_sent() {
    let node = TestNode::start(Settings::default());
    let mut bob = node.connect("bob", None);
    let draft = draft(&node, Destination::User(user("bob")), "hello");
    let scheduled = LaterCommand::Schedule(draft);
    try_keep(&node, "ann", scheduled).await.unwrap();
    let [ann_id, bob_id] = [user("ann"), user("bob")];
    let store = node.core().store();
    let between = store.direct_between(&ann_id, &bob_id).await;
    assert_eq!(between.unwrap(), None, "bob learns nothing");
    pass(&node, MONTH);
    assert!(bob.expect("message").await.ends_with("hello"));
    node.stop().await;
}

#[actix::test]
async fn what_may_not_be_sent_fails_with_the_reason_and_stays_until_it_is_dismissed() {
    let node = TestNode::start(Settings::default());
    let conversation = node.direct("ann", "bob").await;
    let mut ann = node.connect("ann", None);
    let id = schedule(&node, "ann", conversation, "hello").await;
    decide(&node, "ann", Sanction::Mute(None)).await;
    let draft = draft(&node, Destination::Conversation(conversation), "more");
    let refused = try_keep(&node, "ann", LaterCommand::Schedule(draft)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Muted);
    pass(&node, MONTH);
    assert_eq!(ann.expect("send_failed").await, format!("send_failed {id}"));
    assert_eq!(failed_with(&node, "ann").await, ErrorCode::Muted.number());
    assert_eq!(node.core().counters.scheduled_failed.get(), 1);
    let dismissed = try_keep(&node, "ann", LaterCommand::Cancel(id)).await;
    assert_eq!(dismissed, Ok(Reply::Done));
    assert_eq!(list(&node, "ann").await, []);
    assert_eq!(texts(&node, "bob", conversation).await, [""; 0]);
    node.stop().await;
}

#[actix::test]
async fn every_rule_holds_at_the_time_of_sending() {
    let node = TestNode::start(Settings::default());
    for (by, sanction) in [("sus", Sanction::Suspend(None)), ("ban", Sanction::Ban)] {
        let conversation = node.direct(by, "bob").await;
        schedule(&node, by, conversation, "hello").await;
        decide(&node, by, sanction).await;
    }
    let conversation = node.direct("ann", "cid").await;
    schedule(&node, "ann", conversation, "hello").await;
    let block = Command::Block {
        user: user("ann"),
        reason: None,
    };
    node.ask("cid", Request::Do(block)).await.unwrap();
    let open = Command::OpenGroup {
        name: None,
        members: vec![user("dan")],
        key: None,
    };
    let Ok(Reply::Opened { conversation, .. }) = node.ask("cid", Request::Do(open)).await else {
        panic!("no group");
    };
    schedule(&node, "dan", conversation, "hello").await;
    let leave = Command::Remove {
        conversation,
        user: user("dan"),
    };
    node.ask("dan", Request::Do(leave)).await.unwrap();
    pass(&node, MONTH);
    let blocked = failed_with(&node, "ann").await;
    assert_eq!(blocked, ErrorCode::NotReachable.number());
    let left = failed_with(&node, "dan").await;
    assert_eq!(left, ErrorCode::NoConversation.number());
    for by in ["sus", "ban"] {
        let stored = async || node.core().store().scheduled_of(&user(by)).await.unwrap();
        while stored().await[0].failed.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let failed = stored().await.remove(0).failed.unwrap();
        assert_eq!(failed.code, ErrorCode::Suspended.number(), "{by}");
    }
    node.stop().await;
}

#[actix::test]
async fn who_is_no_longer_matched_is_not_written_to() {
    let node = TestNode::start(Settings {
        policy: Policy {
            gate: Gate::Match,
            ..Policy::default()
        },
        ..Settings::default()
    });
    let like = |other: &str| {
        Request::Do(Command::Contact(ContactCommand::Like {
            user: user(other),
            on: true,
        }))
    };
    node.ask("ann", like("bob")).await.unwrap();
    let matched = match node.ask("bob", like("ann")).await {
        Ok(Reply::Contact(ContactReply::Liked { matched })) => matched.unwrap().matched,
        other => panic!("{other:?}"),
    };
    schedule(&node, "ann", matched.conversation, "hello").await;
    let matched = matched.id;
    let unmatch = ContactCommand::Unmatch { matched };
    let unmatch = Request::Do(Command::Contact(unmatch));
    node.ask("bob", unmatch).await.unwrap();
    pass(&node, MONTH);
    let code = failed_with(&node, "ann").await;
    assert_eq!(code, ErrorCode::NotMatched.number());
    node.stop().await;
}

#[actix::test]
async fn what_comes_too_fast_is_sent_a_little_later_and_in_its_order() {
    let rate = Rate {
        n: 1,
        period: Duration::from_secs(60),
    };
    let node = TestNode::start(Settings {
        rates: BTreeMap::from([("message.send".to_owned(), vec![rate])]),
        ..Settings::default()
    });
    let conversation = node.direct("ann", "bob").await;
    for text in ["1", "2", "3"] {
        schedule(&node, "ann", conversation, text).await;
    }
    pass(&node, MONTH);
    for n_left in [2, 1, 0] {
        let left = until(&node, "ann", |all| all.len() == n_left).await;
        assert!(left.iter().all(|one| one.failed.is_none()));
        pass(&node, Duration::from_secs(60));
    }
    assert_eq!(texts(&node, "bob", conversation).await, ["1", "2", "3"]);
    assert_eq!(node.core().counters.scheduled_failed.get(), 0);
    node.stop().await;
}

#[actix::test]
async fn what_was_due_while_the_node_was_down_is_sent_oldest_first() {
    use std::sync::Arc;

    use parlour_storage::{faulty::FaultyDisk, local::Options};

    let disk = FaultyDisk::default();
    let open = || Arc::new(disk.open(Options::default()).unwrap());
    let node = TestNode::start_on(open(), Settings::default());
    let conversation = node.direct("ann", "bob").await;
    for n in 0..10 {
        let by = if n % 3 == 0 { "ann" } else { "bob" };
        let mut draft = draft(
            &node,
            Destination::Conversation(conversation),
            &n.to_string(),
        );
        // The later ones first.
        draft.at = draft.at.plus_ms(-1000 * n);
        let schedule = LaterCommand::Schedule(draft);
        try_keep(&node, by, schedule).await.unwrap();
    }
    node.stop().await;
    let node = TestNode::start_on(open(), Settings::default());
    pass(&node, MONTH);
    until(&node, "ann", <[_]>::is_empty).await;
    until(&node, "bob", <[_]>::is_empty).await;
    let expected: Vec<_> = (0..10).rev().map(|n| n.to_string()).collect();
    assert_eq!(texts(&node, "bob", conversation).await, expected);
    node.stop().await;
}

#[actix::test]
async fn what_can_not_be_said_is_refused_at_once() {
    let node = TestNode::start(Settings {
        message_length_max: 10,
        ..Settings::default()
    });
    let conversation = node.direct("ann", "bob").await;
    let code = async |draft| {
        let outcome = try_keep(&node, "ann", LaterCommand::Schedule(draft)).await;
        outcome.unwrap_err().code
    };
    let to = || Destination::Conversation(conversation);
    let long = draft(&node, to(), "longer than ten");
    assert_eq!(code(long).await, ErrorCode::TooLarge);
    let empty = draft(&node, to(), " ");
    assert_eq!(code(empty).await, ErrorCode::BadValue);
    let mut past = draft(&node, to(), "hi");
    past.at = node.core().now();
    assert_eq!(code(past).await, ErrorCode::BadValue);
    let text = "x".repeat(2_001);
    for (name, text) in [
        ("x".repeat(101), "x".to_owned()),
        ("x".to_owned(), text),
        (" ".to_owned(), "x".to_owned()),
        ("x".to_owned(), "\u{7}".to_owned()),
    ] {
        let add = LaterCommand::AddTemplate { name, text };
        assert!(try_keep(&node, "ann", add).await.is_err());
    }
    node.stop().await;
}
