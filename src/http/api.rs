//! The native REST API: the same commands and questions as over WebSocket, as routes.
//!
//! A handler reads a request into a [`Command`] or [`Question`], and hands it to the core. No rule stands here.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, Resource, http::StatusCode, web, web::Bytes};
use parlour_actors::{
    command::{Caller, Command, Mark, Question, Reply, Request, Target},
    error::{ErrorCode, Failure},
};
use parlour_storage::ids::{ConversationId, MessageId, Seq, UserId};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Edge,
    error::{Refused, wrong_method},
    identity::Signed,
    routes::idempotency_key,
};
use crate::dialects::native::{
    Answer,
    fields::{ChangesPage, ConversationsPage, MessagesPage, OfUsers, OpenGroup, Send},
    input,
    scalar::{Id, Key, Role, User, user_ids},
};

type Answered = Result<HttpResponse, Refused>;

macro_rules! routes {
    ($($path:literal { $($method:ident $handler:ident),* })*) => {
        /// Every route: its method in lower case, and its path.
        pub const ROUTES: &[(&str, &str)] = &[$($((stringify!($method), $path),)*)*];

        pub(super) fn routes(config: &mut web::ServiceConfig) {
            config$(.service(at($path, &[$(stringify!($method)),*])$(.route(web::$method().to($handler)))*))*;
        }
    };
}

// The flat table. Literal parts stand before `{parts}` of the same place.
routes! {
    "/v1/me" { get me }
    "/v1/users/{user}" { get user }
    "/v1/conversations" { get conversations, post open }
    "/v1/conversations/{conversation}" { get conversation, patch rename }
    "/v1/conversations/{conversation}/messages" { get messages, post send }
    "/v1/conversations/{conversation}/members" { get members, post add_members }
    "/v1/conversations/{conversation}/members/{user}" { patch set_role, delete remove_member }
    "/v1/conversations/{conversation}/read" { post read }
    "/v1/conversations/{conversation}/delivered" { post delivered }
    "/v1/conversations/{conversation}/typing" { post typing }
    "/v1/messages" { post send_to_user }
    "/v1/messages/{message}" { get message, patch edit, delete delete }
    "/v1/messages/{message}/revisions" { get revisions }
    "/v1/messages/{message}/receipts" { get receipts }
    "/v1/messages/{message}/read" { post read_message }
    "/v1/messages/{message}/delivered" { post message_delivered }
    "/v1/messages/{message}/reactions/{emoji}" { put react, delete take_reaction_back }
    "/v1/unread" { get unread }
    "/v1/changes" { get changes }
    "/v1/presence" { get presence }
    "/v1/blocks" { get blocks }
    "/v1/blocks/{user}" { put block, delete unblock }
}

fn at(path: &str, methods: &'static [&'static str]) -> Resource {
    web::resource(path).default_service(web::to(async || wrong_method(methods)))
}

/// The parts of a path, decoded. `match_info().get` would leave `%`, `/` and `+` as they were quoted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts {
    conversation: String,
    message: String,
    user: String,
    emoji: String,
}

/// A request: who makes it, and what came with it.
struct Asked {
    edge: Arc<Edge>,
    caller: Arc<Caller>,
    request: HttpRequest,
    body: Bytes,
}

impl actix_web::FromRequest for Asked {
    type Error = Refused;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Refused>>>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        // The token first: a stranger's body isn't worth reading.
        let signed = Signed::from_request(request, payload).into_inner();
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let Signed(caller) = signed?;
            let body = body.await.map_err(|error| body_refused(&error))?;
            let edge = request
                .app_data::<web::Data<Edge>>()
                .expect("every route has it")
                .clone()
                .into_inner();
            Ok(Self {
                edge,
                caller,
                request,
                body,
            })
        })
    }
}

pub(super) fn body_refused(error: &actix_web::Error) -> Refused {
    let too_large = error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE;
    let code = if too_large {
        ErrorCode::TooLarge
    } else {
        ErrorCode::BadRequest
    };
    Refused(Failure::new(
        code,
        format!("the body can't be read: {error}"),
    ))
}

impl Asked {
    fn parts(&self) -> Parts {
        // Texts alone, and each may be missing: there is nothing to fail at.
        self.request.match_info().load().unwrap_or_default()
    }

    fn conversation(&self) -> Result<ConversationId, Refused> {
        let id = self.parts().conversation.parse();
        id.map_err(|_| Failure::no_conversation().into())
    }

    fn message(&self) -> Result<MessageId, Refused> {
        let id = self.parts().message.parse();
        id.map_err(|_| Failure::no_message().into())
    }

    fn user(&self) -> Result<UserId, Refused> {
        UserId::new(&self.parts().user)
            .map_err(|e| Failure::bad_value("user", format!("a user id: {e}")).into())
    }

    /// The body, as JSON whatever its content type says. An empty one counts as `{}`.
    fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let bytes = if self.body.is_empty() {
            b"{}".as_slice()
        } else {
            &self.body
        };
        serde_json::from_slice(bytes).map_err(|error| Refused(input::bad_json(&error)))
    }

    fn query<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let query = web::Query::<T>::from_query(self.request.query_string());
        let refused = |error: actix_web::error::QueryPayloadError| {
            Refused(Failure::new(
                ErrorCode::BadRequest,
                format!("the query can't be read: {error}"),
            ))
        };
        query.map(web::Query::into_inner).map_err(refused)
    }

    /// The `Idempotency-Key` header, which must agree with the body's `key` if both are there.
    fn key(&self, in_body: Option<Key>) -> Result<Option<Key>, Refused> {
        let Some(header) = idempotency_key(&self.request)? else {
            return Ok(in_body);
        };
        match in_body {
            Some(Key(body)) if body != header => {
                let message = "the header Idempotency-Key and the body's key differ; give one";
                Err(Refused(Failure::bad_value("key", message)))
            }
            _ => Ok(Some(Key(header))),
        }
    }

    async fn command(self, command: Command) -> Answered {
        self.request(Request::Do(command)).await
    }

    async fn question(self, question: Question) -> Answered {
        self.request(Request::Ask(question)).await
    }

    async fn request(self, request: Request) -> Answered {
        let core = &self.edge.core;
        let reply = core.ask(self.caller, request).await?;
        let status = match &reply {
            Reply::Opened { created: true, .. }
            | Reply::Sent {
                repeated: false, ..
            } => StatusCode::CREATED,
            Reply::Done => return Ok(HttpResponse::NoContent().finish()),
            _ => StatusCode::OK,
        };
        Ok(HttpResponse::build(status).json(Answer {
            reply: &reply,
            epoch: core.epoch(),
        }))
    }
}

async fn me(asked: Asked) -> Answered {
    asked.question(Question::Me).await
}

async fn user(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.question(Question::User(user)).await
}

async fn conversations(asked: Asked) -> Answered {
    let page: ConversationsPage = asked.query()?;
    asked.question(page.into_question()).await
}

/// Opens a direct conversation with `user`, or a group of `members`.
#[derive(Deserialize)]
struct Open {
    user: Option<User>,
    name: Option<String>,
    members: Option<Vec<User>>,
    key: Option<Key>,
}

async fn open(asked: Asked) -> Answered {
    let Open {
        user,
        name,
        members,
        key,
    } = asked.body()?;
    let command = match (user, members) {
        (Some(user), None) => Command::OpenDirect { with: user.0 },
        (None, Some(members)) => OpenGroup {
            name,
            members,
            key: asked.key(key)?,
        }
        .into(),
        _ => {
            let message = "give `user` for a direct conversation, or `members` for a group";
            return Err(Failure::bad_value("user", message).into());
        }
    };
    asked.command(command).await
}

async fn conversation(asked: Asked) -> Answered {
    let conversation = asked.conversation()?;
    asked.question(Question::Conversation(conversation)).await
}

#[derive(Deserialize)]
struct Name {
    name: Option<String>,
}

async fn rename(asked: Asked) -> Answered {
    let (conversation, Name { name }) = (asked.conversation()?, asked.body()?);
    asked.command(Command::Rename { conversation, name }).await
}

async fn messages(asked: Asked) -> Answered {
    let page: MessagesPage = asked.query()?;
    let question = page.into_question(asked.conversation()?)?;
    asked.question(question).await
}

async fn send(asked: Asked) -> Answered {
    let mut send: Send = asked.body()?;
    if send.conversation.is_some() || send.user.is_some() {
        let message = "the path says where it goes; leave `conversation` and `user` out";
        return Err(Failure::bad_value("conversation", message).into());
    }
    send.conversation = Some(Id(asked.conversation()?));
    send.key = asked.key(send.key)?;
    asked.command(send.into_command()?).await
}

async fn send_to_user(asked: Asked) -> Answered {
    let mut send: Send = asked.body()?;
    send.key = asked.key(send.key)?;
    asked.command(send.into_command()?).await
}

async fn members(asked: Asked) -> Answered {
    let conversation = asked.conversation()?;
    asked.question(Question::Members(conversation)).await
}

async fn add_members(asked: Asked) -> Answered {
    let users: OfUsers = asked.body()?;
    let conversation = asked.conversation()?;
    asked
        .command(Command::Add {
            conversation,
            users: user_ids(users.users),
        })
        .await
}

async fn remove_member(asked: Asked) -> Answered {
    let (conversation, user) = (asked.conversation()?, asked.user()?);
    asked.command(Command::Remove { conversation, user }).await
}

#[derive(Deserialize)]
struct OfRole {
    role: Role,
}

async fn set_role(asked: Asked) -> Answered {
    let (conversation, user, OfRole { role }) =
        (asked.conversation()?, asked.user()?, asked.body()?);
    asked
        .command(Command::SetRole {
            conversation,
            user,
            role: role.into(),
        })
        .await
}

#[derive(Deserialize)]
struct OfSeq {
    seq: u64,
}

async fn read(asked: Asked) -> Answered {
    let (conversation, OfSeq { seq }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Read {
            up_to: Mark::Seq(conversation, Seq(seq)),
        })
        .await
}

async fn delivered(asked: Asked) -> Answered {
    let (conversation, OfSeq { seq }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Deliver {
            up_to: Mark::Seq(conversation, Seq(seq)),
        })
        .await
}

async fn read_message(asked: Asked) -> Answered {
    let up_to = Mark::Message(asked.message()?);
    asked.command(Command::Read { up_to }).await
}

async fn message_delivered(asked: Asked) -> Answered {
    let up_to = Mark::Message(asked.message()?);
    asked.command(Command::Deliver { up_to }).await
}

#[derive(Deserialize)]
struct Typing {
    on: Option<bool>,
}

async fn typing(asked: Asked) -> Answered {
    let (conversation, Typing { on }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Type {
            to: Target::Conversation(conversation),
            on: on.unwrap_or(true),
        })
        .await
}

async fn message(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Message(message)).await
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn edit(asked: Asked) -> Answered {
    let (message, Text { text }) = (asked.message()?, asked.body()?);
    asked.command(Command::Edit { message, text }).await
}

async fn delete(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.command(Command::Delete { message }).await
}

async fn revisions(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Revisions(message)).await
}

async fn receipts(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Receipts(message)).await
}

async fn react(asked: Asked) -> Answered {
    set_reaction(asked, true).await
}

async fn take_reaction_back(asked: Asked) -> Answered {
    set_reaction(asked, false).await
}

async fn set_reaction(asked: Asked, on: bool) -> Answered {
    let message = asked.message()?;
    let emoji = asked.parts().emoji;
    asked.command(Command::React { message, emoji, on }).await
}

async fn unread(asked: Asked) -> Answered {
    asked.question(Question::Unread).await
}

async fn changes(asked: Asked) -> Answered {
    let page: ChangesPage = asked.query()?;
    asked.question(page.into_question()?).await
}

#[derive(Deserialize)]
struct PresenceOf {
    users: String,
}

/// `users` is a list with commas; a user id that has one itself is asked for over WebSocket.
async fn presence(asked: Asked) -> Answered {
    let PresenceOf { users } = asked.query()?;
    let users: Result<Vec<UserId>, _> = users.split(',').map(UserId::new).collect();
    let users = users.map_err(|e| Failure::bad_value("users", format!("a user id: {e}")))?;
    asked.question(Question::Presence(users)).await
}

async fn blocks(asked: Asked) -> Answered {
    asked.question(Question::Blocks).await
}

#[derive(Deserialize)]
struct Reason {
    reason: Option<String>,
}

async fn block(asked: Asked) -> Answered {
    let (user, Reason { reason }) = (asked.user()?, asked.body()?);
    asked.command(Command::Block { user, reason }).await
}

async fn unblock(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.command(Command::Unblock { user }).await
}
