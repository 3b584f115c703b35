//! Warnings, mutes, suspensions: who decides them, what they refuse, and what they end at once.

use std::{sync::Arc, time::Duration};

use parlour_storage::{
    domain::{
        safety::{Preferences, Sanction},
        user::NodeRole,
    },
    ids::{Seq, Timestamp},
    store::PageFrom,
};

use super::{decide, moderate, try_decide};
use crate::{
    command::{Command, Mark, Question, Reply, Request, SafetyCommand, Target},
    error::{CloseCode, ErrorCode, Failure},
    limits::Settings,
    scenarios::telling::{do_it, opened, sent},
    testkit::{TestNode, identity, message, staff, user},
};

fn in_an_hour() -> Timestamp {
    Timestamp::now().plus_ms(3_600_000)
}

/// Ends within the hour, and says so.
fn within_the_hour(failure: &Failure) -> bool {
    let hour = Duration::from_secs(3600);
    failure
        .retry_after
        .is_some_and(|wait| !wait.is_zero() && wait <= hour)
}

#[actix::test]
async fn the_muted_read_and_do_not_write() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("b", "a").await;
    let group = opened(&node, "b", Some("ours"), &["a"]).await;
    let message_of_b = sent(&node, "b", direct, "before").await;
    let message_of_a = sent(&node, "a", direct, "answer").await;
    decide(&node, "b", Sanction::Mute(Some(in_an_hour()))).await;

    let writing = [
        message(direct, "x"),
        message(group, "x"),
        Command::Send {
            to: Target::User(user("z")),
            content: Default::default(),
            attachments: Vec::new(),
            key: None,
        },
        Command::Edit {
            message: message_of_b,
            text: "x".into(),
        },
        Command::React {
            message: message_of_a,
            emoji: "x".into(),
            on: true,
        },
        Command::Type {
            to: Target::Conversation(direct),
            on: true,
        },
        Command::OpenDirect { with: user("z") },
        Command::OpenGroup {
            name: None,
            members: Vec::new(),
            key: None,
        },
        Command::Add {
            conversation: group,
            users: vec![user("z")],
        },
        Command::Rename {
            conversation: group,
            name: Some("x".into()),
        },
    ];
    for command in writing {
        let refused = node
            .ask("b", Request::Do(command.clone()))
            .await
            .unwrap_err();
        assert_eq!(refused.code, ErrorCode::Muted, "{command:?}");
        assert!(within_the_hour(&refused), "{refused:?}");
        assert!(refused.message.contains("for another"), "{refused}");
    }
    let up_to = Mark::Seq(direct, Seq(2));
    let going_on = [
        Command::Read { up_to },
        Command::Deliver { up_to },
        Command::Type {
            to: Target::Conversation(direct),
            on: false,
        },
        Command::Delete {
            message: message_of_b,
        },
        Command::Block {
            user: user("z"),
            reason: None,
        },
        Command::Unblock { user: user("z") },
        Command::Safety(SafetyCommand::Prefer(Preferences {
            hide_receipts: true,
        })),
        Command::Remove {
            conversation: group,
            user: user("a"),
        },
    ];
    for command in going_on {
        do_it(&node, "b", command).await;
    }
    let page = Question::Messages {
        conversation: direct,
        from: PageFrom::End,
        limit: 10,
    };
    node.ask("b", Request::Ask(page)).await.unwrap();
    decide(&node, "b", Sanction::Unmute).await;
    sent(&node, "b", direct, "again").await;
    node.stop().await;
}

#[actix::test]
async fn a_suspension_closes_what_is_open_and_lets_nothing_in_until_it_is_lifted() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("b", "a").await;
    sent(&node, "b", direct, "before").await;
    let mut devices = [node.connect("b", None), node.connect("b", None)];
    let mut a = node.connect("a", None);
    for client in devices.iter_mut().chain([&mut a]) {
        client.expect("hello").await;
    }
    decide(&node, "b", Sanction::Suspend(Some(in_an_hour()))).await;
    for client in &mut devices {
        // Closed by the time the moderator has the answer.
        assert_eq!(
            client.outbox.closing_for().map(|(code, _)| code),
            Some(CloseCode::Suspended)
        );
        assert_eq!(client.expect_close().await, CloseCode::Suspended);
    }
    assert_eq!(
        node.connect("b", None).expect_close().await,
        CloseCode::Suspended
    );

    let up_to = Mark::Seq(direct, Seq(1));
    let requests = [
        Request::Do(message(direct, "x")),
        Request::Do(Command::Read { up_to }),
        Request::Do(Command::Block {
            user: user("a"),
            reason: None,
        }),
        Request::Do(Command::OpenDirect { with: user("z") }),
        Request::Ask(Question::Me),
        Request::Ask(Question::Conversations {
            before: None,
            limit: 1,
        }),
        Request::Ask(Question::Changes {
            since: crate::codec::Resume {
                epoch: node.core().epoch(),
                position: Default::default(),
            },
            limit: 10,
        }),
    ];
    for request in requests {
        let refused = node.ask("b", request.clone()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Suspended, "{request:?}");
        assert!(within_the_hour(&refused), "{refused:?}");
    }
    assert_eq!(a.outbox.closing_for(), None);
    sent(&node, "a", direct, "undisturbed").await;
    decide(&node, "b", Sanction::Reinstate).await;
    node.connect("b", None).expect("hello").await;
    sent(&node, "b", direct, "again").await;
    node.stop().await;
}

#[actix::test]
async fn who_is_suspended_is_called_as_before() {
    let node = TestNode::start(Settings::default());
    let named = |name: &str| {
        let mut identity = identity("b");
        identity.profile.name = Some(name.to_owned());
        identity
    };
    let name = async || {
        let asked = node.ask("a", Request::Ask(Question::User(user("b")))).await;
        match asked.unwrap() {
            Reply::User(user) => user.name,
            other => panic!("{other:?}"),
        }
    };
    node.core().keep_profile(&named("before"));
    node.ask("b", Request::Ask(Question::Me)).await.unwrap();
    decide(&node, "b", Sanction::Ban).await;
    node.core().keep_profile(&named("after"));
    let refused = node.ask("b", Request::Ask(Question::Me)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.retry_after),
        (ErrorCode::Suspended, None)
    );
    node.core().flush().await;
    assert_eq!(name().await.as_deref(), Some("before"));
    decide(&node, "b", Sanction::Reinstate).await;
    node.core().keep_profile(&named("after"));
    node.ask("b", Request::Ask(Question::Me)).await.unwrap();
    assert_eq!(name().await.as_deref(), Some("after"));
    node.stop().await;
}

/// Connections that come while a suspension is on its way: let in before and then found, or refused; never missed.
#[actix::test]
async fn no_connection_slips_in_beside_a_suspension() {
    let node = Arc::new(TestNode::start(Settings {
        per_user_max: 1000,
        ..Settings::default()
    }));
    // Once the first is answered, the actors have come up.
    node.ask("a", Request::Ask(Question::Blocks)).await.unwrap();
    for round in 0..40 {
        let mut clients = Vec::new();
        let suspending = {
            let node = Arc::clone(&node);
            actix::spawn(async move { decide(&node, "b", Sanction::Suspend(None)).await })
        };
        // More and more of them before it, and some behind it.
        for n in 0..20 {
            clients.push(node.connect("b", None));
            if n == round % 20 {
                tokio::task::yield_now().await;
            }
        }
        suspending.await.unwrap();
        for client in &mut clients {
            assert_eq!(client.expect_close().await, CloseCode::Suspended);
        }
        drop(clients);
        decide(&node, "b", Sanction::Reinstate).await;
    }
    Arc::into_inner(node).unwrap().stop().await;
}

#[actix::test]
async fn moderators_decide_about_users_and_admins_about_moderators() {
    use NodeRole::{Admin, Moderator, User};
    let node = TestNode::start(Settings::default());
    for (name, role) in [
        ("m", Moderator),
        ("n", Moderator),
        ("x", Admin),
        ("y", Admin),
    ] {
        node.core().keep_profile(&staff(name, role));
        node.ask_as(&staff(name, role), Request::Ask(Question::Me))
            .await
            .unwrap();
    }
    let refused = Err(ErrorCode::NotAllowed);
    for (by, role, about, expected) in [
        ("a", User, "b", refused),
        ("a", User, "m", refused),
        ("m", Moderator, "b", Ok(())),
        ("m", Moderator, "nobody knows them", Ok(())),
        ("m", Moderator, "n", refused),
        ("m", Moderator, "m", refused),
        ("m", Moderator, "x", refused),
        ("x", Admin, "m", Ok(())),
        ("x", Admin, "y", refused),
        ("x", Admin, "x", refused),
    ] {
        for sanction in [Sanction::Warn, Sanction::Mute(None), Sanction::ShadowBan] {
            let done = try_decide(&node, by, role, about, sanction).await;
            assert_eq!(done, expected, "{by} about {about}: {sanction:?}");
        }
    }
    // Who is suspended learns nothing else, not even that it is not for them.
    decide(&node, "b", Sanction::Ban).await;
    let done = try_decide(&node, "b", User, "a", Sanction::Warn).await;
    assert_eq!(done, Err(ErrorCode::Suspended));
    node.stop().await;
}

#[actix::test]
async fn a_warning_reaches_every_device_with_its_reason() {
    let node = TestNode::start(Settings::default());
    let mut devices = [node.connect("b", None), node.connect("b", None)];
    let mut a = node.connect("a", None);
    for client in devices.iter_mut().chain([&mut a]) {
        client.expect("hello").await;
    }
    decide(&node, "b", Sanction::Warn).await;
    for client in &mut devices {
        assert_eq!(client.expect("warned").await, r#"warned Some("spam")"#);
    }
    let frames = a.frames();
    assert!(
        !frames.iter().any(|frame| frame.starts_with("warned")),
        "{frames:?}"
    );
    let long = SafetyCommand::Sanction {
        user: user("b"),
        sanction: Sanction::Warn,
        reason: Some("x".repeat(201)),
    };
    let refused = moderate(&node, "mod", NodeRole::Moderator, long)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code, refused.field),
        (ErrorCode::BadValue, Some("reason"))
    );
    node.stop().await;
}

#[actix::test]
async fn a_sanction_that_was_not_written_does_not_hold() {
    use parlour_storage::{faulty::FaultyDisk, local::Options};
    let disk = FaultyDisk::default();
    let store = disk.open(Options::default()).unwrap();
    // So small that a few writes fill it while the disk stands still.
    let settings = Settings {
        archive_queue_max: 1,
        ..Settings::default()
    };
    let node = TestNode::start_on(Arc::new(store), settings);
    let direct = node.direct("b", "a").await;
    let busy = node.direct("c", "d").await;
    node.send("b", direct, "known").await.unwrap();
    let mut b = node.connect("b", None);
    b.expect("hello").await;
    let moderator = staff("mod", NodeRole::Moderator);
    node.ask_as(&moderator, Request::Ask(Question::Blocks))
        .await
        .unwrap();
    disk.hold_syncs();
    // While the disk stands still, what was taken isn't answered; what finds the queue full is.
    let taken = Duration::from_millis(50);
    while tokio::time::timeout(taken, node.send("c", busy, "filler"))
        .await
        .is_err()
    {}
    let command = SafetyCommand::ReviewReport {
        report: parlour_storage::ids::ReportId::created_at(Default::default()),
        status: parlour_storage::domain::safety::ReportStatus::Pending,
        note: None,
    };
    let refused = moderate(&node, "mod", NodeRole::Moderator, command).await;
    assert_eq!(
        refused.map_err(|f| f.code),
        Err(ErrorCode::Busy),
        "the queue is full"
    );
    let caller = crate::command::Caller::new(&moderator, None);
    let (reply, answer) = crate::reply::ReplyTo::task();
    node.core().review(crate::moderation::Review {
        caller,
        conversation: None,
        action: crate::action::Action::Moderate,
        concerns: crate::moderation::Concerns::Nobody,
        deed: crate::moderation::Deed::Decide(crate::moderation::Decision {
            write: parlour_storage::store::Write::Sanction {
                user: user("b"),
                sanction: Sanction::Ban,
            },
            reason: None,
            about: None,
        }),
        reply,
    });
    let refused = answer.await.unwrap();
    disk.release_syncs();
    assert_eq!(refused.map_err(|f| f.code), Err(ErrorCode::Busy));
    node.core().flush().await;
    node.send("b", direct, "after").await.unwrap();
    assert_eq!(b.outbox.closing_for(), None);
    node.stop().await;
}
