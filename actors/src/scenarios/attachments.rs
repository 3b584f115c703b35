//! Files among people: who may have one, and that none outlives whoever may.

use std::{sync::Arc, time::Duration};

use parlour_storage::{
    attachments::Usage,
    domain::attachment::{Attached, Attachment, AttachmentDraft},
    ids::{AttachmentId, ConversationId, MessageId, Timestamp},
    local::Options,
    memory_store::MemoryStore,
    safety::Retention,
    store::{Outcome, PageFrom, Store, Transaction, Write},
};

use crate::{
    command::{
        AttachmentCommand, AttachmentQuestion, AttachmentReply, Command, Question, Reply, Request,
        Target,
    },
    error::{ErrorCode, Failure},
    export::Item,
    limits::Settings,
    policy::{Attachments, Finding, Policy},
    system::{Services, System},
    testkit::{Folder, TestNode, user},
};

fn services(folder: &Arc<Folder>) -> Services {
    Services {
        files: Some(Arc::<Folder>::clone(folder)),
        ..Services::default()
    }
}

fn start(settings: Settings) -> (TestNode, Arc<Folder>) {
    let folder = Arc::default();
    let store = Arc::new(MemoryStore::new(Options::default()).unwrap());
    let system = System::start_with(store, settings, services(&folder));
    (TestNode { system }, folder)
}

fn with_policy(policy: Policy) -> Settings {
    Settings {
        policy,
        ..Settings::default()
    }
}

fn draft(object: &str) -> AttachmentDraft {
    AttachmentDraft {
        object: object.to_owned(),
        name: format!("{object}.pdf"),
        media_type: "application/pdf".to_owned(),
        bytes: 1000,
        digest: [0; 32],
        image: None,
        thumbnail: None,
        quota: None,
    }
}

async fn try_upload(
    node: &TestNode,
    by: &str,
    draft: AttachmentDraft,
) -> Result<Attachment, Failure> {
    let upload = Command::Attachment(AttachmentCommand::Upload(draft));
    match node.ask(by, Request::Do(upload)).await? {
        Reply::Attachment(AttachmentReply::Uploaded(attachment)) => Ok(*attachment),
        other => panic!("{other:?}"),
    }
}

async fn upload(node: &TestNode, folder: &Folder, by: &str, object: &str) -> AttachmentId {
    folder.write(object, Timestamp::now());
    try_upload(node, by, draft(object)).await.unwrap().id
}

async fn send(
    node: &TestNode,
    by: &str,
    to: ConversationId,
    attachments: &[AttachmentId],
) -> Result<MessageId, Failure> {
    let send = Command::Send {
        to: Target::Conversation(to),
        content: Default::default(),
        attachments: attachments.to_vec(),
        key: None,
    };
    match node.ask(by, Request::Do(send)).await? {
        Reply::Sent { change, .. } => Ok(MessageId::created_at(change.position)),
        other => panic!("{other:?}"),
    }
}

async fn see(node: &TestNode, by: &str, id: AttachmentId) -> Result<Attachment, ErrorCode> {
    let one = Question::Attachment(AttachmentQuestion::One(id));
    match node.ask(by, Request::Ask(one)).await {
        Ok(Reply::Attachment(AttachmentReply::Attachment(attachment))) => Ok(*attachment),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

const NONE: Result<(), ErrorCode> = Err(ErrorCode::NoAttachment);

async fn may_see(node: &TestNode, by: &str, id: AttachmentId) -> Result<(), ErrorCode> {
    see(node, by, id).await.map(drop)
}

async fn done(node: &TestNode, by: &str, command: Command) {
    assert_eq!(node.ask(by, Request::Do(command)).await, Ok(Reply::Done));
}

async fn group(node: &TestNode, owner: &str, members: &[&str]) -> ConversationId {
    let open = Command::OpenGroup {
        name: None,
        members: members.iter().map(|name| user(name)).collect(),
        key: None,
    };
    match node.ask(owner, Request::Do(open)).await.unwrap() {
        Reply::Opened { conversation, .. } => conversation,
        other => panic!("{other:?}"),
    }
}

#[actix::test]
async fn who_may_see_the_message_may_have_its_files() {
    let (node, folder) = start(Settings::default());
    let conversation = group(&node, "a", &["b", "c"]).await;
    let file = upload(&node, &folder, "a", "1").await;
    assert_eq!(may_see(&node, "a", file).await, Ok(()));
    for other in ["b", "outsider"] {
        assert_eq!(
            may_see(&node, other, file).await,
            NONE,
            "{other}: not sent yet"
        );
    }
    let refused = send(&node, "b", conversation, &[file]).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoAttachment);
    let message = send(&node, "a", conversation, &[file]).await.unwrap();
    let seen = see(&node, "b", file).await.unwrap();
    assert_eq!(seen.bound, Some((conversation, message)));
    let page = Question::Messages {
        conversation,
        from: PageFrom::End,
        limit: 9,
    };
    let page = node.ask("c", Request::Ask(page)).await.unwrap();
    let Reply::Messages(shown) = page else {
        panic!("{page:?}");
    };
    assert_eq!(shown[0].message.attachments, [seen.attached()]);
    assert_eq!(may_see(&node, "outsider", file).await, NONE);
    let again = send(&node, "a", conversation, &[file]).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::AttachmentSent);

    // One who left has what they sent, and nothing else.
    let from_b = upload(&node, &folder, "b", "2").await;
    send(&node, "b", conversation, &[from_b]).await.unwrap();
    let leave = Command::Remove {
        conversation,
        user: user("b"),
    };
    done(&node, "b", leave).await;
    assert_eq!(may_see(&node, "b", file).await, NONE);
    assert_eq!(may_see(&node, "b", from_b).await, Ok(()));
    assert_eq!(may_see(&node, "c", from_b).await, Ok(()));

    done(&node, "a", Command::Delete { message }).await;
    for anybody in ["a", "b", "c"] {
        assert_eq!(
            may_see(&node, anybody, file).await,
            NONE,
            "{anybody}: deleted"
        );
    }
    assert!(folder.has("1"), "it goes with the retention of the text");
    node.stop().await;
}

#[actix::test]
async fn a_block_hides_files_with_their_messages() {
    let (node, folder) = start(Settings::default());
    let conversation = group(&node, "a", &["b"]).await;
    let before = upload(&node, &folder, "a", "1").await;
    send(&node, "a", conversation, &[before]).await.unwrap();
    // Of the same millisecond would be after it.
    node.core().set_clock_ahead(Duration::from_millis(2));
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    done(&node, "b", block).await;
    let after = upload(&node, &folder, "a", "2").await;
    send(&node, "a", conversation, &[after]).await.unwrap();
    assert_eq!(may_see(&node, "b", before).await, Ok(()));
    assert_eq!(may_see(&node, "b", after).await, NONE);
    assert_eq!(may_see(&node, "a", after).await, Ok(()));
    node.stop().await;
}

#[actix::test]
async fn between_two_people_a_block_ends_the_files_of_before_it() {
    let (node, folder) = start(Settings::default());
    for (by, blocked) in [("a", "b"), ("d", "c")] {
        let [one, two] = if by == "a" { ["a", "b"] } else { ["c", "d"] };
        let conversation = node.direct(one, two).await;
        let object = format!("of {one}");
        let file = upload(&node, &folder, one, &object).await;
        send(&node, one, conversation, &[file]).await.unwrap();
        assert_eq!(may_see(&node, two, file).await, Ok(()));
        let block = Command::Block {
            user: user(blocked),
            reason: None,
        };
        done(&node, by, block).await;
        assert_eq!(may_see(&node, two, file).await, NONE, "{by} blocks");
        assert_eq!(may_see(&node, one, file).await, Ok(()), "one's own");
        let unblock = Command::Unblock {
            user: user(blocked),
        };
        done(&node, by, unblock).await;
        assert_eq!(may_see(&node, two, file).await, Ok(()));
    }
    node.stop().await;
}

#[actix::test]
async fn the_policy_says_what_may_be_uploaded() {
    let (node, _) = start(with_policy(Policy {
        profanity: Finding::Mask,
        words: vec![crate::policy::WordRule {
            word: "blorp".to_owned(),
            finding: Finding::Mask,
        }],
        attachments: Attachments {
            quota: Some(2500),
            ..Attachments::default()
        },
        ..Policy::default()
    }));
    let named = |object: &str, name: &str| AttachmentDraft {
        name: name.to_owned(),
        // What a caller thinks they may is of no interest.
        quota: Some(u64::MAX),
        ..draft(object)
    };
    let file = try_upload(&node, "a", named("1", "../blorp\u{202e}.pdf"))
        .await
        .unwrap();
    assert_eq!(file.name, "*****.pdf", "a name is a text like others");
    let html = AttachmentDraft {
        media_type: "text/html".to_owned(),
        ..draft("2")
    };
    let code = |failure: Failure| failure.code;
    assert_eq!(
        try_upload(&node, "a", html).await.map_err(code),
        Err(ErrorCode::BadValue)
    );
    let huge = AttachmentDraft {
        bytes: 11 << 20,
        ..draft("2")
    };
    assert_eq!(
        try_upload(&node, "a", huge).await.map_err(code),
        Err(ErrorCode::TooLarge)
    );
    try_upload(&node, "a", draft("2")).await.unwrap();
    let third = try_upload(&node, "a", named("3", "x")).await;
    assert_eq!(third.map_err(code), Err(ErrorCode::QuotaFull));
    let usage = Question::Attachment(AttachmentQuestion::Usage);
    let (n_files, bytes) = (2, 2000);
    let expected = AttachmentReply::Usage {
        usage: Usage { n_files, bytes },
        quota: Some(2500),
    };
    assert_eq!(
        node.ask("a", Request::Ask(usage)).await,
        Ok(Reply::Attachment(expected))
    );
    node.stop().await;

    let (off, _) = start(with_policy(Policy {
        attachments: Attachments {
            enabled: false,
            ..Attachments::default()
        },
        ..Policy::default()
    }));
    let refused = try_upload(&off, "a", draft("1")).await;
    assert_eq!(refused.map_err(code), Err(ErrorCode::AttachmentsOff));
    let conversation = off.direct("a", "b").await;
    let refused = send(&off, "a", conversation, &["1".parse().unwrap()]).await;
    assert_eq!(refused.map_err(code), Err(ErrorCode::AttachmentsOff));
    off.stop().await;

    let homeless = TestNode::start(Settings::default());
    let refused = try_upload(&homeless, "a", draft("1")).await;
    assert_eq!(refused.map_err(code), Err(ErrorCode::AttachmentsOff));
    homeless.stop().await;
}

/// A node on a store, and a new one on the same store once that has stopped, would be two processes; here the round of
/// the start is what is looked at, over a store that was filled before.
#[actix::test]
async fn what_nobody_may_have_goes_at_the_start() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Options::default()).unwrap());
    let now = Timestamp::now();
    let long_ago = now.plus_ms(-25 * 3_600_000);
    let mut ids = Vec::new();
    for (object, at) in [
        ("old", long_ago),
        ("dropped", long_ago),
        ("stuck", long_ago),
        ("new", now),
    ] {
        let upload = Write::Upload(draft(object));
        let upload = Transaction::new(at, user("a"), upload);
        match store.commit(vec![upload]).await.unwrap().remove(0) {
            Ok(Outcome::Uploaded(file)) => ids.push(file.id),
            other => panic!("{other:?}"),
        }
    }
    for attachment in [ids[1], ids[2]] {
        let drop = Transaction::new(now, user("a"), Write::DropAttachment { attachment });
        store.commit(vec![drop]).await.unwrap().remove(0).unwrap();
    }
    let folder = Arc::new(Folder::default());
    for object in ["old", "dropped", "new", "stuck", "orphan"] {
        folder.write(object, long_ago);
    }
    // Somebody may be at it.
    folder.write("fresh", now.plus_ms(60_000));
    folder.stuck.lock().unwrap().insert("stuck".to_owned());
    let system = System::start_with(Arc::clone(&store), Settings::default(), services(&folder));
    let node = TestNode { system };
    folder.holds(&["fresh", "new", "stuck"]).await;
    assert_eq!(store.attachment(ids[0]).await.unwrap(), None);
    let counters = &node.core().counters;
    loop {
        let doomed: Vec<_> = store.doomed(None, 9).await.unwrap();
        let left: Vec<_> = doomed.iter().map(|one| one.id).collect();
        // What failed is the doomed one, and again as one that nobody knows of.
        let done = (counters.files_orphaned.get(), counters.files_failed.get());
        if left == [ids[2]] && done == (1, 2) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(counters.files_given_up.get(), 1);
    assert_eq!(counters.files_deleted.get(), 3);
    node.stop().await;
}

#[actix::test]
async fn export_tells_of_files_and_erasure_takes_them() {
    let (node, folder) = start(with_policy(Policy {
        retention: Retention::default(),
        ..Policy::default()
    }));
    let conversation = node.direct("a", "b").await;
    let [sent, deleted, unsent] = [
        upload(&node, &folder, "a", "1").await,
        upload(&node, &folder, "a", "2").await,
        upload(&node, &folder, "a", "3").await,
    ];
    send(&node, "a", conversation, &[sent]).await.unwrap();
    let message = send(&node, "a", conversation, &[deleted]).await.unwrap();
    done(&node, "a", Command::Delete { message }).await;
    let theirs = upload(&node, &folder, "b", "4").await;
    send(&node, "b", conversation, &[theirs]).await.unwrap();

    let mut items = node.core().export(&user("a"), &user("a")).await.unwrap();
    let (mut files, mut in_messages) = (Vec::new(), Vec::new());
    while let Some(item) = items.next().await {
        match item.unwrap() {
            Item::Attachment(file) => files.push(file.id),
            Item::Written { message, .. } => {
                in_messages.extend(
                    message
                        .attachments
                        .into_iter()
                        .map(|file: Attached| file.id),
                );
            }
            _ => {}
        }
    }
    assert_eq!(files, [unsent, deleted, sent], "newest first");
    assert_eq!(in_messages, [sent, deleted]);

    let erased = node
        .core()
        .erase(&user("a"), &user("a"), &mut |_| {})
        .await
        .unwrap();
    let gone = erased.gone.iter().find(|(what, _)| *what == "attachments");
    assert_eq!(gone, Some(&("attachments", 3)));
    let store = node.core().store_ref();
    for id in [sent, deleted, unsent] {
        assert_eq!(store.attachment(id).await.unwrap(), None);
    }
    // In the next round of the collector, or in the first one, if that is still going on.
    let doomed = store.doomed(None, 9).await.unwrap().into_iter();
    let doomed: Vec<_> = doomed.flat_map(|one| one.objects).collect();
    for object in ["1", "2", "3"] {
        let goes = doomed.iter().any(|doomed| doomed == object);
        assert!(goes || !folder.has(object), "{object}");
    }
    assert_eq!(store.usage(&user("a")).await.unwrap(), Usage::default());
    assert_eq!(may_see(&node, "b", sent).await, NONE);
    assert_eq!(may_see(&node, "b", theirs).await, Ok(()));
    node.stop().await;
}
