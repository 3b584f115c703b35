//! Sending, editing, deleting and reading messages.

use crate::{
    domain::{
        change::{Change, ChangeBody},
        message::{Content, Message, Revision},
    },
    engine::{
        attachments, bounds,
        contacts::{gate, met::Met},
        fingerprint::Fingerprint,
        members, places, reactions, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{AttachmentId, ConversationId, IdempotencyKey, MessageId, Seq, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::{
        AttachedV1, AttachmentV1, ChangeBodyV1, ConversationV1, MadeV1, MemberV1, MessageV2,
        PlaceV1, RequestV1, RevisionV1,
    },
    store::{MessagePage, Outcome, PageFrom, Rejection},
};

/// Two reads (member, request) and three writes, of which only the request's key is not in time order. In a direct
/// conversation one more read, of how the two stand, unless the writer remembers it.
pub(crate) fn send(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    content: &Content,
    attachments: &[AttachmentId],
    key: Option<&IdempotencyKey>,
) -> Written {
    bounds::content(content, !attachments.is_empty())?;
    let files = attachments::named(tx, attachments)?;
    let fingerprint = match tx.original {
        None => fingerprint(conversation, content, &files),
        Some(original) => {
            let text = original.to_owned();
            let original = Content {
                text,
                ..content.clone()
            };
            self::fingerprint(conversation, &original, &files)
        }
    };
    let request = key.map(|key| keys::request(tx.by, key));
    // Looked at before membership: who has left since still learns that the message arrived.
    if let Some(request) = &request
        && let Some(before) = records::load::<RequestV1>(tx, request)?
    {
        let MadeV1::Message(made) = before.made else {
            return Err(Rejection::KeyReused.into());
        };
        // A message that retention took away is forgotten together with its key.
        if let Some(message) = message(tx, made)? {
            return if before.fingerprint == fingerprint {
                // As it was answered the first time: without what others did to it since.
                let message = Message {
                    reactions: Vec::new(),
                    ..message
                };
                Ok(Outcome::Repeated(Box::new(sent(message))))
            } else {
                Err(Rejection::KeyReused.into())
            };
        }
    }
    let author = members::acting(tx, conversation)?;
    if let Some(answered) = content.reply_to {
        let answered: Option<MessageV2> = records::load(tx, &keys::message(answered))?;
        if answered.is_none_or(|answered| answered.conversation != conversation) {
            return Err(Rejection::NoMessage.into());
        }
    }
    let attached = attachments::to_send(attachments, files)?;
    let contact = tx.contact;
    let passage = match &contact.peer {
        Some(peer) => Some(gate::pass(tx, conversation, peer)?),
        None => None,
    };
    let masked = match (&passage, &contact.masked) {
        (Some(passage), Some(masked)) if !passage.matched => Some(Content {
            text: masked.clone(),
            ..content.clone()
        }),
        _ => None,
    };
    let content = masked.as_ref().unwrap_or(content);
    let author = (tx.by, author.ordinal);
    let message = append(tx, conversation, author, content, attached, key)?;
    tx.known_by(message.position());
    attachments::bind(tx, attachments, conversation, message.id)?;
    if let Some(request) = request {
        let made = MadeV1::Message(message.id);
        tx.put_new(request, &RequestV1 { fingerprint, made })?;
    }
    let mut met = passage.map_or_else(Met::default, |passage| passage.met);
    met.changes.push(sent(message));
    if met.notices.is_empty() && met.changes.len() == 1 {
        return Ok(Outcome::Changed(met.changes));
    }
    Ok(met.or(Outcome::Unchanged))
}

/// Puts a message at the end of a conversation. `author`: who wrote it, and their ordinal.
pub(crate) fn append(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    author: (&UserId, u32),
    content: &Content,
    attachments: Vec<AttachedV1>,
    key: Option<&IdempotencyKey>,
) -> Result<Message, Stop> {
    bounds::content(content, !attachments.is_empty())?;
    let (author, ordinal) = author;
    let seq = tx.head(conversation)?.next();
    let id = MessageId::created_at(tx.position()?);
    let record = MessageV2 {
        conversation,
        seq,
        author: author.clone(),
        kind: content.kind.into(),
        text: content.text.clone(),
        reply_to: content.reply_to,
        metadata: content.metadata.clone(),
        key: key.cloned(),
        sent_at: tx.at,
        edited_at: None,
        deleted_at: None,
        reacted: false,
        attachments,
    };
    let place = PlaceV1 {
        message: id,
        author: ordinal,
        deleted: false,
    };
    tx.put_new(keys::message(id), &record)?;
    tx.put_new(keys::place(conversation, seq), &place)?;
    tx.sent(conversation, seq);
    Ok(record.into_domain(id))
}

/// Of the request that sends such a message. A file is what is in it and what it is called, not its id: whoever sends
/// text and file in one request and does so again has uploaded another.
pub(crate) fn fingerprint(
    conversation: ConversationId,
    content: &Content,
    files: &[AttachmentV1],
) -> u64 {
    let Content {
        kind,
        text,
        reply_to,
        metadata,
    } = content;
    let words = Fingerprint::of("message")
        .number(conversation.get())
        .number(*kind as u64)
        .part(text.as_bytes())
        .number(reply_to.map_or(0, MessageId::get))
        .optional(metadata.as_deref().map(str::as_bytes));
    // Nothing is added for no files: it was like that before there were any.
    files
        .iter()
        .fold(words, |words, file| {
            words.part(&file.digest).part(file.name.as_bytes())
        })
        .done()
}

/// The change that sent a message.
pub(crate) fn sent(message: Message) -> Change {
    Change {
        position: message.position(),
        conversation: message.conversation,
        by: message.author.clone(),
        at: message.sent_at,
        body: ChangeBody::Sent(message),
    }
}

/// A message, and the membership of who wants to do something to it.
pub(crate) fn acting_on(tx: &Tx<'_>, id: MessageId) -> Result<(MessageV2, MemberV1), Stop> {
    let message: Option<MessageV2> = records::load(tx, &keys::message(id))?;
    let message = message.ok_or(Rejection::NoMessage)?;
    let member = members::acting(tx, message.conversation)?;
    Ok((message, member))
}

pub(crate) fn edit(tx: &mut Tx<'_>, id: MessageId, text: &str) -> Written {
    let (mut record, _) = acting_on(tx, id)?;
    if record.author != *tx.by {
        return Err(Rejection::NotAuthor.into());
    }
    if record.deleted_at.is_some() {
        return Err(Rejection::Deleted.into());
    }
    gate::admit_to_peer(tx)?;
    let text = gate::mask(tx)?.unwrap_or(text);
    bounds::words(record.kind.into(), text, !record.attachments.is_empty())?;
    if record.text == text {
        return Ok(Outcome::Unchanged);
    }
    let position = tx.position()?;
    let revision = RevisionV1 {
        text: std::mem::replace(&mut record.text, text.to_owned()),
        written_at: record.edited_at.unwrap_or(record.sent_at),
    };
    tx.put_new(keys::revision(id, position), &revision)?;
    record.edited_at = Some(tx.at);
    tx.put(keys::message(id), &record)?;
    let stored = ChangeBodyV1::Edited { message: id };
    let message = record.into_domain(id);
    let conversation = message.conversation;
    let change = tx.change(conversation, position, stored, ChangeBody::Edited(message))?;
    Ok(Outcome::Changed(vec![change]))
}

pub(crate) fn delete(tx: &mut Tx<'_>, id: MessageId) -> Written {
    let (record, member) = acting_on(tx, id)?;
    if record.author != *tx.by && !member.role().may_manage() {
        let of: ConversationV1 = records::must(tx, &keys::conversation(record.conversation))?;
        let rejection = if of.is_group() {
            Rejection::NotAllowed
        } else {
            Rejection::NotAuthor
        };
        return Err(rejection.into());
    }
    bury(tx, id, record)
}

/// Deletes anybody's message: that the user may is for others to know.
pub(crate) fn take_down(tx: &mut Tx<'_>, id: MessageId) -> Written {
    let record: Option<MessageV2> = records::load(tx, &keys::message(id))?;
    bury(tx, id, record.ok_or(Rejection::NoMessage)?)
}

fn bury(tx: &mut Tx<'_>, id: MessageId, mut record: MessageV2) -> Written {
    if record.deleted_at.is_some() {
        return Ok(Outcome::Unchanged);
    }
    let conversation = record.conversation;
    let position = tx.position()?;
    record.deleted_at = Some(tx.at);
    tx.put(keys::message(id), &record)?;
    places::delete(tx, conversation, record.seq)?;
    let stored = ChangeBodyV1::Deleted { message: id };
    let body = ChangeBody::Deleted(record.into_domain(id));
    let change = tx.change(conversation, position, stored, body)?;
    Ok(Outcome::Changed(vec![change]))
}

/// As it stands now, of its record.
pub(crate) fn with_reactions(
    source: &dyn Source,
    id: MessageId,
    record: MessageV2,
) -> Result<Message, StoreError> {
    let look = record.reacted && record.deleted_at.is_none();
    let mut message = record.into_domain(id);
    if look {
        message.reactions = reactions::of(source, id)?;
    }
    Ok(message)
}

pub(crate) fn message(source: &dyn Source, id: MessageId) -> Result<Option<Message>, StoreError> {
    let record: Option<MessageV2> = records::load(source, &keys::message(id))?;
    record
        .map(|record| with_reactions(source, id, record))
        .transpose()
}

/// Those that there are, in the order of the argument.
pub(crate) fn named(source: &dyn Source, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
    let mut messages = Vec::with_capacity(ids.len());
    for id in ids {
        source.breathe();
        messages.extend(message(source, *id)?);
    }
    Ok(messages)
}

/// Messages of all conversations, ascending.
pub(crate) fn all(
    source: &dyn Source,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let rows = records::all::<MessageV2>(source, keys::messages_after(after), Order::Ascending);
    let messages = rows.take(limit).map(|entry| {
        source.breathe();
        let (key, record) = entry?;
        let id = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Message, key)?;
            let id = parts.message()?;
            parts.end(id)
        })?;
        with_reactions(source, id, record)
    });
    messages.collect()
}

pub(crate) fn page(
    source: &dyn Source,
    conversation: ConversationId,
    page: MessagePage,
) -> Result<Vec<Message>, StoreError> {
    let (range, order) = match page.from {
        PageFrom::End => (keys::places(conversation), Order::Descending),
        PageFrom::Before(seq) => (keys::places_below(conversation, seq), Order::Descending),
        PageFrom::After(Seq(u64::MAX)) => return Ok(Vec::new()),
        PageFrom::After(seq) => (
            keys::places_from(conversation, seq.next()),
            Order::Ascending,
        ),
    };
    let mut messages = Vec::new();
    for entry in records::all::<PlaceV1>(source, range, order) {
        // What is gone doesn't count: a page that isn't full is the last one.
        if messages.len() == page.limit {
            break;
        }
        source.breathe();
        let (place, PlaceV1 { message: id, .. }) = entry?;
        match message(source, id)? {
            Some(message) => messages.push(message),
            // Retention took both after the place was read.
            None if source.get(&place)?.is_none() => {}
            None => return Err(missing(id)),
        }
    }
    if order == Order::Descending {
        messages.reverse();
    }
    Ok(messages)
}

fn missing(id: MessageId) -> StoreError {
    records::corrupt(&keys::message(id), "it is missing, though a place names it")
}

pub(crate) fn revisions(source: &dyn Source, id: MessageId) -> Result<Vec<Revision>, StoreError> {
    let message: Option<MessageV2> = records::load(source, &keys::message(id))?;
    if message.is_none_or(|message| message.deleted_at.is_some()) {
        return Ok(Vec::new());
    }
    let revisions = records::all::<RevisionV1>(source, keys::revisions(id), Order::Ascending);
    revisions.map(|entry| Ok(entry?.1.into_domain())).collect()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, ops::Range};

    use super::*;
    use crate::{
        codec::{self, Record},
        error::StoreErrorKind,
        ids::{Position, Timestamp},
        kv::{Batch, Kv, Scan},
        memory_store::MemoryKv,
    };

    /// A store where a batch of the writer's comes in whenever a reader breathes.
    struct Busy {
        kv: MemoryKv,
        batches: RefCell<Vec<Batch>>,
    }

    impl Source for Busy {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.kv.get(key)
        }

        fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
            self.kv.scan(range, order)
        }

        fn breathe(&self) {
            if let Some(batch) = self.batches.borrow_mut().pop() {
                self.kv.apply(batch).unwrap();
            }
        }
    }

    fn conversation() -> ConversationId {
        ConversationId::created_at(Position::new(1).unwrap())
    }

    fn id_at(seq: u64) -> MessageId {
        MessageId::created_at(Position::new(10 * seq).unwrap())
    }

    /// A conversation of `n` messages, of which `gone` is taken away while they are read.
    fn busy(n: u64, gone: impl IntoIterator<Item = Vec<u8>>) -> Busy {
        let mut batch = Batch::new();
        let mut put = |key: Vec<u8>, record: &dyn Fn(&[u8]) -> Vec<u8>| {
            let value = record(&key);
            batch.insert(key, Some(value));
        };
        for seq in 1..=n {
            let message = MessageV2 {
                conversation: conversation(),
                seq: Seq(seq),
                author: UserId::new("ann").unwrap(),
                kind: crate::domain::message::MessageKind::Text.into(),
                text: "x".to_owned(),
                reply_to: None,
                metadata: None,
                key: None,
                sent_at: Timestamp(0),
                edited_at: None,
                deleted_at: None,
                reacted: false,
                attachments: Vec::new(),
            };
            let place = PlaceV1 {
                message: id_at(seq),
                author: 0,
                deleted: false,
            };
            put(keys::message(id_at(seq)), &|key| sealed(key, &message));
            put(keys::place(conversation(), Seq(seq)), &|key| {
                sealed(key, &place)
            });
        }
        let kv = MemoryKv::default();
        kv.apply(batch).unwrap();
        let gone: Batch = gone.into_iter().map(|key| (key, None)).collect();
        let batches = RefCell::new(vec![gone]);
        Busy { kv, batches }
    }

    fn sealed<R: Record>(key: &[u8], record: &R) -> Vec<u8> {
        codec::seal(key, record).unwrap().head
    }

    fn read(source: &Busy, from: PageFrom) -> Result<Vec<u64>, StoreError> {
        let page = MessagePage { from, limit: 2 };
        let page = super::page(source, conversation(), page)?;
        Ok(page.iter().map(|message| message.seq.0).collect())
    }

    #[test]
    fn what_goes_while_a_page_is_read_is_not_on_it() {
        let gone = || {
            (1..=2).flat_map(|seq| {
                [
                    keys::message(id_at(seq)),
                    keys::place(conversation(), Seq(seq)),
                ]
            })
        };
        // The place of the first was read already, and the page is full nevertheless.
        let after = PageFrom::After(Seq::ZERO);
        assert_eq!(read(&busy(5, gone()), after).unwrap(), [3, 4]);
        assert_eq!(
            read(&busy(3, gone()), PageFrom::Before(Seq(3))).unwrap(),
            [0; 0]
        );
    }

    #[test]
    fn a_place_that_stays_without_its_message_is_damage() {
        let source = busy(3, [keys::message(id_at(2))]);
        let error = read(&source, PageFrom::End).unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Corrupt { .. }));
    }
}
