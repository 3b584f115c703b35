//! The store on sled 0.34, and the only file that knows sled.
//!
//! What sled's source makes necessary:
//! - `flush` is no fsync on Linux (`sync_file_range`), so `SledKv::sync` also syncs the file by a handle
//!   of its own; a sync of any handle covers the whole file.
//! - `flush_every_ms` stays at its default: old segments are only cleaned in that thread.
//! - Values stay below 4 KiB (see `codec`): larger pages go to files that are never synced.
//! - One tree: batches are atomic within one only.
//! - It takes a snapshot file that a kill left half-written (`snap.….generating`) for a whole one, and doesn't open.
//! - Its threads let go of the file a moment after the database is dropped, so who opens it again in the same
//!   process has to wait for that.

use std::{
    fs::{self, File, TryLockError},
    io,
    ops::Range,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{StoreError, StoreErrorKind},
    kv::{Batch, Kv, Order, Scan, Source},
    local::{LocalStore, Options},
};

/// How long sled's threads may take to let go of the file. Microseconds are usual.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

/// Opens stores on disk.
#[derive(Clone, Copy, Debug)]
pub struct SledStore;

impl SledStore {
    /// Opens the store in the folder `path`, or makes one there. Reads the whole log, which took 3.3 s for
    /// 4 GB: call it from a thread that may block.
    ///
    /// # Errors
    ///
    /// `Locked` if it is open elsewhere; `Newer` if a newer version wrote it; `Corrupt` or `Failed` if it
    /// can't be read.
    pub fn open(path: &Path, options: Options) -> Result<LocalStore, StoreError> {
        let kv = SledKv::open(path, options.cache_bytes)?;
        LocalStore::start(Arc::new(kv), options)
    }
}

/// The database, its file and its lock.
#[derive(Debug)]
pub(crate) struct SledKv {
    db: sled::Db,
    /// What sled writes to, for syncing.
    file: File,
    /// Ours, held as long as the database is open. Sled has one too, but tells nobody in a form that a
    /// program can read that somebody else holds it. Declared last, so let go last.
    _lock: FolderLock,
}

/// A lock of a folder, let go of when dropped. Closing the file would not do: a process that this one has just forked
/// holds the file, too, until it has become the program it is to run.
#[derive(Debug)]
struct FolderLock(File);

impl FolderLock {
    fn take(path: &Path) -> Result<Self, StoreError> {
        let file = File::create(path).map_err(|e| on_file("create", path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::new(StoreErrorKind::Locked)),
            Err(TryLockError::Error(error)) => Err(on_file("lock", path, &error)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "can't let go of the lock of the data folder");
        }
    }
}

impl SledKv {
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|e| on_file("create", path, &e))?;
        let lock = FolderLock::take(&path.join("lock"))?;
        tracing::info!(path = %path.display(), "opening the store");
        let log = path.join("db");
        let is_new = !log.exists();
        if !is_new {
            wait_until_released(&log, RELEASE_WAIT)?;
            remove_unfinished(path)?;
        }
        let config = sled::Config::new().path(path).cache_capacity(cache_bytes);
        let db = config.open().map_err(failed)?;
        let file = File::open(&log).map_err(|e| on_file("open", &log, &e))?;
        if is_new {
            // The names have to last as well as what is in the files.
            file.sync_all().map_err(|e| on_file("sync", &log, &e))?;
            sync_folder(path)?;
            let absolute = path.canonicalize().map_err(|e| on_file("find", path, &e))?;
            absolute.parent().map_or(Ok(()), sync_folder)?;
        }
        let n_bytes = db.size_on_disk().map_err(failed)?;
        tracing::info!(n_bytes, "the store is open");
        Ok(Self {
            db,
            file,
            _lock: lock,
        })
    }
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|e| on_file("sync", path, &e))
}

/// The folder's lock is ours, so whoever has the file still is what is left of a store that was closed in this
/// process, or, if it goes on, some other program that uses sled.
#[expect(
    clippy::disallowed_methods,
    reason = "a lock of the file tells nobody when it ends, and opening may block"
)]
fn wait_until_released(log: &Path, wait: Duration) -> Result<(), StoreError> {
    let file = File::open(log).map_err(|e| on_file("open", log, &e))?;
    let deadline = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::new(StoreErrorKind::Locked)),
            Err(TryLockError::Error(error)) => return Err(on_file("lock", log, &error)),
        }
    }
}

/// A snapshot spares sled reading the log from its start. One that never got its name is no loss: the one before it
/// goes only after that, and the log has everything.
fn remove_unfinished(path: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(path).map_err(|e| on_file("read", path, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| on_file("read", path, &e))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            let file = entry.path();
            fs::remove_file(&file).map_err(|e| on_file("remove", &file, &e))?;
        }
    }
    Ok(())
}

fn on_file(verb: &str, path: &Path, error: &io::Error) -> StoreError {
    let text = format!("failed to {verb} {}: {error}", path.display());
    StoreError::caused_by(StoreErrorKind::Failed, text)
}

fn failed(error: sled::Error) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Failed, error)
}

impl Source for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.db.get(key).map_err(failed)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
        let entries = self.db.range(range);
        let owned = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = entry.map_err(failed)?;
            Ok((key.to_vec(), value.to_vec()))
        };
        match order {
            Order::Ascending => Box::new(entries.map(owned)),
            Order::Descending => Box::new(entries.rev().map(owned)),
        }
    }
}

impl Kv for SledKv {
    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        self.db.apply_batch(writes).map_err(failed)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(failed)?;
        self.file
            .sync_data()
            .map_err(|error| StoreError::caused_by(StoreErrorKind::Failed, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_open_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let _open = SledKv::open(folder.path(), 1 << 20).unwrap();
        let error = SledKv::open(folder.path(), 1 << 20).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked);
    }

    #[test]
    fn a_process_forked_meanwhile_does_not_keep_a_closed_store_locked() {
        let folder = tempfile::tempdir().unwrap();
        let open = SledKv::open(folder.path(), 1 << 20).unwrap();
        let forked = open._lock.0.try_clone().unwrap();
        drop(open);
        SledKv::open(folder.path(), 1 << 20).unwrap();
        drop(forked);
    }

    #[test]
    fn a_kill_while_it_opens_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let kv = SledKv::open(folder.path(), 1 << 20).unwrap();
        let (key, value) = (b"key".to_vec(), b"value".to_vec());
        kv.apply(Batch::from([(key.clone(), Some(value.clone()))]))
            .unwrap();
        kv.sync().unwrap();
        drop(kv);
        // As if it had ended in the middle of writing its snapshot.
        let unfinished = folder.path().join("snap.7FFFFFFFFFFFFFFF.generating");
        fs::write(&unfinished, "half").unwrap();
        let kv = SledKv::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(kv.get(&key).unwrap(), Some(value));
        assert!(!unfinished.exists());
    }

    #[test]
    fn what_is_left_of_a_closed_store_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("db");
        let left = File::create(&log).unwrap();
        left.try_lock().unwrap();
        let error = wait_until_released(&log, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked, "but not without end");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait_until_released(&log, RELEASE_WAIT));
            drop(left);
            waiting.join().unwrap().unwrap();
        });
    }
}
