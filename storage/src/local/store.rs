//! The store's face: puts calls into the queues and waits for their answers.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::{self, JoinHandle},
};

use async_trait::async_trait;
use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::{oneshot, watch};

use crate::{
    domain::{
        conversation::{Conversation, Member, Summary},
        message::{Message, ReadMark, Revision},
        user::{Blocks, User},
    },
    engine::{
        blocks, changes, commit, conversations, cursors, members, messages, places, summaries,
        users, view::View,
    },
    error::{StoreError, StoreErrorKind},
    ids::{ConversationId, Epoch, MessageId, Position, Seq, Timestamp, UserId},
    kv::{Batch, Kv},
    local::{
        options::Options,
        pulse::{self, Pulse},
        reader::{self, Read},
        syncer,
        tide::{self, Tide},
        writer::{Chore, Job, Outcomes, Writer},
    },
    migrate,
    store::{Changes, Health, LimiterState, Listed, MessagePage, Roster, Store, Transaction},
};

/// A store inside this process. Dropping it ends it as [`close`](Store::close) does, but nobody waits for that.
pub struct LocalStore {
    epoch: Epoch,
    pub(super) tide: Arc<Tide>,
    /// Taken away by `close`: the threads do what is queued and end.
    queues: RwLock<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Queues {
    jobs: Sender<Job>,
    reads: Sender<Read>,
    /// The watchdog ends when this is dropped.
    _watching: Sender<()>,
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStore")
            .field("epoch", &self.epoch)
            .field("tide", &self.tide)
            .finish_non_exhaustive()
    }
}

impl LocalStore {
    /// Starts the threads over an engine.
    pub(crate) fn start(kv: Arc<dyn Kv>, options: Options) -> Result<Self, StoreError> {
        let epoch = migrate::prepare(&*kv)?;
        let mut engine = commit::Engine::load(&*kv)?;
        engine.events_all = options.events_all;
        let tide = Arc::new(Tide::new(engine.last()));
        let (jobs, job_queue) = bounded(options.commit_queue_max.max(1));
        let (reads, read_queue) = bounded(options.read_queue_max.max(1));
        let (watching, stop) = bounded(0);
        let pulses = ["store-writer", "store-syncer"].into_iter();
        let pulses = pulses.chain((0..options.reader_threads.max(1)).map(|_| "store-reader"));
        let pulses: Vec<_> = pulses.map(|name| (name, Arc::new(Pulse::new()))).collect();
        let pulse = |n: usize| Arc::clone(&pulses[n].1);
        let writer = Writer {
            kv: Arc::clone(&kv),
            tide: Arc::clone(&tide),
            pulse: pulse(0),
            engine,
            options: options.clone(),
            batch: Batch::new(),
            n_operations: 0,
            n_applied: 0,
            answers: Vec::new(),
        };
        let mut threads = vec![
            spawn("store-writer", &tide, move |tide| {
                guard("store-writer", tide, || writer.run(&job_queue));
                // What is still queued is dropped, and with it the callers' answers. Just letting go of
                // the queue would not do: it keeps what is in it as long as there is a sender.
                job_queue.iter().for_each(drop);
            })?,
            {
                let (kv, pulse) = (Arc::clone(&kv), pulse(1));
                let (wait, most) = (options.commit_wait, options.commit_operations_max);
                spawn("store-syncer", &tide, move |tide| {
                    syncer::run(&*kv, tide, &pulse, wait, most);
                })?
            },
        ];
        for n in 2..pulses.len() {
            let (kv, pulse, reads) = (Arc::clone(&kv), pulse(n), read_queue.clone());
            threads.push(spawn("store-reader", &tide, move |tide| {
                reader::run(&*kv, tide, &pulse, &reads);
            })?);
        }
        threads.push(spawn("store-watchdog", &tide, move |tide| {
            pulse::watch(tide, &pulses, options.stall_timeout, &stop);
        })?);
        Ok(Self {
            epoch,
            tide,
            queues: RwLock::new(Some(Queues {
                jobs,
                reads,
                _watching: watching,
            })),
            threads: Mutex::new(threads),
        })
    }

    /// Why an answer never came: the store was closed or failed, or this very call panicked.
    fn gone(&self) -> StoreError {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        if queues.is_none() && !self.tide.has_failed() {
            StoreError::new(StoreErrorKind::Closed)
        } else {
            tide::failed()
        }
    }

    fn put<T>(&self, queue: impl Fn(&Queues) -> &Sender<T>, job: T) -> Result<(), StoreError> {
        if self.tide.has_failed() {
            return Err(tide::failed());
        }
        // Held while sending: what is in a queue when `close` takes it away is still done.
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queues) = &*queues else {
            return Err(StoreError::new(StoreErrorKind::Closed));
        };
        queue(queues).try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::new(StoreErrorKind::Busy),
            TrySendError::Disconnected(_) => tide::failed(),
        })
    }

    /// Runs `read` on a reader thread, and answers when what it saw is durable.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |kv, tide| {
            let view = View::new(kv, &tide.gate);
            let found = read(&view);
            let seen = view.applied().batch;
            drop(view);
            if let Err(error) = &found {
                match error.kind {
                    StoreErrorKind::Failed => tide.fail("failed to read", error),
                    _ => tracing::error!(%error, "met a damaged record in a read"),
                }
            }
            let reply = move |durable: Result<(), StoreError>| {
                // A caller who has gone away doesn't want to know.
                let _ = reply.send(durable.and(found));
            };
            tide.when_durable(seen, Box::new(reply));
        });
        self.put(|queues| &queues.reads, job)?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    pub(super) async fn chore(&self, chore: Chore) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.put(|queues| &queues.jobs, Job::Chore { chore, reply })?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }
}

fn spawn(
    name: &'static str,
    tide: &Arc<Tide>,
    run: impl FnOnce(&Arc<Tide>) + Send + 'static,
) -> Result<JoinHandle<()>, StoreError> {
    let tide = Arc::clone(tide);
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || guard(name, &tide, || run(&tide)))
        .map_err(|error| StoreError::caused_by(StoreErrorKind::Failed, error))
}

/// A panic in one of the threads is the end of the store, not a hang.
fn guard(name: &str, tide: &Tide, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tide.fail(name, &Panicked);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the thread panicked")]
struct Panicked;

#[async_trait]
impl Store for LocalStore {
    async fn commit(&self, group: Vec<Transaction>) -> Result<Outcomes, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.put(|queues| &queues.jobs, Job::Commit { group, reply })?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn head(&self) -> Position {
        self.tide.durable_head()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.tide.health()
    }

    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        let user = user.clone();
        self.read(move |view| users::user(view, &user)).await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError> {
        let users = users.to_vec();
        self.read(move |view| users::users(view, &users)).await
    }

    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.read(move |view| conversations::conversation(view, id))
            .await
    }

    async fn direct_between(
        &self,
        a: &UserId,
        b: &UserId,
    ) -> Result<Option<ConversationId>, StoreError> {
        let (a, b) = (a.clone(), b.clone());
        self.read(move |view| conversations::direct_between(view, &a, &b))
            .await
    }

    async fn member(
        &self,
        id: ConversationId,
        user: &UserId,
    ) -> Result<Option<Member>, StoreError> {
        let user = user.clone();
        self.read(move |view| members::member(view, id, &user))
            .await
    }

    async fn roster(&self, id: ConversationId) -> Result<Option<Roster>, StoreError> {
        self.read(move |view| members::roster(view, id)).await
    }

    async fn conversation_ids_of(&self, user: &UserId) -> Result<Vec<ConversationId>, StoreError> {
        let user = user.clone();
        self.read(move |view| members::conversation_ids(view, &user))
            .await
    }

    async fn conversations_of(
        &self,
        user: &UserId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let user = user.clone();
        self.read(move |view| summaries::page(view, &user, before, limit))
            .await
    }

    async fn summary(
        &self,
        id: ConversationId,
        user: &UserId,
    ) -> Result<Option<Summary>, StoreError> {
        let user = user.clone();
        self.read(move |view| summaries::summary(view, id, &user))
            .await
    }

    async fn unread(&self, user: &UserId) -> Result<Vec<(ConversationId, u64)>, StoreError> {
        let user = user.clone();
        self.read(move |view| summaries::unread(view, &user)).await
    }

    async fn contacts(
        &self,
        user: &UserId,
        group_members_max: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let user = user.clone();
        self.read(move |view| members::contacts(view, &user, group_members_max))
            .await
    }

    async fn acquainted(&self, a: &UserId, b: &UserId) -> Result<bool, StoreError> {
        let (a, b) = (a.clone(), b.clone());
        self.read(move |view| members::acquainted(view, &a, &b))
            .await
    }

    async fn listing(&self, user: &UserId) -> Result<Vec<Listed>, StoreError> {
        let user = user.clone();
        self.read(move |view| summaries::listing(view, &user)).await
    }

    async fn n_messages(&self, id: ConversationId) -> Result<u64, StoreError> {
        self.read(move |view| places::count(view, id)).await
    }

    async fn skip_newest(&self, id: ConversationId, n: u64) -> Result<Option<Seq>, StoreError> {
        self.read(move |view| places::skip_newest(view, id, n))
            .await
    }

    async fn first_since(
        &self,
        id: ConversationId,
        at: Timestamp,
    ) -> Result<Option<Seq>, StoreError> {
        self.read(move |view| places::first_since(view, id, at))
            .await
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.read(move |view| messages::message(view, id)).await
    }

    async fn messages_of_ids(&self, messages: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        let messages = messages.to_vec();
        self.read(move |view| messages::named(view, &messages))
            .await
    }

    async fn all_messages(
        &self,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.read(move |view| messages::all(view, after, limit))
            .await
    }

    async fn messages(
        &self,
        id: ConversationId,
        page: MessagePage,
    ) -> Result<Vec<Message>, StoreError> {
        self.read(move |view| messages::page(view, id, page)).await
    }

    async fn revisions(&self, id: MessageId) -> Result<Vec<Revision>, StoreError> {
        self.read(move |view| messages::revisions(view, id)).await
    }

    async fn read_marks(
        &self,
        id: ConversationId,
        reader: &UserId,
        from: Seq,
        to: Seq,
    ) -> Result<Vec<ReadMark>, StoreError> {
        let reader = reader.clone();
        self.read(move |view| cursors::read_marks(view, id, &reader, from, to))
            .await
    }

    async fn changes_since(
        &self,
        user: &UserId,
        after: Position,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        let user = user.clone();
        self.read(move |view| changes::since(view, &user, after, limit))
            .await
    }

    async fn blocks_of(&self, user: &UserId) -> Result<Blocks, StoreError> {
        let user = user.clone();
        self.read(move |view| blocks::of(view, &user)).await
    }

    async fn limits_of(&self, user: &UserId) -> Result<Vec<LimiterState>, StoreError> {
        let user = user.clone();
        self.read(move |view| commit::limits_of(view, &user)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        let queues = self
            .queues
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if queues.is_none() {
            return Err(self.gone());
        }
        drop(queues);
        // Who follows the node learns of the end.
        self.tide.wake();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // A panic in a thread has been told already.
        let join = || threads.into_iter().for_each(|thread| drop(thread.join()));
        let joined = tokio::task::spawn_blocking(join);
        joined
            .await
            .map_err(|error| StoreError::caused_by(StoreErrorKind::Failed, error))?;
        if self.tide.has_failed() {
            return Err(tide::failed());
        }
        Ok(())
    }
}
