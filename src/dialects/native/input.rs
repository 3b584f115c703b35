//! What a native client sends over the WebSocket.
//!
//! Read in two steps, first `type` and `id`, then the fields of that type, so that an error can name
//! the request it belongs to. Fields that the protocol doesn't know are ignored.

use parlour_actors::{
    codec::{ClientFrame, RequestId, Resume},
    command::{Command, Question, Request},
    error::{ErrorCode, Failure},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    fields::{
        AddMembers, Auth, Block, ChangesPage, ConversationsPage, Edit, MessagesPage,
        OfConversation, OfMember, OfMessage, OfUser, OfUsers, OpenGroup, React, Rename, Send,
        SetRole, Typing, UpTo,
    },
    scalar::user_ids,
};

/// Longest request id, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Reads one frame.
pub(super) fn decode(text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
    let head: Head<'_> =
        serde_json::from_str(text).map_err(|error| (RequestId::None, bad_json(&error)))?;
    let id = head.id.map(request_id).unwrap_or_default();
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
#[serde(
    untagged,
    expecting = "id takes a number from 0 to 2^53 - 1 or a text of at most 64 bytes"
)]
enum WireRequestId {
    Number(u64),
    Text(String),
}

fn request_id(id: WireRequestId) -> RequestId {
    match id {
        WireRequestId::Number(number) => RequestId::Number(number),
        WireRequestId::Text(mut text) => {
            let end = (0..=REQUEST_ID_BYTES_MAX.min(text.len()))
                .rev()
                .find(|&i| text.is_char_boundary(i));
            text.truncate(end.unwrap_or(0));
            RequestId::Text(text.into())
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
    let request = match kind {
        "ping" => return Ok(ClientFrame::Ping(id.clone())),
        "auth" => {
            let Auth { token, resume } = fields(text)?;
            let resume = resume.map(|token| resume_token(&token)).transpose()?;
            return Ok(ClientFrame::Auth {
                id: id.clone(),
                token,
                resume,
            });
        }
        "open_direct" => Request::Do(Command::OpenDirect {
            with: fields::<OfUser>(text)?.user.0,
        }),
        "open_group" => Request::Do(fields::<OpenGroup>(text)?.into()),
        "send" => Request::Do(fields::<Send>(text)?.into_command()?),
        "edit" => {
            let Edit { message, text } = fields(text)?;
            Request::Do(Command::Edit {
                message: message.0,
                text,
            })
        }
        "delete" => Request::Do(Command::Delete {
            message: fields::<OfMessage>(text)?.message.0,
        }),
        "react" => {
            let React { message, emoji, on } = fields(text)?;
            Request::Do(Command::React {
                message: message.0,
                emoji,
                on,
            })
        }
        "read" => Request::Do(Command::Read {
            up_to: fields::<UpTo>(text)?.into_mark()?,
        }),
        "delivered" => Request::Do(Command::Deliver {
            up_to: fields::<UpTo>(text)?.into_mark()?,
        }),
        "typing" => {
            let Typing { conversation, on } = fields(text)?;
            Request::Do(Command::Type {
                conversation: conversation.0,
                on,
            })
        }
        "add_members" => {
            let AddMembers {
                conversation,
                users,
            } = fields(text)?;
            Request::Do(Command::Add {
                conversation: conversation.0,
                users: user_ids(users),
            })
        }
        "remove_member" => {
            let OfMember { conversation, user } = fields(text)?;
            Request::Do(Command::Remove {
                conversation: conversation.0,
                user: user.0,
            })
        }
        "set_role" => {
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
        "rename" => {
            let Rename { conversation, name } = fields(text)?;
            Request::Do(Command::Rename {
                conversation: conversation.0,
                name,
            })
        }
        "block" => {
            let Block { user, reason } = fields(text)?;
            Request::Do(Command::Block {
                user: user.0,
                reason,
            })
        }
        "unblock" => Request::Do(Command::Unblock {
            user: fields::<OfUser>(text)?.user.0,
        }),
        _ => Request::Ask(question(kind, text)?),
    };
    Ok(ClientFrame::Request {
        id: id.clone(),
        request: Box::new(request),
    })
}

fn question(kind: &str, text: &str) -> Result<Question, Failure> {
    Ok(match kind {
        "me" => Question::Me,
        "user" => Question::User(fields::<OfUser>(text)?.user.0),
        "conversations" => fields::<ConversationsPage>(text)?.into_question(),
        "conversation" => Question::Conversation(fields::<OfConversation>(text)?.conversation.0),
        "members" => Question::Members(fields::<OfConversation>(text)?.conversation.0),
        "messages" => {
            let conversation = fields::<OfConversation>(text)?.conversation.0;
            fields::<MessagesPage>(text)?.into_question(conversation)?
        }
        "message" => Question::Message(fields::<OfMessage>(text)?.message.0),
        "revisions" => Question::Revisions(fields::<OfMessage>(text)?.message.0),
        "receipts" => Question::Receipts(fields::<OfMessage>(text)?.message.0),
        "unread" => Question::Unread,
        "blocks" => Question::Blocks,
        "presence" => Question::Presence(user_ids(fields::<OfUsers>(text)?.users)),
        "changes" => fields::<ChangesPage>(text)?.into_question()?,
        _ => {
            let message = "there is no such frame type; docs/protocol.md lists them";
            return Err(Failure {
                field: Some("type"),
                ..Failure::new(ErrorCode::UnknownCommand, message)
            });
        }
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
    use parlour_actors::command::Request;
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
