//! Whom somebody need not be shown in discovery, and why. The feed itself is the app's.
//!
//! Blocks are not written here: they have records of their own, which count among the reasons.

use crate::{
    domain::contact::{HiddenBecause, Notice},
    engine::{contacts::met::Met, records, tx::Tx},
    error::StoreError,
    ids::{Timestamp, UserId},
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

/// Tells both, after a block was made or taken back, how the other stands.
pub(crate) fn tell_both(tx: &Tx<'_>, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    tell(tx, tx.by, user, met)?;
    tell(tx, user, tx.by, met)
}

fn tell(tx: &Tx<'_>, from: &UserId, user: &UserId, met: &mut Met) -> Result<(), StoreError> {
    let hidden: HiddenV1 = records::load(tx, &keys::hidden(from, user))?.unwrap_or_default();
    let newest = hidden.newest(blocked_at(tx, from, user)?);
    met.notices.push(Notice::Hidden {
        from: from.clone(),
        user: user.clone(),
        because: newest.map(|(_, because): (_, HiddenBecause)| because),
    });
    Ok(())
}

/// When one of two people last blocked the other.
fn blocked_at(
    source: &dyn Source,
    a: &UserId,
    b: &UserId,
) -> Result<Option<Timestamp>, StoreError> {
    let at = |by, whom| -> Result<_, StoreError> {
        let block: Option<BlockV1> = records::load(source, &keys::block(by, whom))?;
        Ok(block.map(|block| block.at))
    };
    Ok(at(a, b)?.max(at(b, a)?))
}
