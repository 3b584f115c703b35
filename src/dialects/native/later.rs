//! Scheduled messages and templates in the native protocol: the fields of requests, and what is kept as JSON.

use parlour_actors::{
    command::{Command, LaterCommand, LaterReply, Target},
    error::{ErrorCode, Failure},
};
use parlour_storage::{
    domain::scheduled::{Destination, Scheduled, ScheduledDraft, SendFailed, Template},
    ids::{ConversationId, ScheduledId, TemplateId},
};
use serde::{Deserialize, Serialize, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    attachment::{WireAttached, attached},
    fields::Send,
    scalar::{Id, Moment},
    wire::{Text, Time},
};
use crate::dialects::shape::kind;

/// When a message is sent: what `schedule` has beside the fields of `send`.
#[derive(Debug, Deserialize)]
pub struct At {
    /// Then.
    pub at: Moment,
}

impl At {
    /// The command that has a message sent then.
    ///
    /// # Errors
    ///
    /// Those of the message.
    pub fn schedule(self, message: Send) -> Result<Command, Failure> {
        let Command::Send {
            to,
            content,
            attachments,
            key,
        } = message.into_command()?
        else {
            return Err(Failure::internal());
        };
        let to = match to {
            Target::Conversation(conversation) => Destination::Conversation(conversation),
            Target::User(user) | Target::Either(_, user) => Destination::User(user),
        };
        let at = self.at.0;
        Ok(Command::Later(LaterCommand::Schedule(ScheduledDraft {
            to,
            content,
            attachments,
            at,
            key,
        })))
    }
}

/// Names a scheduled message.
#[derive(Debug, Deserialize)]
pub(super) struct OfScheduled {
    pub(super) scheduled: Id<ScheduledId>,
}

/// What is to be different about a scheduled message.
#[derive(Debug, Deserialize)]
pub struct Reschedule {
    /// The new text.
    text: Option<String>,
    /// The new time.
    at: Option<Moment>,
}

impl Reschedule {
    /// The command.
    pub fn of(self, scheduled: ScheduledId) -> Command {
        Command::Later(LaterCommand::Reschedule {
            scheduled,
            text: self.text,
            at: self.at.map(|at| at.0),
        })
    }
}

/// A template to be made.
#[derive(Debug, Deserialize)]
pub struct AddTemplate {
    name: String,
    text: String,
}

impl From<AddTemplate> for Command {
    fn from(AddTemplate { name, text }: AddTemplate) -> Self {
        Self::Later(LaterCommand::AddTemplate { name, text })
    }
}

/// Names a template.
#[derive(Debug, Deserialize)]
pub(super) struct OfTemplate {
    pub(super) template: Id<TemplateId>,
}

/// What is to be different about a template.
#[derive(Debug, Deserialize)]
pub struct ChangeTemplate {
    name: Option<String>,
    text: Option<String>,
}

impl ChangeTemplate {
    /// The command.
    pub fn of(self, template: TemplateId) -> Command {
        Command::Later(LaterCommand::ChangeTemplate {
            template,
            name: self.name,
            text: self.text,
        })
    }
}

#[derive(Serialize)]
pub(super) struct WireScheduled<'a> {
    id: Text<ScheduledId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Text<ConversationId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    kind: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Text<parlour_storage::ids::MessageId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<WireAttached<'a>>,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The `key` of the message that it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_key: Option<String>,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<WireSendFailed<'a>>,
}

/// As an error says it.
#[derive(Serialize)]
struct WireSendFailed<'a> {
    at: Time,
    error: &'a str,
    code: &'static str,
    number: u16,
}

pub(super) fn scheduled(one: &Scheduled) -> WireScheduled<'_> {
    let (conversation, user) = match &one.to {
        Destination::Conversation(conversation) => (Some(Text(*conversation)), None),
        Destination::User(user) => (None, Some(user.as_str())),
    };
    let content = &one.content;
    WireScheduled {
        id: Text(one.id),
        conversation,
        user,
        kind: kind(content.kind),
        text: &content.text,
        reply_to: content.reply_to.map(Text),
        // It was checked to be JSON when it came.
        metadata: content
            .metadata
            .as_deref()
            .and_then(|metadata| serde_json::from_str(metadata).ok()),
        attachments: one.attachments.iter().map(attached).collect(),
        at: Time(one.at),
        key: one.key.as_ref().map(|key| key.as_str()),
        message_key: Scheduled::message_key(one.id).map(|key| key.to_string()),
        created_at: Time(one.created_at),
        edited_at: one.edited_at.map(Time),
        failed: one.failed.as_ref().map(failed),
    }
}

fn failed(failed: &SendFailed) -> WireSendFailed<'_> {
    WireSendFailed {
        at: Time(failed.at),
        error: &failed.reason,
        code: label(failed.code),
        number: failed.code,
    }
}

/// The name of a code that was stored. One of a version to come has no name yet.
pub fn label(number: u16) -> &'static str {
    let mut codes = ErrorCode::ALL.iter();
    let code = codes.find(|code| code.number() == number);
    code.map_or("UNKNOWN", |code| code.label())
}

#[derive(Serialize)]
pub(super) struct WireTemplate<'a> {
    id: Text<TemplateId>,
    name: &'a str,
    text: &'a str,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Time>,
}

pub(super) fn template(one: &Template) -> WireTemplate<'_> {
    WireTemplate {
        id: Text(one.id),
        name: &one.name,
        text: &one.text,
        created_at: Time(one.created_at),
        edited_at: one.edited_at.map(Time),
    }
}

pub(super) fn answer<M: SerializeMap>(map: &mut M, reply: &LaterReply) -> Result<(), M::Error> {
    match reply {
        LaterReply::Scheduled(one) => map.serialize_entry("scheduled", &scheduled(one)),
        LaterReply::AllScheduled(all) => {
            let all: Vec<_> = all.iter().map(scheduled).collect();
            map.serialize_entry("scheduled", &all)
        }
        LaterReply::Template(one) => map.serialize_entry("template", &template(one)),
        LaterReply::Templates(all) => {
            let all: Vec<_> = all.iter().map(template).collect();
            map.serialize_entry("templates", &all)
        }
    }
}
