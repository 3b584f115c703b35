//! Requests, likes, matches and reports, asked for in any seed's words.
//!
//! The core lists what is older than something; pages by number are made of that here.

use parlour_actors::{
    command::{
        Command, ContactCommand, ContactQuestion, ContactReply, Question, Reply, SafetyCommand,
        SafetyReply, ShownMatch, ShownRequest,
    },
    error::Failure,
    limits::{OFFSET_MAX, PAGE_MAX},
};
use parlour_storage::{
    contacts::Direction,
    domain::safety::ReportDraft,
    ids::{MatchId, MessageId, MessageRequestId, Position, ReportId, Timestamp, UserId},
};

use super::{
    pages::Page,
    rest::{Call, expect_reply},
};

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The `cursor` that goes on behind it; none at the end.
    pub next: Option<String>,
}

/// A page as it is gathered from what the core gives at once.
struct Gathering<T> {
    n_skipped: usize,
    page: Page,
    items: Vec<T>,
    /// Go on before this one.
    below: Option<Position>,
}

impl<T> Gathering<T> {
    fn new(page: &Page) -> Result<Self, Failure> {
        if page.offset > OFFSET_MAX {
            let message = format!("at most {OFFSET_MAX} can be skipped; go on with cursor");
            return Err(Failure::bad_value("page", message));
        }
        Ok(Self {
            n_skipped: 0,
            page: page.clone(),
            items: Vec::new(),
            below: page.cursor.map(MessageId::position),
        })
    }

    /// So many are asked for next.
    fn limit(&self) -> usize {
        let missing = self.page.offset - self.n_skipped + self.page.limit - self.items.len();
        missing.min(PAGE_MAX)
    }

    /// Takes what came. Whether the page is complete.
    fn take(&mut self, came: Vec<T>, next: Option<Position>) -> bool {
        let n_skipped = came.len().min(self.page.offset - self.n_skipped);
        self.n_skipped += n_skipped;
        self.items.extend(came.into_iter().skip(n_skipped));
        self.below = next;
        next.is_none() || self.items.len() == self.page.limit
    }

    fn done(self) -> Listed<T> {
        Listed {
            items: self.items,
            next: self.below.map(|position| position.to_string()),
        }
    }
}

impl Call {
    /// Asks the core about first contact.
    ///
    /// # Errors
    ///
    /// Why it doesn't answer.
    pub async fn contacts(&self, question: ContactQuestion) -> Result<ContactReply, Failure> {
        let reply = self.ask(Question::Contact(question)).await?;
        Ok(expect_reply!(reply, Reply::Contact(reply) => reply))
    }

    /// Has the core do something about first contact, and returns what it led to.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn contact(&self, command: ContactCommand) -> Result<ContactReply, Failure> {
        let reply = self.run(Command::Contact(command)).await?;
        Ok(expect_reply!(reply, Reply::Contact(reply) => reply))
    }

    /// Likes somebody, or no longer does. Returns the match that it led to.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn like(&self, user: UserId, on: bool) -> Result<Option<ShownMatch>, Failure> {
        let reply = self.contact(ContactCommand::Like { user, on }).await?;
        Ok(expect_reply!(reply, ContactReply::Liked { matched } => matched.map(|one| *one)))
    }

    /// A page of the caller's requests.
    ///
    /// # Errors
    ///
    /// Why the core doesn't answer.
    pub async fn requests(
        &self,
        direction: Direction,
        pending: bool,
        page: &Page,
    ) -> Result<Listed<ShownRequest>, Failure> {
        let mut gathering = Gathering::new(page)?;
        loop {
            let question = ContactQuestion::Requests {
                direction,
                pending,
                before: gathering.below.map(MessageRequestId::created_at),
                limit: gathering.limit(),
            };
            let (came, next) = expect_reply!(self.contacts(question).await?,
                ContactReply::Requests { requests, next } => (requests, next));
            if gathering.take(came, next.map(MessageRequestId::position)) {
                return Ok(gathering.done());
            }
        }
    }

    /// A page of the caller's matches.
    ///
    /// # Errors
    ///
    /// Why the core doesn't answer.
    pub async fn matches(&self, page: &Page) -> Result<Listed<ShownMatch>, Failure> {
        let mut gathering = Gathering::new(page)?;
        loop {
            let question = ContactQuestion::Matches {
                before: gathering.below.map(MatchId::created_at),
                limit: gathering.limit(),
            };
            let (came, next) = expect_reply!(self.contacts(question).await?,
                ContactReply::Matches { matches, next } => (matches, next));
            if gathering.take(came, next.map(MatchId::position)) {
                return Ok(gathering.done());
            }
        }
    }

    /// Reports somebody. Returns the report's number, and when it was made.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn report(&self, draft: ReportDraft) -> Result<(ReportId, Timestamp), Failure> {
        let command = Command::Safety(SafetyCommand::Report(draft));
        Ok(expect_reply!(self.run(command).await?,
            Reply::Safety(SafetyReply::Filed { report, at }) => (report, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gathers a page of a list of 250, newest first, as the core gives it. Returns it, and how often it was asked.
    fn gather(offset: usize, limit: usize, cursor: Option<u64>) -> (Listed<u64>, usize) {
        let page = Page {
            number: 1,
            offset,
            limit,
            before: None,
            cursor: cursor.map(|id| id.to_string().parse().unwrap()),
            after: None,
            oldest_first: None,
        };
        let mut gathering = Gathering::new(&page).unwrap();
        for n_asked in 1.. {
            let newest = gathering.below.map_or(250, |below| below.get() - 1);
            let came: Vec<u64> = (1..=newest).rev().take(gathering.limit()).collect();
            let next = came.last().copied().filter(|last| 1 < *last);
            if gathering.take(came, next.and_then(Position::new)) {
                return (gathering.done(), n_asked);
            }
        }
        unreachable!("it ends");
    }

    #[test]
    fn a_page_by_number_is_gathered_from_what_comes_below_something() {
        let (first, n_asked) = gather(0, 20, None);
        assert_eq!(first.items, (231..=250).rev().collect::<Vec<_>>());
        assert_eq!((first.next.as_deref(), n_asked), (Some("231"), 1));
        let (on, _) = gather(0, 20, Some(231));
        assert_eq!(on.items, gather(20, 20, None).0.items);
        let (across, n_asked) = gather(90, 30, None);
        assert_eq!(across.items, (131..=160).rev().collect::<Vec<_>>());
        assert_eq!(n_asked, 2);
        let (last, n_asked) = gather(240, 100, None);
        assert_eq!(last.items, (1..=10).rev().collect::<Vec<_>>());
        assert_eq!((last.next, n_asked), (None, 3));
        assert!(gather(1000, 100, None).0.items.is_empty());
    }
}
