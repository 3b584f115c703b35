//! The node from start to stop: which part starts after which, and who ends it.

use std::{path::Path, sync::Arc, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use anyhow::Context as _;
use parlour_actors::{
    files::Files,
    limits::Settings,
    system::{Core, Services, System},
};
use parlour_storage::{
    local::Options,
    memory_store::MemoryStore,
    safety::Retention,
    sled_store::SledStore,
    store::{Health, Store},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use crate::{
    auth::{self, Verifier},
    config::{Config, Engine, PresenceReach},
    exit::{Exit, Failure},
    files::FileService,
    http::{
        self, Edge,
        listeners::{self, Listener},
    },
    policy,
    push::PushService,
    search::{self, Search},
    telemetry,
    webhooks::Webhooks,
};

/// A running node.
#[derive(Debug)]
pub struct Node {
    system: System,
    edge: Arc<Edge>,
    server: ServerHandle,
    webhooks: Option<Webhooks>,
    search: Option<Arc<Search>>,
}

/// Runs a node until SIGTERM, SIGINT, a failure of its store or the loss of an actor. `announce` is called once it listens, with the main
/// listener first.
///
/// # Errors
///
/// It could not start, or its store failed.
pub fn run(
    config: Config,
    notices: &[String],
    announce: impl FnOnce(&Config, &[Listener]),
) -> anyhow::Result<()> {
    telemetry::start(&config.log)?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    actix_web::rt::System::new().block_on(async {
        let (node, server) = Node::start(config.clone()).await?;
        let serving = actix_web::rt::spawn(server);
        announce(&config, &node.edge.listeners);
        let why = node.wait().await?;
        let stopped = node.stop(why).await;
        // The server ends when it is stopped; its own errors come before that.
        serving
            .await
            .context("the server panicked")?
            .context("the server failed")?;
        stopped
    })
}

/// Runs a node that nobody can reach, for work on its data, and ends it. Its janitor rests.
///
/// # Errors
///
/// The data can't be opened, or those of the work.
pub fn offline<T>(
    config: Config,
    work: impl AsyncFnOnce(Arc<Core>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    actix_web::rt::System::new().block_on(async {
        let mut settings = settings(&config)?;
        settings.policy.retention = Retention::default();
        settings.policy.audit_age = None;
        settings.events_age = None;
        settings.notify = false;
        settings.notifications_age = None;
        let system = System::start(open_store(&config).await?, settings);
        let done = work(Arc::clone(system.core())).await;
        let stopped = system.stop().await;
        let done = done?;
        stopped.context("the store could not be closed in good order")?;
        Ok(done)
    })
}

/// What the last sync may take beyond the time to stop, before the disk counts as stuck.
const LAST_SYNC: Duration = Duration::from_secs(10);

/// Why a node ends.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    /// It was told to.
    Told,
    /// Its store does not work any more.
    StoreFailed(String),
    /// An actor without which nothing works is gone.
    LostActor(&'static str),
}

impl Node {
    /// Opens the store, starts the actors, binds. The server is to be spawned.
    ///
    /// # Errors
    ///
    /// The key, the data or the address can't be used.
    pub async fn start(config: Config) -> anyhow::Result<(Self, Server)> {
        let verifier = Verifier::new(auth_settings(&config)?)
            .map_err(|problem| Failure::new(Exit::Config, format!("auth: {problem}")))?;
        let store = open_store(&config).await?;
        // After the store, which sees to it that the data folder is this process's alone.
        let files = open_files(&config).await?;
        let search = search::start(&config, &store).await?;
        let push = PushService::open(&config)?.map(Arc::new);
        let services = Services {
            reviewer: policy::reviewer(&config.policy)?,
            files: Some(Arc::clone(&files.store) as Arc<dyn Files>),
            searcher: search.as_ref().map(|search| Arc::clone(search) as _),
            pusher: push.as_ref().map(|push| Arc::clone(push) as _),
            ..Services::default()
        };
        let system = System::start_with(store, settings(&config)?, services);
        // Last, so that whoever connects is served.
        let unavailable = |error: anyhow::Error| {
            error.context(Failure::new(Exit::Unavailable, "the node could not start"))
        };
        let (sockets, listeners) = listeners::bind(&config.http).map_err(unavailable)?;
        let core = Arc::clone(system.core());
        let edge = Edge::new(core, verifier, files, push, config, listeners);
        // Before anything happens that they are to tell.
        let webhooks = Webhooks::start(&edge.core, &edge.config, &edge.webhook_lag).await?;
        let server = http::serve(Arc::clone(&edge), sockets).map_err(unavailable)?;
        for Listener { address, dialect } in &edge.listeners {
            let dialect = dialect.map(tracing::field::display);
            tracing::info!(%address, dialect, epoch = %system.core().epoch(), "listening");
        }
        let node = Self {
            system,
            edge,
            server: server.handle(),
            webhooks,
            search,
        };
        Ok((node, server))
    }

    /// Waits for a reason to end.
    async fn wait(&self) -> anyhow::Result<Why> {
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be watched")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be watched")?;
        let mut health = self.system.core().store_ref().health();
        let failed = async {
            loop {
                let reason = match &*health.borrow_and_update() {
                    Health::Failed { reason } => Some(reason.clone()),
                    Health::Stalled => Some("the store is stuck".to_owned()),
                    Health::Good => None,
                };
                match reason {
                    Some(reason) => return reason,
                    // The store keeps the sender for as long as it lives, and we keep the store.
                    None => drop(health.changed().await),
                }
            }
        };
        Ok(tokio::select! {
            _ = terminate.recv() => Why::Told,
            _ = interrupt.recv() => Why::Told,
            reason = failed => Why::StoreFailed(reason),
            actor = self.system.core().lost_actor() => Why::LostActor(actor),
        })
    }

    /// Ends the node, within the configured time. A second signal ends it at once.
    async fn stop(self, why: Why) -> anyhow::Result<()> {
        if let Why::StoreFailed(reason) = why {
            // Nothing can be acknowledged any more, so there is nothing to wait for. The store must not be
            // closed in good order either: that would sync what a failed sync has lost.
            tracing::error!(reason, "the store failed; ending the process");
            let message = format!(
                "the store failed: {reason}; nothing unacknowledged was promised, start again after mending the disk"
            );
            exit_now(Exit::Io, &message);
        }
        if let Why::LostActor(actor) = why {
            // A supervisor starts it again sooner than this node could be mended.
            let message = format!(
                "{actor} is gone after a fault; nothing acknowledged is lost, start again and report it with the log"
            );
            exit_now(Exit::Internal, &message);
        }
        tracing::info!("stopping");
        let node = &self.edge.config.node;
        let until = Instant::now() + node.shutdown_timeout;
        self.edge.drain();
        actix_web::rt::spawn(async {
            if let (Ok(mut terminate), Ok(mut interrupt)) = (
                signal(SignalKind::terminate()),
                signal(SignalKind::interrupt()),
            ) {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
                exit_now(
                    Exit::Ok,
                    "stopped at once, as the second signal asked; nothing acknowledged is lost",
                );
            }
        });
        actix_web::rt::spawn(async move {
            tokio::time::sleep_until(until + LAST_SYNC).await;
            exit_now(
                Exit::Io,
                "the node could not stop in time; is the disk stuck? nothing acknowledged is lost",
            );
        });
        tokio::time::sleep(node.drain_delay).await;
        // A third of the time is kept for requests in flight and for the store.
        let left = until.saturating_duration_since(Instant::now());
        self.system.drain(left * 2 / 3).await;
        self.edge.end_streams();
        // Those that never got as far as to have a session.
        self.edge.socketio.hub().shut();
        self.server.stop(true).await;
        if let Some(webhooks) = self.webhooks {
            webhooks.stop().await;
        }
        if let Some(search) = self.search {
            search.stop().await;
        }
        self.system
            .stop()
            .await
            .context("the store could not be closed in good order")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Ends the process from within, where returning would wait for what can't end.
fn exit_now(exit: Exit, message: &str) -> ! {
    tracing::warn!("{message}");
    std::process::exit(i32::from(exit as u8))
}

/// Whether somebody takes events who may want all of them.
fn is_followed(config: &Config) -> bool {
    config.events.feed || !config.events.webhook_url.is_empty()
}

/// Opens the configured store. It replays its log, which can take a while, so not on an arbiter.
async fn open_store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let storage = config.storage.clone();
    let data = config.node.data.clone();
    let options = Options {
        commit_operations_max: storage.commit_operations_max,
        commit_wait: storage.commit_wait,
        reader_threads: storage.readers,
        stall_timeout: storage.stall_timeout,
        cache_bytes: storage.cache.bytes() as u64,
        events_all: is_followed(config),
        ..Options::default()
    };
    let opened =
        actix_web::rt::task::spawn_blocking(move || -> anyhow::Result<Arc<dyn Store>> {
            Ok(match storage.engine {
                Engine::Memory => Arc::new(MemoryStore::new(options)?),
                Engine::Sled => {
                    make_private_folder(&data)?;
                    let path = data.join("sled");
                    let opened = SledStore::open(&path, options);
                    Arc::new(opened.with_context(|| {
                        format!("the data in {} can't be opened", path.display())
                    })?)
                }
            })
        });
    opened.await.context("opening the store panicked")?
}

/// Looks through all files, so not on an arbiter.
async fn open_files(config: &Config) -> anyhow::Result<FileService> {
    let config = config.clone();
    let opened = actix_web::rt::task::spawn_blocking(move || {
        FileService::open(&config, policy::attachments(&config.attachments))
    });
    opened.await.context("opening the files panicked")?
}

/// Only the owner has business in there.
fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| {
            Failure::new(
                Exit::CannotCreate,
                format!("the data folder {} can't be created", path.display()),
            )
        })
}

fn auth_settings(config: &Config) -> anyhow::Result<auth::Settings> {
    let auth = &config.auth;
    let file = |path: &Option<std::path::PathBuf>| -> anyhow::Result<Option<Vec<u8>>> {
        let Some(path) = path else { return Ok(None) };
        let unreadable = || {
            Failure::new(
                Exit::Config,
                format!("the key file {} can't be read", path.display()),
            )
        };
        Ok(Some(std::fs::read(path).with_context(unreadable)?))
    };
    Ok(auth::Settings {
        secret: auth
            .secret
            .as_ref()
            .map(|secret| secret.expose().as_bytes().to_vec()),
        public_key_pem: file(&auth.public_key_file)?,
        jwks: file(&auth.jwks_file)?,
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        leeway: auth.leeway,
    })
}

/// What the actors take from the configuration.
fn settings(config: &Config) -> anyhow::Result<Settings> {
    let (session, rooms) = (&config.session, &config.rooms);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut settings = Settings {
        outbox_frames_max: session.outbox_frames_max,
        outbox_bytes_max: session.outbox_max.bytes(),
        close_deadline: session.close_deadline,
        ping_interval: session.ping_interval,
        pong_timeout: session.pong_timeout,
        auth_timeout: session.auth_timeout,
        per_user_max: session.per_user_max,
        in_flight_max: session.in_flight_max,
        resume_changes_max: session.resume_changes_max,
        // Sessions and sockets need the other threads more: a room's part of a delivery is the smallest.
        room_arbiters: (cores / 4).max(1),
        room_mailbox: rooms.mailbox_max,
        room_idle: rooms.idle_timeout,
        rooms_max: rooms.active_max,
        typing_timeout: rooms.typing_timeout,
        presence_group_members_max: u32::try_from(config.presence.group_members_max)
            .unwrap_or(u32::MAX),
        presence_everyone: config.presence.reach == PresenceReach::Everyone,
        presence_delay: config.presence.delay.max(Duration::from_millis(1)),
        offline_grace: config.presence.offline_grace,
        message_length_max: config.policy.message_length_max,
        frame_bytes_max: session.message_max.bytes(),
        archive_queue_max: config.storage.queue_max,
        group_max: config.storage.commit_operations_max,
        notify: true,
        push_content: config.push.content,
        notifications_age: (config.notifications.age > Duration::ZERO)
            .then_some(config.notifications.age),
        events_age: (config.events.age > Duration::ZERO).then_some(config.events.age),
        events_feed: config.events.feed,
        events_presence: is_followed(config),
        policy: policy::policy(&config.policy, &config.attachments)?,
        ..Settings::default()
    };
    policy::rates(&config.policy.limits, &mut settings);
    Ok(settings)
}
