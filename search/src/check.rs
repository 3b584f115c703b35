//! Whether an index says what the store says.

use parlour_storage::{domain::message::Message, ids::MessageId, store::Store};
use tantivy::{
    Term,
    collector::Count,
    query::{BooleanQuery, Occur, Query as AnyQuery, TermQuery},
    schema::IndexRecordOption,
};

use crate::{
    Index, IndexError,
    index::terms,
    indexer::{Broken, Progress},
    terms::listed,
};

/// Messages that are read at once.
const PAGE: usize = 500;
/// Messages that a report names.
const NAMED_MAX: usize = 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that can be found by something.
    pub n_messages: u64,
    /// Messages that the index doesn't have, or not with all of their words.
    pub n_wrong: u64,
    /// The first of them.
    pub wrong: Vec<MessageId>,
    /// Messages that the index has and the store doesn't.
    pub n_surplus: u64,
}

impl Report {
    /// Whether the index says what the store says.
    pub fn is_good(&self) -> bool {
        self.n_wrong == 0 && self.n_surplus == 0
    }
}

/// Compares an index that was brought up to date with the store.
///
/// # Errors
///
/// One of them can't be read.
pub async fn check(
    store: &dyn Store,
    index: &Index,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, Broken> {
    let (mut report, mut progress) = (Report::default(), Progress::default());
    let (mut last, mut oldest, newest) = (None, None, store.head().get());
    loop {
        let page = store.all_messages(last, PAGE).await?;
        let Some(newest_read) = page.last().map(|message| message.id) else {
            break;
        };
        for message in &page {
            match index.has(message)? {
                None => {}
                Some(true) => report.n_messages += 1,
                Some(false) => {
                    report.n_messages += 1;
                    report.n_wrong += 1;
                    if report.wrong.len() < NAMED_MAX {
                        report.wrong.push(message.id);
                    }
                }
            }
        }
        last = Some(newest_read);
        let oldest = *oldest.get_or_insert(page[0].id.get());
        progress.n_messages += page.len() as u64;
        let whole = newest.saturating_sub(oldest).max(1);
        progress.per_mille = newest_read.get().saturating_sub(oldest) * 1000 / whole;
        tell(progress);
    }
    let right = report.n_messages - report.n_wrong;
    report.n_surplus = index.n_messages().saturating_sub(right);
    Ok(report)
}

impl Index {
    /// Whether a message is there once, with all of its words. `None`: it has nothing to be found by.
    fn has(&self, message: &Message) -> Result<Option<bool>, IndexError> {
        let Some(terms) = terms(message) else {
            return Ok(None);
        };
        let fields = &self.fields;
        let id = Term::from_field_u64(fields.id, message.id.get());
        let words = listed(&terms.words).map(|(_, word)| Term::from_field_text(fields.words, word));
        let signs = listed(&terms.signs).map(|(_, pair)| Term::from_field_text(fields.signs, pair));
        let all = [id].into_iter().chain(words).chain(signs).map(|term| {
            let is: Box<dyn AnyQuery> = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
            (Occur::Must, is)
        });
        let n = self
            .reader
            .searcher()
            .search(&BooleanQuery::new(all.collect()), &Count)?;
        Ok(Some(n == 1))
    }
}
