//! A sound store with something in every table, and words for breaking it.

use std::{collections::BTreeMap, sync::Arc};

use super::super::{Finding, Repair, verify_kv};
use crate::{
    codec::{self, Record},
    domain::{
        attachment::AttachmentDraft,
        conversation::MemberRole,
        event::EventId,
        message::Content,
        notification::{DoNotDisturb, NotificationBody, NotificationDraft, NotificationId},
        push::PushTarget,
        safety::{AuditDraft, FlagDraft, Preferences, ReportDraft, ReportStatus, Sanction},
    },
    engine::records,
    events::{DeadLetter, Events as _},
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId},
    keys,
    kv::{Batch, Kv, Order},
    local::{LocalStore, Options},
    memory_store::MemoryKv,
    safety::ReportPage,
    safety::{Retention, Safety as _},
    store::{
        Contacts, EventDraft, LimiterState, Notices as _, Outcome, Profile, Store, Transaction,
        Write,
    },
};

/// When all of it was written.
const SAMPLE_MS: i64 = 1_800_000_000_000;

pub(super) fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

/// A store with something in every table.
pub(super) struct Sample {
    pub(super) kv: Arc<MemoryKv>,
    pub(super) direct: ConversationId,
    pub(super) group: ConversationId,
    /// The first message of the direct conversation: long, edited, reacted to, with a key.
    pub(super) message: MessageId,
    /// A direct conversation whose first place is the second one.
    pub(super) purged: ConversationId,
}

async fn commit(store: &LocalStore, by: &str, write: Write) -> Position {
    let at = Timestamp(SAMPLE_MS);
    let transaction = Transaction {
        limits: vec![LimiterState {
            user: name(by),
            rule: "send".to_owned(),
            tat_us: 1,
        }],
        events: vec![EventDraft::UserOnline],
        notifications: vec![NotificationDraft {
            user: name("bob"),
            body: NotificationBody::Warned { reason: None },
        }],
        ..Transaction::new(at, name(by), write)
    };
    let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
    match outcome.unwrap() {
        Outcome::Changed(changes) => changes[0].position,
        _ => Position::ZERO,
    }
}

/// Cid is told of what waits for him; bob mutes it, has a device, and wants to be left alone.
async fn notices(store: &LocalStore, conversation: ConversationId) {
    let until = Some(Timestamp::MAX);
    let token = "t".to_owned();
    let choice = DoNotDisturb {
        snooze_until: until,
        quiet: None,
    };
    let (cid, at) = ([name("cid")], Timestamp(SAMPLE_MS));
    let told = store.notify(conversation, &cid, at).await.unwrap();
    assert_eq!(told.len(), 1);
    for write in [
        Write::Mute {
            conversation,
            until,
        },
        Write::DoNotDisturb(choice),
        Write::AddPushTarget(PushTarget::Fcm { token }),
    ] {
        commit(store, "bob", write).await;
    }
}

/// A consumer that gave up on the newest event, and the oldest event forgotten.
async fn follow(store: &LocalStore) {
    let events = store.events_after(EventId::default(), 9999).await.unwrap();
    let [first, .., last] = &events.events[..] else {
        panic!("few events");
    };
    store.forget_events(first.id, 9).await.unwrap();
    store.move_consumer("hook", None, last.id).await.unwrap();
    let letter = DeadLetter {
        event: last.id,
        why: "it answered 410".to_owned(),
        attempts: 1,
        at: Timestamp(SAMPLE_MS),
        revived: false,
    };
    store.bury("hook", letter).await.unwrap();
}

fn line() -> AuditDraft {
    AuditDraft {
        action: "something.done",
        user: None,
        conversation: None,
        message: None,
        detail: None,
    }
}

/// A flagged message, a report, decisions, and an audit log whose oldest line was let go.
async fn safety(store: &LocalStore) {
    let elsewhere = Write::OpenDirect { with: name("dan") };
    let conversation = ConversationId::created_at(commit(store, "bob", elsewhere).await);
    let report = ReportDraft {
        user: name("ann"),
        category: "spam".to_owned(),
        reason: Some("x".repeat(5_000)),
        conversation: Some(conversation),
        message: None,
    };
    let text = "sent".to_owned();
    let content = Content {
        text,
        ..Content::default()
    };
    let send = Write::Send {
        conversation,
        content,
        attachments: Vec::new(),
        key: None,
    };
    let hide_receipts = true;
    let decide = |sanction| Write::Sanction {
        user: name("ann"),
        sanction,
    };
    for (n, write) in (0..).zip([
        send,
        Write::Report(report),
        decide(Sanction::Warn),
        decide(Sanction::ShadowBan),
        Write::Prefer(Preferences { hide_receipts }),
    ]) {
        let mut transaction = Transaction::new(Timestamp(SAMPLE_MS + n), name("bob"), write);
        transaction.flag = (n == 0).then(flag);
        transaction.audit = Some(line());
        let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
        outcome.unwrap();
    }
    review_and_back(store).await;
    let gone = store.forget_audit(Timestamp(SAMPLE_MS + 1), 9).await;
    assert_eq!(gone.unwrap(), 1);
}

/// A file that was sent, one that wasn't, and one that is to be taken away.
async fn files(store: &LocalStore) {
    let elsewhere = Write::OpenDirect { with: name("gus") };
    let conversation = ConversationId::created_at(commit(store, "ann", elsewhere).await);
    let mut ids = Vec::new();
    for n in 0..3 {
        let draft = AttachmentDraft {
            object: format!("ann/{n}"),
            name: "cat.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 1000,
            digest: [1; 32],
            image: None,
            thumbnail: Some(format!("ann/{n}.thumb")),
            quota: None,
        };
        let upload = Transaction::new(Timestamp(SAMPLE_MS), name("ann"), Write::Upload(draft));
        match store.commit(vec![upload]).await.unwrap().remove(0) {
            Ok(Outcome::Uploaded(file)) => ids.push(file.id),
            other => panic!("{other:?}"),
        }
    }
    let send = Write::Send {
        conversation,
        content: Content::default(),
        attachments: vec![ids[0]],
        key: Some(IdempotencyKey::new("file").unwrap()),
    };
    commit(store, "ann", send).await;
    let attachment = ids[2];
    commit(store, "ann", Write::DropAttachment { attachment }).await;
}

/// The report and the flag are somewhere else in between, and pending in the end.
async fn review_and_back(store: &LocalStore) {
    let report = store.reports(ReportPage {
        limit: 1,
        ..ReportPage::default()
    });
    let report = report.await.unwrap()[0].id;
    let message = store.flags(None, None, 1).await.unwrap()[0].message;
    for status in [ReportStatus::Reviewing, ReportStatus::Actioned] {
        commit(store, "mod", Write::ReviewFlag { message, status }).await;
    }
    for status in [ReportStatus::Reviewing, ReportStatus::Pending] {
        let note = None;
        let review = Write::ReviewReport {
            report,
            status,
            note,
        };
        commit(store, "mod", review).await;
    }
    let text = "flagged".to_owned();
    let edit = Write::Edit { message, text };
    let mut transaction = Transaction::new(Timestamp(SAMPLE_MS), name("bob"), edit);
    transaction.flag = Some(flag());
    let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
    outcome.unwrap();
}

fn flag() -> FlagDraft {
    FlagDraft {
        found: vec!["word".to_owned()],
        original: Some("x".repeat(5_000)),
    }
}

impl Sample {
    pub(super) async fn new() -> Self {
        let kv = Arc::new(MemoryKv::default());
        let store = LocalStore::start(Arc::clone(&kv) as _, Options::default()).unwrap();
        let profile = Profile {
            name: Some("Ann".to_owned()),
            picture: None,
            role: Default::default(),
            plan: Default::default(),
        };
        commit(&store, "ann", Write::SaveUser(profile)).await;
        let with = name("bob");
        let direct = commit(&store, "ann", Write::OpenDirect { with }).await;
        let direct = ConversationId::created_at(direct);
        let group = Write::OpenGroup {
            name: None,
            members: vec![name("bob"), name("cid")],
            key: Some(IdempotencyKey::new("group").unwrap()),
        };
        let group = ConversationId::created_at(commit(&store, "ann", group).await);
        let send = |conversation, text: String| Write::Send {
            conversation,
            content: Content {
                text,
                ..Content::default()
            },
            attachments: Vec::new(),
            key: Some(IdempotencyKey::new(&conversation.to_string()).unwrap()),
        };
        let message = commit(&store, "ann", send(direct, "long ".repeat(2_000))).await;
        let message = MessageId::created_at(message);
        commit(&store, "bob", send(direct, "two".to_owned())).await;
        let three = commit(&store, "bob", send(group, "three".to_owned())).await;
        let three = MessageId::created_at(three);
        let (conversation, seq) = (direct, Seq(1));
        let (emoji, on) = ("+".to_owned(), true);
        let user = name("cid");
        for (by, write) in [
            ("bob", Write::Read { conversation, seq }),
            ("bob", Write::React { message, emoji, on }),
            (
                "ann",
                Write::Edit {
                    message,
                    text: "medium ".repeat(1_000),
                },
            ),
            ("bob", Write::Delete { message: three }),
            ("ann", Write::Block { user, reason: None }),
            (
                "ann",
                Write::SetRole {
                    conversation: group,
                    user: name("bob"),
                    role: MemberRole::Admin,
                },
            ),
            (
                "cid",
                Write::Remove {
                    conversation: group,
                    user: name("cid"),
                },
            ),
            (
                "bob",
                Write::ReadNotifications {
                    through: NotificationId(Position::MAX),
                },
            ),
        ] {
            commit(&store, by, write).await;
        }
        let with = name("cid");
        let purged = commit(&store, "bob", Write::OpenDirect { with }).await;
        let purged = ConversationId::created_at(purged);
        for text in ["gone", "kept"] {
            let content = Content {
                text: text.to_owned(),
                ..Content::default()
            };
            let write = Write::Send {
                conversation: purged,
                content,
                attachments: Vec::new(),
                key: None,
            };
            commit(&store, "bob", write).await;
        }
        let retention = Retention {
            messages_max: Some(1),
            ..Retention::default()
        };
        let went = store.purge(retention, Timestamp(0), Some(group), 9).await;
        assert_eq!(went.unwrap().n_messages, 1);
        safety(&store).await;
        files(&store).await;
        super::scheduled::keep(&store).await;
        Self::meet(&store).await;
        notices(&store, purged).await;
        follow(&store).await;
        store.close().await.unwrap();
        Self {
            kv,
            direct,
            group,
            message,
            purged,
        }
    }

    /// Opens the store once more, and adds a line to the audit log.
    pub(super) async fn write_line(&self) {
        let store = LocalStore::start(Arc::clone(&self.kv) as _, Options::default()).unwrap();
        let mut transaction = Transaction::new(Timestamp(SAMPLE_MS), name("bob"), Write::Note);
        transaction.audit = Some(line());
        let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
        assert_eq!(outcome, Ok(Outcome::Done));
        store.close().await.unwrap();
    }

    /// Dan asks ann, with a long text. Eve and ann match, fay and ann no longer; gil likes ann.
    async fn meet(store: &LocalStore) {
        let ask = Write::Ask {
            user: name("ann"),
            text: "long ".repeat(2_000),
            masked: None,
            key: Some(IdempotencyKey::new("ask").unwrap()),
        };
        commit(store, "dan", ask).await;
        let like = |user: &str| Write::Like {
            user: name(user),
            on: true,
        };
        for other in ["eve", "fay"] {
            commit(store, other, like("ann")).await;
            commit(store, "ann", like(other)).await;
        }
        let matches = store.matches(&name("fay"), None, 1).await.unwrap();
        let matched = matches[0].id;
        commit(store, "fay", Write::Unmatch { matched }).await;
        commit(store, "gil", like("ann")).await;
    }

    pub(super) fn put<R: Record>(&self, key: Vec<u8>, record: &R) {
        let sealed = codec::seal(&key, record).unwrap();
        assert!(sealed.rest.is_empty());
        self.kv
            .apply(Batch::from([(key, Some(sealed.head))]))
            .unwrap();
    }

    pub(super) fn change<R: Record>(&self, key: Vec<u8>, change: impl FnOnce(&mut R)) {
        let mut record: R = records::must(&*self.kv, &key).unwrap();
        change(&mut record);
        self.put(key, &record);
    }

    pub(super) fn delete(&self, key: &[u8]) {
        assert!(self.kv.apply(Batch::from([(key.to_vec(), None)])).is_ok());
    }

    pub(super) fn all(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let all = crate::kv::Source::scan(&*self.kv, keys::everything(), Order::Ascending);
        all.map(Result::unwrap).collect()
    }

    pub(super) fn verify(&self, repair: bool) -> Vec<Finding> {
        verify_kv(&*self.kv, repair, &mut |_| {}).unwrap().findings
    }

    /// Exactly this is found, and can't be repaired.
    pub(super) fn finds(&self, key: &[u8], what: &str) {
        let findings = self.verify(true);
        let expected = Finding {
            key: keys::printable(key),
            what: what.to_owned(),
            repair: Repair::Impossible,
        };
        assert_eq!(findings, [expected]);
    }

    /// Exactly this is found, repaired if wanted, and gone then.
    pub(super) fn repairs(&self, key: &[u8], what: &str) {
        let mut finding = Finding {
            key: keys::printable(key),
            what: what.to_owned(),
            repair: Repair::Possible,
        };
        assert_eq!(self.verify(false), [finding.clone()]);
        finding.repair = Repair::Done;
        assert_eq!(self.verify(true), [finding]);
        assert_eq!(self.verify(false), []);
    }
}
