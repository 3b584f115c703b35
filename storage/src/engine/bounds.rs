//! How long what is written may be.
//!
//! These are the store's own bounds, far above what policies allow: they keep records that must fit one
//! value (see [`codec`](crate::codec)) within it, and the rest within reason.

use crate::{
    domain::{
        attachment::{
            AttachmentDraft, FILE_NAME_BYTES_MAX, MEDIA_TYPE_BYTES_MAX, OBJECT_BYTES_MAX,
        },
        message::{Content, EMOJI_BYTES_MAX, METADATA_BYTES_MAX, MessageKind},
        notification::{NOTIFICATION_TEXT_BYTES_MAX, NotificationBody, NotificationDraft},
        push::{PUSH_ADDRESS_BYTES_MAX, PUSH_KEY_BYTES_MAX, PushTarget},
        safety::{AuditDraft, FlagDraft, ReportDraft},
    },
    store::{LimiterState, Rejection},
};

/// Longest text of a message.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Longest name of a person or group, reason of a block, topic, or name of a rule.
const LABEL_BYTES_MAX: usize = 1024;
/// Longest reason of a report, and what a moderator notes about it.
const REMARK_BYTES_MAX: usize = 16 * 1024;
/// Most words for what was found in a message.
const FOUND_MAX: usize = 64;
/// Longest name of an action in the audit log.
const ACTION_BYTES_MAX: usize = 255;
/// Longest address of a picture.
const ADDRESS_BYTES_MAX: usize = 2048;
/// Longest original text of a flagged message.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Parts of keys carry their length in one byte.
const KEY_PART_BYTES_MAX: usize = 255;

fn within(bytes: usize, max: usize, otherwise: &'static str) -> Result<(), Rejection> {
    if bytes <= max {
        Ok(())
    } else {
        Err(Rejection::Invalid(otherwise))
    }
}

/// Names and reasons.
pub(crate) fn label(text: Option<&str>) -> Result<(), Rejection> {
    let bytes = text.map_or(0, str::len);
    within(
        bytes,
        LABEL_BYTES_MAX,
        "a name or reason takes at most 1024 bytes",
    )
}

pub(crate) fn address(text: Option<&str>) -> Result<(), Rejection> {
    let bytes = text.map_or(0, str::len);
    within(
        bytes,
        ADDRESS_BYTES_MAX,
        "an address takes at most 2048 bytes",
    )
}

pub(crate) fn text(kind: MessageKind, text: &str) -> Result<(), Rejection> {
    if text.trim().is_empty() && kind == MessageKind::Text {
        return Err(Rejection::Invalid("a text message needs a text"));
    }
    length(text)
}

fn length(text: &str) -> Result<(), Rejection> {
    within(text.len(), TEXT_BYTES_MAX, "a text takes at most 256 KiB")
}

/// The text of a message, which files can stand for.
pub(crate) fn words(kind: MessageKind, words: &str, has_files: bool) -> Result<(), Rejection> {
    if has_files {
        length(words)
    } else {
        text(kind, words)
    }
}

pub(crate) fn content(content: &Content, has_files: bool) -> Result<(), Rejection> {
    words(content.kind, &content.text, has_files)?;
    let metadata = content.metadata.as_ref().map_or(0, String::len);
    within(
        metadata,
        METADATA_BYTES_MAX,
        "metadata take at most 2048 bytes",
    )
}

/// A template, whose text is that of a message some day.
pub(crate) fn template(name: &str, text: &str) -> Result<(), Rejection> {
    if name.trim().is_empty() || text.trim().is_empty() {
        return Err(Rejection::Invalid("a template needs a name and a text"));
    }
    label(Some(name))?;
    length(text)
}

pub(crate) fn attachment(draft: &AttachmentDraft) -> Result<(), Rejection> {
    let named = [
        (
            &draft.object,
            OBJECT_BYTES_MAX,
            "an object is a path of 1 to 255 bytes without control characters",
        ),
        (
            &draft.name,
            FILE_NAME_BYTES_MAX,
            "the name of a file takes 1 to 255 bytes without control characters",
        ),
        (
            &draft.media_type,
            MEDIA_TYPE_BYTES_MAX,
            "a media type takes 1 to 255 bytes without control characters",
        ),
    ];
    let thumbnail = draft.thumbnail.iter();
    let thumbnail = thumbnail.map(|object| (object, OBJECT_BYTES_MAX, named[0].2));
    for (text, max, otherwise) in named.into_iter().chain(thumbnail) {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Rejection::Invalid(otherwise));
        }
        within(text.len(), max, otherwise)?;
    }
    if draft.thumbnail.as_ref() == Some(&draft.object) {
        return Err(Rejection::Invalid(
            "a small copy lies elsewhere than its picture",
        ));
    }
    Ok(())
}

pub(crate) fn push_target(target: &PushTarget) -> Result<(), Rejection> {
    let address = target.address().unwrap_or_default();
    if address.is_empty() {
        let otherwise = "a push target needs an endpoint or a token";
        return Err(Rejection::Invalid(otherwise));
    }
    within(
        address.len(),
        PUSH_ADDRESS_BYTES_MAX,
        "an endpoint or a token takes at most 2048 bytes",
    )?;
    if let PushTarget::WebPush { p256dh, auth, .. } = target {
        for key in [p256dh, auth] {
            let otherwise = "a key of Web Push takes at most 255 bytes";
            within(key.len(), PUSH_KEY_BYTES_MAX, otherwise)?;
        }
    }
    Ok(())
}

pub(crate) fn emoji(emoji: &str) -> Result<(), Rejection> {
    if emoji.is_empty() || emoji.chars().any(char::is_control) {
        return Err(Rejection::Invalid(
            "a reaction is a short text without control characters",
        ));
    }
    within(
        emoji.len(),
        EMOJI_BYTES_MAX,
        "a reaction takes at most 64 bytes",
    )
}

pub(crate) fn limit(limit: &LimiterState) -> Result<(), Rejection> {
    within(
        limit.rule.len(),
        KEY_PART_BYTES_MAX,
        "the name of a rule takes at most 255 bytes",
    )
}

/// What somebody writes for moderators to read.
pub(crate) fn remark(text: Option<&str>) -> Result<(), Rejection> {
    let bytes = text.map_or(0, str::len);
    within(
        bytes,
        REMARK_BYTES_MAX,
        "a reason or note takes at most 16 KiB",
    )
}

pub(crate) fn report(report: &ReportDraft) -> Result<(), Rejection> {
    if report.category.is_empty() {
        return Err(Rejection::Invalid("a report needs a category"));
    }
    label(Some(&report.category))?;
    remark(report.reason.as_deref())
}

pub(crate) fn flag(flag: &FlagDraft) -> Result<(), Rejection> {
    within(
        flag.found.len(),
        FOUND_MAX,
        "a flag says at most 64 words of what was found",
    )?;
    flag.found.iter().try_for_each(|word| label(Some(word)))?;
    // Longer than a text may be: what is shown of it can be shorter.
    let original = flag.original.as_ref().map_or(0, String::len);
    within(
        original,
        BODY_BYTES_MAX,
        "an original text takes at most 1 MiB",
    )
}

/// A line of the audit log fits one value of the store.
pub(crate) fn audit(draft: &AuditDraft) -> Result<(), Rejection> {
    within(
        draft.action.len(),
        ACTION_BYTES_MAX,
        "the name of an action takes at most 255 bytes",
    )?;
    label(draft.detail.as_deref())
}

pub(crate) fn notifications(notifications: &[NotificationDraft]) -> Result<(), Rejection> {
    let mut texts = notifications.iter().map(|draft| match &draft.body {
        NotificationBody::Warned { reason } => reason.as_ref().map_or(0, String::len),
        NotificationBody::System { text } => text.len(),
        _ => 0,
    });
    let otherwise = "a text in a notification takes at most 1024 bytes";
    texts.try_for_each(|bytes| within(bytes, NOTIFICATION_TEXT_BYTES_MAX, otherwise))
}
