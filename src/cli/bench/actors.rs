//! `parlour bench actors`.

use std::{path::PathBuf, sync::Arc};

use anyhow::ensure;
use parlour_bench::actors::{self, Engine, Plan};

use super::{Output, load::Load};
use crate::{
    dialects::native::Native,
    exit::{Exit, Failure},
};

/// Members of all conversations, at most: each is an actor with an outbox.
const MEMBERS_MAX: u64 = 1_000_000;
/// Requests a second if nothing is said.
const USUAL_RATE: f64 = 1000.0;

/// Load the core in this process, without sockets.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Conversations.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rooms: u32,
    /// People in each.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    members: u32,
    /// What keeps the messages: sled (on disk) or memory.
    #[arg(long, value_name = "ENGINE", default_value = "sled", value_parser = ["sled", "memory"])]
    engine: String,
    /// Where sled's files are put while it runs. Their disk is what is measured.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    output: Output,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let n_members = u64::from(self.rooms) * u64::from(self.members);
        ensure!(
            n_members <= MEMBERS_MAX,
            Failure::new(
                Exit::Usage,
                format!(
                    "{n_members} members are more than fit ({MEMBERS_MAX}): give fewer --rooms or --members"
                )
            )
        );
        let plan = Plan {
            rooms: self.rooms,
            members: self.members,
            texts: self.load.texts(),
            codec: Arc::new(Native),
            engine: match self.engine.as_str() {
                "memory" => Engine::Memory,
                _ => Engine::Sled(self.folder),
            },
            demand: self.load.demand(USUAL_RATE),
            timing: self.load.timing(),
            seed: self.load.seed,
        };
        let report = actix_web::rt::System::new().block_on(actors::run(plan))?;
        self.output.tell(&report)
    }
}
