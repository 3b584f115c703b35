//! The fields of each request, as the WebSocket's frames and REST's bodies and queries share them.

use parlour_actors::{
    command::{Command, Mark, Question, Target},
    error::Failure,
};
use parlour_storage::{
    domain::message::Content,
    ids::{AttachmentId, ConversationId, MessageId, Seq},
    store::PageFrom,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    input::resume_token,
    scalar::{Id, Key, Kind, Number, Role, User, WirePosition, user_ids},
};

/// Page size where none is given.
pub(super) const PAGE_DEFAULT: usize = 50;

#[derive(Deserialize)]
pub(super) struct Auth {
    pub(super) token: String,
    pub(super) resume: Option<String>,
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
pub(super) struct OfMessage {
    pub(super) message: Id<MessageId>,
}

#[derive(Deserialize)]
pub(super) struct OfConversation {
    pub(super) conversation: Id<ConversationId>,
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
    /// Files that were uploaded for it.
    #[serde(default)]
    pub attachments: Vec<Id<AttachmentId>>,
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
            attachments: self.attachments.into_iter().map(|id| id.0).collect(),
            key: self.key.map(|key| key.0),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Edit {
    pub(super) message: Id<MessageId>,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct React {
    pub(super) message: Id<MessageId>,
    pub(super) emoji: String,
    #[serde(default = "yes")]
    pub(super) on: bool,
}

#[derive(Deserialize)]
pub(super) struct Typing {
    pub(super) conversation: Id<ConversationId>,
    #[serde(default = "yes")]
    pub(super) on: bool,
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
pub(super) struct AddMembers {
    pub(super) conversation: Id<ConversationId>,
    pub(super) users: Vec<User>,
}

#[derive(Deserialize)]
pub(super) struct OfMember {
    pub(super) conversation: Id<ConversationId>,
    pub(super) user: User,
}

#[derive(Deserialize)]
pub(super) struct SetRole {
    pub(super) conversation: Id<ConversationId>,
    pub(super) user: User,
    pub(super) role: Role,
}

#[derive(Deserialize)]
pub(super) struct Rename {
    pub(super) conversation: Id<ConversationId>,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Block {
    pub(super) user: User,
    pub(super) reason: Option<String>,
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
