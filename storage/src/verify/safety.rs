//! Checks of reports, flags, standings and preferences, and of what they are found by.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    ids::{MessageId, ReportId},
    keys::{self, Shelf, Shelved, Table},
    record::{FlagV1, PreferencesV1, ReportV1, ShadowedV1, ShelvedV1, StandingV1},
};

/// Whom and what a report is about may be gone: it stays, for what it tells of others.
pub(super) fn check_report(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Report, key, |parts| parts.report());
    if let Some(id) = id {
        c.used(id.position());
    }
    let report = c.read::<ReportV1>(key, value)?;
    if let (Some(id), Some(report)) = (id, report) {
        for place in places_of_report(id, &report) {
            check_shelved(c, &place)?;
        }
    }
    Ok(())
}

fn places_of_report(id: ReportId, report: &ReportV1) -> Vec<Vec<u8>> {
    let shelves = [Shelf::Reports(report.status), Shelf::About(&report.user)];
    let place = |shelf| keys::shelved(shelf, id.get());
    shelves.map(place).to_vec()
}

pub(super) fn check_flag(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let message = c.parts(Table::Flag, key, |parts| parts.message());
    let flag = c.read::<FlagV1>(key, value)?;
    let Some(message) = message else {
        return Ok(());
    };
    if !c.has_message(message)? {
        c.report(key, "its message is missing");
    }
    match flag {
        Some(flag) => check_shelved(c, &place_of_flag(message, &flag)),
        None => Ok(()),
    }
}

fn place_of_flag(message: MessageId, flag: &FlagV1) -> Vec<u8> {
    keys::shelved(Shelf::Flags(flag.status), message.get())
}

fn check_shelved(c: &mut Checker<'_>, place: &[u8]) -> Result<(), StoreError> {
    if !c.has(place)? {
        c.rewrite(
            place,
            "a report or flag is not to be found here",
            &ShelvedV1,
        )?;
    }
    Ok(())
}

pub(super) fn check_shelf(c: &mut Checker<'_>, key: &[u8]) -> Result<(), StoreError> {
    // Where the report or flag can't be read, nobody knows whether this is its place.
    let is_place = match keys::shelved_at(key) {
        None => {
            c.report(key, "no such key can be");
            return Ok(());
        }
        Some(Shelved::Report(id)) => match c.find(&keys::report(id))? {
            Found::Nothing => false,
            Found::Damaged => true,
            Found::Record(report) => places_of_report(id, &report).iter().any(|at| at == key),
        },
        Some(Shelved::Flag(id)) => match c.find(&keys::flag(id))? {
            Found::Nothing => false,
            Found::Damaged => true,
            Found::Record(flag) => place_of_flag(id, &flag) == key,
        },
    };
    if !is_place {
        c.remove(key, "no report or flag belongs here");
    } else if let Found::Damaged = c.find::<ShelvedV1>(key)? {
        c.rewrite(key, "can't be read", &ShelvedV1)?;
    }
    Ok(())
}

pub(super) fn check_standing(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let user = c.parts(Table::Standing, key, |parts| parts.user());
    let standing = c.read::<StandingV1>(key, value)?;
    if let (Some(user), Some(StandingV1 { shadowed_since, .. })) = (user, standing)
        && let Some(since) = shadowed_since
        && !c.has(&keys::shadowed(&user))?
    {
        let what = "somebody whose writing is shown to nobody is not among those";
        c.rewrite(&keys::shadowed(&user), what, &ShadowedV1 { since })?;
    }
    Ok(())
}

pub(super) fn check_shadowed(c: &mut Checker<'_>, key: &[u8]) -> Result<(), StoreError> {
    let Some(user) = c.parts(Table::Shadowed, key, |parts| parts.user()) else {
        return Ok(());
    };
    let since = match c.find::<StandingV1>(&keys::standing(&user))? {
        Found::Nothing => None,
        // Whether it should be here nobody knows; that somebody is not shown can be undone by a moderator.
        Found::Damaged => return Ok(()),
        Found::Record(standing) => standing.shadowed_since,
    };
    match (since, c.find::<ShadowedV1>(key)?) {
        (None, _) => c.remove(key, "what this person writes is shown"),
        (Some(since), Found::Record(shadowed)) if shadowed.since == since => {}
        (Some(since), _) => c.rewrite(
            key,
            "can't be read, or says another time",
            &ShadowedV1 { since },
        )?,
    }
    Ok(())
}

pub(super) fn check_preferences(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::Preferences, key, |parts| parts.user());
    c.read::<PreferencesV1>(key, value).map(drop)
}
