//! What a case works with: a store, a clock of its own, people with new names, and short words for long calls.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    domain::{
        change::{Change, ChangeBody},
        event::{Event, EventId},
        message::{Content, Message},
    },
    ids::{ConversationId, MessageId, Timestamp, UserId},
    store::{Outcome, Rejection, Store, Transaction, Write},
};

/// Where a store lies.
#[async_trait]
pub trait Bed: Send + Sync + fmt::Debug {
    /// Opens the store: the first time an empty one (or one whose content doesn't matter), later the same
    /// one again, after it was closed.
    async fn open(&self) -> Arc<dyn Store>;

    /// Whether what was committed is still there when it is opened again.
    fn remembers(&self) -> bool {
        true
    }
}

/// A store with a clock and short words. Panics wherever something isn't as it must be.
#[derive(Debug)]
pub struct Scene {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where it lies.
    pub bed: Arc<dyn Bed>,
    tag: u32,
    clock_ms: AtomicI64,
}

impl Scene {
    /// Opens a store for one case.
    pub async fn new(bed: Arc<dyn Bed>) -> Self {
        Self {
            store: bed.open().await,
            bed,
            tag: rand::random(),
            clock_ms: AtomicI64::new(Timestamp::now().0),
        }
    }

    /// Closes the store and opens it again.
    pub async fn reopen(&mut self) {
        self.store.close().await.expect("closes");
        self.store = self.bed.open().await;
    }

    /// The time of the next transaction. Each is a second after the one before.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock, also back.
    pub fn turn_clock(&self, by_ms: i64) {
        self.clock_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// A person nobody else knows. Names sort as their first parts do.
    pub fn person(&self, name: &str) -> UserId {
        UserId::new(&format!("{name}-{:08x}", self.tag)).expect("short enough")
    }

    /// Several people.
    pub fn people<const N: usize>(&self, names: [&str; N]) -> [UserId; N] {
        names.map(|name| self.person(name))
    }

    /// A transaction of the next moment.
    pub fn transaction(&self, by: &UserId, write: Write) -> Transaction {
        let at = Timestamp(self.clock_ms.fetch_add(1000, Ordering::Relaxed));
        Transaction::new(at, by.clone(), write)
    }

    /// Commits one transaction.
    pub async fn commit(&self, transaction: Transaction) -> Result<Outcome, Rejection> {
        let mut outcomes = self.store.commit(vec![transaction]).await.expect("commits");
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Commits one write.
    pub async fn write(&self, by: &UserId, write: Write) -> Result<Outcome, Rejection> {
        self.commit(self.transaction(by, write)).await
    }

    /// A write that changes something in a conversation.
    pub async fn changes(&self, by: &UserId, write: Write) -> Vec<Change> {
        match self.write(by, write.clone()).await {
            Ok(Outcome::Changed(changes)) => changes,
            other => panic!("{write:?} gave {other:?}"),
        }
    }

    /// A write that changes one thing.
    pub async fn change(&self, by: &UserId, write: Write) -> Change {
        let mut changes = self.changes(by, write).await;
        assert_eq!(changes.len(), 1);
        changes.remove(0)
    }

    /// A write that was done before; what it did then.
    pub async fn repeated(&self, by: &UserId, write: Write) -> Change {
        match self.write(by, write.clone()).await {
            Ok(Outcome::Repeated(change)) => *change,
            other => panic!("{write:?} gave {other:?}"),
        }
    }

    /// A write that changes no conversation, whatever people learn by it.
    pub async fn done(&self, by: &UserId, write: Write) {
        match self.write(by, write.clone()).await {
            Ok(Outcome::Done) => {}
            Ok(Outcome::Met { changes, .. }) => assert_eq!(changes, [], "{write:?}"),
            other => panic!("{write:?} gave {other:?}"),
        }
    }

    /// A write that does nothing.
    pub async fn unchanged(&self, by: &UserId, write: Write) {
        let outcome = self.write(by, write.clone()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged), "{write:?}");
    }

    /// A write that is refused.
    pub async fn refused(&self, by: &UserId, write: Write, rejection: Rejection) {
        assert_eq!(
            self.write(by, write.clone()).await,
            Err(rejection),
            "{write:?}"
        );
    }

    /// A write that makes no sense.
    pub async fn invalid(&self, by: &UserId, write: Write) {
        let outcome = self.write(by, write.clone()).await;
        assert!(
            matches!(outcome, Err(Rejection::Invalid(_))),
            "{write:?} gave {outcome:?}"
        );
    }

    /// A direct conversation.
    pub async fn direct(&self, a: &UserId, b: &UserId) -> ConversationId {
        let with = b.clone();
        self.change(a, Write::OpenDirect { with })
            .await
            .conversation
    }

    /// A group without a name.
    pub async fn group(&self, owner: &UserId, members: &[&UserId]) -> ConversationId {
        let write = Write::OpenGroup {
            name: None,
            members: members.iter().copied().cloned().collect(),
            key: None,
        };
        self.change(owner, write).await.conversation
    }

    /// Sends a text.
    pub async fn send(&self, by: &UserId, conversation: ConversationId, text: &str) -> Message {
        match self.change(by, send(conversation, text)).await.body {
            ChangeBody::Sent(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Where the order of events stands.
    pub fn now_in_events(&self) -> EventId {
        EventId::through(self.store.head())
    }

    /// What happened after a place.
    pub async fn events_since(&self, after: EventId) -> Vec<Event> {
        let page = self.store.events_after(after, usize::MAX).await;
        let page = page.expect("reads");
        assert!(!page.more && !page.missed, "{page:?}");
        page.events
    }

    /// A message that exists.
    pub async fn message(&self, id: MessageId) -> Message {
        let message = self.store.message(id).await.expect("reads");
        message.expect("there is the message")
    }
}

/// The write of a text without a key.
pub(super) fn send(conversation: ConversationId, text: &str) -> Write {
    Write::Send {
        conversation,
        content: self::text(text),
        attachments: Vec::new(),
        key: None,
    }
}

/// Content of nothing but text.
pub(super) fn text(text: &str) -> Content {
    Content {
        text: text.to_owned(),
        ..Content::default()
    }
}

/// A conversation that doesn't exist.
pub(super) fn nowhere() -> ConversationId {
    "1".parse().expect("an id")
}

/// A message that doesn't exist.
pub(super) fn nothing() -> MessageId {
    "1".parse().expect("an id")
}
