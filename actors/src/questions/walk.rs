//! Messages of one or many conversations from the newest to the oldest, read as far as they are needed.
//!
//! Ids are times, so conversations are merged by them: one is first read when everything newer in the others was
//! seen. Looks at [`LOOKED_AT_MAX`] messages at most.

use std::{cmp::Ordering, collections::BinaryHeap};

use parlour_storage::{
    domain::{conversation::Member, message::Message},
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    store::{MessagePage, PageFrom},
};

use super::items::seen;
use crate::{
    command::HistoryFilter, error::Failure, limits::LOOKED_AT_MAX, system::Core, visibility::Eyes,
};

/// Messages of a conversation that are read at once.
const PAGE: std::ops::RangeInclusive<usize> = 8..=200;

/// Where a conversation is begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) conversation: ConversationId,
    /// Nothing in it is newer.
    pub(super) newest: Position,
    pub(super) from: PageFrom,
}

/// A way through messages.
pub(super) struct Walk<'a> {
    core: &'a Core,
    me: &'a UserId,
    eyes: &'a Eyes,
    matching: &'a HistoryFilter,
    /// The one with the newest message left on top.
    sources: BinaryHeap<Source>,
    /// Nothing older is wanted.
    oldest: Position,
    /// Nothing sent then or later is wanted.
    before: Option<Timestamp>,
    n_looked_at: usize,
    gave_up: bool,
}

impl<'a> Walk<'a> {
    /// Begins. `n` messages will do, as far as is known.
    pub(super) fn new(
        core: &'a Core,
        me: &'a UserId,
        eyes: &'a Eyes,
        matching: &'a HistoryFilter,
        starts: Vec<Start>,
        n: usize,
    ) -> Self {
        let page = (n / starts.len().max(1)).clamp(*PAGE.start(), *PAGE.end());
        let below = matching.below.map_or(Position::MAX, MessageId::position);
        let before = [
            matching.before,
            matching.below.map(|id| id.position().time().plus_ms(1)),
        ];
        let before = before.into_iter().flatten().min();
        let newest = before.map_or(Position::MAX, Position::at).min(below);
        let after = matching.after.map(|after| Position::at(after.plus_ms(1)));
        let sources = starts.into_iter().map(|start| Source {
            conversation: start.conversation,
            newest: start.newest.min(newest),
            from: Some(start.from),
            messages: Vec::new(),
            page,
            read: None,
        });
        Self {
            core,
            me,
            eyes,
            matching,
            sources: sources.collect(),
            oldest: after.unwrap_or_default(),
            before,
            n_looked_at: 0,
            gave_up: false,
        }
    }

    /// The next message that matches and may be seen.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        while let Some(mut source) = self.sources.pop() {
            if source.newest < self.oldest {
                // And so is everything else.
                self.sources.clear();
                break;
            }
            let Some(message) = source.messages.pop() else {
                if self.n_looked_at >= LOOKED_AT_MAX {
                    self.gave_up = true;
                    self.sources.clear();
                    break;
                }
                self.fill(&mut source).await?;
                if let Some(message) = source.messages.last() {
                    source.newest = message.position();
                    self.sources.push(source);
                }
                continue;
            };
            let matches = self.matches(&source, &message);
            source.newest = source.messages.last().unwrap_or(&message).position();
            if source.from.is_some() || !source.messages.is_empty() {
                self.sources.push(source);
            }
            if matches && let Some(message) = seen(self.eyes, message) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// It looked at as much as it may, and there is more.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Reads on in a conversation.
    async fn fill(&mut self, source: &mut Source) -> Result<(), Failure> {
        self.n_looked_at += 1;
        let store = self.core.store_ref();
        let id = source.conversation;
        if source.from == Some(PageFrom::End) {
            if let Some(before) = self.before
                && let Some(seq) = store.first_since(id, before).await?
            {
                source.from = Some(PageFrom::Before(seq));
            }
            if let Some(read) = self.matching.read {
                let roster = store.roster(id).await?;
                let members = roster.map(|roster| roster.members).unwrap_or_default();
                let readers = self.core.readers(self.eyes, members).await?;
                source.read = Some(Read::new(readers, self.me));
                source.skip_to(read);
            }
        }
        let Some(from) = source.from.take() else {
            return Ok(());
        };
        let left = LOOKED_AT_MAX.saturating_sub(self.n_looked_at);
        let limit = source.page.min(left.max(1));
        source.messages = store.messages(id, MessagePage { from, limit }).await?;
        self.n_looked_at += source.messages.len();
        if let Some(first) = source.messages.first()
            && source.messages.len() == limit
        {
            source.from = Some(PageFrom::Before(first.seq));
        }
        source.page = (source.page * 2).min(*PAGE.end());
        if self.matching.read == Some(false)
            && let Some(read) = source.read
        {
            // All further down were read.
            let below = read.mine.min(read.theirs);
            if source.messages.first().is_some_and(|m| m.seq <= below) {
                source.from = None;
            }
        }
        Ok(())
    }

    fn matches(&self, source: &Source, message: &Message) -> bool {
        let HistoryFilter {
            before: _, // It was begun there.
            below,
            after,
            read,
            received,
            metadata,
        } = self.matching;
        // A clock that went back leaves messages behind whose ids are later than their times.
        after.is_none_or(|after| message.sent_at > after)
            && below.is_none_or(|below| message.id < below)
            && !(*received && message.author == *self.me)
            && read.is_none_or(|wanted| {
                let read = source.read.map(|read| read.is_read(self.me, message));
                read == Some(wanted)
            })
            && metadata.as_ref().is_none_or(|(key, value)| {
                let text = message.content.metadata.as_deref().unwrap_or_default();
                let object: Result<serde_json::Value, _> = serde_json::from_str(text);
                object.is_ok_and(|object| object.get(key) == Some(value))
            })
    }
}

/// One conversation that is walked through.
#[derive(Debug)]
struct Source {
    conversation: ConversationId,
    /// Nothing newer is left in it.
    newest: Position,
    /// Where to read on; `None` at its end.
    from: Option<PageFrom>,
    /// Read and not seen yet, ascending.
    messages: Vec<Message>,
    /// How many are read next.
    page: usize,
    read: Option<Read>,
}

impl Source {
    /// Begins below what can't match.
    fn skip_to(&mut self, wanted: bool) {
        let Some(read) = self.read else { return };
        if wanted {
            let above = read.mine.max(read.theirs).next();
            self.from = match self.from {
                Some(PageFrom::Before(seq)) => Some(PageFrom::Before(seq.min(above))),
                _ => Some(PageFrom::Before(above)),
            };
        }
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Source {}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.newest, self.conversation).cmp(&(other.newest, other.conversation))
    }
}

/// How far both sides of a direct conversation have read.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    mine: Seq,
    /// Nothing, if it is hidden.
    theirs: Seq,
}

impl Read {
    fn new(readers: Vec<Member>, me: &UserId) -> Self {
        let mut read = Self::default();
        for member in readers {
            if member.user == *me {
                read.mine = member.cursor.read;
            } else {
                read.theirs = member.cursor.read;
            }
        }
        read
    }

    /// Whether whom it was for has read it.
    fn is_read(self, me: &UserId, message: &Message) -> bool {
        let reader = if message.author == *me {
            self.theirs
        } else {
            self.mine
        };
        message.seq <= reader
    }
}
