//! The native WebSocket: its route, and where its token may stand.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use parlour_actors::{
    error::{ErrorCode, Failure},
    session::Authenticator as _,
};
use serde::Deserialize;

use super::{
    Edge,
    error::{Refused, wrong_method},
    framing::Framing,
    session,
};
use crate::{
    auth::bearer,
    dialects::native::{Native, SUBPROTOCOL, input},
};

/// A subprotocol that begins so carries a token: all that a browser's WebSocket can send along.
const TOKEN_SUBPROTOCOL: &str = "parlour.token.";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let resource = web::resource("/v1/ws")
        .route(web::get().to(native))
        .default_service(web::to(async || wrong_method(&["get"])));
    config.service(resource);
}

/// What may stand in the address.
#[derive(Debug, Deserialize)]
struct Query {
    token: Option<String>,
    resume: Option<String>,
}

async fn native(
    request: HttpRequest,
    body: web::Payload,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    let query = web::Query::<Query>::from_query(request.query_string())
        .map_err(|error| Refused(Failure::new(ErrorCode::BadRequest, error.to_string())))?
        .into_inner();
    let resume = query
        .resume
        .as_deref()
        .map(input::resume_token)
        .transpose()
        .map_err(Refused)?;
    let given = match token(&request, query.token) {
        Some(token) => Some((edge.verifier.authenticate(&token).map_err(Refused)?, resume)),
        None => None,
    };
    let dialect = session::Dialect {
        codec: Arc::new(Native),
        framing: Framing::default(),
        subprotocols: &[SUBPROTOCOL],
    };
    session::open(&request, body, edge.into_inner(), dialect, given)
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
