//! Finding what one person left: in conversations by their ordinal, elsewhere by their name.

use crate::{
    domain::{event::EventId, message::Message, safety::Report},
    engine::{attachments, contacts, events, members, reactions, records, view::BREATH},
    error::StoreError,
    ids::{ConversationId, IdempotencyKey, MessageId, Position, ReportId, Seq, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    personal::{Holdings, Mentions, Part, Reacted, Stay, Written},
    record::{
        ChangeBodyV1, ChangeV1, MadeV1, MemberV1, MessageV2, PlaceV1, ReportV1, RequestV1,
        RevisionV1,
    },
};

/// Rows looked at in one part: a few milliseconds of a reader's time.
const LOOKED_AT: usize = 4096;

/// Most items in one part.
const ITEMS: usize = 64;

pub(crate) fn stays(source: &dyn Source, user: &UserId) -> Result<Vec<Stay>, StoreError> {
    let stints = members::stints(source, user)?.into_iter();
    let stay = |stint: members::Stint| Stay {
        conversation: stint.conversation,
        joined: stint.joined,
        left: stint.left,
    };
    Ok(stints.map(stay).collect())
}

pub(crate) fn written_by(
    source: &dyn Source,
    user: &UserId,
    id: ConversationId,
    from: Seq,
) -> Result<Part<Written, Seq>, StoreError> {
    let mut part = Part {
        items: Vec::new(),
        next: None,
    };
    let Some(member) = records::load::<MemberV1>(source, &keys::member(id, user))? else {
        return Ok(part);
    };
    let places = keys::places_from(id, from);
    let places = records::all::<PlaceV1>(source, places, Order::Ascending);
    for (n, entry) in places.enumerate() {
        let (key, place) = entry?;
        if n == LOOKED_AT || part.items.len() == ITEMS {
            part.next = Some(crate::engine::heads::seq_of(&key)?);
            break;
        }
        if (n as u64).is_multiple_of(BREATH) {
            source.breathe();
        }
        if place.author == member.ordinal {
            source.breathe();
            // Gone since its place was read: nothing is left of it.
            part.items.extend(written(source, place.message)?);
        }
    }
    Ok(part)
}

fn written(source: &dyn Source, id: MessageId) -> Result<Option<Written>, StoreError> {
    let Some(record) = records::load::<MessageV2>(source, &keys::message(id))? else {
        return Ok(None);
    };
    let revisions = records::all::<RevisionV1>(source, keys::revisions(id), Order::Ascending);
    let revisions = revisions
        .map(|entry| Ok(entry?.1.into_domain()))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let is_erased = record.is_erased() && revisions.is_empty();
    let reactions = if record.deleted_at.is_none() && record.reacted {
        reactions::of(source, id)?
    } else {
        Vec::new()
    };
    let message = Message {
        reactions,
        ..record.into_whole(id)
    };
    Ok(Some(Written {
        message,
        revisions,
        is_erased,
    }))
}

pub(crate) fn reacted_by(
    source: &dyn Source,
    user: &UserId,
    id: ConversationId,
    from: Position,
) -> Result<Part<Reacted, Position>, StoreError> {
    let mut part = Part {
        items: Vec::new(),
        next: None,
    };
    let changes = keys::changes_from(id, from);
    let changes = records::all::<ChangeV1>(source, changes, Order::Ascending);
    for (n, entry) in changes.enumerate() {
        let (key, change) = entry?;
        let position = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Change, key)?;
            parts.conversation()?;
            parts.position()
        })?;
        if n == LOOKED_AT || part.items.len() == ITEMS {
            part.next = Some(position);
            break;
        }
        if (n as u64).is_multiple_of(BREATH) {
            source.breathe();
        }
        let ChangeBodyV1::Reacted {
            message, emoji, on, ..
        } = change.body
        else {
            continue;
        };
        if change.by == *user {
            let stands = on
                && source
                    .get(&keys::reaction(message, &emoji, user))?
                    .is_some();
            part.items.push(Reacted {
                position,
                at: change.at,
                message,
                emoji,
                on,
                stands,
            });
        }
    }
    Ok(part)
}

pub(crate) fn events_by(
    source: &dyn Source,
    user: &UserId,
    after: EventId,
) -> Result<Part<EventId, EventId>, StoreError> {
    let (mut items, mut next) = events::by(source, user, after, LOOKED_AT)?;
    if items.len() > ITEMS {
        items.truncate(ITEMS);
        next = items.last().copied();
    }
    Ok(Part { items, next })
}

pub(crate) fn reports_by(
    source: &dyn Source,
    user: &UserId,
    before: Option<ReportId>,
) -> Result<Part<Report, ReportId>, StoreError> {
    let mut part = Part {
        items: Vec::new(),
        next: None,
    };
    let mut last = None;
    let reports = records::all::<ReportV1>(source, keys::reports_before(before), Order::Descending);
    for (n, entry) in reports.enumerate() {
        if n == LOOKED_AT || part.items.len() == ITEMS {
            part.next = last;
            break;
        }
        if (n as u64).is_multiple_of(BREATH) {
            source.breathe();
        }
        let (key, report) = entry?;
        let id = records::parsed(&key, |key| Parts::of(Table::Report, key)?.report())?;
        last = Some(id);
        if report.by == *user {
            part.items.push(report.into_domain(id));
        }
    }
    Ok(part)
}

pub(crate) fn holdings(source: &dyn Source, user: &UserId) -> Result<Holdings, StoreError> {
    let count = |range| -> Result<u64, StoreError> {
        let rows = (1..).zip(source.scan(range, Order::Ascending));
        let mut n = 0;
        for (row, entry) in rows {
            entry?;
            n = row;
            if n % BREATH == 0 {
                source.breathe();
            }
        }
        Ok(n)
    };
    let has = |key: Vec<u8>| Ok::<_, StoreError>(u64::from(source.get(&key)?.is_some()));
    let notifications = keys::notifications(user, Position::ZERO, None);
    Ok(Holdings {
        profile: has(keys::user(user))?,
        preferences: has(keys::preferences(user))?,
        blocks: count(keys::blocks(user))?,
        limits: count(keys::limits(user))?,
        notifications: count(notifications)? + has(keys::notifications_read(user))?,
        requests: contacts::erase::made(source, user, usize::MAX)?.len() as u64,
        likes: count(keys::likes(user))?,
        hidden: count(keys::hidden_from(user))?,
        attachments: attachments::unsent_of(source, user, usize::MAX)?.len() as u64,
        scheduled: count(keys::scheduled_of(user))?,
        templates: count(keys::templates_of(user))?,
        mutes: count(keys::mutes(user))?,
        do_not_disturb: has(keys::do_not_disturb(user))?,
        push_targets: count(keys::push_targets(user))?,
        keys: loose_keys(source, user, usize::MAX)?.len() as u64,
    })
}

pub(crate) fn mentions(source: &dyn Source, user: &UserId) -> Result<Mentions, StoreError> {
    // A pair's row names both; the others begin with whose they are.
    let count = |table, names: fn(&[UserId; 2], &UserId) -> bool| -> Result<u64, StoreError> {
        let mut n_found = 0;
        for (n, entry) in (1..).zip(source.scan(keys::table(table), Order::Ascending)) {
            if n % BREATH == 0 {
                source.breathe();
            }
            let people = records::parsed(&entry?.0, |key| {
                let mut parts = Parts::of(table, key)?;
                Some([parts.user()?, parts.user()?])
            })?;
            n_found += u64::from(names(&people, user));
        }
        Ok(n_found)
    };
    Ok(Mentions {
        ties: count(Table::Tie, |pair, user| pair.contains(user))?,
        liked_by: count(Table::Like, |[_, whom], user| whom == user)?,
        hidden_from: count(Table::Hidden, |[_, who], user| who == user)?,
    })
}

/// Rows of idempotency keys that no message needs: those that do go with their messages.
pub(crate) fn loose_keys(
    source: &dyn Source,
    user: &UserId,
    most: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut loose = Vec::new();
    let requests = records::all::<RequestV1>(source, keys::requests(user), Order::Ascending);
    for (n, entry) in (1..).zip(requests) {
        if n % BREATH == 0 {
            source.breathe();
        }
        let (key, request) = entry?;
        let MadeV1::Message(id) = request.made else {
            loose.push(key);
            continue;
        };
        let name: Option<IdempotencyKey> = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Request, key)?;
            parts.user()?;
            Some(IdempotencyKey::new(parts.name()?).ok())
        })?;
        let message: Option<MessageV2> = records::load(source, &keys::message(id))?;
        if message.is_none_or(|message| message.key != name) {
            loose.push(key);
        }
        if loose.len() >= most {
            break;
        }
    }
    Ok(loose)
}
