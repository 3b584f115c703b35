//! What is told of requests, likes, matches and discovery.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    contacts::{Direction, Lifetime, RequestPage},
    domain::contact::{Hidden, HiddenBecause, Match, MessageRequest, RequestStatus, Tie},
    engine::{
        blocks,
        contacts::ties::{self, side},
        records,
    },
    error::StoreError,
    ids::{MatchId, MessageRequestId, Position, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{BlockV1, HiddenV1, MatchOfV1, MatchV1, MessageRequestV1, RequestOfV1},
};

pub(crate) fn tie(
    source: &dyn Source,
    user: &UserId,
    other: &UserId,
    lifetime: Lifetime,
) -> Result<Tie, StoreError> {
    let tie = ties::load(source, user, other)?.unwrap_or_default();
    let open = |id| message_request(source, id, lifetime);
    let request = tie.request.map(open).transpose()?.flatten();
    let found = |id| matched(source, id);
    Ok(Tie {
        matched: tie.matched.map(found).transpose()?.flatten(),
        request: request.filter(|request| is_pending_to(user, request)),
        liked: source.get(&keys::like(user, other))?.is_some(),
        liked_back: source.get(&keys::like(other, user))?.is_some(),
        written_to: tie.wrote[side(other, user)],
    })
}

/// Whether a request is pending, or looks so to that person.
fn is_pending_to(user: &UserId, request: &MessageRequest) -> bool {
    match request.status {
        RequestStatus::Pending => true,
        RequestStatus::Declined => request.from == *user,
        _ => false,
    }
}

pub(crate) fn message_request(
    source: &dyn Source,
    id: MessageRequestId,
    lifetime: Lifetime,
) -> Result<Option<MessageRequest>, StoreError> {
    let record: Option<MessageRequestV1> = records::load(source, &keys::message_request(id))?;
    Ok(record.map(|record| record.into_domain(id, lifetime)))
}

pub(crate) fn message_requests(
    source: &dyn Source,
    user: &UserId,
    page: RequestPage,
    lifetime: Lifetime,
) -> Result<Vec<MessageRequest>, StoreError> {
    let mut requests = Vec::new();
    let range = keys::requests_of(user, page.before);
    for entry in records::all::<RequestOfV1>(source, range, Order::Descending) {
        if requests.len() == page.limit {
            break;
        }
        source.breathe();
        let (key, RequestOfV1 { sent }) = entry?;
        let wanted = match page.direction {
            Direction::Both => true,
            Direction::Received => !sent,
            Direction::Sent => sent,
        };
        if !wanted {
            continue;
        }
        let id = second_of(Table::RequestOf, &key).map(MessageRequestId::created_at)?;
        // One that was erased between two breaths is not there any more.
        let request = message_request(source, id, lifetime)?;
        let shown = |request: &MessageRequest| !page.pending || is_pending_to(user, request);
        requests.extend(request.filter(shown));
    }
    Ok(requests)
}

/// The position after the user in the key of an index.
fn second_of(table: Table, key: &[u8]) -> Result<Position, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(table, key)?;
        parts.user()?;
        parts.position()
    })
}

pub(crate) fn matched(source: &dyn Source, id: MatchId) -> Result<Option<Match>, StoreError> {
    let record: Option<MatchV1> = records::load(source, &keys::matched(id))?;
    Ok(record.map(|record| record.into_domain(id)))
}

pub(crate) fn matches(
    source: &dyn Source,
    user: &UserId,
    before: Option<MatchId>,
    limit: usize,
) -> Result<Vec<Match>, StoreError> {
    let mut found = Vec::new();
    let range = keys::matches_of(user, before);
    for entry in records::all::<MatchOfV1>(source, range, Order::Descending) {
        if found.len() == limit {
            break;
        }
        source.breathe();
        let id = second_of(Table::MatchOf, &entry?.0).map(MatchId::created_at)?;
        // One that ended between two breaths is not there any more.
        found.extend(matched(source, id)?);
    }
    Ok(found)
}

/// Names don't lie in their order, so that all are looked at for each page.
pub(crate) fn likes(
    source: &dyn Source,
    user: &UserId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let mut liked = Vec::new();
    for entry in source.scan(keys::likes(user), Order::Ascending) {
        source.breathe();
        let whom = blocks::other_side(Table::Like, &entry?.0)?;
        if after.is_none_or(|after| whom > *after) {
            liked.push(whom);
        }
    }
    liked.sort_unstable();
    liked.truncate(limit);
    Ok(liked)
}

pub(crate) fn hidden(
    source: &dyn Source,
    user: &UserId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Hidden>, StoreError> {
    let mut newest: BTreeMap<UserId, (Timestamp, HiddenBecause)> = BTreeMap::new();
    let mut add = |other: UserId, reason: Option<(Timestamp, HiddenBecause)>| {
        let Some(reason) = reason.filter(|_| after.is_none_or(|after| other > *after)) else {
            return;
        };
        let entry = newest.entry(other).or_insert(reason);
        if entry.0 <= reason.0 {
            *entry = reason;
        }
    };
    let range = keys::hidden_from(user);
    for entry in records::all::<HiddenV1>(source, range, Order::Ascending) {
        source.breathe();
        let (key, hidden) = entry?;
        let other = blocks::other_side(Table::Hidden, &key)?;
        add(other, hidden.newest(None));
    }
    let blocks = blocks::of(source, user)?;
    for block in blocks.by_them {
        add(block.blocked, Some((block.at, HiddenBecause::Blocked)));
    }
    let of_them = blocks.of_them.into_iter();
    for other in of_them.filter(|other| after.is_none_or(|after| other > after)) {
        source.breathe();
        let Entry::Vacant(vacant) = newest.entry(other) else {
            continue;
        };
        let block: Option<BlockV1> = records::load(source, &keys::block(vacant.key(), user))?;
        if let Some(block) = block {
            vacant.insert((block.at, HiddenBecause::Removed));
        }
    }
    let page = newest.into_iter().take(limit);
    let page = page.map(|(user, (at, because))| Hidden { user, because, at });
    Ok(page.collect())
}
