//! What the app attaches to a message: opaque, but not without bounds.

use parlour_storage::domain::message::METADATA_BYTES_MAX;

use crate::error::Failure;

/// Deepest metadata. It goes out to everyone as it came, and many a JSON parser gives up on the whole frame at
/// 100 (serde_json at 128): one sender would silence all readers.
const DEPTH_MAX: usize = 32;

/// # Errors
///
/// It is too long, or too deep.
pub(super) fn check(metadata: Option<&str>) -> Result<(), Failure> {
    let Some(metadata) = metadata else {
        return Ok(());
    };
    if metadata.len() > METADATA_BYTES_MAX {
        let message = format!("metadata may have at most {METADATA_BYTES_MAX} bytes");
        return Err(Failure::bad_value("metadata", message));
    }
    if depth(metadata) > DEPTH_MAX {
        let message = format!("metadata may be at most {DEPTH_MAX} objects and lists deep");
        return Err(Failure::bad_value("metadata", message));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_objects_and_lists_and_no_text() {
        assert_eq!(depth("{}"), 1);
        assert_eq!(depth(r#"{"a":[{},[]],"b":{}}"#), 3);
        assert_eq!(depth(r#"{"[[[\"[[":"\\"}"#), 1);
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_refused() {
        let nested = |n| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(check(None).is_ok());
        assert!(check(Some(&nested(DEPTH_MAX - 1))).is_ok());
        assert!(check(Some(&nested(DEPTH_MAX))).is_err());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(METADATA_BYTES_MAX));
        assert!(check(Some(&long)).is_err());
    }
}
