//! The search index of a node: where it is, who keeps it, and how many may look at once.

use std::{
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::rt::task::spawn_blocking;
use anyhow::Context as _;
use async_trait::async_trait;
use parlour_actors::searcher::{Hits, NotSearched, Searcher, Sought};
use parlour_search::{Index, Indexer, Place, Query, Running, Writer, has_words, highlights};
use parlour_storage::store::Store;
use tokio::sync::Semaphore;

use crate::{
    config::{Config, Engine},
    exit::{Exit, Failure},
};

/// Searches that wait for their turn at most, for each that is under way: some hundred milliseconds of them.
const WAITING_PER_RUNNING: usize = 32;

/// The search of a node.
#[derive(Debug)]
pub struct Search {
    store: Arc<dyn Store>,
    index: Index,
    running: Mutex<Option<Running>>,
    /// Those under way and those that wait.
    admitted: Arc<Semaphore>,
    /// Those under way. They block a thread each, and a core.
    turns: Arc<Semaphore>,
}

/// Where the index of a node is.
pub fn place(config: &Config) -> Place {
    match config.storage.engine {
        Engine::Sled => Place::Folder(folder(config)),
        Engine::Memory => Place::Memory,
    }
}

fn folder(config: &Config) -> PathBuf {
    config.node.data.join("search")
}

/// Opens the index of a node, to go on from where it is.
///
/// # Errors
///
/// Its folder can't be used.
pub async fn open(config: &Config, store: &Arc<dyn Store>) -> anyhow::Result<Indexer> {
    let (place, memory) = (place(config), config.search.memory.bytes());
    let writer = spawn_blocking(move || Writer::open(&place, memory)).await;
    let writer = writer.context("opening the search index panicked")?;
    let writer = writer.with_context(|| {
        let message = format!(
            "the search index in {} can't be used; it holds nothing that is not in the messages, and may be removed",
            folder(config).display()
        );
        Failure::new(Exit::CannotCreate, message)
    })?;
    Ok(Indexer::new(Arc::clone(store), writer))
}

/// Starts the search, if the node has one.
///
/// # Errors
///
/// Its folder can't be used.
pub async fn start(config: &Config, store: &Arc<dyn Store>) -> anyhow::Result<Option<Arc<Search>>> {
    if !config.search.enabled {
        return Ok(None);
    }
    let indexer = open(config, store).await?;
    let index = indexer.index().clone();
    let running = indexer
        .start()
        .context("the search index could not be started")?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Some(Arc::new(Search {
        store: Arc::clone(store),
        index,
        running: Mutex::new(Some(running)),
        admitted: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_RUNNING))),
        turns: Arc::new(Semaphore::new(cores)),
    })))
}

impl Search {
    /// Ends it in good order. What is looked for afterwards is found as far as it is indexed.
    pub async fn stop(&self) {
        let running = self.running().take();
        if let Some(running) = running {
            // A panic of the thread was shown.
            let _shown = spawn_blocking(move || running.stop()).await;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Searcher for Search {
    async fn search(&self, sought: Sought) -> Result<Hits, NotSearched> {
        let narrowed = sought.author.is_some() || sought.has_file.is_some();
        if !has_words(&sought.words) && (!narrowed || !sought.words.trim().is_empty()) {
            return Err(NotSearched::NoWords);
        }
        if self.running().as_ref().is_some_and(Running::has_ended) {
            let why = "messages are not indexed any more; restart the node, or see the log for why";
            return Err(NotSearched::Failed(why.to_owned()));
        }
        let busy = |_| NotSearched::Busy;
        let _admitted = self.admitted.try_acquire().map_err(busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| NotSearched::Busy)?;
        let (index, query) = (self.index.clone(), query(sought));
        let found = spawn_blocking(move || {
            let found = index.search(&query);
            // Held until it is done, also if nobody waits for it any more.
            drop(turn);
            found
        });
        let failed = |why: String| NotSearched::Failed(why);
        let found = found.await.map_err(|error| failed(error.to_string()))?;
        let found = found.map_err(|error| failed(error.to_string()))?;
        Ok(Hits {
            messages: found.messages,
            total: found.total,
        })
    }

    fn is_behind(&self) -> bool {
        let found = self.running().as_ref().map(Running::found);
        found.is_none_or(|found| found < self.store.head())
    }

    fn highlights(&self, words: &str, text: &str) -> Vec<Range<usize>> {
        highlights(words, text)
    }
}

fn query(sought: Sought) -> Query {
    let Sought {
        words,
        conversations,
        author,
        unheard,
        since,
        until,
        has_file,
        offset,
        limit,
    } = sought;
    Query {
        words,
        conversations,
        author,
        unheard,
        since,
        until,
        has_file,
        offset,
        limit,
    }
}
