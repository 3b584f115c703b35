//! Notifications of messages: what waits for somebody in a conversation, brought in line with what is there.
//!
//! What is to be changed is found by reading, however much there is to look through, and only then written: those who
//! write never wait for it. What has changed in between is seen by a look at what was found, and found anew.

use std::{collections::BTreeSet, ops::RangeInclusive};

use super::{choices, rows};
use crate::{
    domain::notification::{Notification, NotificationId, Notified},
    engine::{
        blocks, heads, members, records, standing,
        tx::{Stop, Tx},
        view::BREATH,
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    keys,
    kv::{Order, Source},
    record::{ConversationV1, MessageV2, NoticedV1, NotificationBodyV1, NotificationV2, PlaceV1},
};

/// The newest message that waits for a reader.
#[derive(Clone, Debug)]
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

/// What is to be changed for somebody.
#[derive(Debug)]
pub(crate) struct Found {
    user: UserId,
    /// What they are notified of so far.
    noticed: Option<NoticedV1>,
    /// What they are to be notified of; `None`: of nothing any more.
    waiting: Option<Waiting>,
}

/// What came of changing what was found.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// What is new.
    pub(crate) told: Vec<Notified>,
    /// For whom something else is the case by now: it is to be found anew.
    pub(crate) stale: Vec<UserId>,
}

/// Somebody for whom something is looked for, among these places.
struct Reader {
    user: UserId,
    noticed: Option<NoticedV1>,
    places: RangeInclusive<Seq>,
    /// Whose messages don't count for them, their own among them.
    hidden: BTreeSet<u32>,
}

/// Finds those for whom something new waits among these places.
pub(crate) fn find_new(
    source: &dyn Source,
    id: ConversationId,
    places: &RangeInclusive<Seq>,
    users: &[UserId],
    at: Timestamp,
) -> Result<Vec<Found>, StoreError> {
    if !is_open(source, id)? {
        return Ok(Vec::new());
    }
    let shadowed = shadowed(source, id)?;
    let readers = each(source, users, |user| {
        let is_muted = choices::muted_until(source, id, user)?.is_some_and(|until| at < until);
        let Some(member) = members::present(source, id, user)?.filter(|_| !is_muted) else {
            return Ok(None);
        };
        let first = member.read.next().max(*places.start());
        Ok(Some(Reader {
            user: user.clone(),
            noticed: records::load(source, &keys::noticed(user, id.position()))?,
            places: first..=*places.end(),
            hidden: hidden_from(source, id, user, member.ordinal, &shadowed)?,
        }))
    })?;
    let mut found = newest_for(source, id, readers)?;
    found.retain(
        |Found {
             noticed, waiting, ..
         }| {
            let known = noticed.and_then(|noticed| noticed.newest);
            let waiting = waiting.as_ref();
            waiting.is_some_and(|waiting| known.is_none_or(|(known, _)| known < waiting.message))
        },
    );
    Ok(found)
}

/// Finds those who are notified of a message that was withdrawn, or is hidden from them now. What they are told of
/// instead is what waited before it: of that they have known for long.
pub(crate) fn find_withdrawn(
    source: &dyn Source,
    id: ConversationId,
    users: &[UserId],
) -> Result<Vec<Found>, StoreError> {
    let notified = each(source, users, |user| {
        let noticed: Option<NoticedV1> =
            records::load(source, &keys::noticed(user, id.position()))?;
        Ok(noticed.map(|noticed| (user.clone(), noticed)))
    })?;
    if notified.is_empty() {
        return Ok(Vec::new());
    }
    let (is_open, shadowed) = (is_open(source, id)?, shadowed(source, id)?);
    let (mut found, mut readers) = (Vec::new(), Vec::new());
    for (user, noticed) in notified {
        let member = members::present(source, id, &user)?.filter(|_| is_open);
        let (Some(member), Some((_, newest))) = (member, noticed.newest) else {
            found.push(Found {
                user,
                noticed: Some(noticed),
                waiting: None,
            });
            continue;
        };
        readers.push(Reader {
            hidden: hidden_from(source, id, &user, member.ordinal, &shadowed)?,
            user,
            noticed: Some(noticed),
            places: member.read.next()..=newest,
        });
    }
    found.extend(newest_for(source, id, readers)?);
    found.retain(
        |Found {
             noticed, waiting, ..
         }| {
            let known = noticed.and_then(|noticed| noticed.newest);
            waiting
                .as_ref()
                .map(|waiting| (waiting.message, waiting.seq))
                != known
                || known.is_none()
        },
    );
    Ok(found)
}

/// Looks something up for each of them. One whose records are damaged is passed over.
fn each<T>(
    source: &dyn Source,
    users: &[UserId],
    look: impl Fn(&UserId) -> Result<Option<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    for user in users {
        source.breathe();
        match look(user) {
            Ok(one) => all.extend(one),
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "somebody is not notified of what waits for them");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// What is archived asks for nobody's attention.
fn is_open(source: &dyn Source, id: ConversationId) -> Result<bool, StoreError> {
    let conversation: Option<ConversationV1> = records::load(source, &keys::conversation(id))?;
    Ok(conversation.is_some_and(|conversation| !conversation.is_archived()))
}

/// Who is shown to nobody else, by their ordinals.
fn shadowed(source: &dyn Source, id: ConversationId) -> Result<BTreeSet<u32>, StoreError> {
    let shadowed = standing::shadowed(source)?.into_iter();
    blocks::ordinals(source, id, &shadowed.map(|(user, _)| user).collect())
}

fn hidden_from(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
    own: u32,
    shadowed: &BTreeSet<u32>,
) -> Result<BTreeSet<u32>, StoreError> {
    let mut hidden = blocks::ordinals(source, id, &blocks::hidden_from(source, user)?)?;
    hidden.extend(shadowed);
    hidden.insert(own);
    Ok(hidden)
}

/// The newest message that counts for each of them, by the same rule as what counts as unread. One walk for all.
fn newest_for(
    source: &dyn Source,
    id: ConversationId,
    mut readers: Vec<Reader>,
) -> Result<Vec<Found>, StoreError> {
    let first = readers.iter().map(|reader| *reader.places.start()).min();
    let last = readers.iter().map(|reader| *reader.places.end()).max();
    let mut found = Vec::with_capacity(readers.len());
    if let (Some(first), Some(last)) = (first, last)
        && first <= last
    {
        let range = keys::places_within(id, first, last);
        let places = records::all::<PlaceV1>(source, range, Order::Descending);
        for (n, entry) in (1..).zip(places) {
            let (key, place) = entry?;
            if n % BREATH == 0 {
                source.breathe();
            }
            let seq = heads::seq_of(&key)?;
            let counts = |reader: &mut Reader| {
                !place.deleted
                    && reader.places.contains(&seq)
                    && !reader.hidden.contains(&place.author)
            };
            let theirs: Vec<_> = readers.extract_if(.., counts).collect();
            if theirs.is_empty() {
                continue;
            }
            let message: MessageV2 = records::must(source, &keys::message(place.message))?;
            let waiting = Waiting {
                message: place.message,
                seq,
                author: message.author,
            };
            let theirs = theirs.into_iter();
            found.extend(theirs.map(|reader| reader.found(Some(waiting.clone()))));
            if readers.is_empty() {
                break;
            }
        }
    }
    found.extend(readers.into_iter().map(|reader| reader.found(None)));
    Ok(found)
}

impl Reader {
    fn found(self, waiting: Option<Waiting>) -> Found {
        let Self { user, noticed, .. } = self;
        Found {
            user,
            noticed,
            waiting,
        }
    }
}

/// Writes what was found. `new`: when it is told to those for whom something new was found. `None`: something was
/// withdrawn.
pub(crate) fn bring_in_line(
    tx: &mut Tx<'_>,
    id: ConversationId,
    found: &[Found],
    new: Option<Timestamp>,
) -> Result<Brought, StoreError> {
    let mut brought = Brought::default();
    for found in found {
        match bring_one(tx, id, found, new) {
            Ok(Some(notification)) => brought.told.extend(notification.map(|notification| {
                let user = found.user.clone();
                Notified { user, notification }
            })),
            Ok(None) => brought.stale.push(found.user.clone()),
            // No position is left for it, in 2094.
            Err(Stop::Rejected(_)) => {}
            Err(Stop::Broken(error)) if error.kind.is_damage() => {
                tracing::error!(%error, "somebody is not notified of what waits for them");
            }
            Err(Stop::Broken(error)) => return Err(error),
        }
    }
    Ok(brought)
}

/// `None`: it is no longer as it was found.
fn bring_one(
    tx: &mut Tx<'_>,
    id: ConversationId,
    found: &Found,
    new: Option<Timestamp>,
) -> Result<Option<Option<Notification>>, Stop> {
    let user = &found.user;
    let key = keys::noticed(user, id.position());
    let noticed: Option<NoticedV1> = records::load(tx, &key)?;
    if noticed != found.noticed {
        return Ok(None);
    }
    let Some(waiting) = &found.waiting else {
        // What was told of was withdrawn, or is hidden now. (What was read is told of no more, see `seen`.)
        rows::withdraw(tx, user, id.position())?;
        return Ok(Some(None));
    };
    if !still_waits(tx, id, user, waiting)? {
        return Ok(None);
    }
    let Some(at) = new else {
        // The newest was withdrawn. Of the one before it they have known for long.
        if let Some(NoticedV1 { notification, .. }) = noticed {
            put_back(tx, id, user, notification, waiting)?;
            tx.put(key, &waiting.noticed(notification))?;
        }
        return Ok(Some(None));
    };
    if let Some(NoticedV1 { notification, .. }) = noticed
        && is_unread(tx, user, notification)?
    {
        rows::take(tx, user, notification)?;
    }
    let body = waiting.body(id);
    let position = rows::add(tx, user, body.clone(), at)?;
    tx.put(key, &waiting.noticed(position))?;
    Ok(Some(Some(Notification {
        id: NotificationId(position),
        body: body.into(),
        at,
        read: false,
    })))
}

/// The same rule once more, of one message.
fn still_waits(
    source: &dyn Source,
    id: ConversationId,
    user: &UserId,
    waiting: &Waiting,
) -> Result<bool, StoreError> {
    let Waiting { seq, author, .. } = waiting;
    let member = members::present(source, id, user)?;
    let place: Option<PlaceV1> = records::load(source, &keys::place(id, *seq))?;
    Ok(member.is_some_and(|member| member.read < *seq)
        && place.is_some_and(|place| !place.deleted)
        && is_open(source, id)?
        && source.get(&keys::block(user, author))?.is_none()
        && source.get(&keys::shadowed(author))?.is_none())
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
