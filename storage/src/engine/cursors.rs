//! How far members have read and received.

use crate::{
    domain::{
        change::{Change, ChangeBody},
        message::ReadMark,
    },
    engine::{
        members, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, Seq, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ChangeBodyV1, ConversationV1, ReadMarkV1},
    store::Outcome,
};

pub(crate) fn read(tx: &mut Tx<'_>, id: ConversationId, seq: Seq) -> Written {
    let mut member = members::acting(tx, id)?;
    let seq = seq.min(tx.heads.of(tx, id)?);
    if seq <= member.read {
        return Ok(Outcome::Unchanged);
    }
    member.read = seq;
    member.read_at = Some(tx.at);
    if member.delivered < seq {
        member.delivered = seq;
        member.delivered_at = Some(tx.at);
    }
    tx.put(keys::member(id, tx.by), &member)?;
    let conversation: ConversationV1 = records::must(tx, &keys::conversation(id))?;
    if !conversation.is_group() {
        let mark = ReadMarkV1 { at: tx.at };
        tx.put_new(keys::read_mark(id, tx.by, seq), &mark)?;
    }
    moved(
        tx,
        id,
        ChangeBodyV1::Read { seq },
        ChangeBody::Read {
            seq,
            messages: Vec::new(),
        },
    )
}

pub(crate) fn deliver(tx: &mut Tx<'_>, id: ConversationId, seq: Seq) -> Written {
    let mut member = members::acting(tx, id)?;
    let seq = seq.min(tx.heads.of(tx, id)?);
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
