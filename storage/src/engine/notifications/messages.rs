//! Notifications of messages: what waits for somebody in a conversation, brought in line with what is there.
//!
//! It is worked out anew each time, from the places above the reader's cursor: so it makes no difference how often it is
//! done, or how much happened since it was done last.

use std::collections::BTreeSet;

use super::{choices, rows};
use crate::{
    domain::notification::{Notification, NotificationId, Notified},
    engine::{
        blocks, heads, members, records, summaries,
        tx::{Stop, Tx},
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    keys,
    kv::{Order, Source},
    record::{ConversationV1, MessageV2, NoticedV1, NotificationBodyV1, NotificationV2, PlaceV1},
};

/// Places looked at together: a transaction may have to read such a range whole.
const WINDOW: u64 = 64;

/// The newest message that waits for a reader.
struct Waiting {
    message: MessageId,
    seq: Seq,
    author: UserId,
}

impl Waiting {
    fn body(&self, conversation: ConversationId) -> NotificationBodyV1 {
        NotificationBodyV1::Message {
            conversation,
            message: self.message,
            author: self.author.clone(),
        }
    }

    fn noticed(&self, notification: Position) -> NoticedV1 {
        NoticedV1 {
            notification,
            newest: Some((self.message, self.seq)),
        }
    }
}

/// Brings what people are notified of in a conversation in line with what waits for them there; tells what is new.
/// `new`: when that is told. `None`: only what is withdrawn is looked for.
pub(crate) fn notify(
    tx: &mut Tx<'_>,
    id: ConversationId,
    users: &[UserId],
    new: Option<Timestamp>,
) -> Result<Vec<Notified>, StoreError> {
    let mut told = Vec::new();
    for user in users {
        match bring_in_line(tx, id, user, new) {
            Ok(None) => {}
            Ok(Some(notification)) => told.push(Notified {
                user: user.clone(),
                notification,
            }),
            // No position is left for it, in 2094.
            Err(Stop::Rejected(_)) => {}
            Err(Stop::Broken(error)) if error.kind.is_damage() => {
                tracing::error!(%error, "somebody is not notified of what waits for them");
            }
            Err(Stop::Broken(error)) => return Err(error),
        }
    }
    Ok(told)
}

fn bring_in_line(
    tx: &mut Tx<'_>,
    id: ConversationId,
    user: &UserId,
    new: Option<Timestamp>,
) -> Result<Option<Notification>, Stop> {
    let key = keys::noticed(user, id.position());
    let noticed: Option<NoticedV1> = records::load(tx, &key)?;
    if noticed.is_none() && new.is_none() {
        return Ok(None);
    }
    let Some(waiting) = waiting(tx, id, user)? else {
        // What was told of was withdrawn, or is hidden now. (What was read is told of no more, see `seen`.)
        if let Some(noticed) = noticed {
            rows::take(tx, user, noticed.notification)?;
            tx.delete::<NoticedV1>(key)?;
        }
        return Ok(None);
    };
    let known = noticed.and_then(|noticed| noticed.newest);
    match known.map(|(message, _)| waiting.message.cmp(&message)) {
        Some(std::cmp::Ordering::Equal) => return Ok(None),
        // The newest was withdrawn. Of the one before it they have known for long.
        Some(std::cmp::Ordering::Less) => {
            if let Some(NoticedV1 { notification, .. }) = noticed {
                put_back(tx, id, user, notification, &waiting)?;
                tx.put(key, &waiting.noticed(notification))?;
            }
            return Ok(None);
        }
        Some(std::cmp::Ordering::Greater) | None => {}
    }
    let Some(at) = new else {
        return Ok(None);
    };
    let muted_until = choices::muted_until(tx, id, user)?;
    if muted_until.is_some_and(|until| at < until) {
        return Ok(None);
    }
    if let Some(NoticedV1 { notification, .. }) = noticed
        && is_unread(tx, user, notification)?
    {
        rows::take(tx, user, notification)?;
    }
    let body = waiting.body(id);
    let position = rows::add(tx, user, body.clone(), at)?;
    tx.put(key, &waiting.noticed(position))?;
    Ok(Some(Notification {
        id: NotificationId(position),
        body: body.into(),
        at,
        read: false,
    }))
}

fn put_back(
    tx: &mut Tx<'_>,
    id: ConversationId,
    user: &UserId,
    notification: Position,
    waiting: &Waiting,
) -> Result<(), StoreError> {
    let key = keys::notification(user, notification);
    let Some(record) = records::load::<NotificationV2>(tx, &key)? else {
        return Ok(());
    };
    let body = waiting.body(id);
    tx.put(key, &NotificationV2 { body, ..record })
}

fn is_unread(
    source: &dyn Source,
    user: &UserId,
    notification: Position,
) -> Result<bool, StoreError> {
    let found = rows::one(source, user, NotificationId(notification))?;
    Ok(found.is_some_and(|found| !found.read))
}

/// By the same rule as what counts as unread. What is archived asks for nobody's attention.
fn waiting(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
) -> Result<Option<Waiting>, StoreError> {
    let Some(member) = members::present(source, id, user)? else {
        return Ok(None);
    };
    let Some((head, _)) = heads::newest(source, id)?.filter(|(head, _)| *head > member.read) else {
        return Ok(None);
    };
    let conversation: ConversationV1 = records::must(source, &keys::conversation(id))?;
    if conversation.is_archived() {
        return Ok(None);
    }
    let mut hidden = blocks::ordinals(source, id, &summaries::hidden_from(source, user)?)?;
    hidden.insert(member.ordinal);
    let (mut last, first) = (head, member.read.next());
    while last >= first {
        let from = first.max(Seq(last.0.saturating_sub(WINDOW - 1)));
        if let Some((seq, message)) = newest_of(source, id, from, last, &hidden)? {
            let author = records::must::<MessageV2>(source, &keys::message(message))?.author;
            return Ok(Some(Waiting {
                message,
                seq,
                author,
            }));
        }
        last = Seq(from.0.saturating_sub(1));
    }
    Ok(None)
}

fn newest_of(
    source: &dyn Source,
    id: ConversationId,
    from: Seq,
    last: Seq,
    hidden: &BTreeSet<u32>,
) -> Result<Option<(Seq, MessageId)>, StoreError> {
    let range = keys::places_within(id, from, last);
    for entry in records::all::<PlaceV1>(source, range, Order::Descending) {
        let (key, place) = entry?;
        if !place.deleted && !hidden.contains(&place.author) {
            return Ok(Some((heads::seq_of(&key)?, place.message)));
        }
    }
    Ok(None)
}

/// Whoever reads a conversation has read of it, too.
pub(crate) fn seen(tx: &mut Tx<'_>, id: ConversationId, seq: Seq) -> Result<(), StoreError> {
    let key = keys::noticed(tx.by, id.position());
    let Some(noticed) = records::load::<NoticedV1>(tx, &key)? else {
        return Ok(());
    };
    if noticed.newest.is_some_and(|(_, newest)| newest <= seq) {
        tx.delete::<NoticedV1>(key)?;
        rows::set_read(tx, tx.by, noticed.notification)?;
    }
    Ok(())
}
