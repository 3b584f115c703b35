//! Keeps an index up to date: builds it from the store's messages, and then follows what happens.
//!
//! What it is asked to index is what the store says now, so that doing something twice does no harm; and what was
//! committed says how far it goes, so that nothing has to be done twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use parlour_storage::{
    domain::event::{EventId, Happening},
    error::{StoreError, StoreErrorKind},
    events::Follower,
    ids::{MessageId, Position},
    store::Store,
};
use tokio::{sync::oneshot, time::Instant};

use crate::{Index, IndexError, Mark, Writer, background};

/// What was indexed is committed so long after the first of it, at most. Two seconds are promised, and this leaves half of
/// them to the commit itself on a node that is busy. Most of what a message costs are its commit and the merges after it:
/// at a thousand messages a second, half of this would cost half as much again.
const COMMIT_WITHIN: Duration = Duration::from_secs(1);
/// The mark is moved so often, where nothing happened that is indexed.
const MARK_WITHIN: Duration = Duration::from_secs(60);
/// While the index is built it is committed so often: what is lost when that is cut off.
const BUILD_COMMIT: Duration = Duration::from_secs(10);
/// Words of removed messages stay on the disk so long, at most (and some seconds while a part is written anew).
const REMOVED_WITHIN: Duration = Duration::from_secs(3600);
/// After a failure it is tried again so much later.
const RETRY: Duration = Duration::from_secs(1);
/// How long a store that is busy is left alone.
const BUSY: Duration = Duration::from_millis(200);
/// Messages and events that are read at once.
const PAGE: usize = 500;

/// Why an index can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The index's own trouble.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The store's.
    #[error("the search index can't read the messages")]
    Store(#[from] StoreError),
}

/// How far an index is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Messages that were read.
    pub n_messages: u64,
    /// How far that is on the way from the oldest to the newest message, in thousandths of it.
    pub per_mille: u64,
}

/// Keeps an index up to date.
#[derive(Debug)]
pub struct Indexer {
    store: Arc<dyn Store>,
    writer: Writer,
    /// Everything up to here is in the index, or waits in it to be committed.
    mark: Mark,
    /// Since when something waits to be committed.
    dirty: Option<Instant>,
    committed: Instant,
    /// Something was removed since its words were last taken off the disk.
    removed: bool,
    forgot: Option<Instant>,
    /// Everything up to this position can be found.
    found: Arc<AtomicU64>,
}

impl Indexer {
    /// Goes on from what is there. If that is of another history, or too old to follow, it begins anew; so it does if it is
    /// ahead of the store, which was restored from a backup then: it has messages that are no more.
    pub fn new(store: Arc<dyn Store>, writer: Writer) -> Self {
        let (epoch, head) = (store.epoch(), store.head());
        let is_of_store = |mark: &Mark| mark.epoch == epoch && mark.through.position <= head;
        let known = writer.mark().filter(is_of_store);
        let mark = known.unwrap_or(Mark {
            epoch,
            through: EventId::through(head),
            building: Some(None),
        });
        Self {
            store,
            writer,
            mark,
            dirty: None,
            committed: Instant::now(),
            // It may have ended before it got to it.
            removed: true,
            forgot: None,
            found: Arc::default(),
        }
    }

    /// For looking things up.
    pub fn index(&self) -> &Index {
        self.writer.index()
    }

    /// Forgets all that is indexed, and begins anew.
    pub fn begin_anew(&mut self) {
        self.mark.through = EventId::through(self.store.head());
        self.mark.building = Some(None);
    }

    /// Indexes everything that has happened so far. `tell` is told while the index is built, and ends it with `false`.
    ///
    /// # Errors
    ///
    /// The index can't be written, or the store not read. What was committed is kept.
    pub async fn catch_up(
        &mut self,
        tell: &mut (dyn FnMut(Progress) -> bool + Send),
    ) -> Result<(), Broken> {
        loop {
            while self.mark.building.is_some() {
                if !self.build(tell).await? {
                    return Ok(());
                }
            }
            let mut follower = self.follower();
            while self.follow(&mut follower).await? {}
            if self.mark.building.is_none() {
                return self.commit();
            }
        }
    }

    /// Ends it in good order: commits, and waits for what goes on in the background.
    ///
    /// # Errors
    ///
    /// The index can't be written.
    pub fn close(mut self) -> Result<(), Broken> {
        self.commit()?;
        Ok(self.writer.close()?)
    }

    fn follower(&self) -> Follower {
        Follower::new(Arc::clone(&self.store), self.mark.through)
    }

    /// Reads messages up to that of the mark, from where it was cut off. `false`: it was told to end.
    async fn build(
        &mut self,
        tell: &mut (dyn FnMut(Progress) -> bool + Send),
    ) -> Result<bool, Broken> {
        let mut last = self.mark.building.flatten();
        if last.is_none() {
            self.writer.clear()?;
            tracing::info!("building the search index");
        }
        let (newest, mut oldest, mut progress) =
            (self.mark.through.position, None, Progress::default());
        loop {
            let page = self.store.all_messages(last, PAGE).await?;
            let (n_read, n_before) = (page.len() as u64, progress.n_messages);
            for message in page.into_iter().take_while(|m| m.position() <= newest) {
                self.writer.add(&message)?;
                progress.n_messages += 1;
                last = Some(message.id);
                self.mark.building = Some(last);
                self.make_room()?;
                oldest.get_or_insert(message.position().get());
            }
            let (oldest, at) = (oldest.unwrap_or(0), last.map_or(0, MessageId::get));
            let whole = newest.get().saturating_sub(oldest).max(1);
            progress.per_mille = at.saturating_sub(oldest) * 1000 / whole;
            if !tell(progress) {
                self.commit_now()?;
                return Ok(false);
            }
            // What came after the mark is told by events.
            let n_added = progress.n_messages - n_before;
            let is_whole = n_added < PAGE as u64 || n_added < n_read;
            if is_whole {
                self.mark.building = None;
            }
            if is_whole || self.committed.elapsed() > BUILD_COMMIT {
                self.commit_now()?;
            }
            if is_whole {
                tracing::info!(
                    n_messages = progress.n_messages,
                    "the search index is built"
                );
                return Ok(true);
            }
        }
    }

    /// Indexes what happened next. `false`: there is no more for now, or the index has to be built first.
    async fn follow(&mut self, follower: &mut Follower) -> Result<bool, Broken> {
        let page = follower.look(PAGE).await?;
        if page.missed {
            tracing::warn!("the search index is older than what the node remembers of its events");
            self.begin_anew();
            return Ok(false);
        }
        for event in page.events {
            let indexed = self.index_event(event.what).await?;
            if indexed {
                self.dirty.get_or_insert_with(Instant::now);
                self.mark.through = event.id;
                self.make_room()?;
            }
        }
        self.mark.through = page.through;
        self.note();
        if self
            .dirty
            .is_some_and(|since| since.elapsed() >= COMMIT_WITHIN)
        {
            self.commit()?;
        }
        Ok(page.more)
    }

    async fn index_event(&mut self, what: Happening) -> Result<bool, Broken> {
        match what {
            Happening::MessageSent(message) => self.writer.add(&message)?,
            Happening::MessageEdited { message, .. } => {
                match self.store.message(message).await? {
                    Some(message) => self.writer.replace(&message)?,
                    None => self.writer.remove(message),
                }
                self.removed = true;
            }
            Happening::MessageDeleted { message, .. } => {
                self.writer.remove(message);
                self.removed = true;
            }
            Happening::MessagesPurged { messages, .. } => {
                messages.into_iter().for_each(|id| self.writer.remove(id));
                self.removed = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Commits if there is anything to, or if it is time to move the mark.
    fn commit(&mut self) -> Result<(), Broken> {
        if self.dirty.is_some() || self.writer.mark() != Some(self.mark) {
            self.commit_now()?;
        }
        Ok(())
    }

    fn commit_now(&mut self) -> Result<(), Broken> {
        self.writer.commit(self.mark)?;
        (self.dirty, self.committed) = (None, Instant::now());
        self.note();
        Ok(())
    }

    /// Commits if too much waits for it. Says nothing of how far it has come: there may be more at the same position.
    fn make_room(&mut self) -> Result<(), Broken> {
        if self.writer.is_full() {
            self.writer.commit(self.mark)?;
            (self.dirty, self.committed) = (None, Instant::now());
        }
        Ok(())
    }

    /// Tells whoever asks how far it has come.
    fn note(&self) {
        if self.dirty.is_none() && self.mark.building.is_none() {
            let position = self.mark.through.position.get();
            self.found.store(position, Ordering::Relaxed);
        }
    }

    /// Commits and takes words off the disk, as far as it is time.
    fn keep(&mut self) -> Result<(), Broken> {
        let is_due = |since: Instant, within| since.elapsed() >= within;
        if self.dirty.is_some_and(|since| is_due(since, COMMIT_WITHIN))
            || is_due(self.committed, MARK_WITHIN)
        {
            self.commit()?;
            self.committed = Instant::now();
        }
        let may_forget = self.forgot.is_none_or(|at| is_due(at, REMOVED_WITHIN));
        if self.removed && self.dirty.is_none() && may_forget {
            self.writer.forget_removed()?;
            (self.removed, self.forgot) = (false, Some(Instant::now()));
        }
        Ok(())
    }

    /// Until when nothing has to be done if nothing happens.
    fn due(&self) -> Instant {
        let commit = self.dirty.map(|since| since + COMMIT_WITHIN);
        commit.unwrap_or(self.committed + MARK_WITHIN)
    }

    async fn run(&mut self, stop: &mut oneshot::Receiver<()>) -> Result<(), Broken> {
        use oneshot::error::TryRecvError::Empty;
        loop {
            while self.mark.building.is_some() {
                if !self.build(&mut |_| stop.try_recv() == Err(Empty)).await? {
                    return Ok(());
                }
            }
            let mut follower = self.follower();
            while self.mark.building.is_none() {
                let more = self.follow(&mut follower).await?;
                self.keep()?;
                if more || self.mark.building.is_some() {
                    if stop.try_recv() != Err(Empty) {
                        return self.commit();
                    }
                    continue;
                }
                tokio::select! {
                    _told = &mut *stop => return self.commit(),
                    () = follower.moved() => {}
                    () = tokio::time::sleep_until(self.due()) => {}
                }
            }
        }
    }

    /// Goes on until it is stopped, or the store is closed. What fails is logged, and tried again from the last commit; a store
    /// that is busy is waited for, and loses nothing.
    async fn run_on(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            let error = match self.run(&mut stop).await {
                Ok(()) => break,
                Err(error) => error,
            };
            match &error {
                Broken::Store(error) if error.kind == StoreErrorKind::Busy => {
                    tokio::select! {
                        _told = &mut stop => break,
                        () = tokio::time::sleep(BUSY) => continue,
                    }
                }
                Broken::Store(error)
                    if matches!(error.kind, StoreErrorKind::Closed | StoreErrorKind::Failed) =>
                {
                    break;
                }
                error => tracing::error!(%error, "messages are not indexed; trying again"),
            }
            tokio::select! {
                _told = &mut stop => return,
                () = tokio::time::sleep(RETRY) => {}
            }
            match self.writer.roll_back() {
                Ok(()) => {
                    let found = Arc::clone(&self.found);
                    self = Self {
                        found,
                        ..Self::new(self.store, self.writer)
                    };
                }
                Err(error) => {
                    tracing::error!(%error, "messages are not indexed any more; restart the node");
                    return;
                }
            }
        }
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the search index was not closed in good order; it goes on from its last commit");
        }
    }

    /// Has a thread of its own keep the index, which lets the rest of the node go first.
    ///
    /// # Errors
    ///
    /// There can be no more threads.
    pub fn start(self) -> std::io::Result<Running> {
        let (stop, stopped) = oneshot::channel();
        let found = Arc::clone(&self.found);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let thread = background::spawn("indexer", move || runtime.block_on(self.run_on(stopped)))?;
        Ok(Running {
            stop,
            thread,
            found,
        })
    }
}

/// An index that is being kept.
#[derive(Debug)]
pub struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    found: Arc<AtomicU64>,
}

impl Running {
    /// Whether nobody keeps it any more: the store is closed, or the index can't be written.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Everything up to here can be found. The start while the index is being built.
    pub fn found(&self) -> Position {
        Position::new(self.found.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Ends it, and waits until everything that happened is committed or as good as.
    pub fn stop(self) {
        // It may have ended by itself; and a panic of it was shown.
        let _ended = self.stop.send(());
        let _ended = self.thread.join();
    }
}

#[cfg(test)]
mod tests;
