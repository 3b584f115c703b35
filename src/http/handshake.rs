//! What the handshake of a plain WebSocket brings: a token, wherever it stands, and where to go on from.

use actix_web::{HttpRequest, http::header, web};
use parlour_actors::{
    codec::Resume,
    command::Identity,
    error::{ErrorCode, Failure},
    session::Authenticator,
};
use serde::Deserialize;

use crate::{auth::bearer, dialects::native::input};

/// A subprotocol that begins so carries a token: all that a browser's WebSocket can send along.
const TOKEN_SUBPROTOCOL: &str = "parlour.token.";

/// What may stand in the address.
#[derive(Debug, Deserialize)]
struct Query {
    token: Option<String>,
    resume: Option<String>,
}

/// Whose the connection is, and where it goes on. `None`: the first message has to say.
pub(super) fn given(
    request: &HttpRequest,
    authenticator: &dyn Authenticator,
) -> Result<Option<(Identity, Option<Resume>)>, Failure> {
    let query = web::Query::<Query>::from_query(request.query_string());
    let Query {
        token: query,
        resume,
    } = query
        .map_err(|error| Failure::new(ErrorCode::BadRequest, error.to_string()))?
        .into_inner();
    let resume = resume.as_deref().map(input::resume_token).transpose()?;
    match token(request, query) {
        Some(token) => Ok(Some((authenticator.authenticate(&token)?, resume))),
        None => Ok(None),
    }
}

/// The token of a handshake, wherever it stands.
pub(super) fn token(request: &HttpRequest, query: Option<String>) -> Option<String> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let subprotocols = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let subprotocols = subprotocols
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let subprotocol = subprotocols
        .map(str::trim)
        .find_map(|name| name.strip_prefix(TOKEN_SUBPROTOCOL));
    header
        .and_then(bearer)
        .or(subprotocol)
        .map(str::to_owned)
        .or(query)
}
