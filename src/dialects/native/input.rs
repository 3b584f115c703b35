//! What a native client sends over the WebSocket.
//!
//! Read in two steps, first `type` and `id`, then the fields of that type, so that an error can name
//! the request it belongs to. Fields that the protocol doesn't know are ignored.

use parlour_actors::{
    codec::{ClientFrame, RequestId, Resume},
    command::{
        AttachmentQuestion, Command, LaterCommand, LaterQuestion, NoticeQuestion, Question,
        Request, SafetyQuestion, Target,
    },
    error::{ErrorCode, Failure},
};
use parlour_storage::ids::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    attachment::OfAttachment,
    contact::{Ask, MatchesPage, OfMatch, OfRequest, PeoplePage, RequestsPage, like, relation},
    fields::{
        AddMembers, Auth, Block, ChangesPage, ConversationsPage, Edit, MessagesPage,
        OfConversation, OfMember, OfMessage, OfUser, OfUsers, OpenGroup, React, Rename, Send,
        SetRole, Typing, UpTo,
    },
    later::{AddTemplate, At, ChangeTemplate, OfScheduled, OfTemplate, Reschedule},
    notice::{LeaveAlone, NotificationsPage, ReadNotifications, SilenceOf, unmute},
    push::{AddPushTarget, OfPushTarget, push_key, push_targets},
    safety::{FileReport, Prefer},
    scalar::user_ids,
    search::SearchPage,
    types::RequestType,
};

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
                to: Target::Conversation(conversation.0),
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
        T::Ask => Request::Do(fields::<Ask>(text)?.into()),
        T::Accept => Request::Do(fields::<OfRequest>(text)?.answer(true)),
        T::Decline => Request::Do(fields::<OfRequest>(text)?.answer(false)),
        T::Withdraw => Request::Do(fields::<OfRequest>(text)?.withdraw()),
        T::Requests => Request::Ask(fields::<RequestsPage>(text)?.into_question()),
        T::Request => Request::Ask(fields::<OfRequest>(text)?.into_question()),
        T::Like => Request::Do(like(fields::<OfUser>(text)?.user.0, true)),
        T::Unlike => Request::Do(like(fields::<OfUser>(text)?.user.0, false)),
        T::Likes => Request::Ask(fields::<PeoplePage>(text)?.of_likes()),
        T::Matches => Request::Ask(fields::<MatchesPage>(text)?.into_question()),
        T::Unmatch => Request::Do(fields::<OfMatch>(text)?.unmatch()),
        T::Hidden => Request::Ask(fields::<PeoplePage>(text)?.of_hidden()),
        T::Relation => Request::Ask(relation(fields::<OfUser>(text)?.user.0)),
        T::Report => Request::Do(fields::<FileReport>(text)?.into_command()?),
        T::Preferences => Request::Ask(Question::Safety(SafetyQuestion::Preferences)),
        T::Attachment => Request::Ask(fields::<OfAttachment>(text)?.into_question()),
        T::DropAttachment => Request::Do(fields::<OfAttachment>(text)?.give_up()),
        T::Usage => Request::Ask(Question::Attachment(AttachmentQuestion::Usage)),
        T::Prefer => Request::Do(fields::<Prefer>(text)?.into()),
        T::Search => Request::Ask(fields::<SearchPage>(text)?.into_question()?),
        T::Schedule => Request::Do(fields::<At>(text)?.schedule(fields(text)?)?),
        T::Reschedule => {
            let OfScheduled { scheduled } = fields(text)?;
            Request::Do(fields::<Reschedule>(text)?.of(scheduled.0))
        }
        T::CancelScheduled => {
            let OfScheduled { scheduled } = fields(text)?;
            Request::Do(Command::Later(LaterCommand::Cancel(scheduled.0)))
        }
        T::AllScheduled => Request::Ask(Question::Later(LaterQuestion::AllScheduled)),
        T::Scheduled => {
            let OfScheduled { scheduled } = fields(text)?;
            Request::Ask(Question::Later(LaterQuestion::Scheduled(scheduled.0)))
        }
        T::Templates => Request::Ask(Question::Later(LaterQuestion::Templates)),
        T::AddTemplate => Request::Do(fields::<AddTemplate>(text)?.into()),
        T::ChangeTemplate => {
            let OfTemplate { template } = fields(text)?;
            Request::Do(fields::<ChangeTemplate>(text)?.of(template.0))
        }
        T::DropTemplate => {
            let OfTemplate { template } = fields(text)?;
            Request::Do(Command::Later(LaterCommand::DropTemplate(template.0)))
        }
        T::Notifications => Request::Ask(fields::<NotificationsPage>(text)?.into_question()),
        T::UnreadNotifications => Request::Ask(Question::Notice(NoticeQuestion::Unread)),
        T::ReadNotifications => Request::Do(fields::<ReadNotifications>(text)?.into()),
        T::Mute => {
            let of = fields::<SilenceOf>(text)?;
            Request::Do(of.silence.of(of.conversation.0, Timestamp::now())?)
        }
        T::Unmute => Request::Do(unmute(fields::<OfConversation>(text)?.conversation.0)),
        T::DoNotDisturb => Request::Ask(Question::Notice(NoticeQuestion::DoNotDisturb)),
        T::SetDoNotDisturb => Request::Do(fields::<LeaveAlone>(text)?.into_command()?),
        T::PushKey => Request::Ask(push_key()),
        T::PushTargets => Request::Ask(push_targets()),
        T::AddPushTarget => Request::Do(fields::<AddPushTarget>(text)?.into()),
        T::DropPushTarget => Request::Do(fields::<OfPushTarget>(text)?.give_up()),
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

#[cfg(test)]
mod tests {
    use parlour_storage::ids::ConversationId;
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
                to: Target::Conversation(conversation),
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
