//! Keys of files that were uploaded.

use std::ops::Range;

use super::{Key, Table, after_all, table};
use crate::ids::{AttachmentId, UserId};

pub(crate) fn attachment(id: AttachmentId) -> Vec<u8> {
    Key::of(Table::Attachment).number(id.get()).done()
}

pub(crate) fn attachment_of(user: &UserId, id: AttachmentId) -> Vec<u8> {
    let key = Key::of(Table::AttachmentOf).name(user.as_str());
    key.number(id.get()).done()
}

/// A user's files below one, `None`: all.
pub(crate) fn attachments_of(user: &UserId, before: Option<AttachmentId>) -> Range<Vec<u8>> {
    let all = Key::of(Table::AttachmentOf).name(user.as_str()).all();
    let end = before.map_or(all.end, |before| attachment_of(user, before));
    all.start..end
}

pub(crate) fn usage(user: &UserId) -> Vec<u8> {
    Key::of(Table::Usage).name(user.as_str()).done()
}

pub(crate) fn unsent(id: AttachmentId) -> Vec<u8> {
    Key::of(Table::Unsent).number(id.get()).done()
}

/// Unsent files below one.
pub(crate) fn unsent_before(before: AttachmentId) -> Range<Vec<u8>> {
    table(Table::Unsent).start..unsent(before)
}

pub(crate) fn doomed(id: AttachmentId) -> Vec<u8> {
    Key::of(Table::Doomed).number(id.get()).done()
}

/// Doomed files above one, `None`: all.
pub(crate) fn doomed_after(after: Option<AttachmentId>) -> Range<Vec<u8>> {
    let all = table(Table::Doomed);
    let start = after.map_or(all.start, |after| after_all(&doomed(after)));
    start..all.end
}

/// # Panics
///
/// If the path has more than 255 bytes, which is checked on the way in.
pub(crate) fn object(path: &str) -> Vec<u8> {
    Key::of(Table::Object).name(path).done()
}
