//! Checks of conversations, pairs, members and their stays.

use std::collections::BTreeSet;

use super::checker::{Checker, Found};
use crate::{
    domain::conversation::MemberRole,
    engine::{heads, places},
    error::{StoreError, StoreErrorKind},
    ids::{ConversationId, Position, Seq},
    keys::{self, Parts, Table},
    kv::Order,
    record::{ConversationV1, FloorV1, MemberV1, PairV1, PlaceV1, StintV1},
};

pub(super) fn check_conversation(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Conversation, key, |parts| parts.conversation());
    let record = c.read::<ConversationV1>(key, value)?;
    let (Some(id), Some(record)) = (id, record) else {
        return Ok(());
    };
    c.used(id.position());
    if !c.has(&keys::change(id, id.position()))? {
        c.report(
            &keys::change(id, id.position()),
            "the change that opened a conversation is missing",
        );
    }
    if let Some([a, b]) = record.pair() {
        let pair = keys::pair(a, b);
        match c.find::<PairV1>(&pair)? {
            Found::Record(found) if found.conversation == id => {}
            Found::Record(found) => {
                c.report(
                    key,
                    format!("conversation {} is of the same pair", found.conversation),
                );
            }
            Found::Nothing | Found::Damaged => {
                let what = "a direct conversation can't be found by its pair";
                c.rewrite(&pair, what, &PairV1 { conversation: id })?;
            }
        }
        for user in [a, b] {
            if !c.has(&keys::member(id, user))? {
                c.report(
                    &keys::member(id, user),
                    "one of a pair is no member of their conversation",
                );
            }
        }
    }
    check_members_of(c, key, id, &record)?;
    check_order_of(c, id)
}

/// The counts in the record agree with the members.
fn check_members_of(
    c: &mut Checker<'_>,
    key: &[u8],
    id: ConversationId,
    record: &ConversationV1,
) -> Result<(), StoreError> {
    let (mut n_members, mut next_ordinal, mut has_owner) = (0, 0, false);
    let mut ordinals = BTreeSet::new();
    for entry in c.kv.scan(keys::members(id), Order::Ascending) {
        let (key, _) = entry?;
        let Found::Record(member) = c.find::<MemberV1>(&key)? else {
            return Ok(()); // Nothing can be counted.
        };
        n_members += u32::from(member.present);
        next_ordinal = next_ordinal.max(member.ordinal.saturating_add(1));
        has_owner |= member.present && member.role() == MemberRole::Owner;
        if !ordinals.insert(member.ordinal) {
            c.report(
                &key,
                format!("ordinal {} is someone else's too", member.ordinal),
            );
        }
    }
    if n_members != record.n_members || next_ordinal > record.next_ordinal {
        let what = format!(
            "it counts {} members and ordinals up to {}, and has {n_members} and {next_ordinal}",
            record.n_members, record.next_ordinal
        );
        let right = ConversationV1 {
            n_members,
            next_ordinal: next_ordinal.max(record.next_ordinal),
            ..record.clone()
        };
        c.rewrite(key, what, &right)?;
    }
    if record.is_group() && n_members > 0 && !has_owner {
        c.report(key, "a group without an owner");
    }
    Ok(())
}

/// Places count from one, or from where retention has come, without a gap, and their positions ascend.
fn check_order_of(c: &mut Checker<'_>, id: ConversationId) -> Result<(), StoreError> {
    let (mut last, mut last_position) = match c.find::<FloorV1>(&keys::floor(id))? {
        Found::Record(floor) => (Some(floor.seq), id.position().max(floor.position)),
        Found::Nothing => (Some(Seq::ZERO), id.position()),
        Found::Damaged => (None, id.position()),
    };
    for entry in c.kv.scan(keys::places(id), Order::Ascending) {
        let (key, _) = entry?;
        let Ok(seq) = heads::seq_of(&key) else {
            continue; // Reported where the scan meets it.
        };
        if let Some(last) = last
            && seq != last.next()
        {
            c.report(&key, format!("place {seq} follows place {last}"));
        }
        last = Some(seq);
        if let Found::Record(place) = c.find::<PlaceV1>(&key)? {
            let position = place.message.position();
            if position <= last_position {
                c.report(&key, format!("position {position} follows {last_position}"));
            }
            last_position = position;
        }
    }
    Ok(())
}

/// Where a conversation begins is told by its oldest place, if it has one.
pub(super) fn check_floor(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let id = c.parts(Table::Floor, key, |parts| parts.conversation());
    let Some(id) = id else {
        return Ok(());
    };
    if !c.has_conversation(id)? {
        c.report(key, "its conversation is missing");
    }
    match c.find::<FloorV1>(key)? {
        Found::Record(FloorV1 { position, .. }) => c.used(position),
        Found::Nothing | Found::Damaged => {
            let oldest = places::oldest(c.kv, id)?;
            let place = match oldest {
                Some(seq) => c.find::<PlaceV1>(&keys::place(id, seq))?,
                None => Found::Nothing,
            };
            if let (Some(oldest), Found::Record(place)) = (oldest, place) {
                let below = place.message.get().saturating_sub(1);
                let floor = FloorV1 {
                    seq: Seq(oldest.0.saturating_sub(1)),
                    position: Position::new(below).unwrap_or_default(),
                    swept: Position::ZERO,
                };
                c.rewrite(key, "where a conversation begins can't be read", &floor)?;
            } else {
                c.read::<FloorV1>(key, value)?;
            }
        }
    }
    Ok(())
}

pub(super) fn check_pair(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let users = c.parts(Table::Pair, key, |parts| {
        Some([parts.user()?, parts.user()?])
    });
    let (Some(users), Some(pair)) = (users, c.read::<PairV1>(key, value)?) else {
        return Ok(());
    };
    match c.find::<ConversationV1>(&keys::conversation(pair.conversation))? {
        Found::Record(found) if found.pair() == Some(&users) => {}
        Found::Damaged => {}
        Found::Record(_) => c.report(key, "the conversation is not of this pair"),
        Found::Nothing => c.report(key, "the conversation is missing"),
    }
    Ok(())
}

pub(super) fn check_member(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Member, key, |parts| {
        Some((parts.conversation()?, parts.user()?))
    });
    let (Some((id, user)), Some(member)) = (ids, c.read::<MemberV1>(key, value)?) else {
        return Ok(());
    };
    if !c.has_conversation(id)? {
        c.report(
            &keys::conversation(id),
            "a conversation that has members is missing",
        );
    }
    c.used(member.joined);
    let stint = keys::stint(&user, id, member.joined);
    let found = c.find::<StintV1>(&stint)?;
    let is_right = match found {
        Found::Record(StintV1 { left }) => left.is_none() == member.present,
        Found::Nothing | Found::Damaged => false,
    };
    if !is_right {
        let what = "the index of a user's conversations disagrees with the members";
        let left = (!member.present).then_some(member.joined);
        c.rewrite(&stint, what, &StintV1 { left })?;
    }
    let head = match heads::head(c.kv, id) {
        Ok(head) => head.map_or(Seq::ZERO, |(seq, _)| seq),
        Err(error) if matches!(error.kind, StoreErrorKind::Failed) => return Err(error),
        Err(_) => return Ok(()), // Reported where the scan meets it.
    };
    if member.read > member.delivered || member.delivered > head {
        let what = format!(
            "cursors at {} (read) and {} (delivered) of {head}",
            member.read, member.delivered
        );
        let read = member.read.min(head);
        let delivered = member.delivered.min(head).max(read);
        let right = MemberV1 {
            read,
            delivered,
            ..member
        };
        c.rewrite(key, what, &right)?;
    }
    Ok(())
}

/// Of all stays of one user in one conversation, only the last can be open, and only while they are in it.
pub(super) fn check_stint(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let ids = c.parts(Table::Stint, key, |parts: &mut Parts<'_>| {
        Some((parts.user()?, parts.conversation()?, parts.position()?))
    });
    let Some((user, id, joined)) = ids else {
        return Ok(());
    };
    c.used(joined);
    let member = c.find::<MemberV1>(&keys::member(id, &user))?;
    let is_current = |member: &MemberV1| member.joined == joined;
    // What the members say of the current stay is checked there, and repaired from there.
    if matches!(&member, Found::Record(member) if is_current(member)) {
        return Ok(());
    }
    let Some(StintV1 { left }) = c.read(key, value)? else {
        return Ok(());
    };
    match (member, left) {
        (Found::Damaged, _) | (Found::Record(_), Some(_)) => {}
        (Found::Nothing, _) => c.report(key, "there is no such member"),
        (Found::Record(_), None) => {
            let what = "an old stay that never ended";
            let left: Option<Position> = Some(joined);
            c.rewrite(key, what, &StintV1 { left })?;
        }
    }
    if let Some(left) = left {
        c.used(left);
    }
    Ok(())
}
