//! What is looked for, and how the index is asked for it.

use std::ops::Bound;

use parlour_storage::ids::{ConversationId, MessageId, Position, Timestamp, UserId};
use tantivy::{
    DocId, Order, SegmentReader, Term,
    collector::{Count, TopDocs},
    columnar::Column,
    query::{
        BooleanQuery, Occur, PhraseQuery, Query as AnyQuery, RangeQuery, TermQuery, TermSetQuery,
        doc_predicate_query::{DocPredicateQuery, FunctionPredicate},
    },
    schema::{Field, IndexRecordOption},
};

use crate::{
    fold::Folded,
    index::{AUTHOR, Fields, ID, Index, IndexError, SENT_AT, WRITTEN_AT},
    terms::{Terms, pair},
    words::{Piece, pieces},
};

/// Which messages are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these words are in the message; of the last one, the beginning. Without any word: any message.
    pub words: String,
    /// It is in one of these.
    pub conversations: Vec<ConversationId>,
    /// It is by them.
    pub author: Option<UserId>,
    /// What each of them wrote since then is not found.
    pub unheard: Vec<(UserId, Timestamp)>,
    /// It was sent then or later.
    pub since: Option<Timestamp>,
    /// It was sent before.
    pub until: Option<Timestamp>,
    /// It has files, or has none.
    pub has_file: Option<bool>,
    /// So many are skipped.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Newest first.
    pub messages: Vec<MessageId>,
    /// How many match in all.
    pub total: u64,
}

/// Whether there is anything in a text that can be looked for.
pub fn has_words(text: &str) -> bool {
    !Terms::of([text]).is_empty()
}

impl Index {
    /// Looks messages up. Takes time in proportion to what matches, and blocks for so long.
    ///
    /// # Errors
    ///
    /// The index can't be read.
    pub fn search(&self, query: &Query) -> Result<Hits, IndexError> {
        if query.conversations.is_empty() {
            return Ok(Hits::default());
        }
        let question = BooleanQuery::new(self.fields.clauses(query));
        let searcher = self.reader.searcher();
        if query.limit == 0 {
            let total = searcher.search(&question, &Count)? as u64;
            return Ok(Hits {
                messages: Vec::new(),
                total,
            });
        }
        let page = TopDocs::with_limit(query.limit).and_offset(query.offset);
        let page = page.order_by_fast_field::<u64>(ID, Order::Desc);
        let (total, page) = searcher.search(&question, &(Count, page))?;
        let messages = page.into_iter().filter_map(|(id, _)| {
            let position = id.and_then(Position::new)?;
            Some(MessageId::created_at(position))
        });
        Ok(Hits {
            messages: messages.collect(),
            total: total as u64,
        })
    }
}

type Clause = (Occur, Box<dyn AnyQuery>);

fn must(query: impl AnyQuery) -> Clause {
    (Occur::Must, Box::new(query))
}

fn is(term: Term) -> TermQuery {
    TermQuery::new(term, IndexRecordOption::Basic)
}

impl Fields {
    fn clauses(&self, query: &Query) -> Vec<Clause> {
        let mut clauses = self.words(&query.words);
        let conversations = query.conversations.iter();
        clauses.push(must(TermSetQuery::new(
            conversations.map(|id| Term::from_field_u64(self.conversation, id.get())),
        )));
        let author = query.author.as_ref();
        let author = author.map(|user| Term::from_field_text(self.author, user.as_str()));
        clauses.extend(author.map(|author| must(is(author))));
        if let Some(on) = query.has_file {
            clauses.push(must(is(Term::from_field_bool(self.has_file, on))));
        }
        if query.since.is_some() || query.until.is_some() || !query.unheard.is_empty() {
            clauses.push(must(when_and_whom(query)));
        }
        clauses
    }

    fn words(&self, text: &str) -> Vec<Clause> {
        let folded = Folded::of(text);
        let pieces = pieces(&folded);
        let last = pieces.len().saturating_sub(1);
        let mut clauses = Vec::with_capacity(pieces.len());
        for (n, piece) in pieces.iter().enumerate() {
            clauses.push(match piece {
                Piece::Word(word, _) if n == last => must(begins(self.words, word)),
                Piece::Word(word, _) => must(is(Term::from_field_text(self.words, word))),
                Piece::Run(signs) => match &**signs {
                    [(sign, _)] => must(begins(self.signs, &pair(sign, ""))),
                    signs => {
                        let pairs = signs.windows(2).map(|two| {
                            Term::from_field_text(self.signs, &pair(two[0].0, two[1].0))
                        });
                        let mut pairs: Vec<_> = pairs.collect();
                        match pairs.len() {
                            1 => must(is(pairs.remove(0))),
                            _ => must(PhraseQuery::new(pairs)),
                        }
                    }
                },
            });
        }
        clauses
    }
}

/// What was sent in time, by somebody who is heard.
///
/// Not by tantivy's own ranges: in 0.27 those over columns, excluded or as a part of others, seek backwards, and panic or
/// miss what is there.
fn when_and_whom(query: &Query) -> DocPredicateQuery {
    let since = query.since.map_or(i64::MIN, |at| at.0);
    let until = query.until.map(|at| at.0);
    let is_timed = query.since.is_some() || until.is_some();
    let unheard = query.unheard.clone();
    let in_segment = move |segment: &SegmentReader| {
        let columns = segment.fast_fields();
        let (sent_at, written_at) = (columns.i64(SENT_AT)?, columns.i64(WRITTEN_AT)?);
        let authors = columns.str(AUTHOR)?;
        // By the number that an author has here.
        let mut unheard_here: Vec<Option<i64>> = Vec::new();
        for (user, since) in &unheard {
            let Some(authors) = &authors else { break };
            let known = authors.dictionary().term_ord(user.as_str())?;
            let Some(known) = known.and_then(|author| usize::try_from(author).ok()) else {
                continue;
            };
            if unheard_here.len() <= known {
                unheard_here.resize(known + 1, None);
            }
            unheard_here[known] = Some(since.0);
        }
        // Asked of each message that has the words: what isn't needed to answer is not read.
        Ok(move |document: DocId| {
            let at = |column: &Column<i64>| column.first(document).unwrap_or(i64::MIN);
            if is_timed {
                let sent_at = at(&sent_at);
                if sent_at < since || until.is_some_and(|until| until <= sent_at) {
                    return false;
                }
            }
            let author = authors.as_ref().filter(|_| !unheard_here.is_empty());
            let author = author.and_then(|authors| authors.ords().first(document));
            let author = author.and_then(|author| usize::try_from(author).ok());
            let unheard_since = author.and_then(|author| *unheard_here.get(author)?);
            unheard_since.is_none_or(|since| at(&written_at) < since)
        })
    };
    DocPredicateQuery::from(FunctionPredicate::from(in_segment))
}

/// Everything that begins so.
fn begins(field: Field, beginning: &str) -> RangeQuery {
    // No character is above this one, and no text has it: it is no character.
    let end = format!("{beginning}\u{10ffff}");
    RangeQuery::new(
        Bound::Included(Term::from_field_text(field, beginning)),
        Bound::Excluded(Term::from_field_text(field, &end)),
    )
}
