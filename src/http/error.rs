//! A failure of the core as an HTTP answer. The only place that picks a status.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use parlour_actors::error::{ErrorCode, Failure};

use crate::dialects::refusal::Refusal;

/// A request that is answered with a failure.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Failure);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

/// The status that goes with a code.
pub fn status(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;
    match code {
        // The seeds that know no files have no route for them either (CONTRACT C-25).
        E::BadRequest | E::BadValue | E::AttachmentsOff | E::PushOff => StatusCode::BAD_REQUEST,
        E::UnknownCommand
        | E::NoConversation
        | E::NoMessage
        | E::NoUser
        | E::NoSuchMember
        | E::NoRequest
        | E::NoMatch
        | E::NoReport
        | E::NoConsumer
        | E::NoScheduled
        | E::NoTemplate
        | E::NoAttachment
        | E::NoPushTarget => StatusCode::NOT_FOUND,
        E::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        E::Unauthorized | E::TokenExpired => StatusCode::UNAUTHORIZED,
        E::NotAuthor
        | E::NotAllowed
        | E::NotReachable
        | E::BlockedByYou
        | E::AskFirst
        | E::NotMatched
        | E::Muted
        | E::Suspended => StatusCode::FORBIDDEN,
        E::ContentRefused => StatusCode::UNPROCESSABLE_ENTITY,
        E::NotGroup
        | E::GroupFull
        | E::KeyReused
        | E::AlreadyAsked
        | E::AlreadyMatched
        | E::NotPending
        | E::ScheduledSent
        | E::ListFull
        | E::TemplateExists
        | E::AttachmentSent
        | E::PushTargetsFull => StatusCode::CONFLICT,
        E::QuotaFull => StatusCode::INSUFFICIENT_STORAGE,
        E::Deleted | E::EventsForgotten => StatusCode::GONE,
        E::RateLimited | E::TooManyInFlight => StatusCode::TOO_MANY_REQUESTS,
        E::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        E::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        E::Busy | E::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        status(self.0.code)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(wait) = self.0.retry_after {
            // Whole seconds, rounded up: a client that waits as long is let through.
            response.insert_header((
                header::RETRY_AFTER,
                wait.as_millis().div_ceil(1000).to_string(),
            ));
        } else if self.0.code == ErrorCode::Busy {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        if matches!(
            self.0.code,
            ErrorCode::Unauthorized | ErrorCode::TokenExpired
        ) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(Refusal::from(&self.0))
    }
}

/// There is no such route.
pub(super) async fn no_route() -> Result<HttpResponse, Refused> {
    let message = "there is no such route; docs/protocol.md lists them";
    Err(Failure::new(ErrorCode::UnknownCommand, message).into())
}

/// The route takes these methods only, given in lower case.
pub(super) fn wrong_method(methods: &[&str]) -> HttpResponse {
    let failure = Failure::new(
        ErrorCode::UnknownCommand,
        "this route does not take this method; docs/protocol.md lists them",
    );
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, methods.join(", ").to_uppercase()))
        .json(Refusal::from(&failure))
}
