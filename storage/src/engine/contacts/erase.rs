//! Takes away the requests that somebody made, whatever became of them, and what else is theirs alone.

use crate::{
    engine::{blocks, contacts::ties, purge::take_rows, records, tx::Tx},
    error::StoreError,
    ids::{MessageRequestId, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{HiddenV1, LikeV1, MessageRequestV1, RequestOfV1},
};

/// A batch of it; tells how much.
pub(crate) fn rows(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let user = tx.by;
    let mut n = 0;
    for id in made(tx, user, most)? {
        take_request(tx, id)?;
        n += 1;
    }
    n += take_rows::<LikeV1>(tx, keys::likes(user), most - n)?;
    n += take_hidden(tx, most - n)?;
    Ok(n)
}

/// Also forgets to whom they wrote unmatched, which is why those were hidden.
fn take_hidden(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let rows = tx.scan(keys::hidden_from(tx.by), Order::Ascending);
    let keys: Vec<_> = rows
        .take(most)
        .map(|row| Ok(row?.0))
        .collect::<Result<_, StoreError>>()?;
    let n = keys.len();
    for key in keys {
        let other = blocks::other_side(Table::Hidden, &key)?;
        let side = ties::side(tx.by, &other);
        if let Some(mut tie) = ties::load(tx, tx.by, &other)?.filter(|tie| tie.wrote[side]) {
            tie.wrote[side] = false;
            ties::put(tx, &other, &tie)?;
        }
        tx.delete::<HiddenV1>(key)?;
    }
    Ok(n)
}

/// The requests that somebody made.
pub(crate) fn made(
    source: &dyn Source,
    user: &UserId,
    most: usize,
) -> Result<Vec<MessageRequestId>, StoreError> {
    let rows = records::all::<RequestOfV1>(source, keys::requests_of(user, None), Order::Ascending);
    let mut made = Vec::new();
    for row in rows {
        if made.len() == most {
            break;
        }
        source.breathe();
        let (key, RequestOfV1 { sent }) = row?;
        let id = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::RequestOf, key)?;
            parts.user()?;
            parts.position()
        })?;
        made.extend(sent.then_some(MessageRequestId::created_at(id)));
    }
    Ok(made)
}

/// A request of who does it, from both sides.
fn take_request(tx: &mut Tx<'_>, id: MessageRequestId) -> Result<(), StoreError> {
    let key = keys::message_request(id);
    if let Some(record) = records::load::<MessageRequestV1>(tx, &key)? {
        tx.delete::<RequestOfV1>(keys::request_of(&record.to, id))?;
        let tie = ties::load(tx, tx.by, &record.to)?;
        if let Some(mut tie) = tie.filter(|tie| tie.request == Some(id)) {
            tie.request = None;
            ties::put(tx, &record.to, &tie)?;
        }
    }
    tx.delete::<RequestOfV1>(keys::request_of(tx.by, id))?;
    tx.delete::<MessageRequestV1>(key)
}
