//! Checks of people, blocks and limiter states.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    keys::{self, Table},
    record::{BlockV1, BlockedByV1, LimitV1, UserV1},
};

pub(super) fn check_user(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    c.parts(Table::User, key, |parts| parts.user());
    c.read::<UserV1>(key, value).map(drop)
}

pub(super) fn check_limit(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    c.parts(Table::Limit, key, |parts| {
        Some((parts.user()?, parts.name()?.len()))
    });
    c.read::<LimitV1>(key, value).map(drop)
}

/// Each block has its other side. Also if it can't be read: that someone is kept away matters more than why.
pub(super) fn check_block(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    c.read::<BlockV1>(key, value)?;
    let users = c.parts(Table::Block, key, |parts| {
        Some((parts.user()?, parts.user()?))
    });
    if let Some((by, whom)) = users {
        let mirror = keys::blocked_by(&whom, &by);
        if !c.has(&mirror)? {
            c.rewrite(
                &mirror,
                "the other side of a block is missing",
                &BlockedByV1,
            )?;
        }
    }
    Ok(())
}

pub(super) fn check_blocked_by(c: &mut Checker<'_>, key: &[u8]) -> Result<(), StoreError> {
    let users = c.parts(Table::BlockedBy, key, |parts| {
        Some((parts.user()?, parts.user()?))
    });
    let Some((whom, by)) = users else {
        return Ok(());
    };
    if !c.has(&keys::block(&by, &whom))? {
        c.remove(key, "there is no such block");
    } else if let Found::Damaged = c.find::<BlockedByV1>(key)? {
        c.rewrite(key, "can't be read", &BlockedByV1)?;
    }
    Ok(())
}
