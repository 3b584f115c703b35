//! Pages of conversations and messages, asked for in any seed's words (CONTRACT C-15, C-16).

use parlour_actors::{
    command::{Entry, HistoryFilter, InboxFilter, Item, Question, Reply, Scope, Search, Target},
    error::Failure,
    limits::PAGE_MAX,
};
use parlour_storage::ids::{MessageId, Timestamp};

use super::rest::{Call, expect_reply};

/// Which page is asked for, in any seed's words (CONTRACT C-15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Counted from 1; what `offset` comes to if that was given instead.
    pub number: usize,
    /// So many are skipped.
    pub offset: usize,
    /// At most so many; 1 to [`PAGE_MAX`].
    pub limit: usize,
    /// Only what was sent before a time.
    pub before: Option<Timestamp>,
    /// Only what is below a message: the `cursor` of the page before.
    pub cursor: Option<MessageId>,
    /// Only what was sent after a time.
    pub after: Option<Timestamp>,
    /// `order=asc` or `order=desc`, if given: oldest or newest first within the page.
    pub oldest_first: Option<bool>,
}

impl Page {
    /// How many pages there are of so many items.
    pub fn n_pages(&self, total: u64) -> u64 {
        total.div_ceil(self.limit as u64)
    }

    /// Which messages of a history it has.
    pub fn history(&self) -> HistoryFilter {
        HistoryFilter {
            before: self.before,
            below: self.cursor,
            after: self.after,
            ..HistoryFilter::default()
        }
    }
}

/// A page of messages, in the order asked for.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The messages.
    pub items: Vec<Item>,
    /// How many match in all, if that is known.
    pub total: Option<u64>,
    /// There are older ones.
    pub more: bool,
    /// The `cursor` that goes on below this page; none at the end.
    pub next: Option<String>,
}

impl Call {
    /// Which page is asked for: `page` and `limit`, or `limit` and `offset` (or `skip`), or `before` and `after`, or
    /// `cursor`.
    ///
    /// # Errors
    ///
    /// A number is none, or out of bounds.
    pub fn page(&self, default_limit: usize) -> Result<Page, Failure> {
        let query = self.query();
        let limit = query.number(&["limit", "per_page", "page_size"])?;
        let limit = limit.unwrap_or(default_limit);
        if !(1..=PAGE_MAX).contains(&limit) {
            let message = format!("limit takes 1 to {PAGE_MAX}");
            return Err(Failure::bad_value("limit", message));
        }
        let number = query.number(&["page"])?;
        if number == Some(0) {
            return Err(Failure::bad_value("page", "page counts from 1"));
        }
        let offset = match (query.number(&["offset", "skip"])?, number) {
            (Some(offset), _) => offset,
            (None, Some(number)) => (number - 1).saturating_mul(limit),
            (None, None) => 0,
        };
        let oldest_first = match query.text(&["order", "sort"])?.as_deref() {
            None => None,
            Some("asc") => Some(true),
            Some("desc") => Some(false),
            Some(_) => return Err(Failure::bad_value("order", "order takes asc or desc")),
        };
        Ok(Page {
            number: number.unwrap_or((offset / limit).saturating_add(1)),
            offset,
            limit,
            before: query.time(&["before"])?,
            cursor: query.message(&["cursor"])?,
            after: query.time(&["after"])?,
            oldest_first,
        })
    }

    /// A page of the caller's conversations, and how many match in all.
    ///
    /// # Errors
    ///
    /// Why the core doesn't answer.
    pub async fn inbox(
        &self,
        matching: InboxFilter,
        page: &Page,
    ) -> Result<(Vec<Entry>, usize), Failure> {
        let question = Question::Inbox {
            matching,
            offset: page.offset,
            limit: page.limit,
        };
        Ok(expect_reply!(self.ask(question).await?,
            Reply::Inbox { entries, total } => (entries, total)))
    }

    /// A page of messages by their words, newest first, and how many match in all. `names`: what the words may be called.
    ///
    /// # Errors
    ///
    /// Why the core doesn't answer.
    pub async fn search(
        &self,
        names: &[&'static str],
        of: Option<Target>,
        page: &Page,
    ) -> Result<(Vec<Item>, u64), Failure> {
        let question = Question::Search(Search {
            words: self.query().need_text(names)?,
            of,
            since: page.after.map(|after| after.plus_ms(1)),
            until: page.before,
            offset: page.offset,
            limit: page.limit,
            ..Search::default()
        });
        let (found, total) = expect_reply!(self.ask(question).await?,
            Reply::Found { items, total, .. } => (items, total));
        Ok((found.into_iter().map(|found| found.item).collect(), total))
    }

    /// A page of messages. Page 1 is the newest one; within a page the oldest comes first if `oldest_first`, unless
    /// the caller wants another order.
    ///
    /// # Errors
    ///
    /// Why the core doesn't answer.
    pub async fn messages(
        &self,
        of: Scope,
        matching: HistoryFilter,
        page: &Page,
        oldest_first: bool,
    ) -> Result<Messages, Failure> {
        let question = Question::History {
            of,
            matching,
            offset: page.offset,
            limit: page.limit,
        };
        let (mut items, total, more) = expect_reply!(self.ask(question).await?,
            Reply::History { items, total, more } => (items, total, more));
        let oldest = items.last().filter(|_| more);
        let next = oldest.map(|item| item.message.id.to_string());
        if page.oldest_first.unwrap_or(oldest_first) {
            items.reverse();
        }
        Ok(Messages {
            items,
            total,
            more,
            next,
        })
    }
}
