//! A file on its way in: written to a folder of its own as it comes, never held in memory as a whole, and looked at on
//! the way. Whatever cuts it off, nothing is left: dropping it takes it away, and a start of the node what the end of a
//! process left behind.

use std::{
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tokio::{
    fs::{self, File, OpenOptions},
    io::AsyncWriteExt as _,
};

/// So much of the beginning tells what a file is.
const HEAD_BYTES: usize = 8192;

/// A file that comes in.
#[derive(Debug)]
pub(super) struct Incoming {
    file: File,
    path: Scratch,
    look: Look,
    bytes_max: u64,
}

/// Why no more of a file is taken.
#[derive(Debug)]
pub(super) enum Cut {
    /// It is longer than it may be.
    TooLong,
    /// The disk is full or broken.
    Disk(io::Error),
}

/// A path whose file goes with it.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "a file that was cut off is left until the next start");
        }
    }
}

impl Incoming {
    /// Takes a file of at most so many bytes, into a folder that is made if need be.
    pub(super) async fn begin(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        let path = folder.join(format!("{:032x}", rand::random::<u128>()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = match options.open(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut builder = fs::DirBuilder::new();
                builder.recursive(true).mode(0o700).create(folder).await?;
                options.open(&path).await?
            }
            opened => opened?,
        };
        Ok(Self {
            file,
            path: Scratch(path),
            look: Look::default(),
            bytes_max,
        })
    }

    /// Takes the next piece.
    pub(super) async fn take(&mut self, piece: &[u8]) -> Result<(), Cut> {
        self.look.at(piece);
        if self.look.bytes > self.bytes_max {
            return Err(Cut::TooLong);
        }
        self.file.write_all(piece).await.map_err(Cut::Disk)
    }

    /// It is there as a whole. It goes when this is dropped.
    pub(super) async fn end(mut self) -> io::Result<Received> {
        // Else the last piece may still be on its way.
        self.file.flush().await?;
        let path = self.path.0.clone();
        let mut received = self.look.received(path);
        received.scratch = Some(self.path);
        Ok(received)
    }
}

/// A file that has come in.
#[derive(Debug)]
pub(super) struct Received {
    /// Where it is, for now.
    pub(super) path: PathBuf,
    /// How long it is.
    pub(super) bytes: u64,
    /// How it begins.
    pub(super) head: Vec<u8>,
    /// It is UTF-8 without a NUL.
    pub(super) is_text: bool,
    /// SHA-256 of it.
    pub(super) digest: [u8; 32],
    scratch: Option<Scratch>,
}

/// What was seen of the bytes so far.
#[derive(Debug, Default)]
pub(super) struct Look {
    bytes: u64,
    hash: Sha256,
    head: Vec<u8>,
    no_text: bool,
    /// The beginning of a character whose end is in the next piece.
    open: Vec<u8>,
}

impl Look {
    pub(super) fn at(&mut self, piece: &[u8]) {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        self.hash.update(piece);
        let room = HEAD_BYTES - self.head.len();
        self.head.extend(&piece[..piece.len().min(room)]);
        self.no_text = self.no_text || piece.contains(&0) || !self.goes_on(piece);
    }

    /// Whether it is still UTF-8.
    fn goes_on(&mut self, piece: &[u8]) -> bool {
        let mut rest = piece;
        while !self.open.is_empty() {
            match std::str::from_utf8(&self.open) {
                Ok(_) => self.open.clear(),
                Err(error) if error.error_len().is_some() => return false,
                // A character has at most four bytes.
                Err(_) => match rest.split_first() {
                    Some((byte, after)) => {
                        self.open.push(*byte);
                        rest = after;
                    }
                    None => return true,
                },
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                self.open.extend(&rest[error.valid_up_to()..]);
                true
            }
        }
    }

    pub(super) fn received(self, path: PathBuf) -> Received {
        Received {
            path,
            bytes: self.bytes,
            head: self.head,
            is_text: !self.no_text && self.open.is_empty(),
            digest: self.hash.finalize().into(),
            scratch: None,
        }
    }
}

/// Takes away what the end of a process left behind. Nobody else may use the folder.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        cleared => cleared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_files(folder: &Path) -> usize {
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn a_file_is_there_as_long_as_somebody_needs_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep/incoming");
        let mut incoming = Incoming::begin(&folder, 10).await.unwrap();
        incoming.take(b"hello").await.unwrap();
        incoming.take(b"world").await.unwrap();
        let received = incoming.end().await.unwrap();
        assert_eq!(std::fs::read(&received.path).unwrap(), b"helloworld");
        assert_eq!((received.bytes, received.is_text), (10, true));
        drop(received);
        assert_eq!(n_files(&folder), 0);
    }

    #[tokio::test]
    async fn one_that_is_too_long_or_cut_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let mut incoming = Incoming::begin(parent.path(), 10).await.unwrap();
        incoming.take(b"0123456789").await.unwrap();
        assert!(matches!(incoming.take(b"x").await, Err(Cut::TooLong)));
        let cut = Incoming::begin(parent.path(), 10).await.unwrap();
        assert_eq!(n_files(parent.path()), 2);
        drop((incoming, cut));
        assert_eq!(n_files(parent.path()), 0);
    }

    #[test]
    fn text_is_known_however_it_is_cut_into_pieces() {
        let text = "a é 世 🦀 z".as_bytes();
        for size in 1..=text.len() {
            let mut look = Look::default();
            text.chunks(size).for_each(|piece| look.at(piece));
            assert!(look.received(PathBuf::new()).is_text, "{size}");
        }
        for bad in [
            &text[..text.len() - 3],
            b"a\0",
            b"\xc3(",
            b"\xed\xa0\x80",
            b"\xff",
        ] {
            for size in 1..=bad.len() {
                let mut look = Look::default();
                bad.chunks(size).for_each(|piece| look.at(piece));
                assert!(!look.received(PathBuf::new()).is_text, "{bad:?} by {size}");
            }
        }
    }
}
