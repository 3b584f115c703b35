//! Who is told what others have read: the policy, and what people choose for themselves.

use parlour_storage::{
    domain::{change::ChangeBody, safety::Preferences},
    ids::{ConversationId, MessageId, Seq},
};

use crate::{
    codec::Resume,
    command::{
        Command, HistoryFilter, Identity, Mark, Question, Reply, Request, SafetyCommand,
        SafetyQuestion, SafetyReply, Target,
    },
    limits::Settings,
    policy::{Policy, Receipts},
    push::Push,
    scenarios::telling::{do_it, sent, within},
    testkit::{Client, Plain, TestNode, identity, premium, user},
};

/// All that a reader can be told of whether `b` has read the only message, one answer a way to ask.
async fn told(
    node: &TestNode,
    who: &Identity,
    conversation: ConversationId,
    message: MessageId,
    since: Resume,
) -> Vec<bool> {
    let ask = async |question| node.ask_as(who, Request::Ask(question)).await.unwrap();
    let b = user("b");
    let mut told = Vec::new();
    match ask(Question::Members(conversation)).await {
        Reply::Roster(roster) => {
            let member = roster
                .members
                .iter()
                .find(|member| member.user == b)
                .unwrap();
            told.push(member.cursor.read > Seq(0));
            told.push(member.cursor.delivered_at.is_some());
        }
        other => panic!("{other:?}"),
    }
    match ask(Question::Receipts(message)).await {
        Reply::Receipts(receipts) => told.push(
            receipts
                .iter()
                .any(|receipt| receipt.user == b && receipt.read),
        ),
        other => panic!("{other:?}"),
    }
    match ask(Question::Item(message)).await {
        Reply::Item(item) => {
            told.push(item.is_read());
            told.push(item.read_at.is_some());
        }
        other => panic!("{other:?}"),
    }
    match ask(Question::Entry(Target::Conversation(conversation))).await {
        Reply::Entry(entry) => told.push(entry.last.unwrap().is_read()),
        other => panic!("{other:?}"),
    }
    let history = Question::History {
        of: within(conversation),
        matching: HistoryFilter {
            read: Some(true),
            ..HistoryFilter::default()
        },
        offset: 0,
        limit: 10,
    };
    match ask(history).await {
        Reply::History { items, .. } => told.push(!items.is_empty()),
        other => panic!("{other:?}"),
    }
    match ask(Question::Changes { since, limit: 100 }).await {
        Reply::Changes { changes, .. } => told.push(changes.iter().any(|push| {
            matches!(push, Push::Change(change, _) if matches!(change.body, ChangeBody::Read { .. }) && change.by == b)
        })),
        other => panic!("{other:?}"),
    }
    let mut resumed = node.connect_with(who.clone(), Some(since), std::sync::Arc::new(Plain));
    told.push(has_change(node, &mut resumed, conversation).await);
    told
}

/// Whether a client is told a change between its hello and a message that comes now.
async fn has_change(node: &TestNode, client: &mut Client, conversation: ConversationId) -> bool {
    client.expect("hello").await;
    let mut has = false;
    sent(node, "b", conversation, "end").await;
    loop {
        let frame = client.next().await.unwrap();
        has |= frame.starts_with("change");
        if frame.ends_with(" end") {
            return has;
        }
    }
}

async fn choose(node: &TestNode, name: &str, hide_receipts: bool) {
    let chosen = Preferences { hide_receipts };
    do_it(node, name, Command::Safety(SafetyCommand::Prefer(chosen))).await;
    let question = Request::Ask(Question::Safety(SafetyQuestion::Preferences));
    let reply = node.ask(name, question).await;
    assert_eq!(reply, Ok(Reply::Safety(SafetyReply::Preferences(chosen))));
}

/// S0-65, C-18: by the policy, the reader's plan, and what the other one chose.
#[actix::test]
async fn every_way_to_ask_comes_to_the_same_answer() {
    for (receipts, who, hides, expected) in [
        (Receipts::Everyone, identity("a"), false, true),
        (Receipts::Everyone, premium("a"), true, false),
        (Receipts::Premium, identity("a"), false, false),
        (Receipts::Premium, premium("a"), false, true),
        (Receipts::Premium, premium("a"), true, false),
    ] {
        let node = TestNode::start(Settings {
            policy: Policy {
                receipts,
                ..Policy::default()
            },
            ..Settings::default()
        });
        let direct = node.direct("a", "b").await;
        let message = sent(&node, "a", direct, "x").await;
        let since = Resume {
            epoch: node.core().epoch(),
            position: message.position(),
        };
        choose(&node, "b", hides).await;
        let mut live = node.connect_with(who.clone(), None, std::sync::Arc::new(Plain));
        let mut own = node.connect("b", None);
        live.expect("hello").await;
        own.expect("hello").await;
        do_it(
            &node,
            "b",
            Command::Read {
                up_to: Mark::Seq(direct, Seq(1)),
            },
        )
        .await;
        // One's own devices are always told.
        own.expect("change").await;
        let told = told(&node, &who, direct, message, since).await;
        let case = format!("{receipts:?} {:?} hides {hides}", who.profile.plan);
        assert!(
            told.iter().all(|told| *told == expected),
            "{case}: {told:?}"
        );
        let mut has = false;
        loop {
            let frame = live.next().await.unwrap();
            has |= frame.starts_with("change");
            if frame.ends_with(" end") {
                break;
            }
        }
        assert_eq!(has, expected, "{case}: live");
        // Reading counts for unread all the same.
        let unread = node.ask("b", Request::Ask(Question::Unread)).await;
        assert_eq!(unread, Ok(Reply::Unread(Vec::new())));
        node.stop().await;
    }
}

/// A token with another plan counts from when it is shown.
#[actix::test]
async fn who_becomes_premium_is_told_from_then_on() {
    let node = TestNode::start(Settings {
        policy: Policy {
            receipts: Receipts::Premium,
            ..Policy::default()
        },
        ..Settings::default()
    });
    let direct = node.direct("a", "b").await;
    for text in ["1", "2"] {
        sent(&node, "a", direct, text).await;
    }
    let mut a = node.connect("a", None);
    a.expect("hello").await;
    do_it(
        &node,
        "b",
        Command::Read {
            up_to: Mark::Seq(direct, Seq(1)),
        },
    )
    .await;
    node.core().flush().await;
    assert!(!a.frames().iter().any(|frame| frame.starts_with("change")));
    for connection in node.core().registry.connections_of(&user("a")) {
        connection.renew(&premium("a"));
    }
    do_it(
        &node,
        "b",
        Command::Read {
            up_to: Mark::Seq(direct, Seq(2)),
        },
    )
    .await;
    a.expect("change").await;
    node.stop().await;
}
