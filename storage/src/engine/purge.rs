//! Retention: takes away the oldest messages of conversations for good, with all that hangs on them.
//!
//! A reader finds what is due, some conversations at a time, and the writer takes it away in small batches. In
//! each of them the conversation's floor rises to the last place that went, so a power cut leaves a whole
//! conversation that begins earlier than it should. What can't be read goes too, and stops nobody.

use std::collections::VecDeque;

use crate::{
    codec::Record,
    engine::{attachments, flags, heads, places, records, tx::Tx},
    error::StoreError,
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{
        ChangeBodyV1, ChangeV1, ConversationV1, FloorV1, HappeningV1, MadeV1, MessageV2, PlaceV1,
        ReactionV1, ReadMarkV1, RequestV1, RevisionV1, TombstoneV1,
    },
    safety::Retention,
};

/// Conversations looked at in one step.
const CONVERSATIONS: usize = 256;

/// Rows taken away, or looked through, in one batch; the few of one message more or less.
const ROWS: usize = 32;

/// What is to go from one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    conversation: ConversationId,
    /// Only the two of a direct conversation leave marks.
    pair: Option<[UserId; 2]>,
    /// Messages up to this place.
    up_to: Seq,
    /// Changes up to here or, if it is higher, to the floor, if they are about messages that are gone.
    sweep: Position,
}

/// What one step does.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) due: VecDeque<Due>,
    /// Go on with the conversation after this one. `None`: all were looked at.
    pub(crate) through: Option<ConversationId>,
}

/// What is kept, at one moment.
struct Kept {
    messages_max: Option<u64>,
    /// The newest position that is too old.
    old: Position,
}

/// Finds what is to go, at most `limit` messages, from the conversation after `after` on.
pub(crate) fn plan(
    source: &dyn Source,
    retention: Retention,
    at: Timestamp,
    after: Option<ConversationId>,
    limit: usize,
) -> Result<Plan, StoreError> {
    let mut plan = Plan::default();
    if retention == Retention::default() {
        return Ok(plan);
    }
    let old = retention.age.map_or(Position::ZERO, |age| {
        let ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        before(Position::at(Timestamp(at.0.saturating_sub(ms))))
    });
    let messages_max = retention.messages_max;
    let kept = Kept { messages_max, old };
    let mut left = limit as u64;
    let conversations = source.scan(keys::conversations_after(after), Order::Ascending);
    for (n, entry) in (1..).zip(conversations) {
        source.breathe();
        let id = records::parsed(&entry?.0, |key| {
            Parts::of(Table::Conversation, key)?.conversation()
        })?;
        let (due, n_due) = match due(source, id, &kept, left) {
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, conversation = %id, "retention passes over a conversation");
                (None, 0)
            }
            found => found?,
        };
        plan.due.extend(due);
        if n_due > left {
            // Not done with this one: it is the first after the number before its own.
            plan.through = Some(ConversationId::created_at(before(id.position())));
            break;
        }
        left -= n_due;
        if n == CONVERSATIONS || left == 0 {
            plan.through = Some(id);
            break;
        }
    }
    Ok(plan)
}

fn before(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1)).unwrap_or_default()
}

/// What goes from a conversation, at most `most` messages, and how many should.
fn due(
    source: &dyn Source,
    id: ConversationId,
    kept: &Kept,
    most: u64,
) -> Result<(Option<Due>, u64), StoreError> {
    let floor = heads::floor(source, id)?;
    let oldest = places::oldest(source, id)?;
    let n_due = match oldest {
        Some(oldest) => (bound(source, id, kept)?.0 + 1).saturating_sub(oldest.0),
        None => 0,
    };
    let n_taken = n_due.min(most);
    if n_taken == 0 && !has_rest(source, id, floor, kept.old)? {
        return Ok((None, n_due));
    }
    let record: ConversationV1 = records::must(source, &keys::conversation(id))?;
    let due = Due {
        conversation: id,
        pair: record.pair().cloned(),
        up_to: oldest.map_or(Seq::ZERO, |oldest| Seq(oldest.0 - 1 + n_taken)),
        sweep: kept.old,
    };
    Ok((Some(due), n_due))
}

/// The newest place of a conversation that is not kept; zero if all are.
fn bound(source: &dyn Source, id: ConversationId, kept: &Kept) -> Result<Seq, StoreError> {
    let newest = heads::head(source, id)?.map_or(Seq::ZERO, |(newest, _)| newest);
    let by_count = kept
        .messages_max
        .map_or(0, |most| newest.0.saturating_sub(most));
    let by_age = if kept.old == Position::ZERO {
        0
    } else {
        let first_kept = places::first_above(source, id, kept.old)?;
        first_kept.map_or(newest.0, |first| first.0 - 1)
    };
    Ok(Seq(by_count.max(by_age)))
}

/// Whether there are changes to be looked through, though no message is due.
fn has_rest(
    source: &dyn Source,
    id: ConversationId,
    floor: Option<FloorV1>,
    old: Position,
) -> Result<bool, StoreError> {
    let Some(floor) = floor else {
        return Ok(false);
    };
    let rest = unswept(id, floor, old);
    Ok(source
        .scan(rest, Order::Ascending)
        .next()
        .transpose()?
        .is_some())
}

fn unswept(id: ConversationId, floor: FloorV1, old: Position) -> std::ops::Range<Vec<u8>> {
    let first = Position::new(floor.swept.get() + 1).unwrap_or(Position::MAX);
    keys::changes_within(id, first, floor.position.max(old))
}

/// Takes away a batch of what is due, and tells how many messages went. What is done with leaves `due`.
pub(crate) fn step(tx: &mut Tx<'_>, due: &mut VecDeque<Due>) -> Result<u64, StoreError> {
    let (mut rows_left, mut n_messages) = (ROWS, 0);
    while let Some(next) = due.front() {
        let id = next.conversation;
        let mut messages = Vec::new();
        let before = heads::floor(tx, id)?;
        let mut floor = before.unwrap_or(FloorV1 {
            seq: Seq::ZERO,
            position: Position::ZERO,
            swept: Position::ZERO,
        });
        while rows_left > 0 && floor.seq < next.up_to {
            let taken = take(tx, next, floor.seq.next(), rows_left)?;
            rows_left = rows_left.saturating_sub(taken.n_rows);
            if taken.whole {
                floor.seq = floor.seq.next();
                let position = taken.message.map(MessageId::position);
                floor.position = position.unwrap_or(floor.position);
                n_messages += 1;
                messages.extend(taken.message);
            }
        }
        if !messages.is_empty() {
            tx.happened(HappeningV1::Purged {
                conversation: id,
                messages,
            });
        }
        rows_left -= sweep(tx, next, &mut floor, rows_left)?;
        if before != Some(floor) {
            tx.put(keys::floor(id), &floor)?;
        }
        if rows_left == 0 {
            break;
        }
        due.pop_front();
    }
    Ok(n_messages)
}

/// What went at one place.
struct Taken {
    n_rows: usize,
    /// The message went too, for nothing hung on it any more.
    whole: bool,
    /// Which it was, if its place could be read.
    message: Option<MessageId>,
}

/// Takes away what hangs on the message at a place and, once that is done, the message. A reader in between sees
/// an old message with fewer reactions: better than a batch of ten thousand.
fn take(tx: &mut Tx<'_>, due: &Due, seq: Seq, rows_max: usize) -> Result<Taken, StoreError> {
    let id = due.conversation;
    let place = keys::place(id, seq);
    let message = readable(records::load::<PlaceV1>(tx, &place))?.map(|place| place.message);
    let mut taken = Taken {
        n_rows: 0,
        whole: true,
        message,
    };
    if let Some(message) = message {
        taken.n_rows += take_rows::<ReactionV1>(tx, keys::reactions(message), rows_max)?;
        let rows_left = rows_max - taken.n_rows;
        taken.n_rows += take_rows::<RevisionV1>(tx, keys::revisions(message), rows_left)?;
        if taken.n_rows == rows_max {
            taken.whole = false;
            return Ok(taken);
        }
        flags::forget(tx, message)?;
        take_message(tx, message)?;
    }
    for reader in due.pair.iter().flatten() {
        take_if_there::<ReadMarkV1>(tx, keys::read_mark(id, reader, seq))?;
    }
    take_if_there::<TombstoneV1>(tx, keys::tombstone(id, seq))?;
    take_if_there::<PlaceV1>(tx, place)?;
    taken.n_rows += 1;
    Ok(taken)
}

/// The record of a message, and that of the request that sent it.
fn take_message(tx: &mut Tx<'_>, id: MessageId) -> Result<(), StoreError> {
    let key = keys::message(id);
    if let Some(record) = readable(records::load::<MessageV2>(tx, &key))? {
        take_request(tx, id, &record)?;
        attachments::forget_sent(tx, &record.attachments)?;
    }
    tx.delete::<MessageV2>(key)
}

/// The record of the request that sent a message, unless its key is another one's by now.
pub(super) fn take_request(
    tx: &mut Tx<'_>,
    id: MessageId,
    record: &MessageV2,
) -> Result<(), StoreError> {
    let Some(name) = &record.key else {
        return Ok(());
    };
    let request = keys::request(&record.author, name);
    let made = readable(records::load::<RequestV1>(tx, &request))?;
    if made.is_some_and(|request| request.made == MadeV1::Message(id)) {
        tx.delete::<RequestV1>(request)?;
    }
    Ok(())
}

/// The first rows of a range, at most so many; tells how many.
pub(super) fn take_rows<R: Record>(
    tx: &mut Tx<'_>,
    range: std::ops::Range<Vec<u8>>,
    most: usize,
) -> Result<usize, StoreError> {
    let rows = tx.scan(range, Order::Ascending).take(most);
    let keys: Vec<_> = rows
        .map(|row| Ok(row?.0))
        .collect::<Result<_, StoreError>>()?;
    let n = keys.len();
    for key in keys {
        tx.delete::<R>(key)?;
    }
    Ok(n)
}

fn take_if_there<R: Record>(tx: &mut Tx<'_>, key: Vec<u8>) -> Result<(), StoreError> {
    if tx.get(&key)?.is_some() {
        tx.delete::<R>(key)?;
    }
    Ok(())
}

/// Takes away changes about messages that are gone: all up to the floor, and all that are too old. One that came
/// after them, such as a late reaction, is not told any more (`changes`), and goes when the floor passes it. Stops at
/// the first about a message that is still there, for nobody looks again below `swept`. Tells how many were looked at.
fn sweep(
    tx: &mut Tx<'_>,
    due: &Due,
    floor: &mut FloorV1,
    rows_max: usize,
) -> Result<usize, StoreError> {
    let range = unswept(due.conversation, *floor, due.sweep);
    let rows: Vec<_> = tx
        .scan(range, Order::Ascending)
        .take(rows_max)
        .collect::<Result<_, _>>()?;
    let mut n = 0;
    for (key, value) in rows {
        let position = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Change, key)?;
            parts.conversation()?;
            parts.position()
        })?;
        let change = crate::codec::open(&key, &value, &mut |part| tx.get(part));
        let change: Option<ChangeV1> = readable(change.map(Some))?;
        match change.and_then(|change| is_over(&change.body, floor)) {
            Some(true) => tx.delete::<ChangeV1>(key)?,
            Some(false) => break,
            None => {}
        }
        floor.swept = position;
        n += 1;
    }
    Ok(n)
}

/// Whether the message that a change is about is gone. `None`: it is about none.
fn is_over(body: &ChangeBodyV1, floor: &FloorV1) -> Option<bool> {
    match body {
        ChangeBodyV1::Edited { message }
        | ChangeBodyV1::Deleted { message }
        | ChangeBodyV1::Reacted { message, .. } => Some(message.position() <= floor.position),
        ChangeBodyV1::Read { seq }
        | ChangeBodyV1::ReadFrom { seq, .. }
        | ChangeBodyV1::Delivered { seq } => Some(*seq <= floor.seq),
        ChangeBodyV1::Created { .. }
        | ChangeBodyV1::Added { .. }
        | ChangeBodyV1::Removed { .. }
        | ChangeBodyV1::RoleSet { .. }
        | ChangeBodyV1::Renamed { .. }
        | ChangeBodyV1::Archived { .. } => None,
    }
}

/// A record that is on its way out: if it can't be read, the log says so and that is all.
fn readable<R>(found: Result<Option<R>, StoreError>) -> Result<Option<R>, StoreError> {
    match found {
        Err(error) if error.kind.is_damage() => {
            tracing::error!(%error, "retention met a damaged record");
            Ok(None)
        }
        found => found,
    }
}
