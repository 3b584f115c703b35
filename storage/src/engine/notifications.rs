//! Stored notifications, and one mark a user up to which they are read.

use crate::{
    engine::{
        records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{Position, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{NotificationV1, NotificationsReadV1},
    store::{Notification, NotificationDraft, NotificationId, Outcome},
};

/// Each notification has a position of its own: a transaction may hold several for the same user.
pub(crate) fn write(tx: &mut Tx<'_>, drafts: &[NotificationDraft]) -> Result<(), Stop> {
    for NotificationDraft { user, topic, body } in drafts {
        let position = tx.position()?;
        let record = NotificationV1 {
            topic: topic.clone(),
            body: body.clone(),
            at: tx.at,
        };
        tx.put_new(keys::notification(user, position), &record)?;
    }
    Ok(())
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

fn read_through(source: &dyn Source, user: &UserId) -> Result<Position, StoreError> {
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

pub(crate) fn page(
    source: &dyn Source,
    user: &UserId,
    before: Option<NotificationId>,
    limit: usize,
) -> Result<Vec<Notification>, StoreError> {
    let read = read_through(source, user)?;
    let range = keys::notifications(user, Position::ZERO, before.map(|id| id.0));
    let entries = records::all::<NotificationV1>(source, range, Order::Descending);
    let page = entries.take(limit).map(|entry| {
        let (key, record) = entry?;
        let position = position_of(&key)?;
        Ok(record.into_domain(NotificationId(position), position <= read))
    });
    page.collect()
}

pub(crate) fn n_unread(source: &dyn Source, user: &UserId) -> Result<u64, StoreError> {
    let read = read_through(source, user)?;
    let above = source.scan(
        keys::notifications(user, next(read), None),
        Order::Ascending,
    );
    above.map(|entry| entry.map(|_| 1)).sum()
}
