//! What happened since: the messages and the other changes of all of a user's conversations, merged.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    domain::{
        change::{Change, ChangeBody},
        message::Message,
    },
    engine::{
        conversations, cursors,
        members::{self, Stint},
        messages, places, records,
        view::View,
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Position, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{ChangeBodyV1, ChangeV1, PlaceV1},
    store::Changes,
};

/// A change before its message is read.
enum Found {
    Sent(MessageId),
    Other(ConversationId, ChangeV1),
}

type Stream<'a> = Box<dyn Iterator<Item = Result<(Position, Found), StoreError>> + 'a>;

/// Everything up to the head at the beginning is in the store, so the moments in which the parts are read
/// needn't be the same; what comes in meanwhile lies above it and is left for the next call.
pub(crate) fn since(
    view: &View<'_>,
    user: &UserId,
    after: Position,
    limit: usize,
) -> Result<Changes, StoreError> {
    let through = view.applied().head;
    let mut streams = Vec::new();
    if after < through {
        for stint in members::stints(view, user)? {
            view.breathe();
            streams.extend(of_stint(view, stint, after, through)?);
        }
    }
    // Each stream's next change waits here, the smallest position on top.
    let mut waiting = Vec::with_capacity(streams.len());
    let mut order = BinaryHeap::with_capacity(streams.len());
    for (n, stream) in streams.iter_mut().enumerate() {
        let next = stream.next().transpose()?;
        order.extend(next.iter().map(|(position, _)| Reverse((*position, n))));
        waiting.push(next);
    }
    let mut answer = Changes {
        changes: Vec::new(),
        through,
        more: false,
    };
    let mut last = after;
    while let Some(Reverse((position, n))) = order.pop() {
        if answer.changes.len() == limit {
            answer.through = last;
            answer.more = true;
            break;
        }
        view.breathe();
        if let Some((_, found)) = waiting[n].take() {
            answer.changes.extend(read(view, position, found)?);
            last = position;
        }
        let next = streams[n].next().transpose()?;
        order.extend(next.iter().map(|(position, _)| Reverse((*position, n))));
        waiting[n] = next;
    }
    Ok(answer)
}

/// The messages and the other changes of one stay of the user, above `after` and up to `through`.
fn of_stint<'a>(
    source: &'a dyn Source,
    stint: Stint,
    after: Position,
    through: Position,
) -> Result<Vec<Stream<'a>>, StoreError> {
    let id = stint.conversation;
    let last = stint.left.map_or(through, |left| left.min(through));
    let Some(first) = Position::new(after.get() + 1).map(|first| first.max(stint.joined)) else {
        return Ok(Vec::new());
    };
    if first > last {
        return Ok(Vec::new());
    }
    let above = Position::new(first.get() - 1).unwrap_or_default();
    let mut streams: Vec<Stream<'a>> = Vec::new();
    if let Some(seq) = places::first_above(source, id, above)? {
        let places = keys::places_from(id, seq);
        let places = records::all::<PlaceV1>(source, places, Order::Ascending);
        let places = places.map(|entry| {
            let message = entry?.1.message;
            Ok((message.position(), Found::Sent(message)))
        });
        streams.push(Box::new(up_to(last, places)));
    }
    let changes = keys::changes_from(id, first);
    let changes = records::all::<ChangeV1>(source, changes, Order::Ascending);
    let changes = changes.map(move |entry| {
        let (key, change) = entry?;
        let position = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Change, key)?;
            parts.conversation()?;
            parts.position()
        })?;
        Ok((position, Found::Other(id, change)))
    });
    streams.push(Box::new(up_to(last, changes)));
    Ok(streams)
}

fn up_to<'a>(
    last: Position,
    stream: impl Iterator<Item = Result<(Position, Found), StoreError>> + 'a,
) -> impl Iterator<Item = Result<(Position, Found), StoreError>> + 'a {
    stream.take_while(move |found| !matches!(found, Ok((position, _)) if *position > last))
}

/// `None` if the message it is about is gone for good.
fn read(
    source: &dyn Source,
    position: Position,
    found: Found,
) -> Result<Option<Change>, StoreError> {
    match found {
        Found::Sent(message) => Ok(messages::message(source, message)?.map(messages::sent)),
        Found::Other(conversation, record) => to_domain(source, conversation, position, record),
    }
}

/// A stored change as it is told now. `None` if what it is about is gone for good.
pub(crate) fn to_domain(
    source: &dyn Source,
    conversation: ConversationId,
    position: Position,
    record: ChangeV1,
) -> Result<Option<Change>, StoreError> {
    let body = match record.body {
        ChangeBodyV1::Created { members } => conversations::conversation(source, conversation)?
            .map(|conversation| ChangeBody::Created {
                conversation,
                members,
            }),
        ChangeBodyV1::Edited { message } => {
            let edited = messages::message(source, message)?;
            edited.map(|message| {
                ChangeBody::Edited(Message {
                    reactions: Vec::new(),
                    ..message
                })
            })
        }
        ChangeBodyV1::Deleted { message } => {
            messages::message(source, message)?.map(ChangeBody::Deleted)
        }
        ChangeBodyV1::Reacted {
            message,
            seq,
            emoji,
            on,
        } => {
            let is_there = source.get(&keys::message(message))?.is_some();
            is_there.then_some(ChangeBody::Reacted {
                message,
                seq,
                emoji,
                on,
            })
        }
        ChangeBodyV1::Read { seq } => {
            let read = cursors::read_back(source, conversation, &record.by, seq, seq)?;
            Some(read)
        }
        ChangeBodyV1::ReadFrom { from, seq } => {
            let read = cursors::read_back(source, conversation, &record.by, from, seq)?;
            Some(read)
        }
        ChangeBodyV1::Delivered { seq } => Some(ChangeBody::Delivered { seq }),
        ChangeBodyV1::Added { users } => Some(ChangeBody::Added { users }),
        ChangeBodyV1::Removed { user } => Some(ChangeBody::Removed { user }),
        ChangeBodyV1::RoleSet { user, role } => Some(ChangeBody::RoleSet {
            user,
            role: role.into(),
        }),
        ChangeBodyV1::Renamed { name } => Some(ChangeBody::Renamed { name }),
        ChangeBodyV1::Archived { on } => Some(ChangeBody::Archived { on }),
    };
    Ok(body.map(|body| Change {
        position,
        conversation,
        by: record.by,
        at: record.at,
        body,
    }))
}
