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
        notifications, records,
        tx::Tx,
    },
    error::StoreError,
    ids::UserId,
    keys,
    record::{MatchV1, RequestStatusV1},
};

/// Parts who does it from somebody whom they have just begun to block, who is told nothing but that the other need
/// not be shown, and not why: their conversation is not archived, and their own request goes on looking pending to them.
pub(crate) fn part(tx: &mut Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    likes::clear(tx, user)?;
    let Some(mut tie) = ties::load(tx, tx.by, user)? else {
        return discovery::tell_of_block(tx, user, met);
    };
    if let Some(id) = tie.matched.take() {
        let record: MatchV1 = records::must(tx, &keys::matched(id))?;
        let matched = record.into_domain(id);
        matches::remove(tx, &matched)?;
        let except = Some(user.clone());
        met.notices.push(Notice::Unmatched { matched, except });
    }
    if let Some((id, record)) = requests::open(tx, &tie)? {
        let is_theirs = record.from == *user;
        match record.status(lifetime(tx)) {
            RequestStatus::Pending if is_theirs => {
                notifications::withdraw(tx, tx.by, id.position())?;
                let notice = requests::end(tx, id, record, RequestStatusV1::Declined)?;
                met.notices.push(notice);
            }
            // Not told to who was asked: it would come with the block.
            RequestStatus::Pending | RequestStatus::Declined if !is_theirs => {
                notifications::withdraw(tx, &record.to, id.position())?;
                requests::end(tx, id, record, RequestStatusV1::Withdrawn)?;
                tie.request = None;
            }
            _ => {}
        }
    }
    tie.wrote = [false; 2];
    ties::put(tx, user, &tie)?;
    discovery::tell_of_block(tx, user, met)
}

/// Tells both how the other stands in discovery, after the end of a block.
pub(crate) fn unblocked(tx: &Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    discovery::tell_of_block(tx, user, met)
}
