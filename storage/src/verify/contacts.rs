//! Checks of ties, requests, matches, likes and what is hidden.

use super::checker::{Checker, Found};
use crate::{
    error::StoreError,
    ids::{MatchId, MessageRequestId, UserId},
    keys::{self, Table},
    record::{
        ConversationV1, HiddenV1, LikeV1, MatchOfV1, MatchV1, MessageRequestV1, RequestOfV1,
        RequestStatusV1, TieV1,
    },
};

fn pair_of(c: &mut Checker<'_>, table: Table, key: &[u8]) -> Option<[UserId; 2]> {
    c.parts(table, key, |parts| Some([parts.user()?, parts.user()?]))
}

/// What a tie names is of the same two people. What it should name is checked from there.
pub(super) fn check_tie(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let pair = pair_of(c, Table::Tie, key);
    let (Some(pair), Some(tie)) = (pair, c.read::<TieV1>(key, value)?) else {
        return Ok(());
    };
    let mut right = tie;
    if let Some(id) = tie.matched {
        let is_theirs = match c.find::<MatchV1>(&keys::matched(id))? {
            Found::Record(found) => found.pair == pair,
            Found::Nothing => false,
            Found::Damaged => true,
        };
        right.matched = is_theirs.then_some(id);
    }
    if let Some(id) = tie.request {
        let is_theirs = match c.find::<MessageRequestV1>(&keys::message_request(id))? {
            Found::Record(found) => sorted(&found.from, &found.to) == pair,
            Found::Nothing => false,
            Found::Damaged => true,
        };
        right.request = is_theirs.then_some(id);
    }
    if right != tie {
        c.rewrite(key, "the match or request that it names is missing", &right)?;
    }
    Ok(())
}

fn sorted(a: &UserId, b: &UserId) -> [UserId; 2] {
    [a.min(b).clone(), a.max(b).clone()]
}

pub(super) fn check_message_request(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::MessageRequest, key, |parts| parts.position());
    let request = c.read::<MessageRequestV1>(key, value)?;
    let (Some(position), Some(request)) = (id, request) else {
        return Ok(());
    };
    c.used(position);
    let id = MessageRequestId::created_at(position);
    for (user, sent) in [(&request.from, true), (&request.to, false)] {
        let index = keys::request_of(user, id);
        let right = RequestOfV1 { sent };
        if !matches!(c.find::<RequestOfV1>(&index)?, Found::Record(found) if found == right) {
            let what = "a request can't be found from the side of one of its people";
            c.rewrite(&index, what, &right)?;
        }
    }
    if request.status == RequestStatusV1::Pending {
        let tie = keys::tie(&request.from, &request.to);
        tie_names(c, &tie, |tie| {
            let before = tie.request.replace(id);
            before == Some(id)
        })?;
    }
    Ok(())
}

/// Whether the tie of a pair names what is theirs: `name` sets that, and tells whether it was set.
fn tie_names(
    c: &mut Checker<'_>,
    key: &[u8],
    name: impl FnOnce(&mut TieV1) -> bool,
) -> Result<(), StoreError> {
    let mut tie = match c.find::<TieV1>(key)? {
        Found::Record(tie) => tie,
        Found::Nothing => TieV1::default(),
        Found::Damaged => return Ok(()),
    };
    if !name(&mut tie) {
        let what = "two people's match or pending request can't be found by the pair";
        c.rewrite(key, what, &tie)?;
    }
    Ok(())
}

pub(super) fn check_request_of(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::RequestOf, key, |parts| {
        Some((parts.user()?, parts.position()?))
    });
    let Some((user, position)) = ids else {
        return Ok(());
    };
    c.read::<RequestOfV1>(key, value)?;
    let request = keys::message_request(MessageRequestId::created_at(position));
    let is_theirs = match c.find::<MessageRequestV1>(&request)? {
        Found::Record(found) => [&found.from, &found.to].contains(&&user),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_theirs {
        c.remove(key, "there is no such request");
    }
    Ok(())
}

pub(super) fn check_match(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let id = c.parts(Table::Match, key, |parts| parts.position());
    let (Some(position), Some(matched)) = (id, c.read::<MatchV1>(key, value)?) else {
        return Ok(());
    };
    c.used(position);
    let id = MatchId::created_at(position);
    for user in &matched.pair {
        let index = keys::match_of(user, id);
        if !matches!(c.find::<MatchOfV1>(&index)?, Found::Record(MatchOfV1)) {
            let what = "a match can't be found from the side of one of its people";
            c.rewrite(&index, what, &MatchOfV1)?;
        }
    }
    let [a, b] = &matched.pair;
    tie_names(c, &keys::tie(a, b), |tie| {
        let before = tie.matched.replace(id);
        before == Some(id)
    })?;
    match c.find::<ConversationV1>(&keys::conversation(matched.conversation))? {
        Found::Record(found) if found.pair() != Some(&matched.pair) => {
            c.report(key, "its conversation is not of this pair");
        }
        Found::Record(found) if found.is_archived() => {
            c.report(key, "its conversation is archived");
        }
        Found::Nothing => c.report(key, "its conversation is missing"),
        Found::Record(_) | Found::Damaged => {}
    }
    Ok(())
}

pub(super) fn check_match_of(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::MatchOf, key, |parts| {
        Some((parts.user()?, parts.position()?))
    });
    let Some((user, position)) = ids else {
        return Ok(());
    };
    c.read::<MatchOfV1>(key, value)?;
    let matched = keys::matched(MatchId::created_at(position));
    let is_theirs = match c.find::<MatchV1>(&matched)? {
        Found::Record(found) => found.pair.contains(&user),
        Found::Nothing => false,
        Found::Damaged => true,
    };
    if !is_theirs {
        c.remove(key, "there is no such match");
    }
    Ok(())
}

pub(super) fn check_like(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    pair_of(c, Table::Like, key);
    c.read::<LikeV1>(key, value).map(drop)
}

pub(super) fn check_hidden(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    pair_of(c, Table::Hidden, key);
    if let Some(hidden) = c.read::<HiddenV1>(key, value)?
        && hidden == HiddenV1::default()
    {
        c.remove(key, "somebody is hidden without a reason");
    }
    Ok(())
}
