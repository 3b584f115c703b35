//! Real clients over real sockets, against a node that runs.
//!
//! [`Plan`] says who, where and how much; each scenario stands in a file of its own. All clients of a run are on the thread
//! that runs it: one core makes the load, and shows when it is too little.

mod client;
mod crowd;
mod fanout;
mod files;
mod http;
mod idle;
mod language;
mod mixed;
mod pairs;
mod rest;
mod storm;
mod target;
mod websocket;
mod world;

use std::fmt;

use anyhow::ensure;

pub(crate) use self::language::Heard;
use self::{crowd::Crowd, language::Language, world::World};
pub use self::{
    mixed::Mix,
    target::Target,
    world::{Mint, Texts},
};
use crate::{
    course::{Run, Watched},
    plan::{Pace, Timing},
    proc::Process,
    report::Report,
    rounds::{self, Demand},
    tally::Deed,
    trial::Measure,
};

/// What the clients do.
#[derive(Clone, Debug, PartialEq)]
pub enum Scenario {
    /// One room; its members take turns to write, and all others read.
    Fanout,
    /// Rooms of two.
    Pairs,
    /// Nobody says anything.
    Idle,
    /// Everybody is gone at once, and back at once.
    Storm,
    /// What people do on a day, in rooms.
    Mixed(Mix),
}

/// What the clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The native protocol over WebSocket.
    Native,
    /// Socket.IO over WebSocket, in the dialect `gateway`.
    SocketIo,
    /// Bare texts, for servers that do nothing but broadcast.
    Raw,
}

impl Dialect {
    fn language(self) -> Box<dyn Language> {
        match self {
            Self::Native => Box::new(language::Native),
            Self::SocketIo => Box::new(language::SocketIo::default()),
            Self::Raw => Box::new(language::Raw),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native WebSocket",
            Self::SocketIo => "Socket.IO over WebSocket",
            Self::Raw => "bare WebSocket",
        })
    }
}

/// What a frame of the native protocol says, however it came.
pub(crate) fn hear_native(frame: &[u8]) -> Heard {
    language::Native.hear(frame)
}

/// Most clients of one run: what five source addresses have ports for.
pub const CLIENTS_MAX: usize = 100_000;

/// All that a run needs to know.
pub struct Plan {
    /// What the clients do.
    pub scenario: Scenario,
    /// What they speak.
    pub dialect: Dialect,
    /// Where the node is.
    pub target: Target,
    /// Signs their tokens.
    pub mint: Mint,
    /// How many rooms there are; in `idle`, how many clients.
    pub rooms: u32,
    /// How many people are in each.
    pub members: u32,
    /// What their texts are like.
    pub texts: Texts,
    /// How much they ask.
    pub demand: Demand,
    /// How long.
    pub timing: Timing,
    /// Of the chance in it.
    pub seed: u64,
    /// The node's process, if it is to be measured.
    pub server: Option<Process>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").finish_non_exhaustive()
    }
}

/// Runs a plan. Needs a running actix system.
///
/// # Errors
///
/// The clients can't connect, or the node is gone. What the node does wrong otherwise is in the report.
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    match plan.scenario.clone() {
        Scenario::Fanout => fanout::run(plan).await,
        Scenario::Pairs => pairs::run(plan).await,
        Scenario::Idle => idle::run(plan).await,
        Scenario::Storm => storm::run(plan).await,
        Scenario::Mixed(mix) => mixed::run(plan, mix).await,
    }
}

impl Plan {
    /// Everybody, in rooms of these sizes.
    async fn gather(&mut self, sizes: &[u32], resumes: bool) -> anyhow::Result<Crowd> {
        let n_clients = sizes.iter().map(|size| *size as usize).sum();
        ensure!(
            n_clients <= CLIENTS_MAX,
            "{n_clients} clients are more than one generator takes ({CLIENTS_MAX}): run several, with fewer each"
        );
        files::make_room(n_clients)?;
        let mint = std::mem::replace(&mut self.mint, Box::new(|_| Ok(String::new())));
        let (target, language) = (self.target.clone(), self.dialect.language());
        let world = World::new(target, language, mint, self.texts, sizes, resumes);
        Crowd::gather(world).await
    }

    fn watched(&self) -> Watched {
        Watched {
            server: self.server.clone(),
            // Without /proc nothing is measured, and nothing is wrong.
            generator: Process::this().ok(),
        }
    }

    fn title(&self, name: &str, what: &str) -> String {
        let (dialect, length) = (self.dialect, self.texts.length);
        let keys = if self.texts.keys { " with keys" } else { "" };
        format!("{name}: {what}, {dialect}, {length}-byte texts{keys}")
    }

    /// Has everybody do deeds by turns, at the pace or paces that are demanded.
    async fn rounds(
        mut self,
        title: String,
        measure: Measure,
        mut deed: impl FnMut() -> Deed,
    ) -> anyhow::Result<Report> {
        let sizes = vec![self.members; self.rooms as usize];
        let crowd = self.gather(&sizes, false).await?;
        let watched = self.watched();
        let run = Run {
            course: &crowd.world.course,
            timing: self.timing,
            seed: self.seed,
            watched: &watched,
        };
        rounds::run(self.demand, title, measure, async |pace: Pace| {
            crowd.restore().await?;
            let ask = async |intended| crowd.ask(deed(), intended).await;
            Ok(run.at(pace, ask, async || crowd.settle().await).await)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
