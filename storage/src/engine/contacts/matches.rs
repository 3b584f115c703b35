//! Matches: made, with the conversation they need, and ended.

use crate::{
    domain::contact::{Match, MatchKind, Notice},
    engine::{
        contacts::{discovery, likes, met::Met, requests, ties},
        conversations, notifications, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, MatchId, UserId},
    keys,
    record::{MatchOfV1, MatchV1, TieV1},
    store::{Outcome, Rejection},
};

/// Matches who does it with somebody they aren't matched with: their conversation is opened or goes on, they are
/// shown to each other again, and what was asked is settled.
pub(crate) fn make(
    tx: &mut Tx<'_>,
    other: &UserId,
    kind: MatchKind,
    met: &mut Met,
) -> Result<(), Stop> {
    ties::check_blocks(tx, other)?;
    let tie = ties::load(tx, tx.by, other)?.unwrap_or_default();
    let asked = requests::open(tx, &tie)?;
    let conversation = resume(tx, other, met)?;
    let id = MatchId::created_at(tx.position()?);
    let record = MatchV1 {
        pair: [tx.by.min(other).clone(), tx.by.max(other).clone()],
        kind: kind.into(),
        created_at: tx.at,
        conversation,
    };
    tx.put_new(keys::matched(id), &record)?;
    for user in [tx.by, other] {
        tx.put_new(keys::match_of(user, id), &MatchOfV1)?;
    }
    let matched = Some(id);
    let tie = TieV1 {
        matched,
        ..TieV1::default()
    };
    ties::put(tx, other, &tie)?;
    if let Some(asked) = asked {
        requests::settle(tx, asked, conversation, met)?;
    }
    met.notices.push(Notice::Matched(record.into_domain(id)));
    discovery::show(tx, other, met)?;
    Ok(())
}

/// The conversation of the two, opened or taken out of the archive.
fn resume(tx: &mut Tx<'_>, other: &UserId, met: &mut Met) -> Result<ConversationId, Stop> {
    let (id, change) = match conversations::direct_between(tx, tx.by, other)? {
        Some(id) => (id, conversations::archive(tx, id, false)?),
        None => {
            let change = conversations::begin_direct(tx, other)?;
            (change.conversation, Some(change))
        }
    };
    met.changes.extend(change);
    Ok(id)
}

pub(crate) fn unmatch(tx: &mut Tx<'_>, id: MatchId) -> Written {
    let record: Option<MatchV1> = records::load(tx, &keys::matched(id))?;
    let matched = record.ok_or(Rejection::NoMatch)?.into_domain(id);
    let other = matched.other(tx.by).ok_or(Rejection::NoMatch)?.clone();
    remove(tx, &matched)?;
    // Nothing else is left in it: with the match, what was asked and written was settled.
    ties::put(tx, &other, &TieV1::default())?;
    likes::clear(tx, &other)?;
    let mut met = Met::default();
    met.changes
        .extend(conversations::archive(tx, matched.conversation, true)?);
    let except = None;
    met.notices.push(Notice::Unmatched { matched, except });
    discovery::hide_unmatched(tx, &other, &mut met)?;
    Ok(met.or(Outcome::Unchanged))
}

/// Takes away the records of a match, and what the two were notified of it. The caller writes the tie.
pub(crate) fn remove(tx: &mut Tx<'_>, matched: &Match) -> Result<(), StoreError> {
    for user in &matched.pair {
        notifications::unmatched(tx, user, matched)?;
        tx.delete::<MatchOfV1>(keys::match_of(user, matched.id))?;
    }
    tx.delete::<MatchV1>(keys::matched(matched.id))
}
