//! Opening, naming and finding conversations.

use std::collections::BTreeSet;

use crate::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{Conversation, GROUP_MEMBERS_MAX, MemberRole},
    },
    engine::{
        bounds, changes,
        contacts::gate,
        fingerprint::Fingerprint,
        members, notifications, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, IdempotencyKey, Position, UserId},
    keys,
    kv::Source,
    record::{
        ChangeBodyV1, ChangeV1, ConversationKindV1, ConversationV1, MadeV1, PairV1, RequestV1,
    },
    store::{Outcome, Rejection},
};

pub(crate) fn open_direct(tx: &mut Tx<'_>, with: &UserId) -> Written {
    if with == tx.by {
        return Err(Rejection::Invalid("nobody talks with themselves").into());
    }
    let pair = keys::pair(tx.by, with);
    if let Some(PairV1 { conversation }) = records::load(tx, &pair)? {
        return Ok(Outcome::Repeated(Box::new(created(tx, conversation)?)));
    }
    gate::admit(tx, with)?;
    Ok(Outcome::Changed(vec![begin_direct(tx, with)?]))
}

/// Opens the direct conversation with somebody, if there is none.
pub(crate) fn begin_direct(tx: &mut Tx<'_>, with: &UserId) -> Result<Change, Stop> {
    let position = tx.position()?;
    let conversation = ConversationId::created_at(position);
    tx.put_new(keys::pair(tx.by, with), &PairV1 { conversation })?;
    let (a, b) = (tx.by.min(with).clone(), tx.by.max(with).clone());
    let kind = ConversationKindV1::Direct { pair: [a, b] };
    let members = vec![tx.by.clone(), with.clone()];
    open(tx, position, kind, members, MemberRole::Member)
}

pub(crate) fn open_group(
    tx: &mut Tx<'_>,
    name: Option<&str>,
    members: &[UserId],
    key: Option<&IdempotencyKey>,
) -> Written {
    bounds::label(name)?;
    let members = without_doubles(std::iter::once(tx.by).chain(members));
    if members.len() > GROUP_MEMBERS_MAX as usize {
        return Err(Rejection::GroupFull.into());
    }
    let mut fingerprint = Fingerprint::of("group").optional(name.map(str::as_bytes));
    for member in members.iter().collect::<BTreeSet<_>>() {
        fingerprint = fingerprint.part(member.as_str().as_bytes());
    }
    let fingerprint = fingerprint.done();
    let request = key.map(|key| keys::request(tx.by, key));
    if let Some(request) = &request
        && let Some(before) = records::load::<RequestV1>(tx, request)?
    {
        return match before.made {
            MadeV1::Group(group) if before.fingerprint == fingerprint => {
                Ok(Outcome::Repeated(Box::new(created(tx, group)?)))
            }
            _ => Err(Rejection::KeyReused.into()),
        };
    }
    for member in members.iter().filter(|member| *member != tx.by) {
        gate::admit(tx, member)?;
    }
    let position = tx.position()?;
    if let Some(request) = request {
        let made = MadeV1::Group(ConversationId::created_at(position));
        tx.put_new(request, &RequestV1 { fingerprint, made })?;
    }
    let name = name.map(str::to_owned);
    let kind = ConversationKindV1::Group { name };
    let change = open(tx, position, kind, members, MemberRole::Owner)?;
    Ok(Outcome::Changed(vec![change]))
}

/// `members` begins with who opens it, whose role is given.
fn open(
    tx: &mut Tx<'_>,
    position: Position,
    kind: ConversationKindV1,
    members: Vec<UserId>,
    opener: MemberRole,
) -> Result<Change, Stop> {
    let id = ConversationId::created_at(position);
    let mut record = ConversationV1 {
        kind,
        created_by: tx.by.clone(),
        created_at: tx.at,
        n_members: 0,
        next_ordinal: 0,
    };
    for (n, member) in members.iter().enumerate() {
        let role = if n == 0 { opener } else { MemberRole::Member };
        members::enter(tx, id, &mut record, member, role, position)?;
    }
    tx.put_new(keys::conversation(id), &record)?;
    let stored = ChangeBodyV1::Created {
        members: members.clone(),
    };
    let body = ChangeBody::Created {
        conversation: record.into_domain(id),
        members,
    };
    Ok(tx.change(id, position, stored, body)?)
}

/// Each once, in the order of their first mention.
pub(crate) fn without_doubles<'a>(users: impl Iterator<Item = &'a UserId>) -> Vec<UserId> {
    let mut seen = BTreeSet::new();
    users.filter(|user| seen.insert(*user)).cloned().collect()
}

/// The change that opened a conversation, as it is told now.
fn created(source: &dyn Source, id: ConversationId) -> Result<Change, StoreError> {
    let key = keys::change(id, id.position());
    let record: ChangeV1 = records::must(source, &key)?;
    let change = changes::to_domain(source, id, id.position(), record)?;
    change.ok_or_else(|| records::corrupt(&key, "its conversation is missing"))
}

pub(crate) fn rename(tx: &mut Tx<'_>, id: ConversationId, name: Option<&str>) -> Written {
    bounds::label(name)?;
    let (mut record, by) = members::in_group(tx, id)?;
    if !by.role().may_manage() {
        return Err(Rejection::NotAllowed.into());
    }
    let name = name.map(str::to_owned);
    let kind = ConversationKindV1::Group { name: name.clone() };
    if record.kind == kind {
        return Ok(Outcome::Unchanged);
    }
    record.kind = kind;
    tx.put(keys::conversation(id), &record)?;
    let position = tx.position()?;
    let stored = ChangeBodyV1::Renamed { name: name.clone() };
    let change = tx.change(id, position, stored, ChangeBody::Renamed { name })?;
    Ok(Outcome::Changed(vec![change]))
}

/// Puts a direct conversation into the archive, or takes it out. `None` if it is so already.
pub(crate) fn archive(
    tx: &mut Tx<'_>,
    id: ConversationId,
    on: bool,
) -> Result<Option<Change>, Stop> {
    let key = keys::conversation(id);
    let record: ConversationV1 = records::must(tx, &key)?;
    let kind = match (record.kind.clone(), on) {
        (ConversationKindV1::Direct { pair }, true) => ConversationKindV1::Archived { pair },
        (ConversationKindV1::Archived { pair }, false) => ConversationKindV1::Direct { pair },
        _ => return Ok(None),
    };
    // What is archived asks for nobody's attention.
    if let ConversationKindV1::Archived { pair } = &kind {
        for user in pair {
            notifications::withdraw(tx, user, id.position())?;
        }
    }
    tx.memory.calm.forget(id);
    tx.put(key, &ConversationV1 { kind, ..record })?;
    let position = tx.position()?;
    let stored = ChangeBodyV1::Archived { on };
    let change = tx.change(id, position, stored, ChangeBody::Archived { on })?;
    Ok(Some(change))
}

pub(crate) fn conversation(
    source: &dyn Source,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    let record: Option<ConversationV1> = records::load(source, &keys::conversation(id))?;
    Ok(record.map(|record| record.into_domain(id)))
}

pub(crate) fn direct_between(
    source: &dyn Source,
    a: &UserId,
    b: &UserId,
) -> Result<Option<ConversationId>, StoreError> {
    let pair: Option<PairV1> = records::load(source, &keys::pair(a, b))?;
    Ok(pair.map(|pair| pair.conversation))
}
