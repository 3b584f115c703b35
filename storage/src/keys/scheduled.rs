//! Keys of what people keep for later.

use std::ops::Range;

use super::{Key, Table, after_all, table};
use crate::ids::{AttachmentId, ScheduledId, TemplateId, Timestamp, UserId};

pub(crate) fn scheduled(user: &UserId, id: ScheduledId) -> Vec<u8> {
    let key = Key::of(Table::Scheduled).name(user.as_str());
    key.number(id.get()).done()
}

pub(crate) fn scheduled_of(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Scheduled).name(user.as_str()).all()
}

/// Times before 1970 sort as 1970: nothing is scheduled for then.
pub(crate) fn due(at: Timestamp, id: ScheduledId) -> Vec<u8> {
    let at = u64::try_from(at.0).unwrap_or(0);
    Key::of(Table::Due).number(at).number(id.get()).done()
}

/// What is due after a place, `None`: all.
pub(crate) fn due_after(after: Option<(Timestamp, ScheduledId)>) -> Range<Vec<u8>> {
    let all = table(Table::Due);
    let start = after.map_or(all.start, |(at, id)| after_all(&due(at, id)));
    start..all.end
}

pub(crate) fn held(attachment: AttachmentId) -> Vec<u8> {
    Key::of(Table::Held).number(attachment.get()).done()
}

pub(crate) fn template(user: &UserId, id: TemplateId) -> Vec<u8> {
    let key = Key::of(Table::Template).name(user.as_str());
    key.number(id.get()).done()
}

pub(crate) fn templates_of(user: &UserId) -> Range<Vec<u8>> {
    Key::of(Table::Template).name(user.as_str()).all()
}
