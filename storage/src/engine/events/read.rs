//! Reading events: the messages and the rows of all else, merged in the order of positions.

use std::{iter::Peekable, ops::Range};

use crate::{
    codec::{self, Record},
    domain::{
        change::ChangeBody,
        contact::Match,
        event::{Event, EventId, Happening},
        message::Message,
    },
    engine::{changes, events::forget, messages, records, view::View},
    error::StoreError,
    events::EventPage,
    ids::{MessageId, Position, UserId},
    keys::{self, Parts, Table},
    kv::{Entry, Order, Source},
    record::{ChangeV1, HappenedV1, HappeningV1, MessageV2, ReportV1},
};

/// A record of one of the two tables. `None` for one that can't be read: the log says so, and nobody is held up by it.
struct Found<R> {
    id: EventId,
    record: Option<R>,
}

fn found<R: Record>(
    source: &dyn Source,
    entry: Result<Entry, StoreError>,
    id: impl FnOnce(&[u8]) -> Result<EventId, StoreError>,
) -> Result<Found<R>, StoreError> {
    let (key, value) = entry?;
    let id = id(&key)?;
    let record = codec::open(&key, &value, &mut |part| source.get(part));
    let record = passing_over_damage(record)?;
    Ok(Found { id, record })
}

fn passing_over_damage<R>(read: Result<R, StoreError>) -> Result<Option<R>, StoreError> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.kind.is_damage() => {
            tracing::error!(%error, "an event tells of a damaged record and is left out");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn messages(
    source: &dyn Source,
    range: Range<Vec<u8>>,
) -> impl Iterator<Item = Result<Found<MessageV2>, StoreError>> + '_ {
    source.scan(range, Order::Ascending).map(move |entry| {
        found(source, entry, |key| {
            let message = records::parsed(key, |key| Parts::of(Table::Message, key)?.message())?;
            Ok(sent(message.position()))
        })
    })
}

fn rows(
    source: &dyn Source,
    range: Range<Vec<u8>>,
) -> impl Iterator<Item = Result<Found<HappenedV1>, StoreError>> + '_ {
    source.scan(range, Order::Ascending).map(move |entry| {
        found(source, entry, |key| {
            records::parsed(key, |key| Parts::of(Table::Event, key)?.event())
        })
    })
}

/// The event of a message that was sent.
fn sent(position: Position) -> EventId {
    EventId { position, n: 0 }
}

/// What comes next of one of the two. A failure comes first of all, so that it ends the reading.
fn next_of<R>(
    stream: &mut Peekable<impl Iterator<Item = Result<Found<R>, StoreError>>>,
) -> Option<EventId> {
    stream.peek().map(|next| match next {
        Ok(found) => found.id,
        Err(_) => EventId::default(),
    })
}

/// Everything up to the head at the beginning is in the store, so what comes in while this breathes lies above it and is
/// left for the next call.
pub(crate) fn after(
    view: &View<'_>,
    after: EventId,
    limit: usize,
) -> Result<EventPage, StoreError> {
    let head = EventId::through(view.applied().head);
    let floor = forget::floor(view)?;
    let from = after.max(floor);
    let mut page = EventPage {
        events: Vec::new(),
        through: from,
        more: false,
        missed: after < floor,
    };
    if from >= head {
        return Ok(page);
    }
    let range = keys::messages_within(from.position, head.position);
    let mut messages = messages(view, range).peekable();
    let range = keys::events_after(from).start..keys::events_through(head).end;
    let mut rows = rows(view, range).peekable();
    for n in 0.. {
        let (message, row) = (next_of(&mut messages), next_of(&mut rows));
        let Some(id) = [message, row].into_iter().flatten().min() else {
            break;
        };
        if n == limit {
            page.more = true;
            break;
        }
        view.breathe();
        let event = if message == Some(id) {
            let found = messages.next().transpose()?;
            told_of_message(view, found)?
        } else {
            let found = rows.next().transpose()?;
            told_of_row(view, found)?
        };
        page.events.extend(event);
        page.through = id;
    }
    if !page.more {
        page.through = head;
    }
    Ok(page)
}

fn told_of_message(
    source: &dyn Source,
    found: Option<Found<MessageV2>>,
) -> Result<Option<Event>, StoreError> {
    let Some(Found {
        id,
        record: Some(record),
    }) = found
    else {
        return Ok(None);
    };
    let message = MessageId::created_at(id.position);
    let message = passing_over_damage(messages::with_reactions(source, message, record))?;
    Ok(message.map(|message| of_message(id, message)))
}

fn of_message(id: EventId, message: Message) -> Event {
    Event {
        id,
        by: Some(message.author.clone()),
        at: message.sent_at,
        what: Happening::MessageSent(message),
    }
}

fn told_of_row(
    source: &dyn Source,
    found: Option<Found<HappenedV1>>,
) -> Result<Option<Event>, StoreError> {
    let Some(Found {
        id,
        record: Some(record),
    }) = found
    else {
        return Ok(None);
    };
    Ok(passing_over_damage(of_row(source, id, record))?.flatten())
}

/// `None` if what it tells of is gone.
fn of_row(
    source: &dyn Source,
    id: EventId,
    HappenedV1 { by, at, what }: HappenedV1,
) -> Result<Option<Event>, StoreError> {
    let what = match what {
        HappeningV1::Edited {
            conversation,
            message,
        } => Some(Happening::MessageEdited {
            conversation,
            message,
        }),
        HappeningV1::Deleted {
            conversation,
            message,
        } => Some(Happening::MessageDeleted {
            conversation,
            message,
        }),
        HappeningV1::Purged {
            conversation,
            messages,
        } => Some(Happening::MessagesPurged {
            conversation,
            messages,
        }),
        HappeningV1::Changed {
            conversation,
            change,
        } => {
            let key = keys::change(conversation, change);
            let record: Option<ChangeV1> = records::load(source, &key)?;
            let told = record
                .map(|record| changes::to_domain(source, conversation, change, record))
                .transpose()?;
            told.flatten().map(|change| match change.body {
                ChangeBody::Read { seq, messages } => Happening::MessageRead {
                    conversation,
                    seq,
                    messages,
                },
                ChangeBody::Reacted {
                    message, emoji, on, ..
                } => Happening::MessageReacted {
                    conversation,
                    message,
                    emoji,
                    on,
                },
                _ => Happening::ConversationChanged(change),
            })
        }
        HappeningV1::Blocked { user, conversation } => {
            Some(Happening::UserBlocked { user, conversation })
        }
        HappeningV1::Unblocked { user } => Some(Happening::UserUnblocked { user }),
        HappeningV1::Reported { report } => {
            let record: Option<ReportV1> = records::load(source, &keys::report(report))?;
            record.map(|record| Happening::UserReported {
                report,
                user: record.user,
                conversation: record.conversation,
                message: record.message,
                category: record.category,
                reason: record.reason,
            })
        }
        HappeningV1::Requested(asked) => Some(Happening::Requested(asked.into())),
        HappeningV1::Accepted {
            asked,
            message,
            conversation,
        } => Some(Happening::RequestAccepted {
            asked: asked.into(),
            message,
            conversation,
        }),
        HappeningV1::Declined(asked) => Some(Happening::RequestDeclined(asked.into())),
        HappeningV1::Withdrawn(asked) => Some(Happening::RequestWithdrawn(asked.into())),
        HappeningV1::Matched {
            matched,
            pair,
            kind,
            conversation,
        } => Some(Happening::MatchCreated(Match {
            id: matched,
            pair,
            kind: kind.into(),
            created_at: at,
            conversation,
        })),
        HappeningV1::Unmatched {
            matched,
            pair,
            conversation,
        } => Some(Happening::MatchEnded {
            matched,
            pair,
            conversation,
        }),
        HappeningV1::Discovery {
            from,
            user,
            because: Some(because),
        } => Some(Happening::DiscoveryHidden {
            from,
            user,
            because: because.into(),
        }),
        HappeningV1::Discovery {
            from: to,
            user,
            because: None,
        } => Some(Happening::DiscoveryShown { to, user }),
        HappeningV1::Sanctioned { user, sanction } => Some(Happening::Sanctioned {
            user,
            sanction: sanction.into(),
        }),
        HappeningV1::SendFailed { scheduled, code } => {
            by.clone().map(|user| Happening::SendFailed {
                user,
                scheduled,
                code,
            })
        }
        HappeningV1::Online => by.clone().map(|user| Happening::UserOnline { user }),
        HappeningV1::Offline => by.clone().map(|user| Happening::UserOffline { user }),
    };
    Ok(what.map(|what| Event { id, by, at, what }))
}

/// One event, if it was not forgotten.
pub(crate) fn one(source: &dyn Source, id: EventId) -> Result<Option<Event>, StoreError> {
    if id <= forget::floor(source)? {
        return Ok(None);
    }
    if id.n == 0 {
        let message = messages::message(source, MessageId::created_at(id.position))?;
        return Ok(message.map(|message| of_message(id, message)));
    }
    let record: Option<HappenedV1> = records::load(source, &keys::event(id))?;
    record.map_or(Ok(None), |record| of_row(source, id, record))
}

/// The rows that somebody caused and that tell of nobody else, among the first `limit` after a place; and where they end,
/// if there are more.
pub(crate) fn by(
    source: &dyn Source,
    user: &UserId,
    after: EventId,
    limit: usize,
) -> Result<(Vec<EventId>, Option<EventId>), StoreError> {
    let mut theirs = Vec::new();
    let range = keys::events_after(after);
    for (n, row) in (1..).zip(rows(source, range)) {
        source.breathe();
        let Found { id, record } = row?;
        if let Some(record) = record.filter(|record| record.by.as_ref() == Some(user)) {
            let event = passing_over_damage(of_row(source, id, record))?.flatten();
            // What it told of may be gone: then nothing is told, and the row needn't stay.
            let is_private = event.is_none_or(|event| event.what.is_private());
            theirs.extend(is_private.then_some(id));
        }
        if n == limit {
            return Ok((theirs, Some(id)));
        }
    }
    Ok((theirs, None))
}
