//! The rows of notifications, and the mark up to which they are read.

use crate::{
    domain::notification::{Notification, NotificationDraft, NotificationId},
    engine::{
        records,
        tx::{Stop, Tx, Written},
        view::BREATH,
    },
    error::StoreError,
    ids::{Position, Timestamp, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{
        NoticedV1, NotificationAtV1, NotificationBodyV1, NotificationV2, NotificationsReadV1,
    },
    store::Outcome,
};

pub(crate) fn write(tx: &mut Tx<'_>, drafts: &[NotificationDraft]) -> Result<(), Stop> {
    for NotificationDraft { user, body } in drafts {
        add(tx, user, body.clone().into(), tx.at)?;
    }
    Ok(())
}

/// Each notification has a position of its own: a transaction may hold several for the same user.
pub(super) fn add(
    tx: &mut Tx<'_>,
    user: &UserId,
    body: NotificationBodyV1,
    at: Timestamp,
) -> Result<Position, Stop> {
    let position = tx.position()?;
    let read = false;
    let record = NotificationV2 { at, read, body };
    tx.put_new(keys::notification(user, position), &record)?;
    let user = user.clone();
    tx.put_new(keys::notification_at(position), &NotificationAtV1 { user })?;
    Ok(position)
}

/// Takes a row away.
pub(super) fn take(tx: &mut Tx<'_>, user: &UserId, position: Position) -> Result<(), StoreError> {
    tx.delete::<NotificationV2>(keys::notification(user, position))?;
    tx.delete::<NotificationAtV1>(keys::notification_at(position))
}

/// Takes a row away, and what finds it by what it is about.
fn forget(
    tx: &mut Tx<'_>,
    user: &UserId,
    position: Position,
    record: &NotificationV2,
) -> Result<(), StoreError> {
    if let Some(about) = record.body.about() {
        let key = keys::noticed(user, about);
        let noticed: Option<NoticedV1> = records::load(tx, &key)?;
        if noticed.is_some_and(|noticed| noticed.notification == position) {
            tx.delete::<NoticedV1>(key)?;
        }
    }
    take(tx, user, position)
}

/// Marks one row as read, whatever the mark says.
pub(super) fn set_read(
    tx: &mut Tx<'_>,
    user: &UserId,
    position: Position,
) -> Result<(), StoreError> {
    let key = keys::notification(user, position);
    match records::load::<NotificationV2>(tx, &key)? {
        Some(record) if !record.read => tx.put(
            key,
            &NotificationV2 {
                read: true,
                ..record
            },
        ),
        _ => Ok(()),
    }
}

pub(crate) fn read(tx: &mut Tx<'_>, through: NotificationId) -> Written {
    let read = read_through(tx, tx.by)?;
    // Up to the newest there is, lest a number from the future mark what is yet to come.
    let above = keys::notifications(tx.by, next(read), Some(next(through.0)));
    let newest = tx.scan(above, Order::Descending).next().transpose()?;
    let Some((key, _)) = newest else {
        return Ok(Outcome::Unchanged);
    };
    let through = position_of(&key)?;
    tx.put(
        keys::notifications_read(tx.by),
        &NotificationsReadV1 { through },
    )?;
    Ok(Outcome::Done)
}

fn next(position: Position) -> Position {
    Position::new(position.get() + 1).unwrap_or(Position::MAX)
}

pub(super) fn read_through(source: &dyn Source, user: &UserId) -> Result<Position, StoreError> {
    let mark: Option<NotificationsReadV1> = records::load(source, &keys::notifications_read(user))?;
    Ok(mark.map_or(Position::ZERO, |mark| mark.through))
}

fn position_of(key: &[u8]) -> Result<Position, StoreError> {
    records::parsed(key, |key| {
        let mut parts = Parts::of(Table::Notification, key)?;
        parts.user()?;
        parts.position()
    })
}

pub(crate) fn one(
    source: &dyn Source,
    user: &UserId,
    NotificationId(position): NotificationId,
) -> Result<Option<Notification>, StoreError> {
    let record: Option<NotificationV2> =
        records::load(source, &keys::notification(user, position))?;
    let Some(record) = record else {
        return Ok(None);
    };
    let marked = position <= read_through(source, user)?;
    Ok(Some(record.into_domain(NotificationId(position), marked)))
}

pub(crate) fn page(
    source: &dyn Source,
    user: &UserId,
    before: Option<NotificationId>,
    limit: usize,
) -> Result<Vec<Notification>, StoreError> {
    let read = read_through(source, user)?;
    let range = keys::notifications(user, Position::ZERO, before.map(|id| id.0));
    let entries = records::all::<NotificationV2>(source, range, Order::Descending);
    let page = entries.take(limit).map(|entry| {
        let (key, record) = entry?;
        let position = position_of(&key)?;
        Ok(record.into_domain(NotificationId(position), position <= read))
    });
    page.collect()
}

/// Looks at what is above the mark.
pub(crate) fn n_unread(source: &dyn Source, user: &UserId) -> Result<u64, StoreError> {
    let above = keys::notifications(user, next(read_through(source, user)?), None);
    let mut n_unread = 0;
    for (n, entry) in (1..).zip(records::all(source, above, Order::Ascending)) {
        let (_, NotificationV2 { read, .. }) = entry?;
        n_unread += u64::from(!read);
        if n % BREATH == 0 {
            source.breathe();
        }
    }
    Ok(n_unread)
}

/// Forgets everybody's notifications from before a time, the oldest first, at most so many; tells how many.
pub(crate) fn forget_before(
    tx: &mut Tx<'_>,
    before: Timestamp,
    most: usize,
) -> Result<usize, StoreError> {
    let range = keys::notifications_before(Position::at(before));
    let old = records::all::<NotificationAtV1>(tx, range, Order::Ascending);
    let old: Vec<_> = old.take(most).collect::<Result<_, _>>()?;
    for (key, NotificationAtV1 { user }) in &old {
        let position =
            records::parsed(key, |key| Parts::of(Table::NotificationAt, key)?.position())?;
        match records::load(tx, &keys::notification(user, position)) {
            Ok(Some(record)) => forget(tx, user, position, &record)?,
            Ok(None) => tx.delete::<NotificationAtV1>(key.clone())?,
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "an old notification is not taken away");
                // Else it would be the first one each time, and no other would go.
                tx.delete::<NotificationAtV1>(key.clone())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(old.len())
}

/// Forgets notifications of the user's own; tells how many.
pub(crate) fn forget_own(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let user = tx.by;
    let range = keys::notifications(user, Position::ZERO, None);
    let own = records::all::<NotificationV2>(tx, range, Order::Ascending);
    let own: Vec<_> = own.take(most).collect::<Result<_, _>>()?;
    for (key, record) in &own {
        forget(tx, user, position_of(key)?, record)?;
    }
    Ok(own.len())
}
