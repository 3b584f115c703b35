//! Where files would lie: a table of their paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use parlour_storage::ids::Timestamp;
use tokio::sync::mpsc;

use crate::files::{Files, FilesFailed};

/// Files by their paths, with when they were written, and those that can't be taken away now.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    files: Mutex<BTreeMap<String, Timestamp>>,
    pub(crate) stuck: Mutex<BTreeSet<String>>,
}

impl Folder {
    pub(crate) fn write(&self, object: &str, at: Timestamp) {
        self.files.lock().unwrap().insert(object.to_owned(), at);
    }

    pub(crate) fn has(&self, object: &str) -> bool {
        self.files.lock().unwrap().contains_key(object)
    }

    /// Waits until exactly these are left.
    pub(crate) async fn holds(&self, expected: &[&str]) {
        loop {
            let left: Vec<_> = self.files.lock().unwrap().keys().cloned().collect();
            if left == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[async_trait]
impl Files for Folder {
    async fn delete(&self, object: &str) -> Result<(), FilesFailed> {
        if self.stuck.lock().unwrap().contains(object) {
            return Err(FilesFailed("it is held".to_owned()));
        }
        self.files.lock().unwrap().remove(object);
        Ok(())
    }

    async fn list_older(
        &self,
        before: Timestamp,
        found: mpsc::Sender<String>,
    ) -> Result<(), FilesFailed> {
        let files = self.files.lock().unwrap().clone();
        for (object, _) in files.into_iter().filter(|(_, at)| *at < before) {
            let _nobody_listens = found.send(object).await;
        }
        Ok(())
    }
}
