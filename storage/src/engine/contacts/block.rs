//! What a block, and its end, do to how two people stand.

use crate::{
    domain::contact::{Notice, RequestStatus},
    engine::{
        contacts::{
            discovery, likes, matches,
            met::Met,
            requests,
            ties::{self, lifetime},
        },
        records,
        tx::Tx,
    },
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::{MatchV1, RequestStatusV1},
};

/// Parts who does it from somebody whom they have just begun to block, who is told nothing but that the other need
/// not be shown: their conversation is not archived, and their own request goes on looking pending to them.
pub(crate) fn part(tx: &mut Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    likes::clear(tx, user)?;
    let Some(mut tie) = ties::load(tx, tx.by, user)? else {
        return tell_if_first(tx, user, met);
    };
    if let Some(id) = tie.matched.take() {
        let record: MatchV1 = records::must(tx, &keys::matched(id))?;
        let matched = record.into_domain(id);
        matches::remove(tx, &matched)?;
        let except = Some(user.clone());
        met.notices.push(Notice::Unmatched { matched, except });
    }
    if let Some((id, record)) = requests::open(tx, &tie)? {
        if record.from == *tx.by {
            // Not told to who was asked: it would come with the block.
            requests::end(tx, id, record, RequestStatusV1::Withdrawn)?;
            tie.request = None;
        } else if record.status(lifetime(tx)) == RequestStatus::Pending {
            let notice = requests::end(tx, id, record, RequestStatusV1::Declined)?;
            met.notices.push(notice);
        }
    }
    tie.wrote = [false; 2];
    ties::put(tx, user, &tie)?;
    tell_if_first(tx, user, met)
}

/// Tells both how the other stands in discovery, after the end of a block.
pub(crate) fn unblocked(tx: &Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    tell_if_first(tx, user, met)
}

/// Nothing is new to either as long as the other one blocks too.
fn tell_if_first(tx: &Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    if tx.get(&keys::block(user, tx.by))?.is_some() {
        return Ok(());
    }
    discovery::tell_both(tx, user, met)
}
