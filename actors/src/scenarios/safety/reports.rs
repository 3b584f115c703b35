//! Reports and what becomes of them, takedowns, and the audit log of it all.

use parlour_storage::{
    domain::{
        message::Content,
        safety::{AuditLine, FlagDraft, ReportDraft, ReportStatus, Sanction},
        user::NodeRole,
    },
    ids::{ConversationId, MessageId, Position, ReportId, Seq, Timestamp},
    store::{Outcome, Transaction, Write},
};

use super::{decide, look, moderate};
use crate::{
    command::{
        Case, Command, Mark, Question, Reply, Request, SafetyCommand, SafetyQuestion, SafetyReply,
    },
    error::{ErrorCode, Failure},
    limits::{CONTEXT_MESSAGES, Settings},
    policy::{Audit, Policy},
    scenarios::telling::{ask, do_it, opened, sent},
    testkit::{TestNode, user},
};

async fn file(node: &TestNode, name: &str, command: SafetyCommand) -> Result<ReportId, Failure> {
    match node
        .ask(name, Request::Do(Command::Safety(command)))
        .await?
    {
        Reply::Safety(SafetyReply::Filed { report, .. }) => Ok(report),
        other => panic!("{other:?}"),
    }
}

fn about_message(message: MessageId) -> SafetyCommand {
    SafetyCommand::ReportMessage {
        message,
        category: " Spam ".into(),
        reason: Some("again".into()),
    }
}

fn about(name: &str) -> ReportDraft {
    ReportDraft {
        user: user(name),
        category: "other".into(),
        reason: None,
        conversation: None,
        message: None,
    }
}

async fn case(node: &TestNode, report: ReportId) -> Case {
    match look(node, SafetyQuestion::Report(report)).await.unwrap() {
        SafetyReply::Case(case) => *case,
        other => panic!("{other:?}"),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorCode, Option<&'static str>) {
    let failure = result.unwrap_err();
    (failure.code, failure.field)
}

#[actix::test]
async fn a_report_comes_to_a_moderator_with_what_was_said_around_it() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let mut messages = Vec::new();
    for n in 0..40 {
        messages.push(sent(&node, "b", direct, &n.to_string()).await);
    }
    let texts = |case: &Case| -> Vec<u32> {
        let shown = case.context.iter();
        shown
            .map(|shown| shown.message.content.text.parse().unwrap())
            .collect()
    };
    let report = file(&node, "a", about_message(messages[20])).await.unwrap();
    let in_the_middle = case(&node, report).await;
    let what = &in_the_middle.report.what;
    assert_eq!((&what.user, what.category.as_str()), (&user("b"), "spam"));
    assert_eq!(
        (what.message, what.conversation),
        (Some(messages[20]), Some(direct))
    );
    assert_eq!(texts(&in_the_middle), (10..31).collect::<Vec<_>>());
    let first = file(&node, "a", about_message(messages[0])).await.unwrap();
    assert_eq!(
        texts(&case(&node, first).await),
        (0..CONTEXT_MESSAGES as u32).collect::<Vec<_>>()
    );
    let last = file(&node, "a", about_message(messages[39])).await.unwrap();
    assert_eq!(
        texts(&case(&node, last).await),
        (29..40).collect::<Vec<_>>()
    );
    let whole = ReportDraft {
        conversation: Some(direct),
        ..about("b")
    };
    let whole = file(&node, "a", SafetyCommand::Report(whole))
        .await
        .unwrap();
    assert_eq!(
        texts(&case(&node, whole).await),
        (19..40).collect::<Vec<_>>()
    );
    let nowhere = file(&node, "a", SafetyCommand::Report(about("never seen")))
        .await
        .unwrap();
    assert_eq!(case(&node, nowhere).await.context, []);

    let review = SafetyCommand::ReviewReport {
        report,
        status: ReportStatus::Actioned,
        note: Some("muted".into()),
    };
    moderate(&node, "mod", NodeRole::Moderator, review)
        .await
        .unwrap();
    let reviewed = case(&node, report).await.report;
    assert_eq!(reviewed.status, ReportStatus::Actioned);
    assert_eq!(reviewed.note.as_deref(), Some("muted"));
    assert_eq!(reviewed.reviewed.map(|(_, by)| by), Some(user("mod")));

    let page = async |before, status| {
        let question = SafetyQuestion::Reports {
            status,
            about: None,
            before,
            limit: 2,
        };
        match look(&node, question).await.unwrap() {
            SafetyReply::Reports { reports, next } => (
                reports
                    .into_iter()
                    .map(|report| report.id)
                    .collect::<Vec<_>>(),
                next,
            ),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(page(None, None).await, (vec![nowhere, whole], Some(whole)));
    assert_eq!(
        page(Some(whole), None).await,
        (vec![last, first], Some(first))
    );
    assert_eq!(page(Some(first), None).await, (vec![report], None));
    assert_eq!(
        page(None, Some(ReportStatus::Actioned)).await,
        (vec![report], None)
    );
    match look(&node, SafetyQuestion::Standing(user("b")))
        .await
        .unwrap()
    {
        SafetyReply::Standing { who, reports, .. } => {
            assert_eq!((&who.user, reports.len()), (&user("b"), 4));
        }
        other => panic!("{other:?}"),
    }
    node.stop().await;
}

#[actix::test]
async fn a_report_is_of_what_its_maker_can_see_and_in_bounds() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("b", "c").await;
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let foreign = sent(&node, "b", direct, "not for a").await;
    let ours = sent(&node, "b", group, "seen by a").await;
    let bad = |category: &str, reason: Option<String>| {
        SafetyCommand::Report(ReportDraft {
            category: category.into(),
            reason,
            ..about("b")
        })
    };
    let long = "x".repeat(51);
    for (command, expected) in [
        (about_message(foreign), (ErrorCode::NoMessage, None)),
        (bad("  ", None), (ErrorCode::BadValue, Some("category"))),
        (bad(&long, None), (ErrorCode::BadValue, Some("category"))),
        (bad("a\nb", None), (ErrorCode::BadValue, Some("category"))),
        (
            bad("spam", Some("x".repeat(2001))),
            (ErrorCode::BadValue, Some("reason")),
        ),
        (
            SafetyCommand::Report(ReportDraft {
                conversation: Some(direct),
                ..about("b")
            }),
            (ErrorCode::NoConversation, None),
        ),
        (
            SafetyCommand::Report(ReportDraft {
                message: Some(ours),
                ..about("c")
            }),
            (ErrorCode::BadValue, Some("message")),
        ),
        (
            SafetyCommand::Report(about("a")),
            (ErrorCode::BadValue, Some("user")),
        ),
    ] {
        assert_eq!(
            code(file(&node, "a", command.clone()).await),
            expected,
            "{command:?}"
        );
    }
    // Taking words back is no way to be rid of them.
    do_it(&node, "b", Command::Delete { message: ours }).await;
    file(&node, "a", about_message(ours)).await.unwrap();
    // What a block hides can't be seen, and so can't be reported.
    do_it(
        &node,
        "a",
        Command::Block {
            user: user("b"),
            reason: None,
        },
    )
    .await;
    while parlour_storage::ids::Timestamp::now() <= ours.position().time() {
        tokio::task::yield_now().await;
    }
    let hidden = sent(&node, "b", group, "hidden from a").await;
    assert_eq!(
        code(file(&node, "a", about_message(hidden)).await).0,
        ErrorCode::NoMessage
    );
    file(&node, "a", SafetyCommand::Report(about("b")))
        .await
        .unwrap();
    node.stop().await;
}

#[actix::test]
async fn only_moderators_look_and_decide() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let message = sent(&node, "b", direct, "x").await;
    let report = file(&node, "a", about_message(message)).await.unwrap();
    let commands = [
        SafetyCommand::ReviewReport {
            report,
            status: ReportStatus::Dismissed,
            note: None,
        },
        SafetyCommand::ReviewFlag {
            message,
            status: ReportStatus::Dismissed,
        },
        SafetyCommand::Sanction {
            user: user("b"),
            sanction: Sanction::Ban,
            reason: None,
        },
        SafetyCommand::Takedown {
            message,
            reason: None,
        },
    ];
    for command in commands {
        let refused = moderate(&node, "a", NodeRole::User, command.clone()).await;
        assert_eq!(code(refused).0, ErrorCode::NotAllowed, "{command:?}");
    }
    let questions = [
        SafetyQuestion::Reports {
            status: None,
            about: None,
            before: None,
            limit: 1,
        },
        SafetyQuestion::Report(report),
        SafetyQuestion::Flags {
            status: None,
            before: None,
            limit: 1,
        },
        SafetyQuestion::Standing(user("b")),
        SafetyQuestion::Audit { after: 0, limit: 1 },
    ];
    for question in questions {
        let refused = ask(&node, "a", Question::Safety(question.clone())).await;
        assert_eq!(code(refused).0, ErrorCode::NotAllowed, "{question:?}");
        let known = look(&node, question.clone()).await;
        assert!(known.is_ok(), "{question:?}: {known:?}");
    }
    let unknown = ReportId::created_at(Position::new(1).unwrap());
    let refused = look(&node, SafetyQuestion::Report(unknown)).await;
    assert_eq!(code(refused).0, ErrorCode::NoReport);
    node.stop().await;
}

#[actix::test]
async fn what_is_taken_down_is_gone_for_everyone_at_once() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let message = sent(&node, "b", direct, "bad").await;
    let (mut a, mut b) = (node.connect("a", None), node.connect("b", None));
    a.expect("hello").await;
    b.expect("hello").await;
    let takedown = SafetyCommand::Takedown {
        message,
        reason: Some("scam".into()),
    };
    let done = moderate(&node, "mod", NodeRole::Moderator, takedown).await;
    assert_eq!(done, Ok(Reply::Done));
    a.expect("change").await;
    b.expect("change").await;
    for name in ["a", "b"] {
        let Ok(Reply::Message(shown)) = ask(&node, name, Question::Message(message)).await else {
            panic!("no message")
        };
        assert!(shown.message.deleted_at.is_some() && shown.message.content.text.is_empty());
    }
    node.stop().await;
}

/// A text that was masked: `shown` to everyone, `original` to moderators.
async fn send_masked(
    node: &TestNode,
    name: &str,
    conversation: ConversationId,
    (shown, original): (&str, &str),
) -> MessageId {
    let content = Content {
        text: shown.to_owned(),
        ..Content::default()
    };
    let write = Write::Send {
        conversation,
        content,
        attachments: Vec::new(),
        key: None,
    };
    let flag = FlagDraft {
        found: vec!["profanity".to_owned()],
        original: Some(original.to_owned()),
    };
    let transaction = Transaction {
        flag: Some(flag),
        ..Transaction::new(Timestamp::now(), user(name), write)
    };
    let outcomes = node.core().store_ref().commit(vec![transaction]).await;
    match outcomes.unwrap().remove(0).unwrap() {
        Outcome::Changed(changes) => MessageId::created_at(changes[0].position),
        other => panic!("{other:?}"),
    }
}

#[actix::test]
async fn what_was_masked_is_read_by_moderators_alone() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let mut messages = Vec::new();
    for n in 0..3 {
        let texts = (&*format!("**** {n}"), &*format!("damn {n}"));
        messages.push(send_masked(&node, "b", direct, texts).await);
    }
    let report = file(&node, "a", about_message(messages[1])).await.unwrap();
    let context = case(&node, report).await.context;
    let texts: Vec<_> = context
        .iter()
        .map(|shown| &*shown.message.content.text)
        .collect();
    assert_eq!(texts, ["damn 0", "damn 1", "damn 2"]);
    for name in ["a", "b"] {
        let Ok(Reply::Message(shown)) = ask(&node, name, Question::Message(messages[0])).await
        else {
            panic!("no message")
        };
        assert_eq!(shown.message.content.text, "**** 0");
    }
    let page = async |before| {
        let question = SafetyQuestion::Flags {
            status: Some(ReportStatus::Pending),
            before,
            limit: 2,
        };
        match look(&node, question).await.unwrap() {
            SafetyReply::Flags { flags, next } => (flags, next),
            other => panic!("{other:?}"),
        }
    };
    let (flags, next) = page(None).await;
    let (flag, shown) = &flags[0];
    assert_eq!((flag.message, &flag.author), (messages[2], &user("b")));
    assert_eq!(flag.what.original.as_deref(), Some("damn 2"));
    let shown = shown.as_ref().expect("it is there");
    assert_eq!(shown.message.content.text, "**** 2", "as it stands");
    assert_eq!((flags.len(), next), (2, Some(messages[1])));
    let review = SafetyCommand::ReviewFlag {
        message: messages[0],
        status: ReportStatus::Dismissed,
    };
    moderate(&node, "mod", NodeRole::Moderator, review)
        .await
        .unwrap();
    assert_eq!(page(next).await, (Vec::new(), None));
    node.stop().await;
}

async fn audit(node: &TestNode) -> Vec<AuditLine> {
    let mut lines: Vec<AuditLine> = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line| line.n);
        match look(node, SafetyQuestion::Audit { after, limit: 3 })
            .await
            .unwrap()
        {
            SafetyReply::Audit(page) if page.is_empty() => return lines,
            SafetyReply::Audit(page) => lines.extend(page),
            other => panic!("{other:?}"),
        }
    }
}

#[actix::test]
async fn the_audit_log_has_what_the_policy_wants_and_no_words() {
    for (policy, expected) in [
        (Audit::Off, vec![]),
        (
            Audit::Safety,
            vec![
                "user.reported",
                "user.muted",
                "user.blocked",
                "message.taken_down",
            ],
        ),
        (
            Audit::All,
            vec![
                "user.connected",
                "conversation.opened",
                "message.sent",
                "messages.read",
                "user.reported",
                "user.muted",
                "user.blocked",
                "message.taken_down",
                "user.disconnected",
            ],
        ),
    ] {
        let node = TestNode::start(Settings {
            policy: Policy {
                audit: policy,
                ..Policy::default()
            },
            ..Settings::default()
        });
        let mut b = node.connect("b", None);
        b.expect("hello").await;
        let direct = node.direct("a", "b").await;
        let message = sent(&node, "b", direct, "secret").await;
        do_it(
            &node,
            "a",
            Command::Read {
                up_to: Mark::Seq(direct, Seq(1)),
            },
        )
        .await;
        file(&node, "a", about_message(message)).await.unwrap();
        decide(&node, "b", Sanction::Mute(None)).await;
        // What changes nothing leaves no line, and neither does what is refused.
        decide(&node, "b", Sanction::Mute(None)).await;
        node.send("b", direct, "secret").await.unwrap_err();
        do_it(
            &node,
            "a",
            Command::Block {
                user: user("b"),
                reason: Some("secret".into()),
            },
        )
        .await;
        let takedown = SafetyCommand::Takedown {
            message,
            reason: Some("scam".into()),
        };
        moderate(&node, "mod", NodeRole::Moderator, takedown)
            .await
            .unwrap();
        drop(b);
        let lines = loop {
            let lines = audit(&node).await;
            if lines.len() >= expected.len() {
                break lines;
            }
        };
        let actions: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
        assert_eq!(actions, expected);
        assert!(!format!("{lines:?}").contains("secret"));
        if let Some(muted) = lines.iter().find(|line| line.action == "user.muted") {
            assert_eq!((&muted.by, &muted.user), (&user("mod"), &Some(user("b"))));
            assert_eq!(muted.detail.as_deref(), Some("spam"));
        }
        node.stop().await;
    }
}
