//! Who is in a conversation: coming, going, roles, and the ways to find them.

use std::collections::BTreeSet;

use crate::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{GROUP_MEMBERS_MAX, Member, MemberRole},
    },
    engine::{
        contacts::gate,
        conversations, notifications, records,
        tx::{Stop, Tx, Written},
        view::View,
    },
    error::StoreError,
    ids::{ConversationId, Position, Seq, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ChangeBodyV1, ConversationKindV1, ConversationV1, MemberV1, StintV1},
    store::{Outcome, Rejection, Roster},
};

/// The record of someone who is in the conversation now.
pub(crate) fn present(
    source: &dyn Source,
    conversation: ConversationId,
    user: &UserId,
) -> Result<Option<MemberV1>, StoreError> {
    let record: Option<MemberV1> = records::load(source, &keys::member(conversation, user))?;
    Ok(record.filter(|member| member.present))
}

/// The record of who does it, who has to be in the conversation.
pub(crate) fn acting(tx: &Tx<'_>, conversation: ConversationId) -> Result<MemberV1, Stop> {
    if let Some(member) = present(tx, conversation, tx.by)? {
        return Ok(member);
    }
    let exists = tx.get(&keys::conversation(conversation))?.is_some();
    Err(if exists {
        Rejection::NotMember.into()
    } else {
        Rejection::NoConversation.into()
    })
}

/// A group, and the record of who does it.
pub(crate) fn in_group(
    tx: &Tx<'_>,
    id: ConversationId,
) -> Result<(ConversationV1, MemberV1), Stop> {
    let member = acting(tx, id)?;
    let conversation: ConversationV1 = records::must(tx, &keys::conversation(id))?;
    if !conversation.is_group() {
        return Err(Rejection::NotGroup.into());
    }
    Ok((conversation, member))
}

/// Lets someone in who isn't. The caller writes `conversation`.
///
/// A newcomer starts at the newest message: what was said before doesn't count as unread. Who comes back
/// keeps their ordinal.
pub(crate) fn enter(
    tx: &mut Tx<'_>,
    id: ConversationId,
    conversation: &mut ConversationV1,
    user: &UserId,
    role: MemberRole,
    position: Position,
) -> Result<(), StoreError> {
    let key = keys::member(id, user);
    // In a conversation that is only just being opened nobody was before.
    let opening = id.position() == position;
    let (before, head) = if opening {
        (None, Seq::ZERO)
    } else {
        (records::load::<MemberV1>(tx, &key)?, tx.head(id)?)
    };
    let ordinal = before.map_or(conversation.next_ordinal, |before| before.ordinal);
    conversation.next_ordinal = conversation.next_ordinal.max(ordinal + 1);
    conversation.n_members += 1;
    let member = MemberV1 {
        ordinal,
        present: true,
        role: role.into(),
        joined_at: tx.at,
        joined: position,
        read: head,
        read_at: None,
        delivered: head,
        delivered_at: None,
    };
    tx.put(key, &member)?;
    tx.put_new(keys::stint(user, id, position), &StintV1 { left: None })
}

pub(crate) fn add(tx: &mut Tx<'_>, id: ConversationId, users: &[UserId]) -> Written {
    let (mut conversation, by) = in_group(tx, id)?;
    if !by.role().may_manage() {
        return Err(Rejection::NotAllowed.into());
    }
    let mut new = Vec::new();
    for user in conversations::without_doubles(users.iter()) {
        if present(tx, id, &user)?.is_none() {
            new.push(user);
        }
    }
    if new.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    if conversation.n_members as usize + new.len() > GROUP_MEMBERS_MAX as usize {
        return Err(Rejection::GroupFull.into());
    }
    for user in &new {
        gate::admit(tx, user)?;
    }
    let position = tx.position()?;
    for user in &new {
        enter(
            tx,
            id,
            &mut conversation,
            user,
            MemberRole::Member,
            position,
        )?;
    }
    tx.put(keys::conversation(id), &conversation)?;
    let stored = ChangeBodyV1::Added { users: new.clone() };
    let change = tx.change(id, position, stored, ChangeBody::Added { users: new })?;
    Ok(Outcome::Changed(vec![change]))
}

pub(crate) fn remove(tx: &mut Tx<'_>, id: ConversationId, user: &UserId) -> Written {
    let (mut conversation, by) = in_group(tx, id)?;
    let mut member = present(tx, id, user)?.ok_or(Rejection::NoSuchMember)?;
    if user != tx.by && !by.role().may_remove(member.role()) {
        return Err(Rejection::NotAllowed.into());
    }
    let successor = if member.role() == MemberRole::Owner {
        successor(tx, id, user)?
    } else {
        None
    };
    let position = tx.position()?;
    member.present = false;
    tx.put(keys::member(id, user), &member)?;
    let left = Some(position);
    tx.put(keys::stint(user, id, member.joined), &StintV1 { left })?;
    notifications::withdraw(tx, user, id.position())?;
    conversation.n_members -= 1;
    tx.put(keys::conversation(id), &conversation)?;
    let [stored, body] = [user.clone(), user.clone()];
    let stored = ChangeBodyV1::Removed { user: stored };
    let body = ChangeBody::Removed { user: body };
    let mut changes = vec![tx.change(id, position, stored, body)?];
    if let Some((user, member)) = successor {
        changes.push(give_role(tx, id, user, member, MemberRole::Owner)?);
    }
    Ok(Outcome::Changed(changes))
}

/// Who becomes owner when `leaver` goes: nobody, if another owner stays or nobody does.
fn successor(
    source: &dyn Source,
    id: ConversationId,
    leaver: &UserId,
) -> Result<Option<(UserId, MemberV1)>, StoreError> {
    let mut others = all_present(source, id)?;
    others.retain(|(user, _)| user != leaver);
    // Of those who came together, the ordinal tells who was named first.
    let next = others.into_iter().max_by_key(|(_, member)| {
        let seniority = std::cmp::Reverse((member.joined, member.ordinal));
        (member.role(), seniority)
    });
    Ok(next.filter(|(_, member)| member.role() != MemberRole::Owner))
}

pub(crate) fn set_role(
    tx: &mut Tx<'_>,
    id: ConversationId,
    user: &UserId,
    role: MemberRole,
) -> Written {
    let (_, by) = in_group(tx, id)?;
    if !by.role().may_set_roles() {
        return Err(Rejection::NotAllowed.into());
    }
    let member = present(tx, id, user)?.ok_or(Rejection::NoSuchMember)?;
    if member.role() == role {
        return Ok(Outcome::Unchanged);
    }
    let is_owner = |(_, member): &(UserId, MemberV1)| member.role() == MemberRole::Owner;
    if member.role() == MemberRole::Owner
        && all_present(tx, id)?.into_iter().filter(is_owner).count() == 1
    {
        return Err(Rejection::Invalid("a group keeps at least one owner").into());
    }
    let change = give_role(tx, id, user.clone(), member, role)?;
    Ok(Outcome::Changed(vec![change]))
}

fn give_role(
    tx: &mut Tx<'_>,
    id: ConversationId,
    user: UserId,
    mut member: MemberV1,
    role: MemberRole,
) -> Result<Change, Stop> {
    member.role = role.into();
    tx.put(keys::member(id, &user), &member)?;
    let position = tx.position()?;
    let stored = ChangeBodyV1::RoleSet {
        user: user.clone(),
        role: role.into(),
    };
    Ok(tx.change(id, position, stored, ChangeBody::RoleSet { user, role })?)
}

fn user_of(key: &[u8]) -> Result<UserId, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::Member, key)?;
        parts.conversation()?;
        parts.user()
    })
}

fn all_present(
    source: &dyn Source,
    id: ConversationId,
) -> Result<Vec<(UserId, MemberV1)>, StoreError> {
    let mut members = Vec::new();
    for entry in records::all::<MemberV1>(source, keys::members(id), Order::Ascending) {
        let (key, member) = entry?;
        if member.present {
            members.push((user_of(&key)?, member));
        }
    }
    Ok(members)
}

pub(crate) fn member(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
) -> Result<Option<Member>, StoreError> {
    let record = present(source, id, user)?;
    Ok(record.map(|member| member.to_domain(user.clone())))
}

/// Doesn't breathe: members, their number and `as_of` are of one moment.
pub(crate) fn roster(view: &View<'_>, id: ConversationId) -> Result<Option<Roster>, StoreError> {
    let Some(conversation) = conversations::conversation(view, id)? else {
        return Ok(None);
    };
    let members = all_present(view, id)?.into_iter();
    let mut members: Vec<_> = members.map(|(user, m)| m.to_domain(user)).collect();
    members.sort_by(|a, b| a.user.cmp(&b.user));
    Ok(Some(Roster {
        as_of: view.applied().head,
        conversation,
        members,
    }))
}

/// One stay of a user in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stint {
    pub(crate) conversation: ConversationId,
    pub(crate) joined: Position,
    pub(crate) left: Option<Position>,
}

/// All stays of a user, by conversation, then time.
pub(crate) fn stints(source: &dyn Source, user: &UserId) -> Result<Vec<Stint>, StoreError> {
    let entries = records::all::<StintV1>(source, keys::stints(user), Order::Ascending);
    let stint = |entry: Result<(Vec<u8>, StintV1), StoreError>| {
        let (key, StintV1 { left }) = entry?;
        records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Stint, key)?;
            parts.user()?;
            Some(Stint {
                conversation: parts.conversation()?,
                joined: parts.position()?,
                left,
            })
        })
    };
    entries.map(stint).collect()
}

pub(crate) fn conversation_ids(
    source: &dyn Source,
    user: &UserId,
) -> Result<Vec<ConversationId>, StoreError> {
    let now = stints(source, user)?.into_iter();
    Ok(now
        .filter(|stint| stint.left.is_none())
        .map(|stint| stint.conversation)
        .collect())
}

pub(crate) fn contacts(
    source: &dyn Source,
    user: &UserId,
    group_members_max: u32,
) -> Result<Vec<UserId>, StoreError> {
    let mut contacts = BTreeSet::new();
    for id in conversation_ids(source, user)? {
        source.breathe();
        let conversation: ConversationV1 = records::must(source, &keys::conversation(id))?;
        match conversation.kind {
            ConversationKindV1::Direct { pair } => contacts.extend(pair),
            // They are no longer matched, and need not be seen coming and going.
            ConversationKindV1::Archived { .. } => {}
            ConversationKindV1::Group { .. } if conversation.n_members <= group_members_max => {
                contacts.extend(all_present(source, id)?.into_iter().map(|(user, _)| user));
            }
            ConversationKindV1::Group { .. } => {}
        }
    }
    contacts.remove(user);
    Ok(contacts.into_iter().collect())
}

pub(crate) fn acquainted(source: &dyn Source, a: &UserId, b: &UserId) -> Result<bool, StoreError> {
    let direct = conversations::direct_between(source, a, b)?;
    if let Some(id) = direct {
        let record: ConversationV1 = records::must(source, &keys::conversation(id))?;
        if !record.is_archived() {
            return Ok(true);
        }
    }
    let mut mine = conversation_ids(source, a)?;
    let theirs = conversation_ids(source, b)?;
    mine.retain(|id| Some(*id) != direct);
    Ok(mine.iter().any(|id| theirs.binary_search(id).is_ok()))
}
