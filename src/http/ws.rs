//! The WebSocket pump: moves frames between a socket and a session, and holds no logic.
//!
//! The only file that knows actix-web-actors. The pump is polled as an HTTP response body: while its peer
//! doesn't read, neither its mailbox nor its timers run, so nothing that matters hangs on them. The
//! session is an actor of its own, the outbox is bounded, the sweeper ends what is stuck.

use std::{io::ErrorKind, sync::Arc};

use actix::{Actor, ActorContext, Addr, AsyncContext, Handler, StreamHandler};
use actix_http::ws::{Codec as FrameCodec, Item, ProtocolError};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use actix_web_actors::ws::{CloseReason, Message, WebsocketContext, WsResponseBuilder};
use bytestring::ByteString;
use parlour_actors::{
    codec::Codec,
    command::Identity,
    error::{CloseCode, ErrorCode, Failure},
    outbox::{Drained, Frame, Outbox, Wake},
    session::{Authenticator, Gone, Incoming, Session},
};
use serde::Deserialize;

use super::{
    Edge,
    aggregator::{Aggregator, Limits},
    error::{Refused, wrong_method},
    frame_guard::FrameGuard,
    gate::Place,
    kill::SecondHandle,
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
    open(&request, body, edge.into_inner(), Arc::new(Native), given)
}

/// The token of a handshake, wherever it stands.
fn token(request: &HttpRequest, query: Option<String>) -> Option<String> {
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

/// Opens a WebSocket that speaks a dialect.
fn open(
    request: &HttpRequest,
    body: web::Payload,
    edge: Arc<Edge>,
    codec: Arc<dyn Codec>,
    given: Option<(Identity, Option<parlour_actors::codec::Resume>)>,
) -> Result<HttpResponse, actix_web::Error> {
    if !edge.gate.admits_origin(request) {
        let message = "pages of this origin may not connect; add it to http.allowed_origins";
        return Err(Refused(Failure::new(ErrorCode::NotAllowed, message)).into());
    }
    let Some(kill) = request.conn_data::<SecondHandle>().map(SecondHandle::kill) else {
        return Err(Refused(Failure::busy()).into());
    };
    let settings = &edge.core.settings;
    let outbox = edge
        .core
        .registry
        .open_outbox(settings.outbox_frames_max, settings.outbox_bytes_max);
    let Some(outbox) = outbox else {
        return Err(Refused(Failure::unavailable()).into());
    };
    outbox.set_kill(kill);
    let place = edge.gate.enter(request);
    if place.is_none() {
        // A close code tells a client more than a failed handshake: browsers hide the status.
        outbox.close(CloseCode::TooManyConnections);
    }
    let limits = Limits {
        bytes_max: edge.config.session.message_max.bytes(),
        fragments_max: edge.config.session.fragments_max,
    };
    let pump = Pump {
        edge: Arc::clone(&edge),
        codec,
        outbox: Arc::clone(&outbox),
        given,
        session: None,
        text: Aggregator::new(limits),
        frames: Vec::new(),
        _place: place,
    };
    let bytes = FrameGuard::new(body, Arc::clone(&outbox), limits.bytes_max);
    let response = WsResponseBuilder::new(pump, request, bytes)
        .codec(FrameCodec::new().max_size(limits.bytes_max))
        .protocols(&[SUBPROTOCOL])
        .start();
    if response.is_err() {
        edge.core.registry.close_outbox(outbox.id());
    }
    response
}

/// The actor.
struct Pump {
    edge: Arc<Edge>,
    codec: Arc<dyn Codec>,
    outbox: Arc<Outbox>,
    given: Option<(Identity, Option<parlour_actors::codec::Resume>)>,
    session: Option<Addr<Session>>,
    text: Aggregator,
    /// Kept between drains, so that its space is.
    frames: Vec<Frame>,
    _place: Option<Place>,
}

impl Actor for Pump {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let authenticator = Arc::clone(&self.edge.verifier);
        let session = Session::new(
            Arc::clone(&self.edge.core),
            authenticator,
            Arc::clone(&self.codec),
            Arc::clone(&self.outbox),
            self.given.take(),
        );
        self.session = Some(session.start());
        self.outbox.attach(Arc::new(Waker(ctx.address())));
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        // Whoever waits for the peer to read need wait no longer.
        self.outbox.close(CloseCode::Normal);
        self.outbox.detach();
        if let Some(session) = self.session.take() {
            #[expect(
                clippy::disallowed_methods,
                reason = "sent once, and a session that missed it would stay for ever"
            )]
            session.do_send(Gone);
        }
    }
}

/// There is something in the outbox.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Drain;

struct Waker(Addr<Pump>);

impl Wake for Waker {
    fn wake(&self) {
        // Full: a drain is on its way. Closed: nobody is left to send to.
        let _either_way = self.0.try_send(Drain);
    }
}

impl Handler<Drain> for Pump {
    type Result = ();

    fn handle(&mut self, _: Drain, ctx: &mut Self::Context) {
        let drained = self.outbox.drain(&mut self.frames);
        // All that is waiting leaves in one write: actix-web-actors encodes its queue into one buffer.
        for frame in self.frames.drain(..) {
            match frame {
                Frame::Text(text) => ctx.text(text),
                Frame::Binary(bytes) => ctx.binary(bytes),
                Frame::Ping => ctx.ping(b""),
                // The outbox took these apart.
                Frame::Many(_) => {}
            }
        }
        if self.frames.capacity() > 64 {
            self.frames.shrink_to(8);
        }
        if let Drained::Close(code) = drained {
            ctx.close(Some(reason(code)));
        }
    }
}

fn reason(code: CloseCode) -> CloseReason {
    CloseReason {
        code: code.number().into(),
        description: Some(code.reason().to_owned()),
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Pump {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        self.outbox.heard();
        let whole = match message {
            Ok(Message::Text(_)) if self.text.is_amid() => Err(CloseCode::Protocol),
            Ok(Message::Text(text)) => Ok(text),
            Ok(Message::Continuation(Item::FirstText(fragment))) => {
                match self.text.begin(&fragment) {
                    Ok(number) => return self.expect_rest(number, ctx),
                    Err(code) => Err(code),
                }
            }
            Ok(Message::Continuation(Item::Continue(fragment))) => match self.text.add(&fragment) {
                Ok(()) => return,
                Err(code) => Err(code),
            },
            Ok(Message::Continuation(Item::Last(fragment))) => self.text.end(&fragment),
            Ok(Message::Continuation(Item::FirstBinary(_)) | Message::Binary(_)) => {
                Err(CloseCode::Unsupported)
            }
            Ok(Message::Ping(payload)) => return ctx.pong(&payload),
            Ok(Message::Pong(_) | Message::Nop) => return,
            Ok(Message::Close(reason)) => {
                // The echo. If the close was ours, this was the echo, and a second one does no harm.
                ctx.close(reason);
                return ctx.stop();
            }
            Err(ProtocolError::Overflow) => Err(CloseCode::TooLarge),
            // What the codec says of text that isn't UTF-8; of a broken socket it says it too, to nobody. Of
            // reserved bits it says `InvalidData`.
            Err(ProtocolError::Io(error)) if error.kind() == ErrorKind::Other => {
                Err(CloseCode::BadText)
            }
            Err(_) => Err(CloseCode::Protocol),
        };
        match whole {
            Ok(text) => self.incoming(text),
            Err(code) => self.end(code, ctx),
        }
    }

    /// The peer closed its side without a close frame.
    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Pump {
    fn incoming(&self, text: ByteString) {
        let Some(session) = &self.session else { return };
        if session.try_send(Incoming(text)).is_err() {
            self.edge.core.counters.session_mailbox_full.add_one();
            self.outbox.close(CloseCode::Flood);
        }
    }

    /// Gives a fragmented message so long to be complete.
    fn expect_rest(&self, number: u64, ctx: &mut <Self as Actor>::Context) {
        ctx.run_later(
            self.edge.config.session.fragment_timeout,
            move |this, ctx| {
                if this.text.is_coming(number) {
                    this.end(CloseCode::TooLarge, ctx);
                }
            },
        );
    }

    /// Ends a connection whose bytes can't be made sense of any more.
    fn end(&mut self, code: CloseCode, ctx: &mut <Self as Actor>::Context) {
        self.outbox.close(code);
        ctx.close(Some(reason(code)));
        ctx.stop();
    }
}
