//! Writes the data of a stopped node anew, so that its files hold what is kept and nothing that was taken away.
//!
//! A log-structured store leaves what it removed in its segments until it needs their room, and nobody can say when.
//! The copy takes the place of the old data in one step of the file system: ended anywhere, there is one whole store
//! under the name. What a disk keeps of freed blocks is beyond a program.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    error::{StoreError, StoreErrorKind},
    keys,
    kv::{Batch, Kv, Order, Source},
    sled_store::{SledKv, sync_folder},
    verify::{self, Progress},
};

/// Rows in one batch; progress is told after each.
const BATCH_ROWS: usize = 96;

/// What either engine keeps in memory of its files. Each row is read once and written once.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// Writes the store in the folder `path` anew. Needs the room of what is kept once more, beside it. A copy that was left
/// unfinished, or an old store that was left behind, is taken away first. Tells how many records there are.
///
/// # Errors
///
/// `Locked` if it is open elsewhere; `Newer` if a newer version wrote it; `Failed` if there is none, it can't be read, or
/// the copy can't be written. Then the store is as it was, and nothing of the copy is left. `Failed` too if the old store
/// can't be taken away once the copy has its place: it lies beside it until this is done again.
pub fn compact(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<u64, StoreError> {
    let path = path.canonicalize().map_err(failed)?;
    // Held, with its lock, until the copy has its name.
    let old = verify::open_with(&path, CACHE_BYTES)?;
    let beside = beside(&path);
    remove(&beside)?;
    let replaced = replace(&old, &path, &beside, progress);
    drop(old);
    // The old store, or a copy that came to nothing: on a full disk its room is what is needed most.
    let removed = remove(&beside).and_then(|()| sync_parent(&path));
    let n_records = replaced?;
    removed?;
    Ok(n_records)
}

/// Copies the store and has the copy change places with it.
fn replace(
    old: &dyn Source,
    path: &Path,
    beside: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, StoreError> {
    let new = SledKv::open(beside, CACHE_BYTES)?;
    let n_records = copy(old, &new, progress)?;
    new.sync()?;
    drop(new);
    sync_folder(beside)?;
    renameat_with(CWD, beside, CWD, path, RenameFlags::EXCHANGE)
        .map_err(|error| failed(error.into()))?;
    // Before the old one is touched: else a power cut could undo the exchange and keep the removal.
    sync_parent(path)?;
    Ok(n_records)
}

fn sync_parent(path: &Path) -> Result<(), StoreError> {
    path.parent().map_or(Ok(()), sync_folder)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".compacting");
    path.with_file_name(name)
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

fn copy(
    old: &dyn Source,
    new: &dyn Kv,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, StoreError> {
    let mut batch = Batch::new();
    let mut n_records = 0;
    for entry in old.scan(keys::everything(), Order::Ascending) {
        let (key, value) = entry?;
        batch.insert(key, Some(value));
        n_records += 1;
        if batch.len() == BATCH_ROWS {
            new.apply(std::mem::take(&mut batch))?;
            let total = None;
            progress(Progress { n_records, total });
        }
    }
    new.apply(batch)?;
    Ok(n_records)
}

fn failed(error: io::Error) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Failed, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u32, text: &str) -> (Vec<u8>, Option<Vec<u8>>) {
        let key = [&[0x10], &n.to_be_bytes()[..]].concat();
        (key, Some(text.repeat(50).into_bytes()))
    }

    fn holds(folder: &Path, text: &str) -> bool {
        fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                return holds(&path, text);
            }
            let bytes = fs::read(path).unwrap();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    }

    #[test]
    fn nothing_is_left_of_what_was_taken_away_and_all_of_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sled");
        let kv = SledKv::open(&path, 1 << 20).unwrap();
        let n_rows = u32::try_from(BATCH_ROWS).unwrap() + 7;
        kv.apply((0..n_rows).map(|n| row(n, "stays")).collect())
            .unwrap();
        kv.apply((n_rows..n_rows + 9).map(|n| row(n, "secret")).collect())
            .unwrap();
        kv.sync().unwrap();
        let gone = (n_rows..n_rows + 9).map(|n| (row(n, "").0, None));
        kv.apply(gone.collect()).unwrap();
        kv.sync().unwrap();
        let locked = compact(&path, &mut |_| {}).unwrap_err();
        assert_eq!(locked.kind, StoreErrorKind::Locked);
        drop(kv);
        assert!(holds(folder.path(), "secret"));
        // What an earlier one left behind is in nobody's way.
        fs::create_dir(beside(&path)).unwrap();
        fs::write(beside(&path).join("db"), "secret").unwrap();
        assert_eq!(compact(&path, &mut |_| {}).unwrap(), u64::from(n_rows));
        assert!(!holds(folder.path(), "secret"));
        assert!(!beside(&path).exists());
        let kv = SledKv::open(&path, 1 << 20).unwrap();
        let rows = kv.scan(keys::everything(), Order::Ascending);
        let rows: Batch = rows
            .map(|row| row.map(|(key, value)| (key, Some(value))).unwrap())
            .collect();
        assert_eq!(rows, (0..n_rows).map(|n| row(n, "stays")).collect());
    }
}
