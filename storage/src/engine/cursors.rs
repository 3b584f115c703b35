//! How far members have read and received.

use crate::{
    domain::{
        change::{Change, ChangeBody, READ_MESSAGES_MAX, READ_PLACES_MAX},
        message::ReadMark,
    },
    engine::{
        members, notifications, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Seq, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ChangeBodyV1, ConversationV1, MemberV1, PlaceV1, ReadMarkV1},
    store::Outcome,
};

pub(crate) fn read(tx: &mut Tx<'_>, id: ConversationId, seq: Seq) -> Written {
    let mut member = members::acting(tx, id)?;
    let seq = seq.min(tx.head(id)?);
    if seq <= member.read {
        return Ok(Outcome::Unchanged);
    }
    let from = member.read.next();
    member.read = seq;
    member.read_at = Some(tx.at);
    if member.delivered < seq {
        member.delivered = seq;
        member.delivered_at = Some(tx.at);
    }
    tx.put(keys::member(id, tx.by), &member)?;
    notifications::seen(tx, id, seq)?;
    let conversation: ConversationV1 = records::must(tx, &keys::conversation(id))?;
    // A mark goes with its place, so there is none where retention has been.
    if !conversation.is_group() && tx.get(&keys::place(id, seq))?.is_some() {
        let mark = ReadMarkV1 { at: tx.at };
        tx.put_new(keys::read_mark(id, tx.by, seq), &mark)?;
    }
    let messages = newly_read(tx, id, member.ordinal, from, seq)?;
    let stored = ChangeBodyV1::ReadFrom { from, seq };
    moved(tx, id, stored, ChangeBody::Read { seq, messages })
}

/// What a stored mark tells now.
pub(crate) fn read_back(
    source: &dyn Source,
    id: ConversationId,
    reader: &UserId,
    from: Seq,
    seq: Seq,
) -> Result<ChangeBody, StoreError> {
    let member: MemberV1 = records::must(source, &keys::member(id, reader))?;
    let messages = newly_read(source, id, member.ordinal, from, seq)?;
    Ok(ChangeBody::Read { seq, messages })
}

/// The messages that a mark names: see [`ChangeBody::Read`]. One scan, of [`READ_PLACES_MAX`] at most.
fn newly_read(
    source: &dyn Source,
    id: ConversationId,
    reader: u32,
    from: Seq,
    seq: Seq,
) -> Result<Vec<MessageId>, StoreError> {
    // The range itself is short, for a transaction may have to read it whole.
    let from = from.max(Seq((seq.0 + 1).saturating_sub(READ_PLACES_MAX)));
    let mut messages = Vec::new();
    let range = keys::places_within(id, from, seq);
    for entry in records::all::<PlaceV1>(source, range, Order::Descending) {
        let (_, place) = entry?;
        if !place.deleted && place.author != reader {
            messages.push(place.message);
        }
        if messages.len() == READ_MESSAGES_MAX {
            break;
        }
    }
    messages.reverse();
    Ok(messages)
}

pub(crate) fn deliver(tx: &mut Tx<'_>, id: ConversationId, seq: Seq) -> Written {
    let mut member = members::acting(tx, id)?;
    let seq = seq.min(tx.head(id)?);
    if seq <= member.delivered {
        return Ok(Outcome::Unchanged);
    }
    member.delivered = seq;
    member.delivered_at = Some(tx.at);
    tx.put(keys::member(id, tx.by), &member)?;
    let stored = ChangeBodyV1::Delivered { seq };
    moved(tx, id, stored, ChangeBody::Delivered { seq })
}

fn moved(tx: &mut Tx<'_>, id: ConversationId, stored: ChangeBodyV1, body: ChangeBody) -> Written {
    let position = tx.position()?;
    let change: Change = tx.change(id, position, stored, body)?;
    Ok(Outcome::Changed(vec![change]))
}

pub(crate) fn read_marks(
    source: &dyn Source,
    conversation: ConversationId,
    reader: &UserId,
    from: Seq,
    to: Seq,
) -> Result<Vec<ReadMark>, StoreError> {
    let mut marks: Vec<ReadMark> = Vec::new();
    let range = keys::read_marks_from(conversation, reader, from);
    for entry in records::all::<ReadMarkV1>(source, range, Order::Ascending) {
        // The last one needed is the first that covers `to`.
        if from > to || marks.last().is_some_and(|mark| mark.up_to >= to) {
            break;
        }
        let (key, ReadMarkV1 { at }) = entry?;
        let up_to = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::ReadMark, key)?;
            parts.conversation()?;
            parts.user()?;
            parts.seq()
        })?;
        marks.push(ReadMark { up_to, at });
    }
    Ok(marks)
}
