//! A WebSocket whose messages are those of a session: native, and the dialects that speak plain WebSocket.

use std::sync::Arc;

use actix::{Actor, Addr};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use bytestring::ByteString;
use parlour_actors::{
    codec::{Codec, Resume},
    command::Identity,
    error::{CloseCode, ErrorCode, Failure},
    limits::SESSION_MAILBOX_BYTES,
    outbox::{Drained, Frame, Outbox, Wake},
    session::{Authenticator, Gone, Incoming, Session},
};

use super::{
    Edge,
    aggregator::Limits,
    error::Refused,
    framing::Framing,
    gate::Place,
    kill::SecondHandle,
    ws::{self, Bounds, End},
};

/// What goes over a WebSocket.
pub(super) struct Dialect {
    pub(super) codec: Arc<dyn Codec>,
    pub(super) framing: Framing,
    /// What it is called in the handshake, if anything.
    pub(super) subprotocols: &'static [&'static str],
}

/// Opens a WebSocket that speaks a dialect. With `given`, the handshake brought a token; without, the first message has to.
pub(super) fn open(
    request: &HttpRequest,
    body: web::Payload,
    edge: Arc<Edge>,
    dialect: Dialect,
    given: Option<(Identity, Option<Resume>)>,
) -> Result<HttpResponse, actix_web::Error> {
    let authenticator = Arc::clone(&edge.verifier);
    open_for(request, body, edge, authenticator, dialect, given)
}

/// The same, where not everyone's token will do.
pub(super) fn open_for(
    request: &HttpRequest,
    body: web::Payload,
    edge: Arc<Edge>,
    authenticator: Arc<dyn Authenticator>,
    dialect: Dialect,
    given: Option<(Identity, Option<Resume>)>,
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
    let bounds = bounds(&edge);
    let subprotocols = dialect.subprotocols;
    let end = SessionEnd {
        edge: Arc::clone(&edge),
        authenticator,
        dialect,
        outbox: Arc::clone(&outbox),
        bytes_max: bounds.message.bytes_max,
        given,
        session: None,
        _place: place,
    };
    let response = ws::start(request, body, subprotocols, bounds, end);
    if response.is_err() {
        edge.core.registry.close_outbox(outbox.id());
    }
    response
}

/// What a client of the node may send over a WebSocket.
pub(super) fn bounds(edge: &Edge) -> Bounds {
    let session = &edge.config.session;
    Bounds {
        message: Limits {
            bytes_max: session.message_max.bytes(),
            fragments_max: session.fragments_max,
        },
        fragment_timeout: session.fragment_timeout,
    }
}

/// A session at the end of a WebSocket.
struct SessionEnd {
    edge: Arc<Edge>,
    authenticator: Arc<dyn Authenticator>,
    dialect: Dialect,
    outbox: Arc<Outbox>,
    bytes_max: usize,
    given: Option<(Identity, Option<Resume>)>,
    session: Option<Addr<Session>>,
    _place: Option<Place>,
}

impl End for SessionEnd {
    fn started(&mut self, wake: Arc<dyn Wake>) -> Result<(), CloseCode> {
        let session = Session::new(
            Arc::clone(&self.edge.core),
            Arc::clone(&self.authenticator),
            Arc::clone(&self.dialect.codec),
            Arc::clone(&self.outbox),
            self.given.take(),
        );
        self.session = Some(session.start());
        self.outbox.attach(wake);
        Ok(())
    }

    fn heard(&self) {
        self.outbox.heard();
    }

    fn takes_binary(&self) -> bool {
        self.dialect.framing.gzip
    }

    fn text(&mut self, text: ByteString) -> Result<(), CloseCode> {
        if let Some(session) = &self.session {
            hand_over(&self.edge, &self.outbox, session, text);
        }
        Ok(())
    }

    fn binary(&mut self, bytes: Bytes) -> Result<(), CloseCode> {
        let text = Framing::unpack(&bytes, self.bytes_max)?;
        self.text(text)
    }

    fn drain(&mut self, into: &mut Vec<Frame>) -> Drained {
        let framing = self.dialect.framing;
        if framing == Framing::default() {
            return self.outbox.drain_runs(into);
        }
        let drained = self.outbox.drain(into);
        framing.pack(into);
        drained
    }

    fn close(&mut self, code: CloseCode) {
        self.outbox.close(code);
    }

    fn gone(&mut self) {
        if let Some(session) = self.session.take() {
            end(&self.outbox, &session, CloseCode::Normal);
        }
    }
}

/// Starts a session on the present thread.
pub(super) fn start(
    edge: &Arc<Edge>,
    codec: Arc<dyn Codec>,
    outbox: Arc<Outbox>,
    given: Option<(Identity, Option<Resume>)>,
) -> Addr<Session> {
    let authenticator = Arc::clone(&edge.verifier) as Arc<dyn Authenticator>;
    Session::new(Arc::clone(&edge.core), authenticator, codec, outbox, given).start()
}

/// Hands a message to a session. One that can't keep up loses its connection.
pub(super) fn hand_over(edge: &Edge, outbox: &Outbox, session: &Addr<Session>, text: ByteString) {
    let fits = outbox.begin_incoming(text.len(), SESSION_MAILBOX_BYTES);
    if !fits || session.try_send(Incoming(text)).is_err() {
        edge.core.counters.session_mailbox_full.add_one();
        outbox.close(CloseCode::Flood);
    }
}

/// Ends a session whose transport is gone.
pub(super) fn end(outbox: &Outbox, session: &Addr<Session>, code: CloseCode) {
    // Whoever waits for the peer to read need wait no longer.
    outbox.close(code);
    outbox.detach();
    #[expect(
        clippy::disallowed_methods,
        reason = "sent once, and a session that missed it would stay for ever"
    )]
    session.do_send(Gone);
}
