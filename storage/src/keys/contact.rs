//! Keys of requests, likes, matches and what is hidden.

use std::ops::Range;

use super::{Key, Table};
use crate::ids::{MatchId, MessageRequestId, UserId};

/// The same for both orders of a pair.
pub(crate) fn tie(a: &UserId, b: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Tie).name(a.min(b).as_str());
    key.name(a.max(b).as_str()).done()
}

pub(crate) fn message_request(request: MessageRequestId) -> Vec<u8> {
    Key::of(Table::MessageRequest).number(request.get()).done()
}

pub(crate) fn request_of(user: &UserId, request: MessageRequestId) -> Vec<u8> {
    let key = Key::of(Table::RequestOf).name(user.as_str());
    key.number(request.get()).done()
}

/// A user's requests below one, `None`: all.
pub(crate) fn requests_of(user: &UserId, before: Option<MessageRequestId>) -> Range<Vec<u8>> {
    let all = Key::of(Table::RequestOf).name(user.as_str()).all();
    let end = before.map_or(all.end, |before| request_of(user, before));
    all.start..end
}

pub(crate) fn matched(matched: MatchId) -> Vec<u8> {
    Key::of(Table::Match).number(matched.get()).done()
}

pub(crate) fn match_of(user: &UserId, matched: MatchId) -> Vec<u8> {
    let key = Key::of(Table::MatchOf).name(user.as_str());
    key.number(matched.get()).done()
}

/// A user's matches below one, `None`: all.
pub(crate) fn matches_of(user: &UserId, before: Option<MatchId>) -> Range<Vec<u8>> {
    let all = Key::of(Table::MatchOf).name(user.as_str()).all();
    let end = before.map_or(all.end, |before| match_of(user, before));
    all.start..end
}

pub(crate) fn like(by: &UserId, whom: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Like).name(by.as_str());
    key.name(whom.as_str()).done()
}

pub(crate) fn likes(by: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Like).name(by.as_str()).all()
}

pub(crate) fn hidden(from: &UserId, user: &UserId) -> Vec<u8> {
    let key = Key::of(Table::Hidden).name(from.as_str());
    key.name(user.as_str()).done()
}

pub(crate) fn hidden_from(from: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Hidden).name(from.as_str()).all()
}
