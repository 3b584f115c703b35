//! The WebSocket of the dialect `matched` (CONTRACT S2-01, C-34, C-35): its route, and what may stand in its address.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use parlour_actors::{
    codec::Resume,
    error::{ErrorCode, Failure},
    session::Authenticator as _,
};
use serde::Deserialize;

use super::{
    Edge,
    error::{Refused, wrong_method},
    framing::Framing,
    handshake::token,
    session,
};
use crate::dialects::{matched::Socket, native::input::resume_token};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let resource = web::resource(["/chat/connect", "/chat/connect/"])
        .route(web::get().to(connect))
        .default_service(web::to(async || wrong_method(&["get"])));
    config.service(resource);
}

/// What may stand in the address.
#[derive(Debug, Deserialize)]
struct Query {
    token: Option<String>,
    compress: Option<String>,
    batch: Option<String>,
    /// Where to go on from; empty at first.
    resume: Option<String>,
}

impl Query {
    fn framing(&self) -> Result<Framing, Failure> {
        let gzip = match self.compress.as_deref() {
            None | Some("" | "none") => false,
            Some("gzip") => true,
            Some(_) => return Err(Failure::bad_value("compress", "compress takes gzip")),
        };
        let batch = match self.batch.as_deref() {
            None | Some("" | "0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => return Err(Failure::bad_value("batch", "batch takes 1 or 0")),
        };
        Ok(Framing { batch, gzip })
    }

    fn resume(&self) -> Result<Option<Resume>, Failure> {
        let token = self.resume.as_deref().filter(|token| !token.is_empty());
        token.map(resume_token).transpose()
    }
}

async fn connect(
    request: HttpRequest,
    body: web::Payload,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    let query = web::Query::<Query>::from_query(request.query_string())
        .map_err(|error| Refused(Failure::new(ErrorCode::BadRequest, error.to_string())))?
        .into_inner();
    let framing = query.framing().map_err(Refused)?;
    let resume = query.resume().map_err(Refused)?;
    let resumes = query.resume.is_some();
    let token = token(&request, query.token).ok_or_else(|| {
        let message = "no token; connect with ?token=...";
        Refused(Failure::new(ErrorCode::Unauthorized, message))
    })?;
    let identity = edge.verifier.authenticate(&token).map_err(Refused)?;
    let dialect = session::Dialect {
        codec: Arc::new(Socket {
            resumes,
            links: Arc::clone(&edge.shared_links),
        }),
        framing,
        subprotocols: &[],
    };
    session::open(
        &request,
        body,
        edge.into_inner(),
        dialect,
        Some((identity, resume)),
    )
}
