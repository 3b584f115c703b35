//! Whom somebody need not be shown in discovery, and why. The feed itself is the app's.
//!
//! Blocks are not written here: they have records of their own, which count among the reasons.

use crate::{
    domain::contact::{HiddenBecause, Notice},
    engine::{contacts::met::Met, records, tx::Tx},
    error::StoreError,
    ids::UserId,
    keys,
    kv::Source,
    record::{BlockV1, HiddenV1},
};

/// Hides somebody from who wrote to them without being matched.
pub(crate) fn hide_written(
    tx: &mut Tx<'_>,
    user: &UserId,
    met: &mut Met,
) -> Result<(), StoreError> {
    let (by, at) = (tx.by, tx.at);
    change(tx, by, user, met, |hidden| hidden.written = Some(at))
}

/// Hides who does it and somebody from each other.
pub(crate) fn hide_unmatched(
    tx: &mut Tx<'_>,
    user: &UserId,
    met: &mut Met,
) -> Result<(), StoreError> {
    let (by, at) = (tx.by, tx.at);
    change(tx, by, user, met, |hidden| hidden.unmatched = Some(at))?;
    change(tx, user, by, met, |hidden| hidden.unmatched = Some(at))
}

/// Shows who does it and somebody to each other again, unless one blocks the other.
pub(crate) fn show(tx: &mut Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    let by = tx.by;
    change(tx, by, user, met, |hidden| *hidden = HiddenV1::default())?;
    change(tx, user, by, met, |hidden| *hidden = HiddenV1::default())
}

fn change(
    tx: &mut Tx<'_>,
    from: &UserId,
    user: &UserId,
    met: &mut Met,
    change: impl FnOnce(&mut HiddenV1),
) -> Result<(), StoreError> {
    let key = keys::hidden(from, user);
    let old: HiddenV1 = records::load(tx, &key)?.unwrap_or_default();
    let mut new = old;
    change(&mut new);
    if new == old {
        return Ok(());
    }
    if new == HiddenV1::default() {
        tx.delete::<HiddenV1>(key)?;
    } else {
        tx.put(key, &new)?;
    }
    tell(tx, from, user, met)
}

/// Tells who does it, after a block was made or taken back, how the other stands, and the other only what is new to
/// them: a block by somebody who need not be shown to them anyway changes nothing.
pub(crate) fn tell_of_block(tx: &Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    tell(tx, tx.by, user, met)?;
    if own_reason(tx, user, tx.by)?.is_none() {
        tell(tx, user, tx.by, met)?;
    }
    Ok(())
}

fn tell(tx: &Tx<'_>, from: &UserId, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    let because = match own_reason(tx, from, user)? {
        None if tx.get(&keys::block(user, from))?.is_some() => Some(HiddenBecause::Removed),
        own => own,
    };
    met.notices.push(Notice::Hidden {
        from: from.clone(),
        user: user.clone(),
        because,
    });
    Ok(())
}

/// Why somebody need not be shown, but for a block by them.
fn own_reason(
    source: &dyn Source,
    from: &UserId,
    user: &UserId,
) -> Result<Option<HiddenBecause>, StoreError> {
    let hidden: HiddenV1 = records::load(source, &keys::hidden(from, user))?.unwrap_or_default();
    let block: Option<BlockV1> = records::load(source, &keys::block(from, user))?;
    let newest = hidden.newest(block.map(|block| block.at));
    Ok(newest.map(|(_, because)| because))
}
