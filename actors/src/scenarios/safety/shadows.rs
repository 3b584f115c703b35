//! Shadow bans: what they write reaches nobody, whichever way it is read, and they see nothing of it.

use parlour_storage::{
    domain::{change::ChangeBody, safety::Sanction},
    ids::{ConversationId, MessageId, Seq},
    store::PageFrom,
};

use super::decide;
use crate::{
    codec::Resume,
    command::{
        Command, ContactCommand, ContactReply, HistoryFilter, Mark, Question, Reply, Request,
        Target,
    },
    error::ErrorCode,
    limits::Settings,
    push::Push,
    scenarios::telling::{ask, do_it, opened, page, sent, within},
    testkit::{Client, TestNode, user},
};

/// What somebody reads of a conversation, with `-` for what is veiled.
async fn texts(node: &TestNode, name: &str, conversation: ConversationId) -> Vec<String> {
    let question = Question::Messages {
        conversation,
        from: PageFrom::End,
        limit: 100,
    };
    let Ok(Reply::Messages(messages)) = ask(node, name, question).await else {
        panic!("no page")
    };
    let texts = messages.into_iter().map(|shown| match shown.veiled {
        true => "-".to_owned(),
        false => shown.message.content.text,
    });
    texts.collect()
}

async fn item(node: &TestNode, name: &str, message: MessageId) -> Result<(), ErrorCode> {
    let item = ask(node, name, Question::Item(message)).await;
    item.map(|_| ()).map_err(|failure| failure.code)
}

/// What is told between now and a message that is said now.
async fn told_until(
    node: &TestNode,
    client: &mut Client,
    by: &str,
    to: ConversationId,
) -> Vec<String> {
    sent(node, by, to, "end").await;
    let mut told = Vec::new();
    loop {
        let frame = client.next().await.unwrap();
        if frame.ends_with(" end") {
            return told;
        }
        told.push(frame);
    }
}

#[actix::test]
async fn live_nobody_else_sees_what_they_write_and_their_own_devices_do() {
    let node = TestNode::start(Settings::default());
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let first = sent(&node, "a", group, "first").await;
    decide(&node, "b", Sanction::ShadowBan).await;
    let (mut a, mut tablet) = (node.connect("a", None), node.connect("b", None));
    a.expect("hello").await;
    tablet.expect("hello").await;
    let hidden = sent(&node, "b", group, "hidden").await;
    do_it(
        &node,
        "b",
        Command::Edit {
            message: hidden,
            text: "edited".into(),
        },
    )
    .await;
    do_it(
        &node,
        "b",
        Command::React {
            message: first,
            emoji: "x".into(),
            on: true,
        },
    )
    .await;
    do_it(
        &node,
        "b",
        Command::Read {
            up_to: Mark::Seq(group, Seq(1)),
        },
    )
    .await;
    do_it(
        &node,
        "b",
        Command::Type {
            to: Target::Conversation(group),
            on: true,
        },
    )
    .await;
    let told = told_until(&node, &mut a, "c", group).await;
    let of_b = |frame: &&String| !frame.starts_with("presence") && !frame.starts_with("online");
    let kinds: Vec<_> = told
        .iter()
        .filter(of_b)
        .map(|f| f.split(' ').next().unwrap())
        .collect();
    assert_eq!(kinds, ["veiled"; 3], "no receipt and no typing: {told:?}");
    let told = told_until(&node, &mut tablet, "c", group).await;
    assert!(
        told.iter().any(|frame| frame.ends_with(" hidden")),
        "{told:?}"
    );
    assert!(
        !told.iter().any(|frame| frame.starts_with("veiled")),
        "{told:?}"
    );
    node.stop().await;
}

#[actix::test]
async fn read_back_it_is_veiled_until_the_ban_ends() {
    let node = TestNode::start(Settings::default());
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let direct = node.direct("a", "b").await;
    let before = sent(&node, "b", group, "before").await;
    // Of one millisecond it isn't known what came first.
    while parlour_storage::ids::Timestamp::now() <= before.position().time() {
        tokio::task::yield_now().await;
    }
    decide(&node, "b", Sanction::ShadowBan).await;
    let start = Resume {
        epoch: node.core().epoch(),
        position: node.core().store_ref().head(),
    };
    let hidden = sent(&node, "b", group, "hidden").await;
    sent(&node, "b", direct, "hidden too").await;
    do_it(
        &node,
        "b",
        Command::React {
            message: before,
            emoji: "x".into(),
            on: true,
        },
    )
    .await;
    do_it(
        &node,
        "b",
        Command::Read {
            up_to: Mark::Seq(group, Seq(1)),
        },
    )
    .await;
    let after = sent(&node, "a", group, "after").await;

    assert_eq!(texts(&node, "a", group).await, ["before", "-", "after"]);
    assert_eq!(
        texts(&node, "b", group).await,
        ["before", "hidden", "after"]
    );
    assert_eq!(texts(&node, "a", direct).await, ["-"]);
    assert_eq!(item(&node, "a", hidden).await, Err(ErrorCode::NoMessage));
    assert_eq!(item(&node, "b", hidden).await, Ok(()));
    for (name, expected) in [
        ("a", vec!["after", "before"]),
        ("b", vec!["after", "hidden", "before"]),
    ] {
        let filter = HistoryFilter::default();
        let whole = page(&node, name, within(group), filter, (0, 10))
            .await
            .unwrap();
        assert_eq!(whole.texts(), expected, "{name}");
        let filter = HistoryFilter::default();
        let skipped = page(&node, name, within(group), filter, (1, 10))
            .await
            .unwrap();
        assert_eq!(skipped.texts(), expected[1..], "{name}");
    }
    let read_by = |name: &'static str, message| {
        let node = &node;
        async move {
            match ask(node, name, Question::Item(message)).await.unwrap() {
                Reply::Item(item) => (item.read_by, item.message.reactions.len()),
                other => panic!("{other:?}"),
            }
        }
    };
    // Its author is b, so they read it; what they did since, they alone see.
    assert_eq!(read_by("b", before).await.1, 1);
    assert_eq!(read_by("a", before).await.1, 0);
    do_it(
        &node,
        "b",
        Command::Read {
            up_to: Mark::Seq(group, Seq(3)),
        },
    )
    .await;
    assert_eq!(read_by("a", after).await.0, [user("a")]);
    assert_eq!(read_by("b", after).await.0, [user("a"), user("b")]);

    // Resumed, and asked for, it is as it was live.
    let changes = Question::Changes {
        since: start,
        limit: 100,
    };
    let Ok(Reply::Changes { changes, .. }) = ask(&node, "a", changes).await else {
        panic!("no changes")
    };
    assert_eq!(
        changes.len(),
        4,
        "two messages, a reaction, and one's own: {changes:?}"
    );
    for push in &changes {
        let veiled = matches!(push, Push::Veiled(..));
        assert_eq!(veiled, push.by() == Some(&user("b")), "{push:?}");
        let read = matches!(push, Push::Change(change, _) if matches!(change.body, ChangeBody::Read { .. }));
        assert!(!read);
    }
    let mut again = node.connect("a", Some(start));
    again.expect("hello").await;
    let frames = [again.next().await.unwrap(), again.next().await.unwrap()];
    assert!(
        frames.iter().all(|frame| frame.starts_with("veiled")),
        "{frames:?}"
    );

    decide(&node, "b", Sanction::EndShadowBan).await;
    assert_eq!(
        texts(&node, "a", group).await,
        ["before", "hidden", "after"]
    );
    assert_eq!(texts(&node, "a", direct).await, ["hidden too"]);
    node.stop().await;
}

/// Nobody was told of it, so nobody learns of it by guessing its id, or by accepting it unseen.
#[actix::test]
async fn what_they_ask_stays_unknown() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    decide(&node, "b", Sanction::ShadowBan).await;
    let ask = Command::Contact(ContactCommand::Ask {
        user: user("a"),
        text: "hidden".to_owned(),
        key: None,
    });
    let asked = node.ask("b", Request::Do(ask)).await;
    let Ok(Reply::Contact(ContactReply::Request(shown))) = asked else {
        panic!("{asked:?}")
    };
    let request = shown.request.id;
    for accept in [true, false] {
        let answer = Command::Contact(ContactCommand::Answer { request, accept });
        let refused = node.ask("a", Request::Do(answer)).await;
        let code = refused.map_err(|failure| failure.code);
        assert_eq!(code, Err(ErrorCode::NoRequest));
    }
    let mut a = node.connect("a", None);
    a.expect("hello").await;
    // Whoever writes to somebody that asked accepts it.
    sent(&node, "a", direct, "hello").await;
    let told = told_until(&node, &mut a, "a", direct).await;
    let unveiled = told.iter().find(|frame| frame.contains("hidden"));
    assert_eq!(unveiled, None);
    node.stop().await;
}

#[actix::test]
async fn lists_and_counts_know_nothing_of_it() {
    let node = TestNode::start(Settings::default());
    let group = opened(&node, "a", None, &["b", "c"]).await;
    sent(&node, "c", group, "seen").await;
    decide(&node, "b", Sanction::ShadowBan).await;
    sent(&node, "b", group, "hidden").await;
    for (name, last, unread) in [("a", "seen", 1), ("b", "hidden", 1)] {
        let entry = ask(&node, name, Question::Entry(Target::Conversation(group))).await;
        let Ok(Reply::Entry(entry)) = entry else {
            panic!("no entry")
        };
        let shown = entry.last.map(|item| item.message.content.text);
        assert_eq!(
            (shown.as_deref(), entry.summary.unread),
            (Some(last), unread),
            "{name}"
        );
    }
    node.stop().await;
}

/// The table is in memory, and what it was made from is not.
#[actix::test]
async fn it_holds_over_a_restart_before_anybody_is_served() {
    use parlour_storage::{faulty::FaultyDisk, local::Options};
    let disk = FaultyDisk::default();
    let open = || std::sync::Arc::new(disk.open(Options::default()).unwrap());
    let node = TestNode::start_on(open(), Settings::default());
    let group = opened(&node, "a", None, &["b"]).await;
    decide(&node, "b", Sanction::ShadowBan).await;
    sent(&node, "b", group, "hidden").await;
    node.stop().await;
    let node = TestNode::start_on(open(), Settings::default());
    assert_eq!(
        texts(&node, "a", group).await,
        ["-"],
        "the first question there is"
    );
    sent(&node, "b", group, "hidden again").await;
    assert_eq!(texts(&node, "a", group).await, ["-", "-"]);
    let reply = node.ask("b", Request::Ask(Question::Unread)).await;
    assert!(reply.is_ok(), "and nothing is refused");
    node.stop().await;
}
