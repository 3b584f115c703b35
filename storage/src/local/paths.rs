//! What the writer, the syncer and a reader do, on the thread of whoever calls: their own code without their threads, so that
//! `paths/` can count its instructions.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{
    options::Options,
    pulse::Pulse,
    tide::{Tide, failed},
    writer::{Job, Outcomes, Writer},
};
use crate::{
    domain::message::Message,
    engine::{commit::Engine, messages, view::View},
    error::StoreError,
    ids::ConversationId,
    kv::{Batch, Kv},
    memory_store::MemoryKv,
    migrate,
    sled_store::SledKv,
    store::{MessagePage, Transaction},
};

/// A store without threads of its own.
#[allow(missing_debug_implementations, reason = "a writer has none")]
pub struct Steps {
    kv: Arc<dyn Kv>,
    tide: Arc<Tide>,
    writer: Writer,
}

impl Steps {
    /// Over sled, in a folder.
    ///
    /// # Errors
    ///
    /// It can't be opened.
    pub fn on_sled(folder: &Path) -> Result<Self, StoreError> {
        let options = Options::default();
        let kv = SledKv::open(folder, options.cache_bytes)?;
        Self::over(Arc::new(kv), options)
    }

    /// Over memory.
    ///
    /// # Errors
    ///
    /// None that can be thought of.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::over(Arc::new(MemoryKv::default()), Options::default())
    }

    fn over(kv: Arc<dyn Kv>, options: Options) -> Result<Self, StoreError> {
        migrate::prepare(&*kv)?;
        let engine = Engine::load(&*kv)?;
        let tide = Arc::new(Tide::new(engine.last()));
        let writer = Writer {
            kv: Arc::clone(&kv),
            tide: Arc::clone(&tide),
            pulse: Arc::new(Pulse::new()),
            engine,
            options,
            batch: Batch::new(),
            n_operations: 0,
            n_applied: 0,
            answers: Vec::new(),
        };
        Ok(Self { kv, tide, writer })
    }

    /// Commits a group, from the queue's end to the answer: applied by the writer, then made durable by the syncer.
    ///
    /// # Errors
    ///
    /// The store can't write.
    pub fn commit(&mut self, group: Vec<Transaction>) -> Result<Outcomes, StoreError> {
        let (reply, mut answer) = oneshot::channel();
        self.writer.work(Job::Commit { group, reply })?;
        self.writer.apply()?;
        if let Some(applied) = self.tide.take(Duration::ZERO, usize::MAX) {
            self.kv.sync()?;
            self.tide.synced(applied);
        }
        answer.try_recv().unwrap_or_else(|_| Err(failed()))
    }

    /// Reads a page of messages.
    ///
    /// # Errors
    ///
    /// As [`Store::messages`](crate::store::Store::messages).
    pub fn page(&self, id: ConversationId, page: MessagePage) -> Result<Vec<Message>, StoreError> {
        messages::page(&View::new(&*self.kv, &self.tide.gate), id, page)
    }
}
