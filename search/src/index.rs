//! The index on disk: what is in it of each message, and how far it has come.
//!
//! Nothing of a text is kept but which words are in it. The watermark is in the same commit as what it tells of, so that
//! an index which was cut off anywhere goes on from there.

use std::{
    fmt, fs,
    io::{self, ErrorKind},
    panic,
    path::{Path, PathBuf},
};

use parlour_storage::{
    domain::message::{Message, MessageKind},
    ids::MessageId,
};
use tantivy::{
    IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    directory::{MmapDirectory, RamDirectory},
    indexer::{IndexWriterOptions, LogMergePolicy, UserOperation},
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
};

use crate::{
    background,
    mark::Mark,
    terms::{Lines, Terms},
};

/// Least memory that the writer works with.
pub const MEMORY_MIN: usize = 16 << 20;

/// A segment of which more than this part is removed is written anew.
const REMOVED_MAX: f32 = 0.2;

/// What failed, for the log and the operator. Never holds a word of a message.
#[derive(Debug, thiserror::Error)]
#[error("the search index: {0}")]
pub struct IndexError(String);

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> Self {
        Self(error.to_string())
    }
}

/// What is known of each message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) conversation: Field,
    pub(crate) author: Field,
    sent_at: Field,
    written_at: Field,
    pub(crate) has_file: Field,
    pub(crate) words: Field,
    pub(crate) signs: Field,
}

/// The field that messages are ordered by.
pub(crate) const ID: &str = "id";
pub(crate) const AUTHOR: &str = "author";
pub(crate) const SENT_AT: &str = "sent_at";
pub(crate) const WRITTEN_AT: &str = "written_at";

/// How tantivy reads a list of terms. The index knows it by this name: one that was made with another is made anew.
const LINES: &str = "lines";

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let text = |tokenizer, positions| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_fieldnorms(false)
                .set_index_option(positions);
            TextOptions::default().set_indexing_options(indexing)
        };
        let fields = Self {
            id: schema.add_u64_field(ID, INDEXED | FAST),
            conversation: schema.add_u64_field("conversation", INDEXED),
            author: schema.add_text_field(
                AUTHOR,
                text("raw", IndexRecordOption::Basic).set_fast("raw"),
            ),
            sent_at: schema.add_i64_field(SENT_AT, FAST),
            written_at: schema.add_i64_field(WRITTEN_AT, FAST),
            has_file: schema.add_bool_field("has_file", INDEXED),
            words: schema.add_text_field("words", text(LINES, IndexRecordOption::Basic)),
            signs: schema.add_text_field(
                "signs",
                text(LINES, IndexRecordOption::WithFreqsAndPositions),
            ),
        };
        (schema.build(), fields)
    }
}

/// The index, for whoever looks something up. What was committed is seen at once.
#[derive(Clone)]
pub struct Index {
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}

impl Index {
    /// How many messages are in it.
    pub fn n_messages(&self) -> u64 {
        self.reader.searcher().num_docs()
    }
}

/// The index, for the one who keeps it. There is no other at the same time, in any process.
pub struct Writer {
    index: Index,
    inner: IndexWriter,
    mark: Option<Mark>,
    /// Bytes that it may work with.
    memory: usize,
    /// Bytes of what was added since the last commit, of which any part may still wait to be worked at.
    queued: usize,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

/// Where an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a folder, made when missing. One that can't be read is emptied.
    Folder(PathBuf),
    /// In memory.
    Memory,
}

impl Writer {
    /// Opens the index. `memory`: bytes that the writer collects before it writes a part; at least [`MEMORY_MIN`]. Every
    /// byte of it is read: one that is damaged is emptied here, and makes nobody fail later.
    ///
    /// # Errors
    ///
    /// The folder can't be used, or another process keeps the index.
    pub fn open(place: &Place, memory: usize) -> Result<Self, IndexError> {
        // The threads that tantivy begins meanwhile are like the one that opens it.
        background::run(|| Self::open_here(place, memory))
            .map_err(|error| IndexError(format!("there is no thread for it: {error}")))?
    }

    fn open_here(place: &Place, memory: usize) -> Result<Self, IndexError> {
        let Place::Folder(folder) = place else {
            return Ok(Self::over(RamDirectory::create(), memory)?);
        };
        make(folder)?;
        // What is damaged makes tantivy panic, too.
        let opened = panic::catch_unwind(|| Self::in_folder(folder, memory));
        let error = match opened {
            Ok(Ok(writer)) => return Ok(writer),
            Ok(Err(TantivyError::LockFailure(..))) => {
                let message = format!("another process keeps it, in {}", folder.display());
                return Err(IndexError(message));
            }
            Ok(Err(TantivyError::IoError(error))) if is_of_the_machine(&error) => {
                return Err(cant(folder, &error));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it is damaged".to_owned(),
        };
        tracing::warn!(error, "the search index can't be read; it is made anew");
        fs::remove_dir_all(folder).map_err(|error| cant(folder, &error))?;
        make(folder)?;
        Ok(Self::in_folder(folder, memory)?)
    }

    fn in_folder(folder: &Path, memory: usize) -> Result<Self, TantivyError> {
        let writer = Self::over(MmapDirectory::open(folder)?, memory)?;
        match writer.inner.index().validate_checksum()?.into_iter().next() {
            None => Ok(writer),
            Some(file) => {
                let message = format!("{} is damaged", file.display());
                Err(TantivyError::SystemError(message))
            }
        }
    }

    fn over(directory: impl tantivy::Directory, memory: usize) -> Result<Self, TantivyError> {
        let (schema, fields) = Fields::schema();
        let inner = tantivy::Index::open_or_create(directory, schema)?;
        inner.tokenizers().register(LINES, Lines::default());
        let reader = inner
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let memory = memory.max(MEMORY_MIN);
        // One thread of each kind: messages come in order, and the rest of the node has its own work.
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(memory)
            .build();
        let writer = inner.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(REMOVED_MAX);
        writer.set_merge_policy(Box::new(policy));
        let payload = inner.load_metas()?.payload;
        let writer = Self {
            index: Index { fields, reader },
            inner: writer,
            mark: payload.and_then(|text| text.parse().ok()),
            memory,
            queued: 0,
        };
        writer.leave_last_commit()?;
        Ok(writer)
    }

    /// Has whatever is done next be later than the last commit. tantivy (0.27) goes on counting with the commit's own
    /// number: to a merge the first removal is then as old as the commit, so that it takes it for done in those parts of
    /// which the commit removed something, and never does it there.
    fn leave_last_commit(&self) -> Result<(), TantivyError> {
        let nothing: [UserOperation; 0] = [];
        self.inner.run(nothing).map(drop)
    }

    /// For looking things up.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// How far the last commit had come. `None`: nothing was committed yet, or by a version that cut words otherwise.
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Adds a message that isn't there. One that has nothing to be found by is left out.
    ///
    /// # Errors
    ///
    /// The disk is full, or the like.
    pub fn add(&mut self, message: &Message) -> Result<(), IndexError> {
        if let Some(terms) = terms(message) {
            self.queued += weight(&terms);
            let document = self.document(message, &terms);
            self.inner.add_document(document)?;
        }
        Ok(())
    }

    /// Whether so much was added since the last commit that there should be one: nothing else bounds what waits but the
    /// number of messages, and those may be long.
    pub fn is_full(&self) -> bool {
        self.queued >= self.memory
    }

    /// Puts a message in the place of what it was.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    pub fn replace(&mut self, message: &Message) -> Result<(), IndexError> {
        self.remove(message.id);
        self.add(message)
    }

    /// Removes a message.
    pub fn remove(&self, message: MessageId) {
        let id = self.index.fields.id;
        self.inner
            .delete_term(Term::from_field_u64(id, message.get()));
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    pub fn clear(&self) -> Result<(), IndexError> {
        self.inner.delete_all_documents()?;
        Ok(())
    }

    /// Makes durable and visible what was done, together with how far that goes.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    pub fn commit(&mut self, mark: Mark) -> Result<(), IndexError> {
        let mut prepared = self.inner.prepare_commit()?;
        prepared.set_payload(&mark.to_string());
        prepared.commit()?;
        self.index.reader.reload()?;
        (self.mark, self.queued) = (Some(mark), 0);
        Ok(())
    }

    /// Takes back what was not committed.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add). Nothing can be written any more.
    pub fn roll_back(&mut self) -> Result<(), IndexError> {
        self.inner.rollback()?;
        self.queued = 0;
        Ok(self.leave_last_commit()?)
    }

    /// Begins to write those parts anew of which something was removed, so that its words leave the disk too.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    pub fn forget_removed(&mut self) -> Result<(), IndexError> {
        let segments = self.inner.index().searchable_segment_metas()?;
        for segment in segments.iter().filter(|s| s.num_deleted_docs() > 0) {
            // Goes on in the background; a part that is being merged already is refused, and done with that.
            drop(self.inner.merge(&[segment.id()]));
        }
        Ok(())
    }

    /// Waits for what goes on in the background, and ends.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    pub fn close(self) -> Result<(), IndexError> {
        Ok(self.inner.wait_merging_threads()?)
    }

    fn document(&self, message: &Message, terms: &Terms) -> TantivyDocument {
        let fields = &self.index.fields;
        let mut document = TantivyDocument::default();
        document.add_u64(fields.id, message.id.get());
        document.add_u64(fields.conversation, message.conversation.get());
        document.add_text(fields.author, message.author.as_str());
        document.add_i64(fields.sent_at, message.sent_at.0);
        let written_at = message.edited_at.unwrap_or(message.sent_at);
        document.add_i64(fields.written_at, written_at.0);
        document.add_bool(fields.has_file, has_file(message));
        for (field, list) in [(fields.words, &terms.words), (fields.signs, &terms.signs)] {
            if !list.is_empty() {
                document.add_text(field, list);
            }
        }
        document
    }
}

/// What a message is found by: its words, and those of its files' names. `None`: it is deleted, or has neither words
/// nor files.
pub(crate) fn terms(message: &Message) -> Option<Terms> {
    let names = message.attachments.iter().map(|file| &*file.name);
    let terms = Terms::of([&*message.content.text].into_iter().chain(names));
    let is_there = message.deleted_at.is_none();
    (is_there && (!terms.is_empty() || has_file(message))).then_some(terms)
}

/// Bytes that a message takes up while it waits, about.
fn weight(terms: &Terms) -> usize {
    /// What a message has beside its words.
    const REST: usize = 512;
    REST + terms.words.len() + terms.signs.len()
}

/// Whether it has files, or is sent as one that the app keeps elsewhere.
pub(crate) fn has_file(message: &Message) -> bool {
    !message.attachments.is_empty() || is_file(message.content.kind)
}

fn is_file(kind: MessageKind) -> bool {
    match kind {
        MessageKind::File | MessageKind::Image | MessageKind::Video | MessageKind::Audio => true,
        MessageKind::Text | MessageKind::System => false,
    }
}

fn make(folder: &Path) -> Result<(), IndexError> {
    fs::create_dir_all(folder).map_err(|error| cant(folder, &error))
}

fn cant(folder: &Path, error: &io::Error) -> IndexError {
    IndexError(format!("{} can't be used: {error}", folder.display()))
}

/// Whether the operator has to see to it, and not the index: making it anew would fail likewise, or lose it in vain.
fn is_of_the_machine(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests;
