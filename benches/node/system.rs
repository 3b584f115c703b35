//! A core to measure, and what a folder takes on disk.

use std::{fs, path::Path, sync::Arc};

use parlour_actors::{command::Caller, limits::Settings, system::System};
use parlour_bench::{
    actors::{identity, open_sled},
    proc::{Process, Usage},
};
use parlour_storage::{ids::UserId, local::Options};

pub(crate) fn user(n: usize) -> UserId {
    UserId::new(&format!("user-{n:06}")).expect("short")
}

pub(crate) fn caller(user: UserId) -> Arc<Caller> {
    Caller::new(&identity(user.as_str()).expect("a name"), None)
}

pub(crate) fn start_with(folder: &Path, settings: Settings) -> System {
    let store = open_sled(folder, Options::default()).expect("a fresh folder");
    System::start(store, settings)
}

/// What this process has used so far.
pub(crate) fn usage() -> Usage {
    let this = Process::this().expect("Linux");
    this.usage().expect("it runs")
}

/// What a folder takes on disk, in MiB.
pub(crate) fn disk_mib(folder: &Path) -> u64 {
    fn bytes(path: &Path) -> u64 {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries
            .map(|e| {
                e.metadata().map_or(0, |m| {
                    if m.is_dir() {
                        bytes(&e.path())
                    } else {
                        m.len()
                    }
                })
            })
            .sum()
    }
    bytes(folder) >> 20
}
