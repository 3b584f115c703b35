//! Reactions, each a key of its own, so that a message with many is not rewritten for every one.

use crate::{
    domain::{change::ChangeBody, message::Reaction},
    engine::{
        bounds,
        contacts::gate,
        messages, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::MessageId,
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ChangeBodyV1, ReactionV1},
    store::{Outcome, Rejection},
};

pub(crate) fn react(tx: &mut Tx<'_>, id: MessageId, emoji: &str, on: bool) -> Written {
    bounds::emoji(emoji)?;
    let (mut record, _) = messages::acting_on(tx, id)?;
    if record.deleted_at.is_some() {
        return Err(Rejection::Deleted.into());
    }
    let key = keys::reaction(id, emoji, tx.by);
    if tx.get(&key)?.is_some() == on {
        return Ok(Outcome::Unchanged);
    }
    if on {
        // What was given may be taken back, whoever it was given to.
        gate::admit_to_peer(tx)?;
        tx.put(key, &ReactionV1 { at: tx.at })?;
    } else {
        tx.delete::<ReactionV1>(key)?;
    }
    let (conversation, seq) = (record.conversation, record.seq);
    if !record.reacted {
        record.reacted = true;
        tx.put(keys::message(id), &record)?;
    }
    let position = tx.position()?;
    let stored = ChangeBodyV1::Reacted {
        message: id,
        seq,
        emoji: emoji.to_owned(),
        on,
    };
    let body = ChangeBody::Reacted {
        message: id,
        seq,
        emoji: emoji.to_owned(),
        on,
    };
    let change = tx.change(conversation, position, stored, body)?;
    Ok(Outcome::Changed(vec![change]))
}

/// In the order of emoji, then user.
pub(crate) fn of(source: &dyn Source, id: MessageId) -> Result<Vec<Reaction>, StoreError> {
    let entries = source.scan(keys::reactions(id), Order::Ascending);
    let reactions = entries.map(|entry| {
        records::parsed(&entry?.0, |key| {
            let mut parts = Parts::of(Table::Reaction, key)?;
            parts.message()?;
            Some(Reaction {
                emoji: parts.name()?.to_owned(),
                user: parts.user()?,
            })
        })
    });
    let mut reactions: Vec<_> = reactions.collect::<Result<_, StoreError>>()?;
    reactions.sort();
    Ok(reactions)
}
