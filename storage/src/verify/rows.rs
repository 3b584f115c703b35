//! Checks of changes, the outbox, notifications, what the store says of itself, and parts of long records.

use super::checker::{Checker, Found};
use crate::{
    codec,
    domain::event::EventId,
    error::StoreError,
    ids::Seq,
    keys::{self, Meta, Table},
    record::{
        CeilingV1, ChangeBodyV1, ChangeV1, ConsumerV1, DeadLetterV1, EpochV1, EventFloorV1,
        FormatV1, HappenedV1, MemberV1, NotificationsReadV1,
    },
};

/// The ceiling is checked when all positions are known.
pub(super) fn check_meta(c: &mut Checker<'_>) -> Result<(), StoreError> {
    let format = keys::meta(Meta::Format);
    if !matches!(c.find::<FormatV1>(&format)?, Found::Record(_)) {
        let number = crate::migrate::FORMAT;
        c.rewrite(
            &format,
            "the number of the format can't be read",
            &FormatV1 { number },
        )?;
    }
    let epoch = keys::meta(Meta::Epoch);
    if !matches!(c.find::<EpochV1>(&epoch)?, Found::Record(_)) {
        // A new one is right: no token of the old one will be believed.
        let what = "the epoch can't be read; repair begins a new one";
        let epoch_now = EpochV1 {
            epoch: rand::random(),
        };
        c.rewrite(&epoch, what, &epoch_now)?;
    }
    Ok(())
}

pub(super) fn check_change(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Change, key, |parts| {
        Some((parts.conversation()?, parts.position()?))
    });
    let change = c.read::<ChangeV1>(key, value)?;
    let Some((conversation, position)) = ids else {
        return Ok(());
    };
    c.used_by_change(position);
    if !c.has_conversation(conversation)? {
        c.report(key, "its conversation is missing");
    }
    let Some(ChangeV1 { by, body, .. }) = change else {
        return Ok(());
    };
    match body {
        ChangeBodyV1::Edited { message }
        | ChangeBodyV1::Deleted { message }
        | ChangeBodyV1::Reacted { message, .. } => {
            if !c.has_message(message)? && !c.is_purged(conversation, message)? {
                c.report(key, format!("its message {message} is missing"));
            }
            Ok(())
        }
        ChangeBodyV1::Read { seq } => {
            check_read(c, key, &keys::member(conversation, &by), seq, seq)
        }
        ChangeBodyV1::ReadFrom { from, seq } => {
            check_read(c, key, &keys::member(conversation, &by), from, seq)
        }
        ChangeBodyV1::Created { .. }
        | ChangeBodyV1::Delivered { .. }
        | ChangeBodyV1::Added { .. }
        | ChangeBodyV1::Removed { .. }
        | ChangeBodyV1::RoleSet { .. }
        | ChangeBodyV1::Renamed { .. }
        | ChangeBodyV1::Archived { .. } => Ok(()),
    }
}

/// The cursor of whoever read stands where the mark ends, or further on. (That it stands at a place is checked
/// with the member.)
fn check_read(
    c: &mut Checker<'_>,
    key: &[u8],
    member: &[u8],
    from: Seq,
    seq: Seq,
) -> Result<(), StoreError> {
    if from == Seq::ZERO || from > seq {
        c.report(key, format!("it marks places {from} to {seq} as read"));
    }
    match c.find::<MemberV1>(member)? {
        Found::Record(member) if member.read < seq => {
            let read = member.read;
            c.report(
                key,
                format!("it reaches place {seq}, its reader's cursor {read}"),
            );
        }
        Found::Nothing => c.report(key, "its reader never was in the conversation"),
        Found::Record(_) | Found::Damaged => {}
    }
    Ok(())
}

pub(super) fn check_event(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let place = c.parts(Table::Event, key, |parts| parts.event());
    if let Some(EventId { position, n }) = place {
        if n == 0 {
            c.report(key, "it has the number of a sent message");
        }
        c.used(position);
    }
    c.read::<HappenedV1>(key, value).map(drop)
}

pub(super) fn check_consumer(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::Consumer, key, |parts| parts.name().map(str::len));
    c.read::<ConsumerV1>(key, value).map(drop)
}

pub(super) fn check_dead_letter(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let place = c.parts(Table::DeadLetter, key, |parts| {
        parts.name()?;
        parts.event()
    });
    if let Some(EventId { position, .. }) = place {
        c.used(position);
    }
    c.read::<DeadLetterV1>(key, value).map(drop)
}

pub(super) fn check_event_floor(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::EventFloor, key, |_| Some(()));
    let is_damaged = matches!(c.find::<EventFloorV1>(key)?, Found::Damaged);
    match c.find::<CeilingV1>(&keys::meta(Meta::Ceiling))? {
        // Right for whoever follows: they are told that they may have missed something.
        Found::Record(ceiling) if is_damaged => {
            let floor = EventFloorV1::from(EventId::through(ceiling.position));
            c.rewrite(key, "it can't be read; repair forgets all events", &floor)
        }
        _ => c.read::<EventFloorV1>(key, value).map(drop),
    }
}

pub(super) fn check_notifications_read(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::NotificationsRead, key, |parts| parts.user());
    c.read::<NotificationsReadV1>(key, value).map(drop)
}

/// What a part holds is checked with the record that it belongs to. If that one is damaged, its parts are
/// left for whoever tries to save it.
pub(super) fn check_continuation(c: &mut Checker<'_>, key: &[u8]) -> Result<(), StoreError> {
    let Some((owner, n)) = keys::continued(key) else {
        c.report(key, "no such key can be");
        return Ok(());
    };
    let kv = c.kv;
    let is_orphan = match kv.get(owner)? {
        None => true,
        Some(value) => {
            let is_sound = codec::is_sound(owner, &value, &mut |part| kv.get(part))?;
            is_sound && (n == 0 || n > codec::n_continuations(&value))
        }
    };
    if is_orphan {
        c.remove(key, "a part of no record");
    }
    Ok(())
}
