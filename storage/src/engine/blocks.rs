//! Who wants nothing from whom. Each block has two records, one to find it from either side.

use std::collections::BTreeSet;

use crate::{
    domain::user::Blocks,
    engine::{
        bounds,
        contacts::{self, met::Met},
        conversations, records,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{BlockV1, BlockedByV1, HappeningV1, MemberV1},
    store::{Outcome, Rejection},
};

pub(crate) fn block(tx: &mut Tx<'_>, user: &UserId, reason: Option<&str>) -> Written {
    if user == tx.by {
        return Err(Rejection::Invalid("nobody blocks themselves").into());
    }
    bounds::label(reason)?;
    let key = keys::block(tx.by, user);
    let old: Option<BlockV1> = records::load(tx, &key)?;
    let new = BlockV1 {
        reason: reason.map(str::to_owned),
        at: old.as_ref().map_or(tx.at, |old| old.at),
    };
    if old.as_ref() == Some(&new) {
        return Ok(Outcome::Unchanged);
    }
    tx.put(key, &new)?;
    let mut met = Met::default();
    if old.is_none() {
        tx.put_new(keys::blocked_by(user, tx.by), &BlockedByV1)?;
        contacts::block::part(tx, user, &mut met)?;
        let conversation = conversations::direct_between(tx, tx.by, user)?;
        let user = user.clone();
        tx.happened(HappeningV1::Blocked { user, conversation });
    }
    Ok(met.or(Outcome::Done))
}

pub(crate) fn unblock(tx: &mut Tx<'_>, user: &UserId) -> Written {
    let key = keys::block(tx.by, user);
    if records::load::<BlockV1>(tx, &key)?.is_none() {
        return Ok(Outcome::Unchanged);
    }
    tx.delete::<BlockV1>(key)?;
    tx.delete::<BlockedByV1>(keys::blocked_by(user, tx.by))?;
    let mut met = Met::default();
    contacts::block::unblocked(tx, user, &mut met)?;
    tx.happened(HappeningV1::Unblocked { user: user.clone() });
    Ok(met.or(Outcome::Done))
}

pub(crate) fn of(source: &dyn Source, user: &UserId) -> Result<Blocks, StoreError> {
    let mut blocks = Blocks::default();
    for entry in records::all::<BlockV1>(source, keys::blocks(user), Order::Ascending) {
        let (key, block) = entry?;
        let blocked = other_side(Table::Block, &key)?;
        blocks.by_them.push(block.into_domain(blocked));
    }
    let mirror = keys::blocked_by_all(user);
    for entry in records::all::<BlockedByV1>(source, mirror, Order::Ascending) {
        blocks
            .of_them
            .push(other_side(Table::BlockedBy, &entry?.0)?);
    }
    blocks.by_them.sort_by(|a, b| a.blocked.cmp(&b.blocked));
    blocks.of_them.sort();
    Ok(blocks)
}

/// The second user in the key of a block.
pub(crate) fn other_side(table: Table, key: &[u8]) -> Result<UserId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(table, key)?;
        parts.user()?;
        parts.user()
    })
}

/// Whom a user keeps away.
pub(crate) fn hidden_from(
    source: &dyn Source,
    user: &UserId,
) -> Result<BTreeSet<UserId>, StoreError> {
    let blocks = source.scan(keys::blocks(user), Order::Ascending);
    blocks
        .map(|entry| other_side(Table::Block, &entry?.0))
        .collect()
}

/// So many people are looked up one by one.
const FEW: usize = 8;

/// The ordinals in a conversation of people who are, or were, in it.
pub(crate) fn ordinals(
    source: &dyn Source,
    conversation: ConversationId,
    users: &BTreeSet<UserId>,
) -> Result<BTreeSet<u32>, StoreError> {
    let mut ordinals = BTreeSet::new();
    if users.len() > FEW {
        // Rather the members of a small conversation one by one than everyone who is hidden on the whole node.
        let members = keys::members(conversation);
        let members = records::all::<MemberV1>(source, members, Order::Ascending);
        let members = members
            .take(users.len() + 1)
            .collect::<Result<Vec<_>, _>>()?;
        if members.len() <= users.len() {
            for (key, member) in members {
                let user = records::parsed(&key, |key| {
                    let mut parts = Parts::of(Table::Member, key)?;
                    parts.conversation()?;
                    parts.user()
                })?;
                ordinals.extend(users.contains(&user).then_some(member.ordinal));
            }
            return Ok(ordinals);
        }
    }
    for user in users {
        let member: Option<MemberV1> = records::load(source, &keys::member(conversation, user))?;
        ordinals.extend(member.map(|member| member.ordinal));
    }
    Ok(ordinals)
}
