//! The core in process, without sockets: real rooms, Moderation, Presence, archive and store, and members who are
//! synthetic sessions.
//!
//! What a message costs below the edge. Members share the processor with the core, so figures of cost are of both.

mod member;

use std::{
    fmt,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix::{Actor as _, Addr, prelude::SendError};
use anyhow::{Context as _, anyhow, bail};
use parlour_actors::{
    codec::Codec,
    command::{Caller, Command, Identity, Reply, Request},
    limits::Settings,
    system::{Core, System},
};
use parlour_storage::{
    domain::user::{NodeRole, Plan as Paid},
    ids::{ConversationId, Timestamp, UserId},
    local::Options,
    memory_store::MemoryStore,
    sled_store::SledStore,
    store::{Profile, Store},
};
use rand::RngExt as _;

use self::member::{Ask, Member, Seat, Settle};
use crate::{
    check::Faults,
    course::{Course, Run, Watched},
    plan::{Pace, Timing},
    proc::Process,
    progress::Progress,
    report::Report,
    rounds::{self, Demand},
    trial::Measure,
    wire::Texts,
};

/// What keeps the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// sled, in a new folder inside of this one, which is taken away in the end.
    Sled(PathBuf),
    /// Memory.
    Memory,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sled(_) => "sled",
            Self::Memory => "memory",
        })
    }
}

/// All that a run needs to know.
#[derive(Debug)]
pub struct Plan {
    /// How many conversations there are.
    pub rooms: u32,
    /// How many people are in each.
    pub members: u32,
    /// What their texts are like.
    pub texts: Texts,
    /// What is pushed to them is written in this.
    pub codec: Arc<dyn Codec>,
    /// What keeps it all.
    pub engine: Engine,
    /// How much they ask.
    pub demand: Demand,
    /// How long.
    pub timing: Timing,
    /// Of the chance in it.
    pub seed: u64,
}

/// The node's defaults, but for the bounds of what waits, which are people's: load is what is measured.
pub fn settings() -> Settings {
    Settings {
        outbox_frames_max: 1_000_000,
        outbox_bytes_max: 1 << 30,
        in_flight_max: 65_536,
        room_mailbox: 65_536,
        ..Settings::default()
    }
}

/// A person.
///
/// # Errors
///
/// The name is none.
pub fn identity(name: &str) -> anyhow::Result<Identity> {
    let profile = Profile {
        name: None,
        picture: None,
        role: NodeRole::User,
        plan: Paid::Free,
    };
    Ok(Identity {
        user: UserId::new(name).map_err(|problem| anyhow!("{name}: {problem}"))?,
        profile,
        expires_at: Timestamp(i64::MAX),
    })
}

/// A store on disk.
///
/// # Errors
///
/// It can't be made.
pub fn open_sled(folder: &Path, options: Options) -> anyhow::Result<Arc<dyn Store>> {
    let store = SledStore::open(&folder.join("sled"), options);
    Ok(Arc::new(store.context("the store can't be opened")?))
}

/// Runs a plan. Needs a running actix system.
///
/// # Errors
///
/// The store can't be opened, or fails.
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    let (store, folder) = match &plan.engine {
        Engine::Memory => (
            Arc::new(MemoryStore::new(Options::default())?) as Arc<dyn Store>,
            None,
        ),
        Engine::Sled(folder) => {
            let folder = tempfile::tempdir_in(folder)
                .with_context(|| format!("no folder can be made in {}", folder.display()))?;
            (open_sled(folder.path(), Options::default())?, Some(folder))
        }
    };
    let system = System::start(store, settings());
    let ran = on(&plan, system.core()).await;
    system.drain(Duration::ZERO).await;
    let stopped = system.stop().await;
    drop(folder);
    let report = ran?;
    stopped.context("the store could not be closed in good order")?;
    Ok(report)
}

async fn on(plan: &Plan, core: &Arc<Core>) -> anyhow::Result<Report> {
    let n_lines = plan.rooms.saturating_mul(plan.members);
    let course = Rc::new(Course::new(n_lines as usize));
    let members = gather(plan, core, &course).await?;
    let watched = Watched {
        server: Process::this().ok(),
        generator: None,
    };
    let run = Run {
        course: &course,
        timing: plan.timing,
        seed: plan.seed,
        watched: &watched,
    };
    let title = format!(
        "actors: {} conversations of {}, {}, {}-byte texts{}",
        plan.rooms,
        plan.members,
        plan.engine,
        plan.texts.length,
        if plan.texts.keys { " with keys" } else { "" }
    );
    let mut turn = 0;
    rounds::run(plan.demand, title, measure(plan), async |pace: Pace| {
        let ask = async |intended| {
            // One conversation's turn after the other's.
            let (room, seat) = (turn % plan.rooms, turn / plan.rooms % plan.members);
            turn = turn.wrapping_add(1) % n_lines;
            let member = &members[(room * plan.members + seat) as usize];
            let mut ask = Ask { intended };
            while let Err(SendError::Full(full)) = member.try_send(ask) {
                ask = full;
                tokio::task::yield_now().await;
            }
        };
        let settle = async || {
            let mut faults = Faults::default();
            for member in &members {
                faults += member.send(Settle).await.unwrap_or_default();
            }
            faults
        };
        Ok(run.at(pace, ask, settle).await)
    })
    .await
}

/// In rooms of two it counts when the sender is answered, in larger ones when the others have it.
fn measure(plan: &Plan) -> Measure {
    match plan.members {
        0..=2 => Measure::Answers,
        _ => Measure::Deliveries,
    }
}

/// Connects all members and opens their conversations.
async fn gather(
    plan: &Plan,
    core: &Arc<Core>,
    course: &Rc<Course>,
) -> anyhow::Result<Vec<Addr<Member>>> {
    let bar = Progress::of_things("opening", plan.rooms.into(), "conversations");
    let run = rand::rng().random::<u32>();
    let mut members = Vec::new();
    for room in 0..plan.rooms {
        let lines = room * plan.members..(room + 1) * plan.members;
        let people = lines
            .clone()
            .map(|line| identity(&format!("bench-{run:08x}-{line}")));
        let people = people.collect::<anyhow::Result<Vec<_>>>()?;
        let seats = people.iter().map(|identity| {
            Seat::take(core, &plan.codec, identity).context("the node takes no more connections")
        });
        let seats = seats.collect::<anyhow::Result<Vec<_>>>()?;
        let conversation = open(core, &people).await?;
        for (line, seat) in lines.clone().zip(seats) {
            let member = Member::new(
                core,
                course,
                seat,
                conversation,
                line,
                lines.clone(),
                plan.texts,
            );
            members.push(member.start());
        }
        bar.to(u64::from(room) + 1);
    }
    Ok(members)
}

/// Opens the conversation of some people.
async fn open(core: &Arc<Core>, people: &[Identity]) -> anyhow::Result<ConversationId> {
    let [first, others @ ..] = people else {
        bail!("a conversation has at least one member");
    };
    let mut parts = others.chunks(parlour_actors::limits::PEOPLE_PER_REQUEST_MAX);
    let users = |part: &[Identity]| part.iter().map(|other| other.user.clone()).collect();
    let command = match parts.next() {
        Some([with]) => Command::OpenDirect {
            with: with.user.clone(),
        },
        members => Command::OpenGroup {
            name: None,
            members: users(members.unwrap_or_default()),
            key: None,
        },
    };
    let caller = Caller::new(first, None);
    let ask = |command| core.ask(Arc::clone(&caller), Request::Do(command));
    let Reply::Opened { conversation, .. } = ask(command).await? else {
        bail!("a conversation was not opened");
    };
    for part in parts {
        let users = users(part);
        ask(Command::Add {
            conversation,
            users,
        })
        .await?;
    }
    Ok(conversation)
}

#[cfg(test)]
mod tests;
