//! Erasure: takes what somebody wrote and chose away for good, and leaves the order that others see whole.

use crate::{
    codec::Record,
    domain::{change::ChangeBody, event::EventId},
    engine::{
        attachments, blocks, contacts, flags, notifications, personal, places, purge, push,
        records, scheduled, templates,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, MessageId, Position},
    keys::{self, Table},
    kv::{Order, Source},
    personal::{Erase, ROWS_AT_ONCE},
    record::{
        BlockV1, BlockedByV1, ChangeBodyV1, ChangeV1, DoNotDisturbV1, HappenedV1, LimitV1,
        MessageV2, NotificationsReadV1, PreferencesV1, ReactionV1, RequestV1, RevisionV1, UserV1,
    },
    store::Outcome,
};

/// Rows that hang on a message, taken away in one transaction; and rows of any kind.
const ROWS: usize = ROWS_AT_ONCE as usize;

pub(crate) fn erase(tx: &mut Tx<'_>, what: &Erase) -> Written {
    match what {
        Erase::Message(id) => message(tx, *id),
        Erase::Reaction { message, emoji } => reaction(tx, *message, emoji),
        Erase::Given {
            conversation,
            positions,
        } => given(tx, *conversation, positions),
        Erase::Events(ids) => events(tx, ids),
        Erase::Scheduled => Ok(done(scheduled::forget_own(tx, ROWS)?)),
        Erase::Rows => rows(tx),
    }
}

fn done(n_rows: usize) -> Outcome {
    match n_rows {
        0 => Outcome::Unchanged,
        _ => Outcome::Done,
    }
}

fn message(tx: &mut Tx<'_>, id: MessageId) -> Written {
    let key = keys::message(id);
    let Some(mut record) = records::load::<MessageV2>(tx, &key)? else {
        return Ok(Outcome::Unchanged);
    };
    if record.author != *tx.by {
        return Ok(Outcome::Unchanged);
    }
    let mut n_rows = purge::take_rows::<RevisionV1>(tx, keys::revisions(id), ROWS)?;
    let rows_left = ROWS - n_rows;
    n_rows += purge::take_rows::<ReactionV1>(tx, keys::reactions(id), rows_left)?;
    if record.is_erased() {
        return Ok(done(n_rows));
    }
    purge::take_request(tx, id, &record)?;
    flags::forget(tx, id)?;
    attachments::forget_sent(tx, &record.attachments)?;
    let was_deleted = record.deleted_at.is_some();
    record.text.clear();
    record.metadata = None;
    record.reply_to = None;
    record.key = None;
    record.attachments.clear();
    // As long as any may be left, they have to be looked for.
    record.reacted = n_rows == ROWS;
    record.deleted_at = record.deleted_at.or(Some(tx.at));
    tx.put(key, &record)?;
    if was_deleted {
        return Ok(Outcome::Done);
    }
    let conversation = record.conversation;
    let position = tx.position()?;
    places::delete(tx, conversation, record.seq)?;
    let stored = ChangeBodyV1::Deleted { message: id };
    let body = ChangeBody::Deleted(record.into_domain(id));
    let change = tx.change(conversation, position, stored, body)?;
    Ok(Outcome::Changed(vec![change]))
}

/// Unlike [`react`](super::reactions::react) it needs no membership, and no message that is still there to see.
fn reaction(tx: &mut Tx<'_>, id: MessageId, emoji: &str) -> Written {
    let key = keys::reaction(id, emoji, tx.by);
    if tx.get(&key)?.is_none() {
        return Ok(Outcome::Unchanged);
    }
    tx.delete::<ReactionV1>(key)?;
    let message: Option<MessageV2> = records::load(tx, &keys::message(id))?;
    let Some(message) = message.filter(|message| message.deleted_at.is_none()) else {
        return Ok(Outcome::Done);
    };
    let (conversation, seq) = (message.conversation, message.seq);
    let position = tx.position()?;
    let [stored, told] = [emoji, emoji].map(str::to_owned);
    let stored = ChangeBodyV1::Reacted {
        message: id,
        seq,
        emoji: stored,
        on: false,
    };
    let body = ChangeBody::Reacted {
        message: id,
        seq,
        emoji: told,
        on: false,
    };
    let change = tx.change(conversation, position, stored, body)?;
    Ok(Outcome::Changed(vec![change]))
}

fn given(tx: &mut Tx<'_>, conversation: ConversationId, positions: &[Position]) -> Written {
    let mut n_rows = 0;
    for &position in positions {
        let key = keys::change(conversation, position);
        let change: Option<ChangeV1> = records::load(tx, &key)?;
        let is_over = |change: ChangeV1| -> Result<bool, StoreError> {
            let ChangeBodyV1::Reacted {
                message, emoji, on, ..
            } = &change.body
            else {
                return Ok(false);
            };
            let stands = tx.get(&keys::reaction(*message, emoji, tx.by))?.is_some();
            Ok(change.by == *tx.by && *on && !stands)
        };
        if change.map(is_over).transpose()? == Some(true) {
            tx.delete::<ChangeV1>(key)?;
            n_rows += 1;
        }
    }
    Ok(done(n_rows))
}

fn events(tx: &mut Tx<'_>, ids: &[EventId]) -> Written {
    let mut n_rows = 0;
    for &id in ids {
        let key = keys::event(id);
        let event: Option<HappenedV1> = records::load(tx, &key)?;
        if event.is_some_and(|event| event.by.as_ref() == Some(tx.by)) {
            tx.delete::<HappenedV1>(key)?;
            n_rows += 1;
        }
    }
    Ok(done(n_rows))
}

fn rows(tx: &mut Tx<'_>) -> Written {
    let user = tx.by;
    let mut left = ROWS;
    left -= purge::take_rows::<LimitV1>(tx, keys::limits(user), left)?;
    left -= notifications::forget_own(tx, left)?;
    left -= notifications::forget_mutes(tx, left)?;
    left -= take_one::<DoNotDisturbV1>(tx, keys::do_not_disturb(user), left)?;
    left -= take_one::<NotificationsReadV1>(tx, keys::notifications_read(user), left)?;
    if left > 0 {
        for key in personal::loose_keys(tx, user, left)? {
            tx.delete::<RequestV1>(key)?;
            left -= 1;
        }
    }
    left -= templates::forget_own(tx, left)?;
    // Before the files, which it lets go of.
    left -= scheduled::forget_own(tx, left)?;
    left -= attachments::forget_own(tx, left)?;
    left -= push::forget_own(tx, left)?;
    // After the keys, by which a retry would look for them.
    left -= contacts::erase::rows(tx, left)?;
    left -= take_one::<PreferencesV1>(tx, keys::preferences(user), left)?;
    left -= take_blocks(tx, left)?;
    // The profile last: as long as it is there, so may be more.
    left -= take_one::<UserV1>(tx, keys::user(user), left)?;
    Ok(done(ROWS - left))
}

fn take_one<R: Record>(tx: &mut Tx<'_>, key: Vec<u8>, left: usize) -> Result<usize, StoreError> {
    if left == 0 || tx.get(&key)?.is_none() {
        return Ok(0);
    }
    tx.delete::<R>(key)?;
    Ok(1)
}

/// Each with its other side.
fn take_blocks(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let rows = tx.scan(keys::blocks(tx.by), Order::Ascending).take(most);
    let keys: Vec<_> = rows
        .map(|row| Ok(row?.0))
        .collect::<Result<_, StoreError>>()?;
    let n = keys.len();
    for key in keys {
        let other = blocks::other_side(Table::Block, &key)?;
        tx.delete::<BlockedByV1>(keys::blocked_by(&other, tx.by))?;
        tx.delete::<BlockV1>(key)?;
    }
    Ok(n)
}
