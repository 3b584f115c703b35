//! REST routes of the dialects, without HTTP: what a handler is given, and what it answers.
//!
//! A dialect lists its routes as data; `http/routes.rs` puts those of all dialects into one flat table. A handler reads a
//! call, asks the core, and writes the seed's shape. No rule stands in one.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use parlour_actors::{
    command::{Caller, Command, Question, Reply, Request},
    error::{ErrorCode, Failure},
    system::Core,
};
use parlour_storage::{
    domain::attachment::Attachment,
    ids::{ConversationId, IdempotencyKey, MatchId, MessageId, MessageRequestId, UserId},
    store::Rejection,
};
use serde::Serialize;
use serde_json::Value;

use super::{fields::Fields, links::Links};

/// The methods that the seeds use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path without a slash at its end. `{conversation}`, `{message}`, `{request}`, `{match}` are ids in either
    /// spelling, `{user}` is any one part.
    pub path: &'static str,
    /// Its body may be a form with files.
    pub files: bool,
    /// What answers it.
    pub handler: Handler,
}

/// What answers a route.
pub type Handler = fn(Call) -> Pin<Box<dyn Future<Output = Answered>>>;

/// An answer, or why there is none.
pub type Answered = Result<Answer, Failure>;

/// Lists routes as a document does: `Get "/path" => handler;`, and `Post "/path" + files => handler;` where files are taken.
macro_rules! routes {
    (@) => { false };
    (@ files) => { true };
    ($($method:ident $path:literal $(+ $files:ident)? => $handler:path;)*) => {
        &[$($crate::dialects::rest::Route {
            method: $crate::dialects::rest::Method::$method,
            path: $path,
            files: $crate::dialects::rest::routes!(@ $($files)?),
            handler: |call| Box::pin($handler(call)),
        },)*]
    };
}
pub(crate) use routes;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON; empty for 204.
    pub body: Vec<u8>,
    /// The files that came with the request are its owner's from here on. Else those that no message was sent with are
    /// given up again.
    pub keeps_files: bool,
}

impl Answer {
    /// 200, with a body.
    pub fn ok(body: &impl Serialize) -> Self {
        Self::new(200, body)
    }

    /// 201, with a body.
    pub fn created(body: &impl Serialize) -> Self {
        Self::new(201, body)
    }

    fn new(status: u16, body: &impl Serialize) -> Self {
        let body =
            serde_json::to_vec(body).expect("our types have text keys and no failing serializer");
        Self {
            status,
            body,
            keeps_files: false,
        }
    }

    /// The same, and the files that came with the request stay.
    pub fn keeping_files(self) -> Self {
        Self {
            keeps_files: true,
            ..self
        }
    }
}

/// A request: who makes it, and what came with it.
#[derive(Debug)]
pub struct Call {
    core: Arc<Core>,
    caller: Arc<Caller>,
    /// The parts of the path, decoded.
    parts: HashMap<String, String>,
    query: Fields,
    body: Body,
    key: Option<IdempotencyKey>,
    links: Links,
}

/// What came with a request.
#[derive(Debug)]
pub enum Body {
    /// Bytes, JSON if anything.
    Bytes(Bytes),
    /// A form.
    Form {
        /// Its texts, and under `attachments` its files.
        fields: Fields,
        /// Its files, which the node knows by now.
        files: Vec<Attachment>,
    },
}

impl Call {
    /// A request as it came in. `key` is that of the `Idempotency-Key` header; `links` lets who asks have files.
    pub fn new(
        core: Arc<Core>,
        caller: Arc<Caller>,
        parts: HashMap<String, String>,
        query: Fields,
        body: Body,
        key: Option<IdempotencyKey>,
        links: Links,
    ) -> Self {
        Self {
            core,
            caller,
            parts,
            query,
            body,
            key,
            links,
        }
    }

    /// Who asks.
    pub fn me(&self) -> &UserId {
        &self.caller.user
    }

    /// The query.
    pub fn query(&self) -> &Fields {
        &self.query
    }

    /// Addresses of files, good for who asks.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The body's fields. It is read as JSON whatever its content type says (CONTRACT S4-09), unless that is a form.
    ///
    /// # Errors
    ///
    /// It is no JSON object.
    pub fn body(&self) -> Result<Fields, Failure> {
        match &self.body {
            Body::Bytes(bytes) => Fields::of_json(bytes),
            Body::Form { fields, .. } => Ok(fields.clone()),
        }
    }

    /// The files that came with it.
    pub fn files(&self) -> &[Attachment] {
        match &self.body {
            Body::Bytes(_) => &[],
            Body::Form { files, .. } => files,
        }
    }

    /// The body as JSON of any kind; null if it is empty.
    ///
    /// # Errors
    ///
    /// It is no JSON.
    pub fn json(&self) -> Result<Value, Failure> {
        let body: &[u8] = match &self.body {
            Body::Bytes(bytes) => bytes.trim_ascii(),
            Body::Form { .. } => {
                return Err(Failure::new(ErrorCode::BadRequest, "JSON is expected here"));
            }
        };
        if body.is_empty() {
            return Ok(Value::Null);
        }
        let value = serde_json::from_slice(body);
        value.map_err(|error| super::native::input::bad_json(&error))
    }

    /// What the client calls this request: the header, or else the body's field.
    ///
    /// # Errors
    ///
    /// The field is no idempotency key.
    pub fn key(&self, body: &Fields) -> Result<Option<IdempotencyKey>, Failure> {
        match &self.key {
            Some(key) => Ok(Some(key.clone())),
            None => body.key(),
        }
    }

    /// The conversation in the path.
    ///
    /// # Errors
    ///
    /// It can't be an id.
    pub fn conversation(&self) -> Result<ConversationId, Failure> {
        let id = self.part("conversation").parse();
        id.map_err(|_| Failure::no_conversation())
    }

    /// The message in the path.
    ///
    /// # Errors
    ///
    /// It can't be an id.
    pub fn message(&self) -> Result<MessageId, Failure> {
        let id = self.part("message").parse();
        id.map_err(|_| Failure::no_message())
    }

    /// The person in the path.
    ///
    /// # Errors
    ///
    /// It can't be an id.
    pub fn user(&self) -> Result<UserId, Failure> {
        UserId::new(self.part("user"))
            .map_err(|error| Failure::bad_value("user", format!("a user id: {error}")))
    }

    /// The message request in the path.
    ///
    /// # Errors
    ///
    /// It can't be an id.
    pub fn message_request(&self) -> Result<MessageRequestId, Failure> {
        let id = self.part("request").parse();
        id.map_err(|_| Rejection::NoRequest.into())
    }

    /// The match in the path.
    ///
    /// # Errors
    ///
    /// It can't be an id.
    pub fn matched(&self) -> Result<MatchId, Failure> {
        let id = self.part("match").parse();
        id.map_err(|_| Rejection::NoMatch.into())
    }

    fn part(&self, name: &str) -> &str {
        self.parts.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Asks the core.
    ///
    /// # Errors
    ///
    /// Why it doesn't answer.
    pub async fn ask(&self, question: Question) -> Result<Reply, Failure> {
        let caller = Arc::clone(&self.caller);
        self.core.ask(caller, Request::Ask(question)).await
    }

    /// Has the core do something.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn run(&self, command: Command) -> Result<Reply, Failure> {
        let caller = Arc::clone(&self.caller);
        self.core.ask(caller, Request::Do(command)).await
    }
}

/// Takes the one reply that a question or command is answered with.
///
/// # Errors
///
/// [`Failure::internal`]: the core answered something else, which would be a fault of its own.
macro_rules! expect_reply {
    ($reply:expr, $pattern:pat => $value:expr) => {
        match $reply {
            $pattern => $value,
            _ => return Err(::parlour_actors::error::Failure::internal()),
        }
    };
}
pub(crate) use expect_reply;
