//! The native WebSocket: its route.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Edge,
    error::{Refused, wrong_method},
    framing::Framing,
    handshake, session,
};
use crate::dialects::native::{Native, SUBPROTOCOL};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let resource = web::resource("/v1/ws")
        .route(web::get().to(native))
        .default_service(web::to(async || wrong_method(&["get"])));
    config.service(resource);
}

async fn native(
    request: HttpRequest,
    body: web::Payload,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    let given = handshake::given(&request, &*edge.verifier).map_err(Refused)?;
    let dialect = session::Dialect {
        codec: Arc::new(Native),
        framing: Framing::default(),
        subprotocols: &[SUBPROTOCOL],
    };
    session::open(&request, body, edge.into_inner(), dialect, given)
}
