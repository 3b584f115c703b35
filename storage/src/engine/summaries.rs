//! Conversations as their members' lists show them, and what is unread in them.
//!
//! Unread messages are counted from the places each time. A counter that goes up and down drifts.

use std::collections::BTreeSet;

use crate::{
    domain::{conversation::Summary, message::Message},
    engine::{
        blocks, conversations, heads, members, messages, notifications, records, standing,
        view::BREATH,
    },
    error::StoreError,
    ids::{ConversationId, Position, Seq, UserId},
    keys,
    kv::{Order, Source},
    record::{ConversationV1, MemberV1, PlaceV1},
    store::Listed,
};

pub(crate) fn summary(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
) -> Result<Option<Summary>, StoreError> {
    summary_hiding(source, id, user, &hidden_from(source, user)?)
}

/// Whose messages don't count for a reader: those whom they keep away, and those who are shown to nobody.
pub(crate) fn hidden_from(
    source: &dyn Source,
    user: &UserId,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut hidden = blocks::hidden_from(source, user)?;
    standing::hide_shadowed(source, user, &mut hidden)?;
    Ok(hidden)
}

fn summary_hiding(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
    hidden: &BTreeSet<UserId>,
) -> Result<Option<Summary>, StoreError> {
    let Some(member) = members::present(source, id, user)? else {
        return Ok(None);
    };
    let key = keys::conversation(id);
    let conversation = conversations::conversation(source, id)?
        .ok_or_else(|| records::corrupt(&key, "it is missing, though it has members"))?;
    let head = heads::head(source, id)?;
    let hidden = blocks::ordinals(source, id, hidden)?;
    let (head, active) = head.unwrap_or((Seq::ZERO, id.position()));
    Ok(Some(Summary {
        conversation,
        last_message: last_visible(source, id, &hidden)?,
        head,
        unread: count_unread(source, id, &member, &hidden)?,
        active,
        muted_until: notifications::muted_until(source, id, user)?,
        member: member.to_domain(user.clone()),
    }))
}

fn last_visible(
    source: &dyn Source,
    id: ConversationId,
    hidden: &BTreeSet<u32>,
) -> Result<Option<Message>, StoreError> {
    let newest_first = records::all::<PlaceV1>(source, keys::places(id), Order::Descending);
    for (n, entry) in (1..).zip(newest_first) {
        let (_, place) = entry?;
        if n % BREATH == 0 {
            source.breathe();
        }
        if !place.deleted && !hidden.contains(&place.author) {
            return messages::message(source, place.message);
        }
    }
    Ok(None)
}

fn count_unread(
    source: &dyn Source,
    id: ConversationId,
    member: &MemberV1,
    hidden: &BTreeSet<u32>,
) -> Result<u64, StoreError> {
    let mut unread = 0;
    let above = keys::places_from(id, member.read.next());
    for (n, entry) in (1..).zip(records::all::<PlaceV1>(source, above, Order::Ascending)) {
        let (_, place) = entry?;
        // Someone who was away for long doesn't hold up those who write.
        if n % BREATH == 0 {
            source.breathe();
        }
        let counts =
            !place.deleted && place.author != member.ordinal && !hidden.contains(&place.author);
        unread += u64::from(counts);
    }
    Ok(unread)
}

pub(crate) fn unread(
    source: &dyn Source,
    user: &UserId,
) -> Result<Vec<(ConversationId, u64)>, StoreError> {
    let hidden = hidden_from(source, user)?;
    let mut counts = Vec::new();
    for id in members::conversation_ids(source, user)? {
        source.breathe();
        let Some(member) = members::present(source, id, user)? else {
            continue; // Left while we counted.
        };
        let has_any = heads::newest(source, id)?.is_some_and(|(head, _)| head > member.read);
        // What is archived asks for nobody's attention.
        if has_any && !conversation_of(source, id)?.is_archived() {
            let hidden = blocks::ordinals(source, id, &hidden)?;
            let unread = count_unread(source, id, &member, &hidden)?;
            counts.extend((unread > 0).then_some((id, unread)));
        }
    }
    Ok(counts)
}

fn conversation_of(source: &dyn Source, id: ConversationId) -> Result<ConversationV1, StoreError> {
    records::must(source, &keys::conversation(id))
}

pub(crate) fn listing(source: &dyn Source, user: &UserId) -> Result<Vec<Listed>, StoreError> {
    let mut listed = Vec::new();
    for conversation in members::conversation_ids(source, user)? {
        source.breathe();
        let record = conversation_of(source, conversation)?;
        if record.is_archived() {
            continue;
        }
        listed.push(Listed {
            conversation,
            peer: record.into_domain(conversation).peer_of(user).cloned(),
            active: heads::active(source, conversation)?,
        });
    }
    listed.sort_unstable_by_key(|listed| std::cmp::Reverse((listed.active, listed.conversation)));
    Ok(listed)
}

pub(crate) fn page(
    source: &dyn Source,
    user: &UserId,
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<Summary>, StoreError> {
    let is_before = |active: Position| before.is_none_or(|before| active < before);
    let mut by_activity = Vec::new();
    for id in members::conversation_ids(source, user)? {
        source.breathe();
        let active = heads::active(source, id)?;
        by_activity.extend(is_before(active).then_some((active, id)));
    }
    by_activity.sort_unstable_by(|a, b| b.cmp(a));
    by_activity.truncate(limit);
    let hidden = hidden_from(source, user)?;
    let mut page = Vec::with_capacity(by_activity.len());
    for (_, id) in by_activity {
        source.breathe();
        page.extend(summary_hiding(source, id, user, &hidden)?);
    }
    // Some may have moved up while we read: off this page, or to its top.
    page.retain(|summary| is_before(summary.active));
    page.sort_by_key(|summary| std::cmp::Reverse(summary.active));
    Ok(page)
}
