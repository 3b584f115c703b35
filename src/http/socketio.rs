//! Chat over Socket.IO: who is let into which namespace, and the session that is behind it.
//!
//! Between `parlour_socketio`, which knows no chat, and the actors, which know no Socket.IO. What events mean is the
//! codec's, in `dialects::socketio`.

use std::sync::{Arc, Weak};

use actix::Addr;
use actix_web::{HttpRequest, http::header, web};
use parlour_actors::{
    codec::Resume,
    command::Identity,
    error::{CloseCode, ErrorCode, Failure},
    limits::SESSION_MAILBOX,
    outbox::{Drained as OutboxDrained, Frame as OutboxFrame, Outbox, Wake},
    session::{Authenticator as _, Session},
};
use parlour_socketio::{
    Application, Connect, Denied, Drained, Event, Frame, Gone, Handle, Limits, Namespaces, Refusal,
    Socket, engine::sid, packet::DEFAULT_NAMESPACE,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Edge,
    engine::{self, Engine, Fragments, Opening, Service},
    gate::Place,
    session,
};
use crate::{
    auth::{TokenError, bearer},
    config::Config,
    dialects::{
        Dialect,
        refusal::refusal,
        socketio::{Pid, SocketIo},
    },
};

/// Where stock clients look.
pub(super) const PATH: &str = "/socket.io";

/// Starts the endpoint.
pub(super) fn start(edge: Weak<Edge>, config: &Config) -> Arc<Engine> {
    let session = &config.session;
    let limits = Limits {
        ping_interval: session.ping_interval,
        ping_timeout: session.pong_timeout,
        connect_timeout: session.auth_timeout,
        attachments_timeout: session.fragment_timeout,
        close_timeout: session.close_deadline,
        packet_bytes_max: session.message_max.bytes(),
        // A stock client sends all that it buffered while it was offline in one body, of which it looks at the bytes alone.
        packets_max: SESSION_MAILBOX,
        ..Limits::default()
    };
    let fragments = Fragments {
        max: session.fragments_max,
        timeout: session.fragment_timeout,
    };
    Engine::start(limits, fragments, Chat(edge))
}

/// Opens connections to the chat. The edge owns the endpoint, hence the weak end of it here.
struct Chat(Weak<Edge>);

/// What may stand in the address.
#[derive(Debug, Default, Deserialize)]
struct Query {
    token: Option<String>,
    dialect: Option<String>,
    recovery: Option<String>,
}

impl Service for Chat {
    fn admits(&self, request: &HttpRequest) -> bool {
        let edge = self.0.upgrade();
        edge.is_some_and(|edge| edge.gate.admits_origin(request))
    }

    fn open(&self, request: &HttpRequest) -> Result<Opening, engine::Denied> {
        let edge = self.0.upgrade().ok_or(engine::Denied::Unavailable)?;
        let place = edge.gate.enter(request).ok_or(engine::Denied::TooMany)?;
        let query = web::Query::<Query>::from_query(request.query_string());
        let query = query.map(web::Query::into_inner).unwrap_or_default();
        let header = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let limits = edge.socketio.hub().limits().clone();
        let client = Client {
            recovery: recovery(request, query.recovery.as_deref()),
            listener: edge.dialect_of(request),
            edge,
            dialect: query.dialect,
            token: header.and_then(bearer).map(str::to_owned).or(query.token),
            _place: place,
        };
        Ok(Box::new(move |handle| {
            Box::new(Namespaces::new(client, handle, &limits))
        }))
    }
}

/// One connection: what its handshake said.
struct Client {
    edge: Arc<Edge>,
    listener: Option<Dialect>,
    dialect: Option<String>,
    token: Option<String>,
    /// Events end with the place to go on from, unless `auth` says otherwise.
    recovery: bool,
    _place: Place,
}

/// Client libraries that hand everything in an event to its handler, which then is given one argument more than it takes.
/// Those of JavaScript take no harm, and know what to do with it.
const NEED_EXACT_ARGUMENTS: [&str; 3] = ["python", "aiohttp", "dart/"];

/// Whether events shall end with the place to go on from: as the address says, else by what is known of the client.
fn recovery(request: &HttpRequest, asked: Option<&str>) -> bool {
    match asked {
        Some("0" | "false" | "no") => false,
        Some(_) => true,
        None => {
            let headers = request.headers();
            let agent = headers.get(header::USER_AGENT);
            let Some(agent) = agent.and_then(|agent| agent.to_str().ok()) else {
                // Node's WebSocket names neither itself nor an origin, browsers both, and Python's an origin alone.
                return !headers.contains_key(header::ORIGIN);
            };
            let agent = agent.to_ascii_lowercase();
            !NEED_EXACT_ARGUMENTS.iter().any(|name| agent.contains(name))
        }
    }
}

/// What a client sends along when it connects to a namespace. Other fields are its own business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    token: Option<String>,
    dialect: Option<String>,
    /// What stock clients send by themselves when they come back.
    pid: Option<String>,
    offset: Option<String>,
    /// `false`: events end without the place to go on from.
    recovery: Option<bool>,
}

impl Client {
    fn auth(connect: &Connect) -> Result<Auth, Failure> {
        let Some(auth) = &connect.auth else {
            return Ok(Auth::default());
        };
        serde_json::from_str(auth).map_err(|error| {
            let message = format!("auth is not what it should be: {error}");
            Failure::new(ErrorCode::BadRequest, message)
        })
    }

    fn identity(&self, auth: &Auth) -> Result<Identity, Failure> {
        // Some clients put there what stands in the header elsewhere.
        let token = auth
            .token
            .as_deref()
            .map(|token| bearer(token).unwrap_or(token));
        let token = token.or(self.token.as_deref()).ok_or_else(|| {
            Failure::new(ErrorCode::Unauthorized, TokenError::Missing.to_string())
        })?;
        self.edge.verifier.authenticate(token)
    }

    /// In the order of CONTRACT section B; `None`: the client's events will tell.
    fn dialect(&self, namespace: &str, auth: &Auth) -> Result<Option<Dialect>, Failure> {
        let named = |name: &str| Dialect::find(name).filter(|dialect| dialect.uses_socketio());
        let by_namespace = match namespace {
            DEFAULT_NAMESPACE => None,
            name => Some(named(name.trim_start_matches('/')).ok_or_else(|| {
                let message = "Invalid namespace";
                Failure::new(ErrorCode::UnknownCommand, message)
            })?),
        };
        let asked = self.dialect.as_deref().or(auth.dialect.as_deref());
        let by_handshake = match asked {
            None | Some("auto") => None,
            Some(name) => Some(named(name).ok_or_else(|| {
                let message = "dialect must be dating, gateway, direct or auto";
                Failure::new(ErrorCode::BadValue, message)
            })?),
        };
        Ok(self.listener.or(by_handshake).or(by_namespace))
    }
}

impl Application for Client {
    fn connect(&self, connect: Connect) -> Result<Box<dyn Socket>, Denied> {
        let refused = |failure: Failure| Denied::Refused(told(&failure));
        let auth = Self::auth(&connect).map_err(refused)?;
        let dialect = self.dialect(&connect.namespace, &auth).map_err(refused)?;
        let identity = self.identity(&auth).map_err(refused)?;
        let shown = auth.pid.as_deref().and_then(|pid| pid.parse::<Pid>().ok());
        let shown = shown.filter(|pid| pid.is_of(&identity.user));
        let offset = auth.offset.as_deref().map(str::parse::<Resume>).transpose();
        // Both or neither: without its `pid` the client would not see that it was recovered.
        let (shown, resume) = match (shown, offset) {
            (Some(pid), Ok(offset)) => (Some(pid), Some(pid.resume(offset))),
            _ => (None, None),
        };
        let edge = &self.edge;
        let settings = &edge.core.settings;
        let outbox = edge
            .core
            .registry
            .open_outbox(settings.outbox_frames_max, settings.outbox_bytes_max)
            // The node stops, and there will be another.
            .ok_or(Denied::Cut)?;
        let handle = Arc::clone(&connect.handle);
        outbox.set_kill(Box::new(move || handle.kill()));
        let codec = SocketIo::new(
            sid::random(),
            identity.user.clone(),
            shown,
            dialect,
            auth.recovery.unwrap_or(self.recovery),
            Arc::clone(&edge.shared_links),
        );
        let given = Some((identity, resume));
        let session = session::start(edge, Arc::new(codec), Arc::clone(&outbox), given);
        outbox.attach(Arc::new(Waker(connect.handle)));
        Ok(Box::new(Member {
            edge: Arc::clone(edge),
            outbox,
            session,
        }))
    }
}

/// A failure as a client of Socket.IO is told: `error.message`, and the node's error body as `error.data`.
fn told(failure: &Failure) -> Refusal {
    let data: Value = refusal(failure);
    Refusal {
        message: failure.message.clone(),
        data: Some(data.to_string().into()),
    }
}

/// Why a client is sent away.
fn farewell(code: CloseCode) -> Refusal {
    let error = match code {
        CloseCode::TokenExpired => ErrorCode::TokenExpired,
        CloseCode::TooManyConnections => ErrorCode::RateLimited,
        CloseCode::Unauthorized | CloseCode::AuthTimeout => ErrorCode::Unauthorized,
        CloseCode::Suspended => ErrorCode::Suspended,
        _ => ErrorCode::Unavailable,
    };
    told(&Failure::new(error, code.reason()))
}

/// Wakes a connection's transport.
struct Waker(Arc<dyn Handle>);

impl Wake for Waker {
    fn wake(&self) {
        self.0.wake();
    }
}

/// A session in a namespace.
struct Member {
    edge: Arc<Edge>,
    outbox: Arc<Outbox>,
    session: Addr<Session>,
}

impl Socket for Member {
    fn event(&self, event: Event) {
        let text = match event.id {
            Some(id) => format!("{id}{}", event.arguments).into(),
            None => event.arguments,
        };
        session::hand_over(&self.edge, &self.outbox, &self.session, text);
    }

    /// The chat asks its clients nothing.
    fn ack(&self, _answer: Event) {}

    fn drain(&self, into: &mut Vec<Frame>) -> Drained {
        let mut frames = Vec::new();
        let drained = self.outbox.drain(&mut frames);
        into.extend(frames.into_iter().filter_map(|frame| match frame {
            OutboxFrame::Text(text) => Some(Frame::Text(text)),
            OutboxFrame::Binary(bytes) => Some(Frame::Binary(bytes)),
            // Engine.IO has pings of its own, and the outbox hears of their answers. The outbox took the others apart.
            OutboxFrame::Ping | OutboxFrame::Many(_) | OutboxFrame::Run(_) => None,
        }));
        match drained {
            OutboxDrained::Open | OutboxDrained::Closed => Drained::Open,
            // Which it should do later, or with something else in hand than what it has.
            OutboxDrained::Close(code @ CloseCode::TooManyConnections) => {
                Drained::Leave(farewell(code))
            }
            OutboxDrained::Close(code) if code.reconnect() => Drained::Cut,
            OutboxDrained::Close(code) => Drained::Leave(farewell(code)),
        }
    }

    fn heard(&self) {
        self.outbox.heard();
    }

    fn gone(&self, why: Gone) {
        let code = match why {
            Gone::PingTimeout => CloseCode::Silent,
            Gone::Shutdown => CloseCode::Restart,
            Gone::TooMuch => CloseCode::Flood,
            Gone::Protocol | Gone::Incomplete => CloseCode::Protocol,
            Gone::ClientLeft | Gone::TransportClosed | Gone::NoNamespace | Gone::Ended => {
                CloseCode::Normal
            }
        };
        session::end(&self.outbox, &self.session, code);
    }
}
