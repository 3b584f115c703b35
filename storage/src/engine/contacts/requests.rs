//! Requests for first contact: made, answered, taken back.

use crate::{
    domain::{
        contact::{MatchKind, Notice, RequestStatus},
        message::{Content, MessageKind},
    },
    engine::{
        bounds,
        contacts::{
            matches,
            met::Met,
            ties::{self, lifetime},
        },
        fingerprint::Fingerprint,
        members, messages, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{ConversationId, IdempotencyKey, MessageRequestId, UserId},
    keys,
    record::{MadeV1, MessageRequestV1, RequestOfV1, RequestStatusV1, RequestV1, TieV1},
    store::{Outcome, Rejection},
};

pub(crate) fn ask(
    tx: &mut Tx<'_>,
    user: &UserId,
    text: &str,
    masked: Option<&str>,
    key: Option<&IdempotencyKey>,
) -> Written {
    if user == tx.by {
        return Err(Rejection::Invalid("nobody asks themselves").into());
    }
    bounds::text(MessageKind::Text, text)?;
    masked.map_or(Ok(()), |masked| bounds::text(MessageKind::Text, masked))?;
    let fingerprint = Fingerprint::of("request")
        .part(user.as_str().as_bytes())
        .part(tx.original.unwrap_or(text).as_bytes())
        .done();
    let key = key.map(|key| keys::request(tx.by, key));
    if let Some(key) = &key
        && let Some(before) = records::load::<RequestV1>(tx, key)?
    {
        let MadeV1::Asked(id) = before.made else {
            return Err(Rejection::KeyReused.into());
        };
        // A request that was erased is forgotten together with its key.
        let made: Option<MessageRequestV1> = records::load(tx, &keys::message_request(id))?;
        if let Some(made) = made {
            return if before.fingerprint == fingerprint {
                let asked = made.into_domain(id, lifetime(tx));
                Ok(Outcome::Asked(Box::new(asked)))
            } else {
                Err(Rejection::KeyReused.into())
            };
        }
    }
    ties::check_blocks(tx, user)?;
    let mut tie = ties::load(tx, tx.by, user)?.unwrap_or_default();
    if tie.matched.is_some() {
        return Err(Rejection::Matched.into());
    }
    if let Some((id, before)) = open(tx, &tie)? {
        match before.status(lifetime(tx)) {
            RequestStatus::Pending => return Err(Rejection::Asked.into()),
            // They can't be told that it isn't pending.
            RequestStatus::Declined if before.from == *tx.by => {
                return Err(Rejection::Asked.into());
            }
            _ => expire(tx, id, before)?,
        }
    }
    let id = MessageRequestId::created_at(tx.position()?);
    let record = MessageRequestV1 {
        from: tx.by.clone(),
        to: user.clone(),
        text: text.to_owned(),
        masked: masked.map(str::to_owned),
        status: RequestStatusV1::Pending,
        created_at: tx.at,
        answered_at: None,
        message: None,
        conversation: None,
    };
    tx.put_new(keys::message_request(id), &record)?;
    tx.put_new(keys::request_of(tx.by, id), &RequestOfV1 { sent: true })?;
    tx.put_new(keys::request_of(user, id), &RequestOfV1 { sent: false })?;
    if let Some(key) = key {
        let made = MadeV1::Asked(id);
        tx.put_new(key, &RequestV1 { fingerprint, made })?;
    }
    tie.request = Some(id);
    ties::put(tx, user, &tie)?;
    let notice = Notice::Requested(record.into_domain(id, lifetime(tx)));
    Ok(told(notice))
}

pub(crate) fn answer(tx: &mut Tx<'_>, id: MessageRequestId, accept: bool) -> Written {
    let record = named(tx, id)?;
    if record.to != *tx.by {
        return Err(Rejection::NoRequest.into());
    }
    if record.status(lifetime(tx)) != RequestStatus::Pending {
        return Err(Rejection::NotPending.into());
    }
    if accept {
        let mut met = Met::default();
        matches::make(tx, &record.from, MatchKind::RequestAccepted, &mut met)?;
        return Ok(met.or(Outcome::Unchanged));
    }
    // The tie goes on naming it: they can't ask again.
    let notice = end(tx, id, record, RequestStatusV1::Declined)?;
    Ok(told(notice))
}

pub(crate) fn withdraw(tx: &mut Tx<'_>, id: MessageRequestId) -> Written {
    let record = named(tx, id)?;
    if record.from != *tx.by {
        return Err(Rejection::NoRequest.into());
    }
    let status = record.status(lifetime(tx));
    if !matches!(status, RequestStatus::Pending | RequestStatus::Declined) {
        return Err(Rejection::NotPending.into());
    }
    let mut tie = ties::load(tx, tx.by, &record.to)?.unwrap_or_default();
    tie.request = tie.request.filter(|named| *named != id);
    ties::put(tx, &record.to, &tie)?;
    let notice = end(tx, id, record, RequestStatusV1::Withdrawn)?;
    Ok(told(notice))
}

fn told(notice: Notice) -> Outcome {
    Outcome::Met {
        notices: vec![notice],
        changes: Vec::new(),
    }
}

fn named(tx: &Tx<'_>, id: MessageRequestId) -> Result<MessageRequestV1, Stop> {
    let record = records::load(tx, &keys::message_request(id))?;
    Ok(record.ok_or(Rejection::NoRequest)?)
}

type Asked = (MessageRequestId, MessageRequestV1);

/// The request that the tie names.
pub(crate) fn open(tx: &Tx<'_>, tie: &TieV1) -> Result<Option<Asked>, StoreError> {
    let Some(id) = tie.request else {
        return Ok(None);
    };
    let record = records::must(tx, &keys::message_request(id))?;
    Ok(Some((id, record)))
}

/// The request between the two that is pending now.
pub(crate) fn pending(tx: &Tx<'_>, tie: &TieV1) -> Result<Option<Asked>, StoreError> {
    let open = open(tx, tie)?;
    Ok(open.filter(|(_, record)| record.status(lifetime(tx)) == RequestStatus::Pending))
}

/// [`pending`], if that one made it.
pub(crate) fn pending_from(
    tx: &Tx<'_>,
    tie: &TieV1,
    maker: &UserId,
) -> Result<Option<Asked>, StoreError> {
    Ok(pending(tx, tie)?.filter(|(_, record)| record.from == *maker))
}

/// Ends a request other than by accepting it.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    id: MessageRequestId,
    mut record: MessageRequestV1,
    status: RequestStatusV1,
) -> Result<Notice, StoreError> {
    record.status = status;
    record.answered_at = Some(tx.at);
    tx.put(keys::message_request(id), &record)?;
    Ok(Notice::Answered(record.into_domain(id, lifetime(tx))))
}

/// Ends a request that something else has overtaken. Nobody is told: it had been declined, or was too old.
fn expire(
    tx: &mut Tx<'_>,
    id: MessageRequestId,
    mut record: MessageRequestV1,
) -> Result<(), StoreError> {
    record.status = RequestStatusV1::Expired;
    record.answered_at = None;
    tx.put(keys::message_request(id), &record)
}

/// Ends the open request of two people who are matched now: accepted if it is pending, whoever made it.
///
/// Its text, all of it, becomes a message by who made it.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    (id, mut record): Asked,
    conversation: ConversationId,
    met: &mut Met,
) -> Result<(), Stop> {
    if record.status(lifetime(tx)) != RequestStatus::Pending {
        return Ok(expire(tx, id, record)?);
    }
    let maker = members::present(tx, conversation, &record.from)?;
    let maker = maker.ok_or_else(|| {
        let key = keys::member(conversation, &record.from);
        records::corrupt(
            &key,
            "it is missing, though the conversation is of this pair",
        )
    })?;
    let content = Content {
        text: record.text.clone(),
        ..Content::default()
    };
    let author = (&record.from, maker.ordinal);
    let message = messages::append(tx, conversation, author, &content, Vec::new(), None)?;
    record.status = RequestStatusV1::Accepted;
    record.answered_at = Some(tx.at);
    record.message = Some(message.id);
    record.conversation = Some(conversation);
    tx.put(keys::message_request(id), &record)?;
    met.changes.push(messages::sent(message));
    let notice = Notice::Answered(record.into_domain(id, lifetime(tx)));
    met.notices.push(notice);
    Ok(())
}
