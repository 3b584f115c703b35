//! Order, resume, blocks, bounds and the end: what must hold whatever is asked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parlour_storage::ids::Position;

use crate::{
    codec::Resume,
    command::{Command, Question, Reply, Request, Target},
    error::{CloseCode, ErrorCode},
    limits::{Rate, Settings},
    room::Crash,
    testkit::{Client, TestNode, message, user},
};

/// The position in a frame of [`Plain`](crate::testkit::Plain).
fn position(frame: &str) -> u64 {
    frame
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("no position: {frame}"))
}

fn resume_from(node: &TestNode, frame: &str) -> Resume {
    Resume {
        epoch: node.core().epoch(),
        position: Position::new(position(frame)).unwrap(),
    }
}

#[actix::test]
async fn a_panic_in_a_room_costs_its_connections_a_resume_and_others_nothing() {
    let node = TestNode::start(Settings::default());
    let ours = node.direct("a", "b").await;
    let theirs = node.direct("c", "d").await;
    let (mut b, mut d) = (node.connect("b", None), node.connect("d", None));
    b.expect("hello").await;
    d.expect("hello").await;
    node.send("a", ours, "before").await.unwrap();
    let last = b.expect("message").await;
    node.core().room(ours, 10).unwrap().try_send(Crash).unwrap();
    assert_eq!(b.expect_close().await, CloseCode::Resync);
    assert_eq!(node.core().counters.room_panics.get(), 1);
    node.send("a", ours, "after").await.unwrap();
    node.send("c", theirs, "elsewhere").await.unwrap();
    assert!(d.expect("message").await.ends_with("elsewhere"));
    let mut again = node.connect("b", Some(resume_from(&node, &last)));
    assert!(again.expect("hello").await.ends_with("Some(true)"));
    assert!(again.expect("message").await.ends_with("after"));
    node.stop().await;
}

#[actix::test]
async fn positions_ascend_on_a_connection_however_many_threads_rooms_are_on() {
    let node = TestNode::start(Settings {
        room_arbiters: 4,
        ..Settings::default()
    });
    let mut conversations = Vec::new();
    for n in 0..20 {
        conversations.push(node.direct(&format!("peer-{n}"), "reader").await);
    }
    let mut reader = node.connect("reader", None);
    reader.expect("hello").await;
    const EACH: usize = 25;
    let node = Arc::new(node);
    let senders: Vec<_> = conversations
        .iter()
        .enumerate()
        .map(|(n, &to)| {
            let node = Arc::clone(&node);
            actix::spawn(async move {
                for i in 0..EACH {
                    node.send(&format!("peer-{n}"), to, &i.to_string())
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    let mut last = 0;
    for _ in 0..conversations.len() * EACH {
        let next = position(&reader.expect("message").await);
        assert!(next > last, "{next} after {last}");
        last = next;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    Arc::into_inner(node).unwrap().stop().await;
}

#[actix::test]
async fn who_reconnects_again_and_again_under_load_sees_everything_once() {
    // Small bounds, so that replays spill and are paced.
    let node = TestNode::start(Settings {
        outbox_frames_max: 40,
        room_arbiters: 2,
        ..Settings::default()
    });
    let rooms = [
        node.direct("a", "reader").await,
        node.direct("b", "reader").await,
    ];
    let mut reader = node.connect("reader", None);
    let mut last = reader.expect("hello").await;
    const EACH: usize = 400;
    let node = Arc::new(node);
    let senders = rooms.map(|to| {
        let node = Arc::clone(&node);
        let from = if to == rooms[0] { "a" } else { "b" };
        actix::spawn(async move {
            for i in 0..EACH {
                node.send(from, to, &format!("{from}{i}")).await.unwrap();
            }
        })
    });
    let mut seen: Vec<String> = Vec::new();
    while seen.len() < 2 * EACH {
        for _ in 0..17 {
            if seen.len() == 2 * EACH {
                break;
            }
            match reader.next().await {
                Ok(frame) if frame.starts_with("message") => {
                    seen.push(frame.split(' ').nth(2).unwrap().to_owned());
                    last = frame;
                }
                Ok(_) => {}
                // Too slow is fair here: resume goes on where it was.
                Err(code) => {
                    assert_eq!(code, CloseCode::Slow);
                    break;
                }
            }
        }
        reader = node.connect("reader", Some(resume_from(&node, &last)));
        assert!(reader.expect("hello").await.ends_with("Some(true)"));
    }
    for from in ["a", "b"] {
        let of: Vec<_> = seen
            .iter()
            .filter(|text| text.starts_with(from))
            .cloned()
            .collect();
        assert_eq!(
            of,
            (0..EACH).map(|i| format!("{from}{i}")).collect::<Vec<_>>()
        );
    }
    for sender in senders {
        sender.await.unwrap();
    }
    drop(reader);
    Arc::into_inner(node).unwrap().stop().await;
}

#[actix::test]
async fn a_block_meets_whatever_comes_after_it() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    // Not awaited in between: all are on their way at once, the first two of people not loaded yet.
    let block = node.ask(
        "b",
        Request::Do(Command::Block {
            user: user("a"),
            reason: None,
        }),
    );
    let (blocked, _) = tokio::join!(block, node.send("a", direct, "maybe"));
    assert_eq!(blocked, Ok(Reply::Done));
    let refused = node.send("a", direct, "too late").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotReachable);
    let refused = node.send("b", direct, "nor back").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::BlockedByYou);
    node.ask("b", Request::Do(Command::Unblock { user: user("a") }))
        .await
        .unwrap();
    node.send("a", direct, "again").await.unwrap();
    node.stop().await;
}

#[actix::test]
async fn every_request_is_answered_however_full_the_mailboxes_are() {
    let settings = Settings {
        room_mailbox: 2,
        archive_queue_max: 2,
        ..Settings::default()
    };
    let node = Arc::new(TestNode::start(settings));
    let direct = node.direct("a", "b").await;
    let asked: Vec<_> = (0..300)
        .map(|n| {
            let node = Arc::clone(&node);
            actix::spawn(async move { node.send("a", direct, &n.to_string()).await })
        })
        .collect();
    let mut n_sent = 0;
    for answer in asked {
        match answer.await.unwrap() {
            Ok(_) => n_sent += 1,
            Err(failure) => assert_eq!(failure.code, ErrorCode::Busy),
        }
    }
    let counters = &node.core().counters;
    let n_refused = counters.room_mailbox_full.get() + counters.archive_full.get();
    assert_eq!(n_sent + n_refused, 300);
    let list = Question::Messages {
        conversation: direct,
        from: parlour_storage::store::PageFrom::End,
        limit: 1,
    };
    let Ok(Reply::Messages(newest)) = node.ask("a", Request::Ask(list)).await else {
        panic!("no page")
    };
    assert_eq!(
        newest[0].message.seq.0, n_sent,
        "what was refused was not sent"
    );
    Arc::into_inner(node).unwrap().stop().await;
}

#[actix::test]
async fn a_rate_holds_across_conversations() {
    let rate = Rate {
        n: 5,
        period: Duration::from_secs(3600),
    };
    let rates = BTreeMap::from([("message.send".to_owned(), vec![rate])]);
    let node = TestNode::start(Settings {
        rates,
        ..Settings::default()
    });
    let rooms = [node.direct("a", "b").await, node.direct("a", "c").await];
    let mut n_sent = 0;
    for n in 0..10 {
        match node.send("a", rooms[n % 2], "x").await {
            Ok(_) => n_sent += 1,
            Err(failure) => {
                assert_eq!(failure.code, ErrorCode::RateLimited);
                assert!(
                    failure
                        .retry_after
                        .is_some_and(|wait| wait <= Duration::from_secs(720))
                );
            }
        }
    }
    assert_eq!(n_sent, 5);
    node.stop().await;
}

#[actix::test]
async fn typing_ends_by_itself_and_with_the_message() {
    let settings = Settings {
        typing_timeout: Duration::from_millis(100),
        ..Settings::default()
    };
    let node = TestNode::start(settings);
    let direct = node.direct("a", "b").await;
    let mut b = node.connect("b", None);
    b.expect("hello").await;
    let types = || {
        Request::Do(Command::Type {
            to: Target::Conversation(direct),
            on: true,
        })
    };
    node.ask("a", types()).await.unwrap();
    assert_eq!(b.expect("typing").await, "typing a true");
    assert_eq!(b.expect("typing").await, "typing a false");
    node.ask("a", types()).await.unwrap();
    assert_eq!(b.expect("typing").await, "typing a true");
    node.send("a", direct, "done").await.unwrap();
    assert_eq!(b.expect("typing").await, "typing a false");
    node.stop().await;
}

#[actix::test]
async fn a_room_that_nobody_needs_goes_and_comes_back() {
    let settings = Settings {
        room_idle: Duration::from_millis(30),
        ..Settings::default()
    };
    let node = TestNode::start(settings);
    let direct = node.direct("a", "b").await;
    let mut b = node.connect("b", None);
    b.expect("hello").await;
    for text in ["one", "two"] {
        node.send("a", direct, text).await.unwrap();
        assert!(b.expect("message").await.ends_with(text));
        while node.core().registry.n_rooms() > 0 {
            tokio::task::yield_now().await;
        }
    }
    node.stop().await;
}

#[actix::test]
async fn a_request_on_a_connection_has_the_answer_in_place_of_the_push() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let mut phone = node.connect("a", None);
    let mut tablet = node.connect("a", None);
    phone.expect("hello").await;
    tablet.expect("hello").await;
    let reply = crate::reply::ReplyTo::connection(
        Arc::clone(&phone.outbox),
        Arc::new(crate::testkit::Plain),
        node.core().epoch(),
        crate::codec::RequestId::Number(1),
    );
    assert!(phone.outbox.begin_request(1));
    let caller =
        crate::command::Caller::new(&crate::testkit::identity("a"), Some(phone.outbox.id()));
    node.core()
        .begin(caller, Request::Do(message(direct, "hi")), reply);
    assert!(tablet.expect("message").await.ends_with("hi"));
    let reply = phone.expect("reply").await;
    assert!(reply.contains("Some(Position("), "{reply}");
    node.send("b", direct, "next").await.unwrap();
    assert!(
        phone.expect("message").await.ends_with("next"),
        "and not hi"
    );
    node.stop().await;
}

#[actix::test]
async fn stopping_tells_clients_to_come_back_and_takes_no_new_ones() {
    let node = TestNode::start(Settings::default());
    let mut a = node.connect("a", None);
    a.expect("hello").await;
    node.system.drain(Duration::ZERO).await;
    assert_eq!(a.expect_close().await, CloseCode::Restart);
    assert!(node.core().registry.open_outbox(1, 1).is_none());
    node.system.stop().await.unwrap();
}

#[actix::test]
async fn a_block_on_its_way_to_the_store_holds_for_whom_nobody_knows_yet() {
    use parlour_storage::{faulty::FaultyDisk, local::Options};
    let disk = FaultyDisk::default();
    // The writer waits for each sync, so that a write can be caught on its way. The pauses only make the race
    // likely: what is asserted holds at any speed.
    let options = Options {
        commit_operations_max: 1,
        batch_keys_max: 1,
        ..Options::default()
    };
    let store = disk.open(options).unwrap();
    let node = Arc::new(TestNode::start_on(Arc::new(store), Settings::default()));
    let direct = node.direct("b", "a").await;
    let busy = node.direct("c", "d").await;
    node.send("b", direct, "hi").await.unwrap();
    disk.hold_syncs();
    let ask = |name: &'static str, command: Command| {
        let node = Arc::clone(&node);
        actix::spawn(async move { node.ask(name, Request::Do(command)).await })
    };
    let filler: Vec<_> = ["1", "2", "3"]
        .map(|text| ask("c", message(busy, text)))
        .into();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let block = ask(
        "b",
        Command::Block {
            user: user("a"),
            reason: None,
        },
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    // `a` did nothing so far: Moderation loads them, while the block is still queued.
    let sent = ask("a", message(direct, "during"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    disk.release_syncs();
    assert_eq!(block.await.unwrap(), Ok(Reply::Done));
    let during = sent.await.unwrap();
    let after = node.send("a", direct, "after").await;
    assert_eq!(
        after.map_err(|f| f.code),
        Err(ErrorCode::NotReachable),
        "during: {during:?}"
    );
    for filler in filler {
        filler.await.unwrap().unwrap();
    }
}

#[actix::test]
async fn a_block_that_was_not_written_does_not_hold() {
    use parlour_storage::{faulty::FaultyDisk, local::Options};
    let disk = FaultyDisk::default();
    let store = disk.open(Options::default()).unwrap();
    // So small that a few writes fill it while the disk stands still.
    let settings = Settings {
        archive_queue_max: 1,
        ..Settings::default()
    };
    let node = Arc::new(TestNode::start_on(Arc::new(store), settings));
    let direct = node.direct("b", "a").await;
    let busy = node.direct("c", "d").await;
    node.send("a", direct, "known").await.unwrap();
    node.send("b", direct, "known too").await.unwrap();
    disk.hold_syncs();
    // While the disk stands still, what was taken isn't answered; what finds the queue full is.
    let taken = Duration::from_millis(50);
    while tokio::time::timeout(taken, node.send("c", busy, "filler"))
        .await
        .is_err()
    {}
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    let refused = node.ask("b", Request::Do(block)).await;
    disk.release_syncs();
    assert_eq!(refused.map_err(|f| f.code), Err(ErrorCode::Busy));
    node.core().flush().await;
    node.send("a", direct, "after").await.unwrap();
    node.send("b", direct, "after").await.unwrap();
    Arc::into_inner(node).unwrap().stop().await;
}

#[actix::test]
async fn who_is_removed_from_a_group_sees_no_more_of_its_members() {
    let node = TestNode::start(Settings {
        presence_delay: Duration::from_millis(5),
        ..Settings::default()
    });
    let open = Command::OpenGroup {
        name: None,
        members: vec![user("a"), user("b")],
        key: None,
    };
    let Reply::Opened { conversation, .. } = node.ask("owner", Request::Do(open)).await.unwrap()
    else {
        panic!("not opened");
    };
    node.direct("a", "owner").await;
    let mut a = node.connect("a", None);
    a.expect("hello").await;
    let mut b = node.connect("b", None);
    let _owner = node.connect("owner", None);
    sees(&mut a, &["b", "owner"]).await;
    sees(&mut b, &["a", "owner"]).await;
    let remove = Command::Remove {
        conversation,
        user: user("a"),
    };
    node.ask("owner", Request::Do(remove)).await.unwrap();
    a.expect("presence b false").await;
    b.expect("presence a false").await;
    // Seen again, and the owner, with whom a conversation is left, never was out of sight.
    node.direct("a", "b").await;
    loop {
        let frame = a.next().await.unwrap();
        assert!(!frame.starts_with("presence owner"), "{frame}");
        if frame == "presence b true" {
            break;
        }
    }
    node.stop().await;
}

/// Waits until a client was told that all these are there, whoever came first.
pub(super) async fn sees(client: &mut Client, names: &[&str]) {
    let mut left = names.to_vec();
    while !left.is_empty() {
        let frame = client.next().await.expect("still open");
        left.retain(|name| {
            frame != format!("presence {name} true")
                && !(frame.starts_with("online") && frame.contains(&format!("{:?}", user(name))))
        });
    }
}
