//! The WebSocket of the `marketplace` dialect: its address says whose it is, and the token has to say the same (CONTRACT S1-01).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use parlour_actors::{
    command::Identity,
    error::{ErrorCode, Failure},
    session::Authenticator,
};
use parlour_storage::ids::UserId;

use super::{
    Edge,
    error::{Refused, wrong_method},
    framing::Framing,
    handshake, session,
};
use crate::dialects::marketplace::{Marketplace, SUBPROTOCOL};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let path = "/api/v1/messages/ws/{user}";
    let resource = web::resource([path.to_owned(), format!("{path}/")])
        .route(web::get().to(socket))
        .default_service(web::to(async || wrong_method(&["get"])));
    config.service(resource);
}

async fn socket(
    request: HttpRequest,
    user: web::Path<String>,
    body: web::Payload,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, actix_web::Error> {
    let user = UserId::new(&user)
        .map_err(|error| Refused(Failure::bad_value("user_id", format!("a user id: {error}"))))?;
    let edge = edge.into_inner();
    let owner = Arc::new(Owner {
        user: user.clone(),
        inner: Arc::clone(&edge.verifier) as Arc<dyn Authenticator>,
    });
    let given = handshake::given(&request, &*owner).map_err(Refused)?;
    let dialect = session::Dialect {
        codec: Arc::new(Marketplace::new(user, Arc::clone(&edge.shared_links))),
        framing: Framing::default(),
        subprotocols: &[SUBPROTOCOL],
    };
    session::open_for(&request, body, edge, owner, dialect, given)
}

/// Takes tokens of one person only.
#[derive(Debug)]
struct Owner {
    user: UserId,
    inner: Arc<dyn Authenticator>,
}

impl Authenticator for Owner {
    fn authenticate(&self, token: &str) -> Result<Identity, Failure> {
        let identity = self.inner.authenticate(token)?;
        if identity.user == self.user {
            return Ok(identity);
        }
        let message = "the token is not of the user in the address";
        Err(Failure::new(ErrorCode::NotAllowed, message))
    }
}
