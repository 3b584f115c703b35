//! Checks of messages and what hangs on them.

use super::{
    attachments,
    checker::{Checker, Found},
};
use crate::{
    domain::message::Content,
    engine::messages,
    error::StoreError,
    ids::MessageId,
    keys::{self, Table},
    kv::Order,
    record::{
        AttachmentV1, ConversationV1, MadeV1, MemberV1, MessageV2, PlaceV1, ReactionV1, ReadMarkV1,
        RequestV1, RevisionV1, TombstoneV1,
    },
};

/// The format that brought them.
const TOMBSTONES_SINCE: u32 = 2;

/// The place and the request of a message can be made from it; the message from nothing.
pub(super) fn check_message(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let id = c.parts(Table::Message, key, |parts| parts.message());
    let (Some(id), Some(message)) = (id, c.read::<MessageV2>(key, value)?) else {
        return Ok(());
    };
    c.used(id.position());
    if !c.has_conversation(message.conversation)? {
        let conversation = keys::conversation(message.conversation);
        c.report(&conversation, "a conversation that has messages is missing");
    }
    if c.has(&keys::change(message.conversation, id.position()))? {
        c.report(key, "a change has its position too");
    }
    check_place_of(c, id, &message)?;
    attachments::check_files_of(c, key, &message)?;
    if let Some(answered) = message.reply_to
        && !c.has_message(answered)?
        && !c.is_purged(message.conversation, answered)?
    {
        c.report(
            key,
            format!("message {answered} that it answers is missing"),
        );
    }
    if let Some(name) = &message.key {
        let request = keys::request(&message.author, name);
        let made = MadeV1::Message(id);
        let is_right = match c.find::<RequestV1>(&request)? {
            Found::Record(found) => found.made == made,
            Found::Nothing | Found::Damaged => false,
        };
        if !is_right && let Some(fingerprint) = first_fingerprint(c, id, &message)? {
            let what = "a retry of a message would send it again";
            c.rewrite(&request, what, &RequestV1 { fingerprint, made })?;
        }
    }
    Ok(())
}

fn check_place_of(
    c: &mut Checker<'_>,
    id: MessageId,
    message: &MessageV2,
) -> Result<(), StoreError> {
    let key = keys::place(message.conversation, message.seq);
    let found = c.find::<PlaceV1>(&key)?;
    if matches!(found, Found::Nothing) && c.is_purged(message.conversation, id)? {
        let what = "it stands below the place where its conversation begins";
        c.report(&keys::message(id), what);
        return Ok(());
    }
    if matches!(&found, Found::Record(place) if place.message != id) {
        c.report(
            &key,
            format!("another message stands at the place of message {id}"),
        );
        return Ok(());
    }
    check_tombstone_of(c, message)?;
    let member = keys::member(message.conversation, &message.author);
    let Found::Record(MemberV1 { ordinal, .. }) = c.find(&member)? else {
        c.report(
            &member,
            "the author of a message never was in its conversation",
        );
        return Ok(());
    };
    let right = PlaceV1 {
        message: id,
        author: ordinal,
        deleted: message.deleted_at.is_some(),
    };
    match found {
        Found::Record(place) if place == right => Ok(()),
        Found::Record(_) => c.rewrite(&key, "the place disagrees with its message", &right),
        Found::Nothing => c.rewrite(&key, "a message has no place", &right),
        Found::Damaged => c.rewrite(&key, "the place of a message can't be read", &right),
    }
}

/// A tombstone stands beside the places of deleted messages, and of no others.
fn check_tombstone_of(c: &mut Checker<'_>, message: &MessageV2) -> Result<(), StoreError> {
    let key = keys::tombstone(message.conversation, message.seq);
    if c.format < TOMBSTONES_SINCE {
        return Ok(());
    }
    match (message.deleted_at.is_some(), c.find::<TombstoneV1>(&key)?) {
        (true, Found::Record(_)) | (false, Found::Nothing) => {}
        (true, Found::Nothing) => {
            c.rewrite(&key, "a deleted message has no tombstone", &TombstoneV1)?;
        }
        (true, Found::Damaged) => c.rewrite(&key, "a tombstone can't be read", &TombstoneV1)?,
        (false, Found::Record(_) | Found::Damaged) => {
            c.remove(&key, "a tombstone of a message that is not deleted");
        }
    }
    Ok(())
}

/// Whether its message is deleted was checked with the message, if there is one.
pub(super) fn check_tombstone(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Tombstone, key, |parts| {
        Some((parts.conversation()?, parts.seq()?))
    });
    let (Some((id, seq)), Some(TombstoneV1)) = (ids, c.read(key, value)?) else {
        return Ok(());
    };
    let place = keys::place(id, seq);
    if !c.has(&place)? && !c.is_repaired(&place) {
        c.remove(key, "a tombstone where no message stands");
    }
    Ok(())
}

/// The fingerprint of the request that sent a message: of what it said at first. `None` if that is damaged.
fn first_fingerprint(
    c: &Checker<'_>,
    id: MessageId,
    message: &MessageV2,
) -> Result<Option<u64>, StoreError> {
    let first = c.kv.scan(keys::revisions(id), Order::Ascending).next();
    let text = match first.transpose()? {
        None => message.text.clone(),
        Some((key, _)) => match c.find::<RevisionV1>(&key)? {
            Found::Record(revision) => revision.text,
            Found::Nothing | Found::Damaged => return Ok(None),
        },
    };
    let content = Content {
        kind: message.kind.into(),
        text,
        reply_to: message.reply_to,
        metadata: message.metadata.clone(),
    };
    let mut files = Vec::with_capacity(message.attachments.len());
    for file in &message.attachments {
        match c.find::<AttachmentV1>(&keys::attachment(file.id))? {
            Found::Record(record) => files.push(record),
            Found::Nothing | Found::Damaged => return Ok(None),
        }
    }
    let conversation = message.conversation;
    Ok(Some(messages::fingerprint(conversation, &content, &files)))
}

pub(super) fn check_place(c: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let ids = c.parts(Table::Place, key, |parts| {
        Some((parts.conversation()?, parts.seq()?))
    });
    let Some((id, seq)) = ids else {
        return Ok(());
    };
    let Some(place) = c.read::<PlaceV1>(key, value)? else {
        return Ok(());
    };
    match c.find::<MessageV2>(&keys::message(place.message))? {
        Found::Record(message) if (message.conversation, message.seq) == (id, seq) => {}
        Found::Record(_) => c.report(key, "its message says that it stands elsewhere"),
        Found::Nothing => c.report(key, format!("its message {} is missing", place.message)),
        Found::Damaged => {}
    }
    Ok(())
}

pub(super) fn check_request(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    c.parts(Table::Request, key, |parts| {
        Some((parts.user()?, parts.name()?.len()))
    });
    let Some(request) = c.read::<RequestV1>(key, value)? else {
        return Ok(());
    };
    let is_there = match request.made {
        MadeV1::Message(id) => c.has_message(id)?,
        MadeV1::Group(id) => c.has_conversation(id)?,
        MadeV1::Asked(id) => c.has(&keys::message_request(id))?,
    };
    if !is_there {
        c.remove(
            key,
            format!("{:?} that the request made is missing", request.made),
        );
    }
    Ok(())
}

pub(super) fn check_revision(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Revision, key, |parts| {
        Some((parts.message()?, parts.position()?))
    });
    c.read::<RevisionV1>(key, value)?;
    if let Some((message, position)) = ids {
        c.used(position);
        must_have(c, key, message)?;
    }
    Ok(())
}

fn must_have(c: &mut Checker<'_>, key: &[u8], message: MessageId) -> Result<(), StoreError> {
    if !c.has_message(message)? {
        c.report(key, format!("its message {message} is missing"));
    }
    Ok(())
}

pub(super) fn check_reaction(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::Reaction, key, |parts| {
        Some((parts.message()?, parts.name()?.len(), parts.user()?))
    });
    c.read::<ReactionV1>(key, value)?;
    let Some((id, ..)) = ids else {
        return Ok(());
    };
    match c.find::<MessageV2>(&keys::message(id))? {
        Found::Record(message) if !message.reacted => {
            c.report(key, "its message doesn't know that it has reactions");
        }
        Found::Nothing => c.report(key, format!("its message {id} is missing")),
        Found::Record(_) | Found::Damaged => {}
    }
    Ok(())
}

pub(super) fn check_read_mark(
    c: &mut Checker<'_>,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let ids = c.parts(Table::ReadMark, key, |parts| {
        Some((parts.conversation()?, parts.user()?, parts.seq()?))
    });
    c.read::<ReadMarkV1>(key, value)?;
    let Some((id, _, seq)) = ids else {
        return Ok(());
    };
    match c.find::<ConversationV1>(&keys::conversation(id))? {
        Found::Record(conversation) if conversation.is_group() => {
            c.report(key, "its conversation is a group");
        }
        Found::Nothing => c.report(key, "its conversation is missing"),
        Found::Record(_) | Found::Damaged => {}
    }
    if !c.has(&keys::place(id, seq))? {
        c.report(key, "nothing stands at its place");
    }
    Ok(())
}
