//! Engine.IO over HTTP: one path on which clients poll, post and open WebSockets.
//!
//! Only translates between requests and `parlour_socketio`; who may connect, and what is above a connection, is the [`Service`]'s.

mod websocket;

use std::{sync::Arc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use parlour_socketio::{
    Channel, Handle, Hub, Limits,
    engine::{Ask, Refused, Shut},
};

use super::{aggregator, kill::SecondHandle, ws::Bounds};

/// Who may connect to an endpoint, and what is above a connection.
pub trait Service: Send + Sync {
    /// Whether the page that a request comes from may use the endpoint. Asked for each request.
    fn admits(&self, request: &HttpRequest) -> bool;

    /// Makes ready what is above a new connection.
    ///
    /// # Errors
    ///
    /// There is to be none.
    fn open(&self, request: &HttpRequest) -> Result<Opening, Denied>;
}

/// Why there is to be no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There are too many from this address.
    TooMany,
    /// The server takes none now.
    Unavailable,
}

impl From<Shut> for Denied {
    fn from(Shut: Shut) -> Self {
        Self::Unavailable
    }
}

/// Makes what is above a connection, which may keep the handle.
pub type Opening = Box<dyn FnOnce(Arc<dyn Handle>) -> Box<dyn Channel>>;

/// One endpoint.
pub struct Engine {
    hub: Hub,
    service: Box<dyn Service>,
    bounds: Bounds,
}

/// What a WebSocket's peer may send in fragments.
#[derive(Clone, Copy, Debug)]
pub struct Fragments {
    /// So many a message.
    pub max: usize,
    /// A message may take so long.
    pub timeout: std::time::Duration,
}

impl Engine {
    /// An endpoint, whose clock runs until it is dropped. To be called on a thread that runs tasks.
    pub fn start(
        limits: Limits,
        fragments: Fragments,
        service: impl Service + 'static,
    ) -> Arc<Self> {
        let bounds = Bounds {
            message: aggregator::Limits {
                // The type's digit.
                bytes_max: limits.packet_bytes_max + 1,
                fragments_max: fragments.max,
            },
            fragment_timeout: fragments.timeout,
        };
        let engine = Arc::new(Self {
            hub: Hub::new(limits),
            service: Box::new(service),
            bounds,
        });
        run_clock(&engine);
        engine
    }

    /// Its connections.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }
}

fn run_clock(engine: &Arc<Engine>) {
    let mut interval = tokio::time::interval(engine.hub.limits().tick());
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let engine = Arc::downgrade(engine);
    actix_web::rt::spawn(async move {
        loop {
            interval.tick().await;
            let Some(engine) = engine.upgrade() else {
                return;
            };
            // A task of its own: a fault over one connection must not stop the clock of the others.
            let ticked = actix_web::rt::spawn(async move { engine.hub.tick(Instant::now()) });
            if ticked.await.is_err() {
                tracing::error!("the clock of Engine.IO met a fault; it goes on");
            }
        }
    });
}

/// Serves an endpoint under a path, with and without a slash at its end. Paths that only begin so are others'.
pub fn route(config: &mut web::ServiceConfig, path: &str, engine: Arc<Engine>) {
    let path = path.trim_end_matches('/').to_owned();
    let resource = web::resource([path.clone(), path + "/"])
        .app_data(web::Data::from(engine))
        .route(web::route().to(serve));
    config.service(resource);
}

async fn serve(
    request: HttpRequest,
    body: web::Payload,
    engine: web::Data<Engine>,
) -> Result<HttpResponse, actix_web::Error> {
    // A preflight is answered before; this is a question about methods.
    if request.method() == Method::OPTIONS {
        let allow = (header::ALLOW, "GET, POST, OPTIONS");
        return Ok(HttpResponse::NoContent().insert_header(allow).finish());
    }
    if !engine.service.admits(&request) {
        return Ok(refusal(Refused::Forbidden));
    }
    let method = request.method().as_str();
    let now = Instant::now();
    let answer = match Ask::read(method, request.query_string(), wants_websocket(&request)) {
        Ok(Ask::Open) => open(&engine, &request, now),
        Ok(Ask::Poll(sid)) => poll(&engine, &request, sid, now).await,
        Ok(Ask::Post(sid)) => post(&engine, &request, body, sid, now).await,
        Ok(Ask::OpenWebSocket) => return websocket::open(&engine, &request, body, now),
        Ok(Ask::Upgrade(sid)) => return websocket::upgrade(&engine, &request, body, sid, now),
        Err(refused) => Err(refused),
    };
    Ok(answer.unwrap_or_else(refusal))
}

fn wants_websocket(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn open(engine: &Engine, request: &HttpRequest, now: Instant) -> Result<HttpResponse, Refused> {
    let opened = engine.service.open(request);
    let opened = opened.and_then(|opening| Ok(engine.hub.open(now, opening)?));
    Ok(match opened {
        Ok(body) => text(body.into_bytes()),
        Err(denied) => denial(denied),
    })
}

async fn poll(
    engine: &Engine,
    request: &HttpRequest,
    sid: &str,
    now: Instant,
) -> Result<HttpResponse, Refused> {
    let connection = engine.hub.get(sid).ok_or(Refused::UnknownSession)?;
    let poll = connection.poll(now)?;
    let gone = async {
        match request.conn_data::<SecondHandle>() {
            Some(socket) => socket.peer_is_gone().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        body = poll => Ok(text(body.into_bytes())),
        // Nobody reads it. What matters is that the poll is dropped now, and the connection with it.
        () = gone => Err(Refused::BadRequest),
    }
}

async fn post(
    engine: &Engine,
    request: &HttpRequest,
    body: web::Payload,
    sid: &str,
    now: Instant,
) -> Result<HttpResponse, Refused> {
    let connection = engine.hub.get(sid).ok_or(Refused::UnknownSession)?;
    let post = connection.post(now)?;
    // Binary packets come as base64 in this version of the protocol, in text.
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream")) {
        return Err(Refused::BadRequest);
    }
    let limits = connection.limits();
    let read = read(body, limits.payload_bytes_max);
    match tokio::time::timeout(limits.ping_timeout, read).await {
        Ok(Ok(body)) => {
            post.deliver(body, Instant::now())?;
            Ok(text(Bytes::from_static(b"ok")))
        }
        Ok(Err(Unreadable::TooLong)) => Ok(HttpResponse::PayloadTooLarge().finish()),
        Ok(Err(Unreadable::Cut)) => Err(Refused::BadRequest),
        Err(_) => Ok(HttpResponse::RequestTimeout().finish()),
    }
}

enum Unreadable {
    TooLong,
    Cut,
}

async fn read(mut body: web::Payload, bytes_max: usize) -> Result<Bytes, Unreadable> {
    let mut bytes = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| Unreadable::Cut)?;
        if bytes.len() + part.len() > bytes_max {
            return Err(Unreadable::TooLong);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

fn text(body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=UTF-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

fn refusal(refused: Refused) -> HttpResponse {
    let status = match refused {
        Refused::Forbidden => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    HttpResponse::build(status)
        .content_type("application/json")
        .body(refused.body())
}

/// Clients try again, later each time.
fn denial(denied: Denied) -> HttpResponse {
    let status = match denied {
        Denied::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Denied::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpResponse::build(status)
        .insert_header((header::RETRY_AFTER, "1"))
        .finish()
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}
