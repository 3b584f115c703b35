//! The conformance suite, run by every engine inside the process.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::sync::Arc;

use async_trait::async_trait;
use parlour_storage::{
    local::Options,
    memory_store::MemoryStore,
    sled_store::SledStore,
    store::Store,
    suite::{self, Bed},
};
use tempfile::TempDir;

/// Everything is told that can be.
fn options() -> Options {
    Options {
        events_all: true,
        ..Options::default()
    }
}

#[derive(Debug)]
struct Memory;

#[async_trait]
impl Bed for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new(options()).unwrap())
    }

    fn remembers(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Sled(TempDir);

#[async_trait]
impl Bed for Sled {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SledStore::open(self.0.path(), options()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_conforms() {
    suite::run_all(|| Arc::new(Memory)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sled_store_conforms() {
    suite::run_all(|| Arc::new(Sled(TempDir::new().unwrap()))).await;
}
