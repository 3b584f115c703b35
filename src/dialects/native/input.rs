//! What a native client sends: frames of the WebSocket, and the fields that REST bodies share with them.
//!
//! Read in two steps, first `type` and `id`, then the fields of that type, so that an error can name
//! the request it belongs to. Fields that the protocol doesn't know are ignored.

use parlour_actors::{
    codec::{ClientFrame, RequestId, Resume},
    command::{Command, Mark, Question, Request, Target},
    error::{ErrorCode, Failure},
};
use parlour_storage::{
    domain::{
        conversation::MemberRole,
        message::{Content, MessageKind},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, UserId},
    store::PageFrom,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::types::RequestType;

/// Page size where none is given.
pub const PAGE_DEFAULT: usize = 50;

/// Longest request id, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Largest request id: above it, a JavaScript number is not exact.
const REQUEST_NUMBER_MAX: u64 = (1 << 53) - 1;

/// Reads one frame.
pub(super) fn decode(text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
    let head: Head<'_> =
        serde_json::from_str(text).map_err(|error| (RequestId::None, bad_json(&error)))?;
    let id = match head.id.map(request_id).transpose() {
        Ok(id) => id.unwrap_or_default(),
        Err(failure) => return Err((RequestId::None, failure)),
    };
    match frame(&head.kind, text, &id) {
        Ok(frame) => Ok(frame),
        Err(failure) => Err((id, failure)),
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    id: Option<WireRequestId>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "id takes a number or a text")]
enum WireRequestId {
    Number(u64),
    Text(String),
}

/// Refuses what could not be given back as it came.
fn request_id(id: WireRequestId) -> Result<RequestId, Failure> {
    match id {
        WireRequestId::Number(number) if number <= REQUEST_NUMBER_MAX => {
            Ok(RequestId::Number(number))
        }
        WireRequestId::Text(text) if text.len() <= REQUEST_ID_BYTES_MAX => {
            Ok(RequestId::Text(text.into()))
        }
        _ => {
            let message = format!(
                "id takes a whole number from 0 to {REQUEST_NUMBER_MAX} or a text of at most {REQUEST_ID_BYTES_MAX} bytes"
            );
            Err(Failure::bad_value("id", message))
        }
    }
}

/// Explains to a client author what is wrong with their JSON. serde's messages hold no values of long texts.
pub fn bad_json(error: &serde_json::Error) -> Failure {
    Failure::new(
        ErrorCode::BadRequest,
        format!("this can't be read: {error}"),
    )
}

fn fields<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| bad_json(&error))
}

fn frame(kind: &str, text: &str, id: &RequestId) -> Result<ClientFrame, Failure> {
    use RequestType as T;
    let Some(kind) = RequestType::find(kind) else {
        let message = "there is no such frame type; docs/protocol.md lists them";
        return Err(Failure {
            field: Some("type"),
            ..Failure::new(ErrorCode::UnknownCommand, message)
        });
    };
    let request = match kind {
        T::Ping => return Ok(ClientFrame::Ping(id.clone())),
        T::Auth => {
            let Auth { token, resume } = fields(text)?;
            let resume = resume.map(|token| resume_token(&token)).transpose()?;
            return Ok(ClientFrame::Auth {
                id: id.clone(),
                token,
                resume,
            });
        }
        T::OpenDirect => Request::Do(Command::OpenDirect {
            with: fields::<OfUser>(text)?.user.0,
        }),
        T::OpenGroup => Request::Do(fields::<OpenGroup>(text)?.into()),
        T::Send => Request::Do(fields::<Send>(text)?.into_command()?),
        T::Edit => {
            let Edit { message, text } = fields(text)?;
            Request::Do(Command::Edit {
                message: message.0,
                text,
            })
        }
        T::Delete => Request::Do(Command::Delete {
            message: fields::<OfMessage>(text)?.message.0,
        }),
        T::React => {
            let React { message, emoji, on } = fields(text)?;
            Request::Do(Command::React {
                message: message.0,
                emoji,
                on,
            })
        }
        T::Read => Request::Do(Command::Read {
            up_to: fields::<UpTo>(text)?.into_mark()?,
        }),
        T::Delivered => Request::Do(Command::Deliver {
            up_to: fields::<UpTo>(text)?.into_mark()?,
        }),
        T::Typing => {
            let Typing { conversation, on } = fields(text)?;
            Request::Do(Command::Type {
                conversation: conversation.0,
                on,
            })
        }
        T::AddMembers => {
            let AddMembers {
                conversation,
                users,
            } = fields(text)?;
            Request::Do(Command::Add {
                conversation: conversation.0,
                users: user_ids(users),
            })
        }
        T::RemoveMember => {
            let OfMember { conversation, user } = fields(text)?;
            Request::Do(Command::Remove {
                conversation: conversation.0,
                user: user.0,
            })
        }
        T::SetRole => {
            let SetRole {
                conversation,
                user,
                role,
            } = fields(text)?;
            Request::Do(Command::SetRole {
                conversation: conversation.0,
                user: user.0,
                role: role.into(),
            })
        }
        T::Rename => {
            let Rename { conversation, name } = fields(text)?;
            Request::Do(Command::Rename {
                conversation: conversation.0,
                name,
            })
        }
        T::Block => {
            let Block { user, reason } = fields(text)?;
            Request::Do(Command::Block {
                user: user.0,
                reason,
            })
        }
        T::Unblock => Request::Do(Command::Unblock {
            user: fields::<OfUser>(text)?.user.0,
        }),
        T::Me => Request::Ask(Question::Me),
        T::User => Request::Ask(Question::User(fields::<OfUser>(text)?.user.0)),
        T::Conversations => Request::Ask(fields::<ConversationsPage>(text)?.into_question()),
        T::Conversation => {
            let conversation = fields::<OfConversation>(text)?.conversation.0;
            Request::Ask(Question::Conversation(conversation))
        }
        T::Members => {
            let conversation = fields::<OfConversation>(text)?.conversation.0;
            Request::Ask(Question::Members(conversation))
        }
        T::Messages => {
            let conversation = fields::<OfConversation>(text)?.conversation.0;
            Request::Ask(fields::<MessagesPage>(text)?.into_question(conversation)?)
        }
        T::Message => Request::Ask(Question::Message(fields::<OfMessage>(text)?.message.0)),
        T::Revisions => Request::Ask(Question::Revisions(fields::<OfMessage>(text)?.message.0)),
        T::Receipts => Request::Ask(Question::Receipts(fields::<OfMessage>(text)?.message.0)),
        T::Unread => Request::Ask(Question::Unread),
        T::Blocks => Request::Ask(Question::Blocks),
        T::Presence => {
            let users = fields::<OfUsers>(text)?.users;
            Request::Ask(Question::Presence(user_ids(users)))
        }
        T::Changes => Request::Ask(fields::<ChangesPage>(text)?.into_question()?),
    };
    Ok(ClientFrame::Request {
        id: id.clone(),
        request: Box::new(request),
    })
}

/// Reads a resume token.
///
/// # Errors
///
/// It isn't `epoch:position`.
pub fn resume_token(text: &str) -> Result<Resume, Failure> {
    text.parse().map_err(|_| {
        Failure::bad_value(
            "resume",
            "resume takes a token as `hello` and events carry it",
        )
    })
}

#[derive(Deserialize)]
struct Auth {
    token: String,
    resume: Option<String>,
}

/// Names one person.
#[derive(Debug, Deserialize)]
pub struct OfUser {
    /// Who.
    pub user: User,
}

/// Names people.
#[derive(Debug, Deserialize)]
pub struct OfUsers {
    /// Who.
    pub users: Vec<User>,
}

#[derive(Deserialize)]
struct OfMessage {
    message: Id<MessageId>,
}

#[derive(Deserialize)]
struct OfConversation {
    conversation: Id<ConversationId>,
}

/// Opens a group.
#[derive(Debug, Deserialize)]
pub struct OpenGroup {
    /// What it is called.
    pub name: Option<String>,
    /// Who else is in it.
    #[serde(default)]
    pub members: Vec<User>,
    /// The client's name for the request.
    pub key: Option<Key>,
}

impl From<OpenGroup> for Command {
    fn from(OpenGroup { name, members, key }: OpenGroup) -> Self {
        Self::OpenGroup {
            name,
            members: user_ids(members),
            key: key.map(|key| key.0),
        }
    }
}

/// Sends a message.
#[derive(Debug, Deserialize)]
pub struct Send {
    /// To this conversation ...
    pub conversation: Option<Id<ConversationId>>,
    /// ... or to this person.
    pub user: Option<User>,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// What sort of message.
    #[serde(default)]
    pub kind: Kind,
    /// The message it answers.
    pub reply_to: Option<Id<MessageId>>,
    /// A JSON object of the app's own.
    pub metadata: Option<Box<RawValue>>,
    /// The client's name for the message.
    pub key: Option<Key>,
}

impl Send {
    /// The command.
    ///
    /// # Errors
    ///
    /// It names no target, or two; or metadata that is no object.
    pub fn into_command(self) -> Result<Command, Failure> {
        let to = match (self.conversation, self.user) {
            (Some(conversation), None) => Target::Conversation(conversation.0),
            (None, Some(user)) => Target::User(user.0),
            _ => {
                return Err(Failure::bad_value(
                    "conversation",
                    "give either `conversation` or `user`",
                ));
            }
        };
        let metadata = self.metadata.map(|raw| raw.get().to_owned());
        if metadata.as_ref().is_some_and(|m| !m.starts_with('{')) {
            return Err(Failure::bad_value(
                "metadata",
                "metadata takes a JSON object",
            ));
        }
        let content = Content {
            kind: self.kind.into(),
            text: self.text,
            reply_to: self.reply_to.map(|id| id.0),
            metadata,
        };
        Ok(Command::Send {
            to,
            content,
            key: self.key.map(|key| key.0),
        })
    }
}

#[derive(Deserialize)]
struct Edit {
    message: Id<MessageId>,
    text: String,
}

#[derive(Deserialize)]
struct React {
    message: Id<MessageId>,
    emoji: String,
    #[serde(default = "yes")]
    on: bool,
}

#[derive(Deserialize)]
struct Typing {
    conversation: Id<ConversationId>,
    #[serde(default = "yes")]
    on: bool,
}

fn yes() -> bool {
    true
}

/// Up to which message.
#[derive(Debug, Deserialize)]
pub struct UpTo {
    /// In this conversation ...
    pub conversation: Option<Id<ConversationId>>,
    /// ... up to this place,
    pub seq: Option<u64>,
    /// or up to this message.
    pub message: Option<Id<MessageId>>,
}

impl UpTo {
    /// The mark.
    ///
    /// # Errors
    ///
    /// It names neither, or both.
    pub fn into_mark(self) -> Result<Mark, Failure> {
        match (self.conversation, self.seq, self.message) {
            (_, None, Some(message)) => Ok(Mark::Message(message.0)),
            (Some(conversation), Some(seq), None) => Ok(Mark::Seq(conversation.0, Seq(seq))),
            _ => Err(Failure::bad_value(
                "seq",
                "give either `conversation` and `seq`, or `message`",
            )),
        }
    }
}

#[derive(Deserialize)]
struct AddMembers {
    conversation: Id<ConversationId>,
    users: Vec<User>,
}

#[derive(Deserialize)]
struct OfMember {
    conversation: Id<ConversationId>,
    user: User,
}

#[derive(Deserialize)]
struct SetRole {
    conversation: Id<ConversationId>,
    user: User,
    role: Role,
}

#[derive(Deserialize)]
struct Rename {
    conversation: Id<ConversationId>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Block {
    user: User,
    reason: Option<String>,
}

/// A page of conversations.
#[derive(Debug, Default, Deserialize)]
pub struct ConversationsPage {
    /// The `next` of the page before.
    pub before: Option<WirePosition>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl ConversationsPage {
    /// The question.
    pub fn into_question(self) -> Question {
        let limit = self.limit.map_or(PAGE_DEFAULT, |n| n.0);
        Question::Conversations {
            before: self.before.map(|p| p.0),
            limit,
        }
    }
}

/// A page of messages.
#[derive(Debug, Default, Deserialize)]
pub struct MessagesPage {
    /// The last ones below this place.
    pub before: Option<Number>,
    /// The first ones above this place.
    pub after: Option<Number>,
    /// At most so many.
    pub limit: Option<Number>,
}

impl MessagesPage {
    /// The question.
    ///
    /// # Errors
    ///
    /// Both `before` and `after` are given.
    pub fn into_question(self, conversation: ConversationId) -> Result<Question, Failure> {
        let from = match (self.before, self.after) {
            (None, None) => PageFrom::End,
            (Some(seq), None) => PageFrom::Before(Seq(seq.0 as u64)),
            (None, Some(seq)) => PageFrom::After(Seq(seq.0 as u64)),
            (Some(_), Some(_)) => {
                return Err(Failure::bad_value(
                    "before",
                    "give either `before` or `after`, or neither for the newest",
                ));
            }
        };
        Ok(Question::Messages {
            conversation,
            from,
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// What happened since.
#[derive(Debug, Deserialize)]
pub struct ChangesPage {
    /// A resume token.
    pub since: String,
    /// At most so many.
    pub limit: Option<Number>,
}

impl ChangesPage {
    /// The question.
    ///
    /// # Errors
    ///
    /// `since` is no resume token.
    pub fn into_question(self) -> Result<Question, Failure> {
        let since = resume_token(&self.since).map_err(|failure| Failure {
            field: Some("since"),
            ..failure
        })?;
        Ok(Question::Changes {
            since,
            limit: self.limit.map_or(PAGE_DEFAULT, |n| n.0),
        })
    }
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    #[default]
    Text,
    File,
    Image,
    Video,
    Audio,
    System,
}

impl From<Kind> for MessageKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::File => Self::File,
            Kind::Image => Self::Image,
            Kind::Video => Self::Video,
            Kind::Audio => Self::Audio,
            Kind::System => Self::System,
        }
    }
}

/// A member's role.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

impl From<Role> for MemberRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

/// A text or a whole number, as its text. Ids are written both ways (CONTRACT C-11).
struct TextOrNumber;

impl serde::de::Visitor<'_> for TextOrNumber {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

macro_rules! parsed {
    ($(#[$doc:meta])* $name:ident($inner:ty), $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = deserializer.deserialize_any(TextOrNumber)?;
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(&text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    };
}

parsed! {
    /// A person's id.
    User(UserId), |text| UserId::new(text).map_err(|e| format!("a user id: {e}"))
}
parsed! {
    /// An idempotency key.
    Key(IdempotencyKey), |text| IdempotencyKey::new(text).map_err(|e| format!("an idempotency key: {e}"))
}
parsed! {
    /// A place in the node's order.
    WirePosition(Position), |text| {
        let position = text.parse().ok().and_then(Position::new);
        position.ok_or_else(|| "a position is a decimal number below 2^53".to_owned())
    }
}
parsed! {
    /// A whole number, also in a query string.
    Number(usize), |text| text.parse().map_err(|_| "a whole number of 0 or more".to_owned())
}

/// An entity's id, in either spelling, as text or number.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<'de, T: std::str::FromStr<Err = parlour_storage::ids::NotAnId>> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(TextOrNumber)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The ids of people.
pub fn user_ids(users: Vec<User>) -> Vec<UserId> {
    users.into_iter().map(|user| user.0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> (RequestId, ErrorCode) {
        let (id, failure) = decode(text).unwrap_err();
        (id, failure.code)
    }

    #[test]
    fn ids_come_in_both_spellings_and_as_numbers() {
        let uuid = "7".parse::<ConversationId>().unwrap().to_uuid();
        for id in ["7".to_owned(), "\"7\"".to_owned(), format!("\"{uuid}\"")] {
            let text = format!(r#"{{"type":"typing","id":1,"conversation":{id}}}"#);
            let Ok(ClientFrame::Request {
                id: RequestId::Number(1),
                request,
            }) = decode(&text)
            else {
                panic!("{text}");
            };
            let Request::Do(Command::Type {
                conversation,
                on: true,
            }) = *request
            else {
                panic!("{text}")
            };
            assert_eq!(conversation.get(), 7);
        }
    }

    #[test]
    fn an_error_names_the_request() {
        assert_eq!(
            refused(r#"{"type":"send","id":"x","text":"hi"}"#),
            (RequestId::Text("x".into()), ErrorCode::BadValue)
        );
        assert_eq!(
            refused(r#"{"type":"fly","id":2}"#),
            (RequestId::Number(2), ErrorCode::UnknownCommand)
        );
        assert_eq!(
            refused(r#"{"type":"edit","id":3,"message":true}"#),
            (RequestId::Number(3), ErrorCode::BadRequest)
        );
        for text in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"me","id":{}}"#,
        ] {
            assert_eq!(
                refused(text),
                (RequestId::None, ErrorCode::BadRequest),
                "{text}"
            );
        }
    }

    #[test]
    fn an_id_that_can_not_be_given_back_is_refused() {
        let with = |id: &str| format!(r#"{{"type":"me","id":{id}}}"#);
        let text = |n| format!("\"{}\"", "é".repeat(n));
        assert!(decode(&with(&text(32))).is_ok());
        assert!(decode(&with("9007199254740991")).is_ok());
        for id in [text(33), "9007199254740992".to_owned()] {
            assert_eq!(
                refused(&with(&id)),
                (RequestId::None, ErrorCode::BadValue),
                "{id}"
            );
        }
        for id in ["1.5", "-1", "true", "[]"] {
            assert_eq!(
                refused(&with(id)),
                (RequestId::None, ErrorCode::BadRequest),
                "{id}"
            );
        }
    }

    #[test]
    fn a_message_goes_to_one_place() {
        for target in ["", r#","conversation":1,"user":"b""#] {
            let text = format!(r#"{{"type":"send","id":1,"text":"x"{target}}}"#);
            assert_eq!(refused(&text).1, ErrorCode::BadValue, "{text}");
        }
        assert!(decode(r#"{"type":"send","user":2,"text":"x","metadata":{"a":1}}"#).is_ok());
        assert_eq!(
            refused(r#"{"type":"send","user":2,"text":"x","metadata":[1]}"#).1,
            ErrorCode::BadValue
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}", kind in "[a-z_]{0,12}", value in "[\\[\\]{}\",:0-9a-z]{0,40}") {
            let _any_result = decode(&text);
            let _any_result = decode(&format!(r#"{{"type":"{kind}","id":1,"conversation":{value}}}"#));
        }
    }
}
