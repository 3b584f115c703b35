//! Reading what clients of the dialects send: JSON objects and queries, by names in either spelling.
//!
//! The seeds disagree on snake_case and camelCase, and on numbers and texts for ids (CONTRACT C-11, C-12), so
//! `conversation_id`, `conversationId` and `ConversationID` are one name here, and an id may be written any way.

use std::collections::HashMap;

use parlour_actors::{
    command::Target,
    error::{ErrorCode, Failure},
};
use parlour_storage::{
    domain::message::{Content, MessageKind},
    ids::{AttachmentId, ConversationId, IdempotencyKey, MessageId, NotAnId, Timestamp, UserId},
};
use serde_json::Value;

use super::links::meant;

/// What clients call the name that they give a message, so that a retry doesn't send it twice.
const KEY_NAMES: &[&str] = &[
    "key",
    "client_id",
    "client_message_id",
    "idempotency_key",
    "temp_id",
];

/// What clients call the files of a message.
const ATTACHMENTS: &[&str] = &["attachments", "attachment_ids"];

/// The fields of an object.
#[derive(Clone, Debug, Default)]
pub struct Fields(HashMap<String, Value>);

/// A name without what spellings differ in.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_' && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

impl Fields {
    /// The fields of a JSON object; those that are null count as missing.
    ///
    /// # Errors
    ///
    /// It is no object.
    pub fn of(value: Value) -> Result<Self, Failure> {
        match value {
            Value::Object(map) => {
                let set = map.into_iter().filter(|(_, value)| !value.is_null());
                Ok(Self(
                    set.map(|(name, value)| (plain(&name), value)).collect(),
                ))
            }
            Value::Null => Ok(Self::default()),
            _ => Err(Failure::new(
                ErrorCode::BadRequest,
                "a JSON object with named fields is expected here",
            )),
        }
    }

    /// The fields of a body; an empty one has none.
    ///
    /// # Errors
    ///
    /// It is no JSON object.
    pub fn of_json(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = serde_json::from_slice(bytes);
        Self::of(value.map_err(|error| super::native::input::bad_json(&error))?)
    }

    /// The fields of a query; of those with one name the last counts.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let set = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        Self(
            set.map(|(name, value)| (plain(&name), Value::String(value)))
                .collect(),
        )
    }

    /// Whether one of the names is there.
    pub fn has(&self, names: &[&'static str]) -> bool {
        self.find(names).is_some()
    }

    /// The first of some names that is there, and its value.
    pub fn find(&self, names: &[&'static str]) -> Option<(&'static str, &Value)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.0.get(&plain(name))?)))
    }

    /// A text. A number is taken for its digits.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn text(&self, names: &[&'static str]) -> Result<Option<String>, Failure> {
        self.parsed(names, "takes a text", as_text)
    }

    /// A text that must be there.
    ///
    /// # Errors
    ///
    /// It is missing, or something else.
    pub fn need_text(&self, names: &[&'static str]) -> Result<String, Failure> {
        need(names, self.text(names)?)
    }

    /// A person.
    ///
    /// # Errors
    ///
    /// It is no user id.
    pub fn user(&self, names: &[&'static str]) -> Result<Option<UserId>, Failure> {
        let words = "takes a user id: a text of 1 to 128 bytes, or a number";
        self.parsed(names, words, |value| UserId::new(&as_text(value)?).ok())
    }

    /// A person who must be named.
    ///
    /// # Errors
    ///
    /// It is missing, or no user id.
    pub fn need_user(&self, names: &[&'static str]) -> Result<UserId, Failure> {
        need(names, self.user(names)?)
    }

    /// People.
    ///
    /// # Errors
    ///
    /// It is no list of user ids.
    pub fn users(&self, names: &[&'static str]) -> Result<Option<Vec<UserId>>, Failure> {
        self.parsed(names, "takes a list of user ids", |value| {
            let list = value.as_array()?;
            list.iter()
                .map(|value| UserId::new(&as_text(value)?).ok())
                .collect()
        })
    }

    /// A conversation, in either spelling.
    ///
    /// # Errors
    ///
    /// It is no id.
    pub fn conversation(&self, names: &[&'static str]) -> Result<Option<ConversationId>, Failure> {
        self.id(names)
    }

    /// A conversation that must be named.
    ///
    /// # Errors
    ///
    /// It is missing, or no id.
    pub fn need_conversation(&self, names: &[&'static str]) -> Result<ConversationId, Failure> {
        need(names, self.id(names)?)
    }

    /// A message, in either spelling.
    ///
    /// # Errors
    ///
    /// It is no id.
    pub fn message(&self, names: &[&'static str]) -> Result<Option<MessageId>, Failure> {
        self.id(names)
    }

    /// A message that must be named.
    ///
    /// # Errors
    ///
    /// It is missing, or no id.
    pub fn need_message(&self, names: &[&'static str]) -> Result<MessageId, Failure> {
        need(names, self.id(names)?)
    }

    /// Messages.
    ///
    /// # Errors
    ///
    /// It is no list of ids.
    pub fn messages(&self, names: &[&'static str]) -> Result<Option<Vec<MessageId>>, Failure> {
        self.parsed(names, "takes a list of message ids", message_ids)
    }

    fn id<T: std::str::FromStr<Err = NotAnId>>(
        &self,
        names: &[&'static str],
    ) -> Result<Option<T>, Failure> {
        let words = "takes an id: a number, or the same as a UUID";
        self.parsed(names, words, |value| as_text(value)?.parse().ok())
    }

    /// Yes or no.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn flag(&self, names: &[&'static str]) -> Result<Option<bool>, Failure> {
        self.parsed(names, "takes true or false", |value| match value {
            Value::Bool(on) => Some(*on),
            Value::String(text) => match text.as_str() {
                "true" | "1" | "yes" => Some(true),
                "false" | "0" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        })
    }

    /// A whole number from 0.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn number(&self, names: &[&'static str]) -> Result<Option<usize>, Failure> {
        let words = "takes a whole number of 0 or more";
        self.parsed(names, words, |value| as_text(value)?.parse().ok())
    }

    /// A moment: RFC 3339, or milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn time(&self, names: &[&'static str]) -> Result<Option<Timestamp>, Failure> {
        let words = "takes a moment such as 2026-11-21T12:00:00Z, or milliseconds since 1970";
        self.parsed(names, words, |value| moment(&as_text(value)?))
    }

    /// What sort of message it is; text unless said otherwise.
    ///
    /// # Errors
    ///
    /// It is none of the sorts.
    pub fn kind(&self, names: &[&'static str]) -> Result<MessageKind, Failure> {
        let words = "takes text, file, image, video, audio or system";
        let kind = self.parsed(names, words, |value| {
            Some(match as_text(value)?.to_lowercase().as_str() {
                "text" => MessageKind::Text,
                "file" => MessageKind::File,
                "image" => MessageKind::Image,
                "video" => MessageKind::Video,
                "audio" => MessageKind::Audio,
                "system" => MessageKind::System,
                _ => return None,
            })
        })?;
        Ok(kind.unwrap_or_default())
    }

    /// Where something goes: to a conversation, to a person, or if both are named to whichever of them it can.
    ///
    /// # Errors
    ///
    /// Neither is named, or not by an id.
    pub fn target(
        &self,
        conversation: &[&'static str],
        user: &[&'static str],
    ) -> Result<Target, Failure> {
        let named = (self.conversation(conversation)?, self.user(user)?);
        Ok(match named {
            (Some(id), Some(user)) => Target::Either(id, user),
            (Some(id), None) => Target::Conversation(id),
            (None, Some(user)) => Target::User(user),
            (None, None) => return Err(neither(conversation, user)),
        })
    }

    /// The files that a message is sent with: ids or addresses of them, alone or in the objects that they were told in.
    ///
    /// # Errors
    ///
    /// It is no such list.
    pub fn attachments(&self) -> Result<Vec<AttachmentId>, Failure> {
        let words = "takes a list of files that were uploaded: their ids, or their addresses";
        let ids = self.parsed(ATTACHMENTS, words, |value| {
            let of = |value: &Value| {
                let named = ["id", "url"].into_iter().find_map(|name| value.get(name));
                meant(&as_text(named.unwrap_or(value))?).ok()
            };
            value.as_array()?.iter().map(of).collect()
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// The same with more files, behind those that are there.
    #[must_use]
    pub fn with_attachments(mut self, ids: &[AttachmentId]) -> Self {
        if !ids.is_empty() {
            let mut all = match self.find(ATTACHMENTS) {
                Some((_, Value::Array(list))) => list.clone(),
                _ => Vec::new(),
            };
            all.extend(ids.iter().map(|id| Value::from(id.get())));
            let name = ATTACHMENTS.first().copied().unwrap_or_default();
            self.0.insert(name.to_owned(), Value::Array(all));
        }
        self
    }

    /// What a message says, and under `kind` of what sort it is. One with files needs no text.
    ///
    /// # Errors
    ///
    /// There is no text, or it is of no known sort.
    pub fn content(&self, kind: &[&'static str]) -> Result<Content, Failure> {
        const TEXT: &[&str] = &["content", "text"];
        let has_files = !self.attachments()?.is_empty();
        Ok(Content {
            kind: match self.kind(kind)? {
                MessageKind::Text if has_files && !self.has(kind) => MessageKind::File,
                kind => kind,
            },
            text: match self.text(TEXT)? {
                None if has_files => String::new(),
                text => need(TEXT, text)?,
            },
            reply_to: self.message(&["reply_to", "reply_to_id"])?,
            metadata: None,
        })
    }

    /// What the client calls its message, if anything.
    ///
    /// # Errors
    ///
    /// It is no idempotency key.
    pub fn key(&self) -> Result<Option<IdempotencyKey>, Failure> {
        let words = "takes 1 to 128 printable ASCII characters";
        self.parsed(KEY_NAMES, words, |value| {
            IdempotencyKey::new(&as_text(value)?).ok()
        })
    }

    fn parsed<T>(
        &self,
        names: &[&'static str],
        words: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some((name, value)) = self.find(names) else {
            return Ok(None);
        };
        let wrong = || Failure::bad_value(name, format!("{name} {words}"));
        parse(value).map(Some).ok_or_else(wrong)
    }
}

/// The ids in a list, in its order. `None`: it is no list of ids.
pub fn message_ids(value: &Value) -> Option<Vec<MessageId>> {
    let list = value.as_array()?;
    list.iter()
        .map(|value| as_text(value)?.parse().ok())
        .collect()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Something that must be there.
fn need<T>(names: &[&'static str], found: Option<T>) -> Result<T, Failure> {
    found.ok_or_else(|| missing(names))
}

fn missing(names: &[&'static str]) -> Failure {
    let name = names.first().copied().unwrap_or_default();
    Failure::bad_value(name, format!("{name} is missing"))
}

fn neither(conversation: &[&'static str], user: &[&'static str]) -> Failure {
    let name = |names: &[&'static str]| names.first().copied().unwrap_or_default();
    let (conversation, user) = (name(conversation), name(user));
    Failure::bad_value(user, format!("give {user} or {conversation}"))
}

/// Reads a moment: RFC 3339, or milliseconds since 1970.
pub fn moment(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(ms) => Some(Timestamp(ms)),
        // A `+` in a query is a space by the time it arrives.
        Err(_) => {
            let moment: jiff::Timestamp = text.replace(' ', "+").parse().ok()?;
            Some(Timestamp(moment.as_millisecond()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::of(value).unwrap()
    }

    #[test]
    fn a_name_is_known_in_either_spelling() {
        for name in ["receiver_id", "receiverId", "ReceiverID", "receiver-id"] {
            let fields = fields(json!({ name: 2 }));
            let user = fields.need_user(&["receiver_id"]).unwrap();
            assert_eq!(user.as_str(), "2");
        }
    }

    #[test]
    fn an_id_is_a_number_or_a_text_in_either_spelling() {
        let id: MessageId = "123456789".parse().unwrap();
        for value in [
            json!(123_456_789),
            json!("123456789"),
            json!(id.to_uuid().to_string()),
        ] {
            let fields = fields(json!({ "messageId": value }));
            assert_eq!(fields.need_message(&["message_id"]).unwrap(), id);
        }
        for value in [
            json!(1.5),
            json!(-1),
            json!("x"),
            json!(true),
            json!([1]),
            json!(1u64 << 60),
        ] {
            let fields = fields(json!({ "messageId": value }));
            let failure = fields.need_message(&["message_id"]).unwrap_err();
            assert_eq!(failure.field, Some("message_id"), "{value}");
        }
    }

    #[test]
    fn a_missing_field_is_named_and_null_counts_as_missing() {
        let fields = fields(json!({ "content": null }));
        let failure = fields.need_text(&["content", "text"]).unwrap_err();
        assert_eq!(
            (failure.code, failure.field),
            (ErrorCode::BadValue, Some("content"))
        );
    }

    #[test]
    fn files_are_named_by_ids_addresses_or_what_was_told_of_them() {
        let body = json!({ "attachments": [
            7,
            "8",
            "https://chat.example.org/v1/attachments/9/x.png?viewer=a&until=1&signature=b",
            { "id": 10, "url": "https://elsewhere.example/x" },
            { "url": "/v1/attachments/11" },
        ] });
        let ids = |fields: &Fields| -> Vec<u64> {
            let ids = fields.attachments().unwrap();
            ids.iter().map(|id| id.get()).collect()
        };
        assert_eq!(ids(&fields(body.clone())), [7, 8, 9, 10, 11]);
        let more = fields(body).with_attachments(&["12".parse().unwrap()]);
        assert_eq!(ids(&more), [7, 8, 9, 10, 11, 12]);
        let none = Fields::default().with_attachments(&[]);
        assert!(none.attachments().unwrap().is_empty());
        for wrong in [json!("7"), json!(["x.png"]), json!([{}]), json!({})] {
            let failure = fields(json!({ "attachments": wrong })).attachments();
            assert_eq!(failure.unwrap_err().field, Some("attachments"), "{wrong}");
        }
    }

    #[test]
    fn a_message_with_files_needs_no_text_and_is_a_file_unless_it_says_more() {
        let content = |body| fields(body).content(&["type"]).unwrap();
        let bare = content(json!({ "attachments": [7] }));
        assert_eq!((bare.kind, &*bare.text), (MessageKind::File, ""));
        let image = content(json!({ "attachments": [7], "type": "IMAGE", "content": "x" }));
        assert_eq!((image.kind, &*image.text), (MessageKind::Image, "x"));
        let text = content(json!({ "attachments": [], "content": "x" }));
        assert_eq!(text.kind, MessageKind::Text);
        let failure = fields(json!({ "attachments": [] })).content(&["type"]);
        assert_eq!(failure.unwrap_err().field, Some("content"));
    }

    #[test]
    fn a_moment_is_read_in_every_usual_form() {
        for text in [
            "1763726400000",
            "2025-11-21T12:00:00Z",
            "2025-11-21T13:00:00+01:00",
            "2025-11-21T13:00:00 01:00",
        ] {
            let pairs = [("before".to_owned(), text.to_owned())];
            let time = Fields::of_pairs(pairs).time(&["before"]).unwrap();
            assert_eq!(time, Some(Timestamp(1_763_726_400_000)), "{text}");
        }
    }
}
