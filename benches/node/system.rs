//! A core to measure, what this process uses, and what a folder takes on disk.

use std::{fs, path::Path, sync::Arc};

use parlour_actors::{command::Caller, limits::Settings, system::System};
use parlour_bench::{
    actors::{identity, open_sled},
    proc::{Process, Usage},
};
use parlour_storage::{ids::UserId, local::Options, store::Store};

pub(crate) fn user(n: usize) -> UserId {
    UserId::new(&format!("user-{n:06}")).expect("short")
}

pub(crate) fn caller(user: UserId) -> Arc<Caller> {
    Caller::new(&identity(user.as_str()).expect("a name"), None)
}

pub(crate) fn open(folder: &Path, options: Options) -> Arc<dyn Store> {
    open_sled(folder, options).expect("a folder of ours")
}

pub(crate) fn start_with(folder: &Path, settings: Settings) -> System {
    System::start(open(folder, Options::default()), settings)
}

/// What this process has used so far.
fn usage() -> Usage {
    let this = Process::this().expect("Linux");
    this.usage().expect("it runs")
}

/// Resident memory of this process, in MiB.
pub(crate) fn rss_mib() -> u64 {
    usage().resident >> 20
}

/// The same, without files that are mapped.
pub(crate) fn rss_own_mib() -> u64 {
    usage().own >> 20
}

/// User and system time of this process so far, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    usage().cpu.as_secs_f64()
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
