//! What may be said: lengths, and characters that are none.

use std::borrow::Cow;

use parlour_storage::{
    domain::{
        message::{Content, EMOJI_BYTES_MAX, METADATA_BYTES_MAX, MessageKind},
        user::NodeRole,
    },
    store::Write,
};

use crate::{
    command::Caller,
    error::{ErrorCode, Failure},
    limits::{GROUP_NAME_MAX, PEOPLE_PER_REQUEST_MAX, REASON_MAX},
};

/// Deepest metadata. It goes out to everyone as it came, and many a JSON parser gives up on the whole frame at
/// 100 (serde_json at 128): one sender would silence all readers.
const METADATA_DEPTH_MAX: usize = 32;

/// Cleans what a write says, and refuses what can't be stored.
///
/// # Errors
///
/// Which field is wrong, and what would do.
pub(super) fn review(
    caller: &Caller,
    write: &mut Write,
    message_length_max: usize,
) -> Result<(), Failure> {
    match write {
        Write::Send { content, .. } => review_content(caller, content, message_length_max),
        Write::Edit { text, .. } => {
            clean(text);
            // Whether it may be empty depends on what it replaces: the store looks.
            review_length(text, message_length_max)
        }
        Write::React { emoji, .. } => review_emoji(emoji),
        Write::OpenGroup { name, members, .. } => {
            review_people(members.len()).and(review_name(name))
        }
        Write::Add { users, .. } => review_people(users.len()),
        Write::Rename { name, .. } => review_name(name),
        Write::Block { reason, .. } => review_short("reason", reason, REASON_MAX),
        _ => Ok(()),
    }
}

fn review_content(
    caller: &Caller,
    content: &mut Content,
    message_length_max: usize,
) -> Result<(), Failure> {
    if content.kind == MessageKind::System && caller.role != NodeRole::Admin {
        return Err(Failure {
            field: Some("kind"),
            ..Failure::new(
                ErrorCode::NotAllowed,
                "SYSTEM messages are for tokens with the role admin",
            )
        });
    }
    if content
        .metadata
        .as_ref()
        .is_some_and(|m| m.len() > METADATA_BYTES_MAX)
    {
        let message = format!("metadata may have at most {METADATA_BYTES_MAX} bytes");
        return Err(Failure::bad_value("metadata", message));
    }
    if content
        .metadata
        .as_deref()
        .is_some_and(|m| depth(m) > METADATA_DEPTH_MAX)
    {
        let message =
            format!("metadata may be at most {METADATA_DEPTH_MAX} objects and lists deep");
        return Err(Failure::bad_value("metadata", message));
    }
    clean(&mut content.text);
    review_text(&content.text, content.kind, message_length_max)
}

/// How deep objects and lists of a JSON text stand in each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn review_text(text: &str, kind: MessageKind, max: usize) -> Result<(), Failure> {
    if text.trim().is_empty() && kind == MessageKind::Text {
        return Err(Failure::bad_value("text", "the text is empty"));
    }
    review_length(text, max)
}

fn review_length(text: &str, max: usize) -> Result<(), Failure> {
    // Bytes first: counting scalars of a huge text would be work for nothing.
    if text.len() > max && text.chars().count() > max {
        return Err(Failure {
            field: Some("text"),
            ..Failure::new(
                ErrorCode::TooLarge,
                format!("the text may have at most {max} characters"),
            )
        });
    }
    Ok(())
}

fn review_emoji(emoji: &str) -> Result<(), Failure> {
    let fits = (1..=EMOJI_BYTES_MAX).contains(&emoji.len()) && !emoji.chars().any(char::is_control);
    fits.then_some(()).ok_or_else(|| {
        let message =
            format!("a reaction takes 1 to {EMOJI_BYTES_MAX} bytes without control characters");
        Failure::bad_value("emoji", message)
    })
}

fn review_people(n: usize) -> Result<(), Failure> {
    if n > PEOPLE_PER_REQUEST_MAX {
        let message = format!(
            "at most {PEOPLE_PER_REQUEST_MAX} people in one request; add the others with another"
        );
        return Err(Failure::bad_value("users", message));
    }
    Ok(())
}

fn review_name(name: &mut Option<String>) -> Result<(), Failure> {
    review_short("name", name, GROUP_NAME_MAX)
}

/// A line of text; empty means none.
pub(super) fn review_short(
    field: &'static str,
    text: &mut Option<String>,
    max: usize,
) -> Result<(), Failure> {
    let Some(line) = text else { return Ok(()) };
    clean(line);
    if line.chars().count() > max {
        return Err(Failure::bad_value(
            field,
            format!("{field} may have at most {max} characters"),
        ));
    }
    if line.trim().is_empty() {
        *text = None;
    }
    Ok(())
}

/// Removes control characters other than tab and line feed; `\r\n` becomes `\n` by it.
fn clean(text: &mut String) {
    if let Cow::Owned(cleaned) = cleaned(text) {
        *text = cleaned;
    }
}

fn cleaned(text: &str) -> Cow<'_, str> {
    let dirty = |c: char| c.is_control() && c != '\t' && c != '\n';
    if text.contains(dirty) {
        text.replace(dirty, "").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_as_it_is_but_for_control_characters() {
        for text in [
            "a & b",
            "<3",
            "&lt;b&gt;",
            "e\u{301}",
            "\u{202e}rtl",
            "👩‍👩‍👧‍👦",
            "tab\tline\nend",
        ] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("a\u{0}b\u{1b}[31mc\r\nd\u{85}\u{7f}"), "ab[31mc\nd");
    }

    #[test]
    fn depth_counts_objects_and_lists_and_no_text() {
        assert_eq!(depth("{}"), 1);
        assert_eq!(depth(r#"{"a":[{},[]],"b":{}}"#), 3);
        assert_eq!(depth(r#"{"[[[\"[[":"\\"}"#), 1);
    }

    #[test]
    fn length_counts_scalar_values_and_not_bytes() {
        assert!(review_text(&"é".repeat(5), MessageKind::Text, 5).is_ok());
        let failure = review_text(&"é".repeat(6), MessageKind::Text, 5).unwrap_err();
        assert_eq!(
            (failure.code, failure.field),
            (ErrorCode::TooLarge, Some("text"))
        );
    }

    #[test]
    fn only_words_need_text() {
        assert!(review_text(" \n", MessageKind::Text, 5).is_err());
        assert!(review_text("", MessageKind::Image, 5).is_ok());
    }

    #[test]
    fn reactions_are_short() {
        assert!(review_emoji("👩🏽‍❤️‍💋‍👩🏿").is_ok());
        for emoji in ["", "a\nb", &"x".repeat(EMOJI_BYTES_MAX + 1)] {
            assert!(review_emoji(emoji).is_err());
        }
    }
}
