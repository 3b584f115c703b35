//! The HTTP edge: one flat table of routes, and what every request meets before its handler.

mod aggregator;
pub mod api;
mod cors;
mod downloads;
pub mod engine;
pub mod error;
mod events;
mod frame_guard;
pub mod frames;
mod framing;
mod gate;
mod handshake;
mod health;
mod identity;
mod kill;
pub mod listeners;
mod marketplace;
mod matched;
mod native;
mod pending;
mod quota;
mod routes;
mod session;
mod socketio;
mod uploads;
mod ws;

pub use self::kill::remember_socket;

use std::{
    net::TcpListener,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::Server,
    middleware::{self, DefaultHeaders},
    web,
};
use anyhow::Context as _;
use parlour_actors::system::Core;
use parlour_storage::ids::UserId;
use tokio::sync::watch;

use self::{engine::Engine, gate::Gate, listeners::Listener, pending::Pending};
use crate::{
    auth::Verifier,
    config::Config,
    dialects::{Dialect, links::Links},
    files::{FileService, until},
    push::PushService,
    webhooks::Lag,
};

/// What handlers share.
#[derive(Debug)]
pub struct Edge {
    /// The actors.
    pub core: Arc<Core>,
    /// Whose tokens are believed.
    pub verifier: Arc<Verifier>,
    /// Who may connect, and how often.
    pub gate: Gate,
    /// Files that people send.
    pub files: FileService,
    /// Reaches devices that aren't connected, if that is to be.
    pub push: Option<Arc<PushService>>,
    /// Addresses of files for everyone who is told something: they need a token.
    pub shared_links: Arc<Links>,
    /// The connections of Socket.IO.
    pub socketio: Arc<Engine>,
    /// The configuration.
    pub config: Config,
    /// Where it listens, the main listener first.
    pub listeners: Vec<Listener>,
    /// How far behind its webhooks are.
    pub webhook_lag: Arc<Lag>,
    /// How many messages wait to be sent later.
    pub scheduled: Pending,
    /// Answers that go on for as long as the node does end now.
    streams_end: watch::Sender<bool>,
    /// The node stops: say so where a load balancer looks.
    pub draining: AtomicBool,
}

impl Edge {
    /// An edge that lets everyone in whom the configuration does. To be called on a thread that runs tasks.
    pub fn new(
        core: Arc<Core>,
        verifier: Verifier,
        files: FileService,
        push: Option<Arc<PushService>>,
        config: Config,
        listeners: Vec<Listener>,
    ) -> Arc<Self> {
        let gate = Gate::new(&config);
        let base = match (config.public_url(), listeners.first()) {
            (Some(url), _) => url.to_owned(),
            (None, Some(main)) => format!("http://{}", main.address),
            (None, None) => String::new(),
        };
        Arc::new_cyclic(|edge| Self {
            core,
            verifier: Arc::new(verifier),
            gate,
            files,
            push,
            shared_links: Arc::new(Links::plain(base)),
            socketio: socketio::start(Weak::clone(edge), &config),
            webhook_lag: Arc::new(Lag::new(&config)),
            scheduled: Pending::default(),
            config,
            listeners,
            streams_end: watch::Sender::new(false),
            draining: AtomicBool::new(false),
        })
    }

    /// The dialect that the listener of a request settles for Socket.IO connections, if it is bound to one
    /// that has Socket.IO.
    pub fn dialect_of(&self, request: &HttpRequest) -> Option<Dialect> {
        listeners::dialect_of(&self.listeners, request)
    }

    /// Addresses of files for whoever asks: on the host that they asked, unless the configuration names another, and good
    /// without a token for a while.
    fn links(&self, request: &HttpRequest, viewer: &UserId) -> Links {
        let base = match self.config.public_url() {
            Some(url) => url.to_owned(),
            None => {
                let asked = request.connection_info();
                format!("{}://{}", asked.scheme(), asked.host())
            }
        };
        let lifetime = self.config.attachments.link_lifetime;
        Links::signed(
            base,
            &self.files.key,
            viewer,
            until(self.core.now(), lifetime),
        )
    }

    /// Says from now on that the node stops.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Ends the answers that go on for as long as the node does.
    pub fn end_streams(&self) {
        self.streams_end.send_replace(true);
    }

    /// Whether the node stops.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// Starts serving on bound sockets. Returns the server, to be awaited.
///
/// # Errors
///
/// A socket can't be used.
pub fn serve(edge: Arc<Edge>, sockets: Vec<TcpListener>) -> anyhow::Result<Server> {
    let workers = match edge.config.http.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    // The last third of the time a stop may take: the rest is for clients to go.
    let shutdown = (edge.config.node.shutdown_timeout / 3).as_secs().max(1);
    let connections_max = edge.config.http.connections_max.div_ceil(workers);
    let head_timeout = edge.config.session.auth_timeout;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&edge)))
            .app_data(web::PayloadConfig::new(edge.config.http.body_max.bytes()))
            .wrap(middleware::from_fn(quota::tell))
            .wrap(cors::cors(&edge.config))
            .wrap(
                DefaultHeaders::new()
                    .add(("X-Content-Type-Options", "nosniff"))
                    .add(("Cache-Control", "no-store")),
            )
            .configure(native::routes)
            .configure(marketplace::routes)
            .configure(matched::routes)
            .configure(api::routes)
            .configure(routes::routes)
            .configure(|config| engine::route(config, socketio::PATH, Arc::clone(&edge.socketio)))
            .configure(health::routes)
            .default_service(web::to(error::no_route))
    })
    .workers(workers)
    .max_connections(connections_max)
    // The node handles signals itself: actix takes SIGINT for a forced stop.
    .disable_signals()
    .shutdown_timeout(shutdown)
    // The head of the first request is part of showing a token.
    .client_request_timeout(head_timeout)
    .on_connect(kill::remember_socket);
    let server = sockets
        .into_iter()
        .try_fold(server, HttpServer::listen)
        .context("a bound socket can't be served")?;
    Ok(server.run())
}
