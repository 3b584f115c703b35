//! A request over REST: who makes it, what came with it, and how it is answered.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web, web::Bytes};
use parlour_actors::{
    command::{Caller, Command, Question, Reply, Request},
    error::{ErrorCode, Failure},
    system::Core,
};
use parlour_storage::{
    ids::{
        AttachmentId, ConversationId, MatchId, MessageId, MessageRequestId, PushTargetId, ReportId,
        ScheduledId, TemplateId, Timestamp, UserId,
    },
    store::Rejection,
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::watch;

use crate::{
    dialects::native::{Answer, input, scalar::Key},
    http::{
        Edge,
        error::Refused,
        identity::{Signed, expires_at},
        kill::SecondHandle,
        routes::idempotency_key,
    },
};

pub(super) type Answered = Result<HttpResponse, Refused>;

/// The parts of a path, decoded. `match_info().get` would leave `%`, `/` and `+` as they were quoted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parts {
    conversation: String,
    message: String,
    user: String,
    pub(super) emoji: String,
    request: String,
    #[serde(rename = "match")]
    matched: String,
    report: String,
    attachment: String,
    scheduled: String,
    template: String,
    target: String,
}

/// A request: who makes it, and what came with it.
pub(super) struct Asked {
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

pub(in crate::http) fn body_refused(error: &actix_web::Error) -> Refused {
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
    pub(super) fn parts(&self) -> Parts {
        // Texts alone, and each may be missing: there is nothing to fail at.
        self.request.match_info().load().unwrap_or_default()
    }

    pub(super) fn conversation(&self) -> Result<ConversationId, Refused> {
        let id = self.parts().conversation.parse();
        id.map_err(|_| Failure::no_conversation().into())
    }

    pub(super) fn message(&self) -> Result<MessageId, Refused> {
        let id = self.parts().message.parse();
        id.map_err(|_| Failure::no_message().into())
    }

    pub(super) fn user(&self) -> Result<UserId, Refused> {
        UserId::new(&self.parts().user)
            .map_err(|e| Failure::bad_value("user", format!("a user id: {e}")).into())
    }

    pub(super) fn message_request(&self) -> Result<MessageRequestId, Refused> {
        let id = self.parts().request.parse();
        id.map_err(|_| Failure::from(Rejection::NoRequest).into())
    }

    pub(super) fn matched(&self) -> Result<MatchId, Refused> {
        let id = self.parts().matched.parse();
        id.map_err(|_| Failure::from(Rejection::NoMatch).into())
    }

    pub(super) fn attachment(&self) -> Result<AttachmentId, Refused> {
        let id = self.parts().attachment.parse();
        id.map_err(|_| Failure::no_attachment().into())
    }

    pub(super) fn scheduled(&self) -> Result<ScheduledId, Refused> {
        let id = self.parts().scheduled.parse();
        id.map_err(|_| Failure::no_scheduled().into())
    }

    pub(super) fn template(&self) -> Result<TemplateId, Refused> {
        let id = self.parts().template.parse();
        id.map_err(|_| Failure::no_template().into())
    }

    pub(super) fn push_target(&self) -> Result<PushTargetId, Refused> {
        let id = self.parts().target.parse();
        id.map_err(|_| Failure::from(Rejection::NoPushTarget).into())
    }

    pub(super) fn report(&self) -> Result<ReportId, Refused> {
        let id = self.parts().report.parse();
        id.map_err(|_| Failure::from(Rejection::NoReport).into())
    }

    /// The body, as JSON whatever its content type says. An empty one counts as `{}`.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let bytes = if self.body.is_empty() {
            b"{}".as_slice()
        } else {
            &self.body
        };
        serde_json::from_slice(bytes).map_err(|error| Refused(input::bad_json(&error)))
    }

    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refused> {
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
    pub(super) fn key(&self, in_body: Option<Key>) -> Result<Option<Key>, Refused> {
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

    /// A header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The connection that it came over.
    pub(super) fn socket(&self) -> Option<SecondHandle> {
        self.request.conn_data::<SecondHandle>().cloned()
    }

    /// When the token runs out.
    pub(super) fn expires_at(&self) -> Result<Timestamp, Refused> {
        expires_at(&self.request).map_err(Refused)
    }

    /// Turns true when answers that go on and on have to end.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.edge.streams_end.subscribe()
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.edge.core
    }

    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub(super) async fn command(self, command: Command) -> Answered {
        self.request(Request::Do(command)).await
    }

    pub(super) async fn question(self, question: Question) -> Answered {
        self.request(Request::Ask(question)).await
    }

    /// A command whose answer is what it made.
    pub(super) async fn creation(self, command: Command) -> Answered {
        let mut answer = self.command(command).await?;
        *answer.status_mut() = StatusCode::CREATED;
        Ok(answer)
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
