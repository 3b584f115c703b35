//! What any text has to be, whoever writes it: without control characters, not empty, not too long.

use std::borrow::Cow;

use parlour_storage::domain::message::{EMOJI_BYTES_MAX, MessageKind};

use crate::error::{ErrorCode, Failure};

/// Removes control characters other than tab and line feed; `\r\n` becomes `\n` by it.
pub(super) fn clean(text: &mut String) {
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

/// # Errors
///
/// It is empty, and of a kind that is nothing but its text.
pub(super) fn check_some(text: &str, kind: MessageKind) -> Result<(), Failure> {
    if text.trim().is_empty() && kind == MessageKind::Text {
        return Err(Failure::bad_value("text", "the text is empty"));
    }
    Ok(())
}

/// # Errors
///
/// It has more than `max` Unicode scalar values.
pub(super) fn check_length(text: &str, max: usize) -> Result<(), Failure> {
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

/// Cleans a line of text; empty means none.
///
/// # Errors
///
/// It has more than `max` Unicode scalar values.
pub(in crate::moderation) fn check_line(
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

/// # Errors
///
/// It isn't one short line.
pub(super) fn check_emoji(emoji: &str) -> Result<(), Failure> {
    let fits = (1..=EMOJI_BYTES_MAX).contains(&emoji.len()) && !emoji.chars().any(char::is_control);
    fits.then_some(()).ok_or_else(|| {
        let message =
            format!("a reaction takes 1 to {EMOJI_BYTES_MAX} bytes without control characters");
        Failure::bad_value("emoji", message)
    })
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
    fn length_counts_scalar_values_and_not_bytes() {
        assert!(check_length(&"é".repeat(5), 5).is_ok());
        let failure = check_length(&"é".repeat(6), 5).unwrap_err();
        assert_eq!(
            (failure.code, failure.field),
            (ErrorCode::TooLarge, Some("text"))
        );
    }

    #[test]
    fn only_words_need_text() {
        assert!(check_some(" \n", MessageKind::Text).is_err());
        assert!(check_some("", MessageKind::Image).is_ok());
    }

    #[test]
    fn reactions_are_short() {
        assert!(check_emoji("👩🏽‍❤️‍💋‍👩🏿").is_ok());
        for emoji in ["", "a\nb", &"x".repeat(EMOJI_BYTES_MAX + 1)] {
            assert!(check_emoji(emoji).is_err());
        }
    }
}
