//! `parlour bench wire`.

use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use parlour_bench::{
    proc::Process,
    wire::{self, CLIENTS_MAX, Dialect, Mint, Mix, Plan, Scenario, Target},
};

use super::{Output, load::Load};
use crate::{
    auth::{MintClaims, mint},
    cli::config_args::ConfigArgs,
    config::{Config, DEV_SECRET_FILE},
    exit::{Exit, Failure},
};

/// Tokens of clients outlast the longest run.
const TTL: Duration = Duration::from_secs(24 * 3600);

/// Load a running node with real clients.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the clients do.
    #[arg(value_enum, default_value = "fanout")]
    scenario: Name,
    /// Where the node is.
    #[arg(long, default_value = "ws://127.0.0.1:8080")]
    url: String,
    /// The node is on another machine, which is yours to load.
    #[arg(long)]
    remote: bool,
    /// What the clients speak: native, socketio (in the dialect gateway), or raw, for servers that only broadcast.
    #[arg(long, value_enum, default_value = "native")]
    dialect: Speech,
    /// Rooms (pairs: 20, mixed: 5, storm: 4 unless given).
    #[arg(long, value_name = "N", conflicts_with = "clients", value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX as i64))]
    rooms: Option<u32>,
    /// People in a room (fanout: 50, mixed: 10, storm: 5 unless given).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    members: Option<u32>,
    /// Connections, in idle.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX as i64))]
    clients: u32,
    /// How often each thing is done, in mixed.
    #[arg(long, value_name = "PARTS", default_value_t)]
    mix: Mix,
    /// The node's process: its time and memory are measured, those of its children included.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    output: Output,
    #[command(
        flatten,
        next_help_heading = "Configuration of the node, for its secret"
    )]
    config: ConfigArgs,
}

/// Scenarios by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// One room: its members take turns to write, and all others read.
    Fanout,
    /// Rooms of two.
    Pairs,
    /// Nobody says anything: what a connection costs. Needs --pid.
    Idle,
    /// Everybody is cut off at once, comes back at once, and resumes.
    Storm,
    /// A day: typing, sending, reading, presence, history, search.
    Mixed,
}

/// Dialects by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speech {
    Native,
    Socketio,
    Raw,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        if let (Name::Idle, None) = (self.scenario, self.pid) {
            let message = "idle measures the node's process: say which with --pid";
            return Err(Failure::new(Exit::Usage, message).into());
        }
        let mint: Mint = match self.dialect {
            Speech::Raw => Box::new(|_| Ok(String::new())),
            _ => self.mint()?,
        };
        let server = self.pid.map(Process::of).transpose();
        let server = server.context(Failure::new(Exit::Usage, "--pid names no process"))?;
        let (rooms, members, rate) = self.usual();
        let report = actix_web::rt::System::new().block_on(async {
            let target = Target::find(&self.url, self.remote).await;
            wire::run(Plan {
                target: target.context(Failure::new(Exit::Usage, "--url can't be loaded"))?,
                scenario: match self.scenario {
                    Name::Fanout => Scenario::Fanout,
                    Name::Pairs => Scenario::Pairs,
                    Name::Idle => Scenario::Idle,
                    Name::Storm => Scenario::Storm,
                    Name::Mixed => Scenario::Mixed(self.mix.clone()),
                },
                dialect: match self.dialect {
                    Speech::Native => Dialect::Native,
                    Speech::Socketio => Dialect::SocketIo,
                    Speech::Raw => Dialect::Raw,
                },
                mint,
                rooms: self.rooms.unwrap_or(rooms),
                members: self.members.unwrap_or(members),
                texts: self.load.texts(),
                demand: self.load.demand(rate),
                timing: self.load.timing(),
                seed: self.load.seed,
                server,
            })
            .await
            .context(Failure::new(
                Exit::Unavailable,
                "the load could not be made",
            ))
        })?;
        self.output.tell(&report)
    }

    /// Rooms, people in each, and requests a second that a node bears whose limits are those for people: 64 connections
    /// from one address, and 300 messages a minute of one person.
    fn usual(&self) -> (u32, u32, f64) {
        match self.scenario {
            Name::Fanout => (1, 50, 100.0),
            Name::Pairs => (20, 2, 100.0),
            Name::Idle => (self.clients, 1, 1.0),
            Name::Storm => (4, 5, 20.0),
            Name::Mixed => (5, 10, 100.0),
        }
    }

    fn mint(&self) -> anyhow::Result<Mint> {
        let mut config = self.config.sources().load()?.config;
        // Who tries a node out has said nothing of where its secret is.
        let is_tried_out = |config: &Config| {
            config.auth.secret.is_none() && config.node.data.join(DEV_SECRET_FILE).is_file()
        };
        config.node.dev |= is_tried_out(&config);
        let config = config.with_dev_secret()?;
        let secret = config.auth.secret.clone().with_context(|| {
            Failure::new(
                Exit::Config,
                "no secret to sign the clients' tokens with: give the node's configuration (--config, --flagfile, \
                 --auth-secret-file), or the --data of a node that runs with --dev",
            )
        })?;
        Ok(Box::new(move |user| {
            let claims = MintClaims {
                sub: user.to_owned(),
                issuer: config.auth.issuer.clone(),
                audience: config.auth.audience.clone(),
                ttl: TTL,
                ..MintClaims::default()
            };
            mint(secret.expose().as_bytes(), &claims)
        }))
    }
}
