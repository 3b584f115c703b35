//! A note as JSON, for each kind of device. Fields are those of CONTRACT S3-25; docs/push.md shows them.
//!
//! What a service takes of a text is bounded, and so is what it is given: the whole is at the node.

use parlour_actors::pusher::{PushContent, PushData, PushNote};
use serde_json::{Map, Value, json};

/// Most bytes of a title, as JSON writes it.
const TITLE_BYTES_MAX: usize = 256;

/// Most bytes of a text, as JSON writes it. Services take 4,096 in all; the rest is for what is around it.
const BODY_BYTES_MAX: usize = 2048;

/// For browsers and UnifiedPush: `{"title","body","badge","data"}`, without the first two if there is no content.
pub(super) fn plain(note: &PushNote) -> Value {
    let mut plain = Map::new();
    if let Some(content) = &note.content {
        let (title, body) = clipped(content);
        plain.insert("title".into(), title.into());
        plain.insert("body".into(), body.into());
    }
    plain.insert("badge".into(), note.badge.into());
    plain.insert("data".into(), data(&note.data).into());
    plain.into()
}

/// For the operator's own service: exactly S3-25, whose ids are UUIDs, and the whole text. Without content the two are
/// null.
pub(super) fn webhook(note: &PushNote) -> Value {
    let content = note.content.as_ref();
    let PushData {
        kind,
        conversation,
        message,
    } = note.data;
    json!({
        "userId": note.user.as_str(),
        "title": content.map(|it| &it.title),
        "body": content.map(|it| &it.body),
        "data": {
            "type": kind.as_str(),
            "conversationId": conversation.map(|it| it.to_uuid().to_string()),
            "messageId": message.map(|it| it.to_uuid().to_string()),
        },
    })
}

/// What an app needs to show the right place; every value is a text, as FCM has it.
pub(super) fn data(data: &PushData) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.into());
        }
    };
    put("type", Some(data.kind.as_str().to_owned()));
    put("conversationId", data.conversation.map(|it| it.to_string()));
    put("messageId", data.message.map(|it| it.to_string()));
    fields
}

/// Title and text, as much as every service takes.
pub(super) fn clipped(content: &PushContent) -> (String, String) {
    let PushContent { title, body } = content;
    (clip(title, TITLE_BYTES_MAX), clip(body, BODY_BYTES_MAX))
}

/// As many characters as fit, and an ellipsis if that aren't all.
fn clip(text: &str, bytes_max: usize) -> String {
    let mut left = bytes_max;
    for (at, char) in text.char_indices() {
        // As JSON writes it, at most.
        let bytes = match char {
            '"' | '\\' => 2,
            char if char.is_ascii_control() => 6,
            char => char.len_utf8(),
        };
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return format!("{}\u{2026}", &text[..at]),
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{encrypt::TEXT_BYTES_MAX, testkit::note},
        *,
    };

    #[test]
    fn without_content_nothing_is_said_but_where_to_look() {
        let expected = json!({
            "badge": 3,
            "data": { "type": "NEW_MESSAGE", "conversationId": "5", "messageId": "7" },
        });
        assert_eq!(plain(&note(None)), expected);
        let webhook = webhook(&note(None));
        assert!(webhook["title"].is_null() && webhook["body"].is_null());
    }

    #[test]
    fn a_webhook_is_told_what_s3_25_says() {
        let conversation = note(None).data.conversation.unwrap().to_uuid();
        let message = note(None).data.message.unwrap().to_uuid();
        let expected = format!(
            r#"{{"userId":"bob","title":"Ann","body":"hello","data":{{"type":"NEW_MESSAGE","conversationId":"{conversation}","messageId":"{message}"}}}}"#
        );
        assert_eq!(webhook(&note(Some(("Ann", "hello")))).to_string(), expected);
    }

    #[test]
    fn the_longest_text_of_any_characters_fits_and_loses_no_half_of_one() {
        for char in ["x", "\"", "\0", "\n", "\u{7f}", "ä", "\u{1f600}"] {
            let long = char.repeat(5000);
            let plain = plain(&note(Some((&long, &long))));
            let length = plain.to_string().len();
            assert!(length < TEXT_BYTES_MAX, "{char:?}: {length}");
            assert!(plain["body"].as_str().unwrap().ends_with('\u{2026}'));
        }
        let fits = "x".repeat(BODY_BYTES_MAX);
        assert_eq!(plain(&note(Some(("", &fits))))["body"], *fits);
        assert_eq!(clip("\u{1f600}\u{1f600}", 7), "\u{1f600}\u{2026}");
    }
}
