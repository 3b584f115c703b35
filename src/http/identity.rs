//! Whose request it is: the token of the `Authorization` header, checked.

use std::{future::Ready, future::ready, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use parlour_actors::{
    command::{Caller, Identity},
    error::{ErrorCode, Failure},
    session::Authenticator,
};

use parlour_storage::ids::Timestamp;

use super::{Edge, error::Refused, quota};
use crate::auth::{TokenError, Verifier, bearer};

impl Authenticator for Verifier {
    fn authenticate(&self, token: &str) -> Result<Identity, Failure> {
        self.verify(token).map_err(|error| {
            let expired = error == TokenError::Expired;
            let code = if expired {
                ErrorCode::TokenExpired
            } else {
                ErrorCode::Unauthorized
            };
            Failure::new(code, error.to_string())
        })
    }
}

/// The owner of the request's token.
#[derive(Debug)]
pub(super) struct Signed(pub(super) Arc<Caller>);

impl FromRequest for Signed {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(identify(request).map_err(Refused).map(Self))
    }
}

fn identify(request: &HttpRequest) -> Result<Arc<Caller>, Failure> {
    let identity = identity(request)?;
    let edge = request
        .app_data::<web::Data<Edge>>()
        .expect("every route has it");
    edge.core.keep_profile(&identity);
    let caller = Caller::new(&identity, None);
    quota::note(request, &caller);
    Ok(caller)
}

/// When the token of a request runs out.
pub(super) fn expires_at(request: &HttpRequest) -> Result<Timestamp, Failure> {
    Ok(identity(request)?.expires_at)
}

fn identity(request: &HttpRequest) -> Result<Identity, Failure> {
    let edge = request
        .app_data::<web::Data<Edge>>()
        .expect("every route has it");
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(bearer);
    let missing = || Failure::new(ErrorCode::Unauthorized, TokenError::Missing.to_string());
    edge.verifier.authenticate(token.ok_or_else(missing)?)
}
