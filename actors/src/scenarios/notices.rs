//! Notifications: who is told what, and by which way, and who is not.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use parlour_storage::{
    domain::{
        notification::{DoNotDisturb, NotificationBody, NotificationId},
        push::PushTarget,
        safety::Sanction,
        user::NodeRole,
    },
    ids::{ConversationId, MessageId, Seq, Timestamp},
    local::Options,
    memory_store::MemoryStore,
};
use tokio::sync::{mpsc, oneshot};

use super::telling::{ask, do_it, name_people, opened, sent};
use crate::{
    command::{
        Command, ContactCommand, Mark, NoticeCommand, NoticeQuestion, NoticeReply, Question, Reply,
        Request, SafetyCommand, ShownNotification,
    },
    error::ErrorCode,
    limits::Settings,
    pusher::{PushFailed, PushKind, PushNote, Pusher},
    system::{Services, System},
    testkit::{TestNode, staff, user},
};

type Answer = oneshot::Sender<Result<(), PushFailed>>;

/// Hands each push to the test, which says what came of it.
#[derive(Debug)]
struct Devices(mpsc::UnboundedSender<(PushNote, Answer)>);

#[async_trait]
impl Pusher for Devices {
    async fn push(&self, push: PushNote) -> Result<(), PushFailed> {
        let (answer, outcome) = oneshot::channel();
        self.0.send((push, answer)).unwrap();
        outcome.await.unwrap_or(Ok(()))
    }
}

struct Pushes(mpsc::UnboundedReceiver<(PushNote, Answer)>);

impl Pushes {
    async fn next(&mut self) -> (PushNote, Answer) {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.recv());
        next.await.expect("a push").unwrap()
    }

    /// The next one, which is taken.
    async fn taken(&mut self) -> PushNote {
        let (note, answer) = self.next().await;
        let _told = answer.send(Ok(()));
        note
    }
}

fn start(settings: Settings) -> (TestNode, Pushes) {
    let (pushes, pushed) = mpsc::unbounded_channel();
    let store = Arc::new(MemoryStore::new(Options::default()).unwrap());
    let settings = Settings {
        notify: true,
        ..settings
    };
    let services = Services {
        pusher: Some(Arc::new(Devices(pushes))),
        ..Services::default()
    };
    let system = System::start_with(store, settings, services);
    (TestNode { system }, Pushes(pushed))
}

/// Waits until the notifier has done with everything that happened so far. It takes what happens by the page, so what
/// comes with a page is done once something of the next one is.
async fn settled(node: &TestNode) {
    let store = node.core().store();
    for to in ["probed once", "probed twice"] {
        let probe = node.direct("probe", to).await;
        let sent = sent(node, "probe", probe, "x").await;
        let last = async || {
            let newest = store.notifications(&user(to), None, 1).await.unwrap();
            newest.into_iter().next().map(|newest| newest.body)
        };
        while !matches!(
            last().await,
            Some(NotificationBody::Message { message, .. }) if message == sent
        ) {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until so many pushes were not made, since nobody wanted them any more.
async fn until_unwanted(node: &TestNode, n: u64) {
    while node.core().counters.pushes_unwanted.get() < n {
        tokio::task::yield_now().await;
    }
}

async fn list(node: &TestNode, name: &str) -> (Vec<ShownNotification>, u64) {
    let question = NoticeQuestion::List {
        before: None,
        limit: 50,
    };
    match ask(node, name, Question::Notice(question)).await {
        Ok(Reply::Notice(NoticeReply::Notifications { items, unread, .. })) => (items, unread),
        other => panic!("{other:?}"),
    }
}

/// The messages that somebody is notified of, newest first, with whether each was read.
async fn messages(node: &TestNode, name: &str) -> Vec<(MessageId, bool)> {
    let (items, unread) = list(node, name).await;
    let n_unread = items.iter().filter(|item| !item.notification.read).count();
    assert_eq!(n_unread as u64, unread);
    let messages = items.into_iter().map(|item| match item.notification.body {
        NotificationBody::Message { message, .. } => (message, item.notification.read),
        other => panic!("{other:?}"),
    });
    messages.collect()
}

async fn has_device(node: &TestNode, name: &str) {
    let token = name.to_owned();
    let add = NoticeCommand::AddPushTarget(PushTarget::Fcm { token });
    let added = node.ask(name, Request::Do(Command::Notice(add))).await;
    assert!(matches!(
        added,
        Ok(Reply::Notice(NoticeReply::PushTarget(_)))
    ));
}

async fn read(node: &TestNode, name: &str, conversation: ConversationId, seq: u64) {
    let up_to = Mark::Seq(conversation, Seq(seq));
    do_it(node, name, Command::Read { up_to }).await;
}

async fn mute(node: &TestNode, name: &str, conversation: ConversationId, until: Option<Timestamp>) {
    let mute = NoticeCommand::Mute {
        conversation,
        until,
    };
    do_it(node, name, Command::Notice(mute)).await;
}

#[actix::test]
async fn who_is_away_is_notified_once_of_a_conversation() {
    let (node, mut pushes) = start(Settings::default());
    name_people(&node, &[("a", "Ann")]).await;
    has_device(&node, "b").await;
    let direct = node.direct("a", "b").await;
    let first = sent(&node, "a", direct, "1").await;
    let note = pushes.taken().await;
    assert_eq!((note.user, note.badge), (user("b"), 1));
    assert_eq!(note.collapse, Some(direct));
    assert_eq!(note.content, None, "what it says is nobody's business");
    assert_eq!(note.data.kind, PushKind::NewMessage);
    assert_eq!(note.data.message, Some(first));
    assert_eq!(messages(&node, "b").await, [(first, false)]);
    let group = opened(&node, "c", None, &["a", "b"]).await;
    let second = sent(&node, "c", group, "2").await;
    assert_eq!(pushes.taken().await.badge, 2);
    let third = sent(&node, "a", direct, "3").await;
    let note = pushes.taken().await;
    assert_eq!((note.badge, note.data.message), (2, Some(third)));
    let both = [(third, false), (second, false)];
    assert_eq!(messages(&node, "b").await, both);
    let (items, _) = list(&node, "b").await;
    let who = items[0].who.as_ref().unwrap();
    assert_eq!(who.shown_name(), "Ann");
    // Reading the one leaves the other.
    read(&node, "b", direct, 2).await;
    assert_eq!(messages(&node, "b").await, [(third, true), (second, false)]);
    let through = None;
    let read_all = Command::Notice(NoticeCommand::Read { through });
    do_it(&node, "b", read_all).await;
    assert_eq!(messages(&node, "b").await, [(third, true), (second, true)]);
    settled(&node).await;
    assert_eq!(
        messages(&node, "a").await.len(),
        1,
        "of the group, and never of her own"
    );
    node.stop().await;
}

#[actix::test]
async fn nobody_is_notified_of_what_they_may_not_see_or_know_already() {
    let (node, mut pushes) = start(Settings::default());
    for name in ["here", "blocks", "mutes", "has read", "plain"] {
        has_device(&node, name).await;
    }
    let everybody = ["here", "blocks", "mutes", "has read", "plain", "shadowed"];
    let group = opened(&node, "a", None, &everybody).await;
    let mut here = node.connect("here", None);
    here.expect("hello").await;
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    do_it(&node, "blocks", block).await;
    mute(&node, "mutes", group, Some(Timestamp::MAX)).await;
    let decide = SafetyCommand::Sanction {
        user: user("shadowed"),
        sanction: Sanction::ShadowBan,
        reason: None,
    };
    let decide = Request::Do(Command::Safety(decide));
    let moderator = staff("mod", NodeRole::Moderator);
    assert_eq!(node.ask_as(&moderator, decide).await, Ok(Reply::Done));
    sent(&node, "shadowed", group, "unheard").await;
    let withdrawn = sent(&node, "a", group, "1").await;
    for _ in 0..2 {
        // Of those who are notified, two have devices.
        pushes.taken().await;
    }
    let message = withdrawn;
    do_it(&node, "a", Command::Delete { message }).await;
    settled(&node).await;
    for name in everybody {
        assert_eq!(messages(&node, name).await, [], "{name}");
    }
    let kept = sent(&node, "a", group, "2").await;
    let mut told = [pushes.taken().await.user, pushes.taken().await.user];
    told.sort();
    assert_eq!(told, [user("has read"), user("plain")]);
    settled(&node).await;
    read(&node, "has read", group, 3).await;
    for (name, expected) in [
        ("here", None),
        ("blocks", None),
        ("mutes", None),
        ("has read", Some((kept, true))),
        ("plain", Some((kept, false))),
    ] {
        let found = messages(&node, name).await;
        assert_eq!(found, Vec::from_iter(expected), "{name}");
    }
    // Who blocks the author now is told of it no longer.
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    do_it(&node, "plain", block).await;
    settled(&node).await;
    assert_eq!(messages(&node, "plain").await, []);
    assert!(
        pushes.0.try_recv().is_err(),
        "nobody else was told anything"
    );
    node.stop().await;
}

#[actix::test]
async fn what_concerns_two_people_is_told_live_and_to_devices() {
    let (node, mut pushes) = start(Settings::default());
    has_device(&node, "a").await;
    let mut b = node.connect("b", None);
    b.expect("hello").await;
    let like = |of: &str| {
        let (user, on) = (user(of), true);
        Command::Contact(ContactCommand::Like { user, on })
    };
    node.ask("a", Request::Do(like("b"))).await.unwrap();
    node.ask("b", Request::Do(like("a"))).await.unwrap();
    let note = pushes.taken().await;
    assert_eq!((note.user, note.data.kind), (user("a"), PushKind::NewMatch));
    let warn = SafetyCommand::Sanction {
        user: user("b"),
        sanction: Sanction::Warn,
        reason: Some("spam".to_owned()),
    };
    let warn = Request::Do(Command::Safety(warn));
    let moderator = staff("mod", NodeRole::Moderator);
    assert_eq!(node.ask_as(&moderator, warn).await, Ok(Reply::Done));
    assert_eq!(b.expect("notified").await, "notified warning 1");
    let (items, unread) = list(&node, "b").await;
    let reason = Some("spam".to_owned());
    assert_eq!(
        items[0].notification.body,
        NotificationBody::Warned { reason }
    );
    assert_eq!(unread, 1);
    // Up to one that is yet to come is up to the last there is.
    let through = Some(NotificationId(parlour_storage::ids::Position::MAX));
    do_it(&node, "b", Command::Notice(NoticeCommand::Read { through })).await;
    assert_eq!(list(&node, "b").await.1, 0);
    node.stop().await;
}

#[actix::test]
async fn who_wants_to_be_left_alone_is_notified_and_not_pushed() {
    let (node, mut pushes) = start(Settings {
        push_content: true,
        ..Settings::default()
    });
    name_people(&node, &[("a", "Ann")]).await;
    has_device(&node, "b").await;
    let direct = node.direct("a", "b").await;
    let choose = |snooze_until| {
        let quiet = None;
        Command::Notice(NoticeCommand::DoNotDisturb(DoNotDisturb {
            quiet,
            snooze_until,
        }))
    };
    do_it(&node, "b", choose(Some(Timestamp::MAX))).await;
    let first = sent(&node, "a", direct, "1").await;
    until_unwanted(&node, 1).await;
    assert_eq!(messages(&node, "b").await, [(first, false)]);
    do_it(&node, "b", choose(None)).await;
    sent(&node, "a", direct, "2").await;
    let note = pushes.taken().await;
    let content = note.content.unwrap();
    assert_eq!((&*content.title, &*content.body), ("Ann", "2"));
    assert!(!format!("{content:?}").contains('2'), "not in a log");
    node.stop().await;
}

#[actix::test]
async fn what_fails_is_tried_again_as_it_stands_then_and_who_is_gone_is_forgotten() {
    let (node, mut pushes) = start(Settings::default());
    has_device(&node, "b").await;
    let direct = node.direct("a", "b").await;
    sent(&node, "a", direct, "1").await;
    let (_, answer) = pushes.next().await;
    let _told = answer.send(Err(PushFailed::Later(None)));
    // While it rests, a newer one takes its place.
    let second = sent(&node, "a", direct, "2").await;
    let (note, answer) = pushes.next().await;
    assert_eq!(note.data.message, Some(second));
    let _told = answer.send(Err(PushFailed::Gone));
    let store = node.core().store();
    while !store.push_targets(&user("b")).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    sent(&node, "a", direct, "3").await;
    settled(&node).await;
    assert!(pushes.0.try_recv().is_err());
    node.stop().await;
}

#[actix::test]
async fn who_has_read_it_before_a_push_is_tried_again_is_not_told() {
    let (node, mut pushes) = start(Settings::default());
    has_device(&node, "b").await;
    let direct = node.direct("a", "b").await;
    sent(&node, "a", direct, "1").await;
    let (_, answer) = pushes.next().await;
    read(&node, "b", direct, 1).await;
    let _told = answer.send(Err(PushFailed::Later(None)));
    until_unwanted(&node, 1).await;
    // Nor is who has come back.
    sent(&node, "a", direct, "2").await;
    let (_, answer) = pushes.next().await;
    let mut b = node.connect("b", None);
    b.expect("hello").await;
    let _told = answer.send(Err(PushFailed::Later(None)));
    until_unwanted(&node, 2).await;
    assert!(pushes.0.try_recv().is_err());
    node.stop().await;
}

#[actix::test]
async fn mutes_are_shown_until_they_end() {
    let (node, _pushes) = start(Settings::default());
    let direct = node.direct("a", "b").await;
    let muted = async || match ask(&node, "b", Question::Conversation(direct)).await {
        Ok(Reply::Conversation(summary)) => summary.muted_until,
        other => panic!("{other:?}"),
    };
    mute(&node, "b", direct, Some(Timestamp::MAX)).await;
    assert_eq!(muted().await, Some(Timestamp::MAX));
    mute(&node, "b", direct, Some(node.core().now().plus_ms(1))).await;
    while muted().await.is_some() {
        tokio::task::yield_now().await;
    }
    let mute = NoticeCommand::Mute {
        conversation: direct,
        until: None,
    };
    let refused = node
        .ask("c", Request::Do(Command::Notice(mute)))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoConversation);
    node.stop().await;
}

#[actix::test]
async fn a_node_that_reaches_no_devices_says_so() {
    let node = TestNode::start(Settings::default());
    let token = "t".to_owned();
    let add = NoticeCommand::AddPushTarget(PushTarget::Fcm { token });
    let refused = node.ask("a", Request::Do(Command::Notice(add))).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::PushOff);
    node.stop().await;
}
