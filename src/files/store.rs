//! Where files lie: a folder, whose files are synced before anybody is told of them, a bucket, or memory for a node that
//! keeps nothing. The only place that knows `object_store`.

pub(crate) mod bucket;

use std::{
    fmt, fs, io,
    ops::Range,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, WriteMultipart, local::LocalFileSystem,
    memory::InMemory, path::Path as ObjectPath,
};
use parlour_actors::files::{Files, FilesFailed};
use parlour_storage::ids::Timestamp;
use tokio::{
    io::AsyncReadExt as _,
    sync::{Semaphore, SemaphorePermit, mpsc},
};

use super::place;
use crate::config::Attachments;

/// What is read at once, and written to a folder.
const PIECE_BYTES: usize = 256 * 1024;

/// What is written to a bucket at once: none takes smaller parts.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// Files that are written at a time: each has a part, or a picture, in memory.
const WRITERS_MAX: usize = 8;

/// How far a bucket's clock may be from ours: it refuses requests that are further off.
const BUCKET_CLOCK_APART: Duration = Duration::from_mins(15);

/// The files.
pub struct FileStore {
    store: Arc<dyn ObjectStore>,
    /// Of what is handed over at once.
    part_bytes: usize,
    /// How far its clock may be from ours.
    clock_apart: Duration,
    writers: Semaphore,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({})", self.store)
    }
}

impl FileStore {
    /// Files in a folder, which is made if it is missing. What an ended process was writing is taken away.
    ///
    /// # Errors
    ///
    /// The folder can't be made or read.
    pub fn folder(path: &Path) -> anyhow::Result<Self> {
        make_private(path)
            .and_then(|()| sweep(path))
            .with_context(|| format!("the folder of files {} can't be used", path.display()))?;
        let store = LocalFileSystem::new_with_prefix(path)?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self::new(store, PIECE_BYTES, Duration::ZERO))
    }

    /// Files in the bucket that the options name. Whether it is there is seen when it is used.
    ///
    /// # Errors
    ///
    /// There are no buckets in this build, or what the options or the environment say of it makes no sense.
    pub fn bucket(options: &Attachments) -> anyhow::Result<Self> {
        let store = bucket::open(options)?;
        Ok(Self::new(store, PART_BYTES, BUCKET_CLOCK_APART))
    }

    /// Files in memory: they are gone with the process.
    pub fn memory() -> Self {
        Self::new(InMemory::new(), PIECE_BYTES, Duration::ZERO)
    }

    fn new(store: impl ObjectStore, part_bytes: usize, clock_apart: Duration) -> Self {
        Self {
            store: Arc::new(store),
            part_bytes,
            clock_apart,
            writers: Semaphore::new(WRITERS_MAX),
        }
    }

    /// Waits for one's turn to write, and has it until what is given is dropped.
    pub(super) async fn turn(&self) -> anyhow::Result<SemaphorePermit<'_>> {
        Ok(self.writers.acquire().await?)
    }

    /// Keeps a copy of a file, durably. It is there as a whole or not at all.
    pub(super) async fn keep_file(&self, object: &str, from: &Path) -> anyhow::Result<()> {
        let mut file = tokio::fs::File::open(from).await?;
        let object = path(object)?;
        if file.metadata().await?.len() <= self.part_bytes as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await?;
            self.store.put(&object, bytes.into()).await?;
            return Ok(());
        }
        let upload = self.store.put_multipart(&object).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, self.part_bytes);
        let mut piece = vec![0; PIECE_BYTES];
        let copied: anyhow::Result<()> = async {
            loop {
                let n = file.read(&mut piece).await?;
                if n == 0 {
                    return Ok(());
                }
                // Before the next part is filled: one at a time.
                parts.wait_for_capacity(1).await?;
                parts.write(&piece[..n]);
            }
        }
        .await;
        if let Err(error) = copied {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%object, %error, "parts of a file that can't be kept are left");
            }
            return Err(error);
        }
        parts.finish().await?;
        Ok(())
    }

    /// Keeps bytes, likewise.
    pub(super) async fn keep(&self, object: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.store.put(&path(object)?, bytes.into()).await?;
        Ok(())
    }

    /// A part of a file. `None`: there is no such file.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub async fn read(&self, object: &str, range: Range<u64>) -> anyhow::Result<Option<Pieces>> {
        if range.is_empty() {
            // Stores refuse to give nothing.
            let there = self.store.head(&path(object)?).await;
            return known(there.map(|_| stream::empty().boxed()));
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&path(object)?, options).await;
        known(found.map(|found| {
            found
                .into_stream()
                .map(|piece| piece.map_err(io::Error::other))
                .boxed()
        }))
    }

    /// How long a file is. `None`: there is none.
    ///
    /// # Errors
    ///
    /// It can't be looked at.
    pub async fn bytes(&self, object: &str) -> anyhow::Result<Option<u64>> {
        known(self.store.head(&path(object)?).await.map(|meta| meta.size))
    }
}

/// A file, piece by piece.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

fn known<T>(found: object_store::Result<T>) -> anyhow::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn path(object: &str) -> anyhow::Result<ObjectPath> {
    Ok(ObjectPath::parse(object)?)
}

#[async_trait]
impl Files for FileStore {
    async fn delete(&self, object: &str) -> Result<(), FilesFailed> {
        let path = path(object).map_err(failed)?;
        known(self.store.delete(&path).await).map_err(failed)?;
        Ok(())
    }

    async fn list_older(
        &self,
        before: Timestamp,
        found: mpsc::Sender<String>,
    ) -> Result<(), FilesFailed> {
        let apart = i64::try_from(self.clock_apart.as_millis()).unwrap_or(i64::MAX);
        let before = before.plus_ms(-apart);
        let mut all = self.store.list(None);
        while let Some(meta) = all.next().await {
            let meta = meta.map_err(failed)?;
            let object = meta.location.to_string();
            let is_old = meta.last_modified.timestamp_millis() < before.0;
            // Whatever else somebody keeps there is theirs.
            if is_old && place::is_ours(&object) && found.send(object).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn failed(error: impl fmt::Display) -> FilesFailed {
    FilesFailed(format!("{error:#}"))
}

/// Only the owner has business in there.
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Takes away what was being written when a process ended: `name#1`, which listing leaves out. Folders of people are one
/// level deep. What was written after `now` belongs to somebody.
fn sweep(folder: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for person in fs::read_dir(folder)? {
        let person = person?;
        if !person.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(person.path())? {
            let file = file?;
            let name = file.file_name();
            let half_written = name
                .to_string_lossy()
                .rsplit_once('#')
                .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()));
            if half_written && file.metadata()?.modified()? < now {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn content(store: &FileStore, object: &str, range: Range<u64>) -> Option<Vec<u8>> {
        let mut pieces = store.read(object, range).await.unwrap()?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend(piece.unwrap());
        }
        Some(bytes)
    }

    async fn names(store: &FileStore, before: Timestamp) -> Vec<String> {
        let (found, mut names) = mpsc::channel(100);
        store.list_older(before, found).await.unwrap();
        let mut all = Vec::new();
        while let Some(name) = names.recv().await {
            all.push(name);
        }
        all.sort();
        all
    }

    #[tokio::test]
    async fn every_store_keeps_gives_lists_and_forgets() {
        const ONE: &str = "ann/0123456789abcdef0123456789abcdef.pdf";
        const TWO: &str = "=0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef.txt";
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        let long: Vec<u8> = (0..PIECE_BYTES * 2 + 7).map(|n| n as u8).collect();
        fs::write(&source, &long).unwrap();
        let files = folder.path().join("files");
        for store in [FileStore::folder(&files).unwrap(), FileStore::memory()] {
            store.keep_file(ONE, &source).await.unwrap();
            store.keep(TWO, b"hello".to_vec()).await.unwrap();
            store.keep("ann/notes.txt", Vec::new()).await.unwrap();
            let whole = 0..long.len() as u64;
            assert_eq!(content(&store, ONE, whole).await.unwrap(), long);
            assert_eq!(content(&store, TWO, 1..3).await.unwrap(), b"el");
            assert_eq!(content(&store, TWO, 0..0).await.unwrap(), b"");
            assert_eq!(content(&store, "ann/none", 0..1).await, None);
            assert_eq!(store.bytes(TWO).await.unwrap(), Some(5));
            assert_eq!(store.bytes("ann/none").await.unwrap(), None);
            let later = Timestamp(Timestamp::now().0 + 60_000);
            assert_eq!(names(&store, later).await, [TWO, ONE]);
            assert!(names(&store, Timestamp(0)).await.is_empty());
            for _ in 0..2 {
                store.delete(ONE).await.unwrap();
            }
            assert_eq!(names(&store, later).await, [TWO]);
            store.delete("ann/notes.txt").await.unwrap();
        }
        assert!(!files.join("ann").exists(), "an empty folder goes too");
    }

    #[tokio::test]
    async fn a_start_takes_away_what_was_half_written_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let person = folder.path().join("ann");
        fs::create_dir(&person).unwrap();
        for name in ["a.pdf", "a.pdf#1", "b#12", "c#x"] {
            fs::write(person.join(name), "x").unwrap();
        }
        FileStore::folder(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(&person)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["a.pdf", "c#x"]);
    }

    #[tokio::test]
    async fn nothing_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("outside"), "secret").unwrap();
        let store = FileStore::folder(&folder.path().join("files")).unwrap();
        assert!(store.read("../outside", 0..1).await.is_err());
        assert!(store.keep("ann/../../x", Vec::new()).await.is_err());
    }
}
