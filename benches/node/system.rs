//! Actors and a store to measure, and what the kernel says of this process.

use std::{fs, path::Path, sync::Arc};

use parlour_actors::{
    command::{Caller, Identity},
    limits::Settings,
    system::System,
};
use parlour_storage::{
    domain::user::{NodeRole, Plan},
    ids::{Timestamp, UserId},
    local::Options,
    sled_store::SledStore,
    store::{Profile, Store},
};

pub(crate) fn user(n: usize) -> UserId {
    UserId::new(&format!("user-{n:06}")).expect("short")
}

pub(crate) fn identity(user: UserId) -> Identity {
    let profile = Profile {
        name: None,
        picture: None,
        role: NodeRole::User,
        plan: Plan::Free,
    };
    Identity {
        user,
        profile,
        expires_at: Timestamp(i64::MAX),
    }
}

pub(crate) fn caller(user: UserId) -> Arc<Caller> {
    Caller::new(&identity(user), None)
}

pub(crate) fn open(folder: &Path, options: Options) -> Arc<dyn Store> {
    Arc::new(SledStore::open(&folder.join("sled"), options).expect("a fresh folder"))
}

pub(crate) fn start(folder: &Path) -> System {
    // No rate limits: they are what would be measured.
    start_with(folder, Settings::default())
}

pub(crate) fn start_with(folder: &Path, settings: Settings) -> System {
    System::start(open(folder, Options::default()), settings)
}

/// Resident memory of this process, in MiB.
pub(crate) fn rss_mib() -> u64 {
    status_mib("VmRSS:")
}

/// The same, without files that are mapped.
pub(crate) fn rss_own_mib() -> u64 {
    status_mib("RssAnon:")
}

fn status_mib(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with(what))
        .expect("always there");
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok())
        .expect("a number")
        / 1024
}

/// User and system time of this process so far, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name of the process, in parentheses, may hold anything.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .expect("fields")
        .split_whitespace()
        .collect();
    let ticks = |n: usize| fields[n].parse::<f64>().expect("a number");
    // Linux counts these in hundredths of a second everywhere (USER_HZ).
    (ticks(11) + ticks(12)) / 100.0
}

/// The same in microseconds, to a few of them, so long as no thread but this one runs: the kernel counts what a thread
/// took when it goes to sleep. Doesn't count threads that have ended.
pub(crate) fn cpu_micros() -> u64 {
    let threads = fs::read_dir("/proc/self/task").expect("Linux");
    let nanoseconds = threads.flatten().filter_map(|thread| {
        // It may have ended by now.
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() / 1000
}

/// What a folder takes on disk, in MiB.
pub(crate) fn disk_mib(folder: &Path) -> u64 {
    disk_bytes(folder) >> 20
}

/// What a folder takes on disk.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => disk_bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
