//! What the kernel says of a process and all that descend from it: time on the processor, and memory.
//!
//! Reads /proc, so Linux alone. A server that starts helpers is measured with them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

/// What a process has used so far, and holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time, of all threads; of children that ended, too.
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub resident: u64,
    /// What of it is no mapped file: nobody else can have it.
    pub own: u64,
}

/// A process to look at.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
    proc: PathBuf,
}

impl Process {
    /// The one with this number, which has to be there.
    ///
    /// # Errors
    ///
    /// There is none, or this is no Linux.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let process = Self {
            pid,
            proc: PathBuf::from("/proc"),
        };
        process.usage()?;
        Ok(process)
    }

    /// This very process.
    ///
    /// # Errors
    ///
    /// This is no Linux.
    pub fn this() -> anyhow::Result<Self> {
        Self::of(std::process::id())
    }

    /// What it and its descendants use.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let own = read(&self.proc, self.pid);
        let own = own.with_context(|| format!("there is no process {} to measure", self.pid))?;
        let mut children: BTreeMap<u32, Vec<(u32, Stat)>> = BTreeMap::new();
        for pid in pids(&self.proc) {
            // One that ends meanwhile is in its parent's sum.
            if let Ok(stat) = read(&self.proc, pid) {
                children.entry(stat.parent).or_default().push((pid, stat));
            }
        }
        let (mut usage, mut open) = (Usage::default(), vec![(self.pid, own)]);
        while let Some((pid, stat)) = open.pop() {
            usage.cpu += stat.cpu;
            usage.resident += stat.resident;
            usage.own += stat.own;
            open.extend(children.remove(&pid).unwrap_or_default());
        }
        Ok(usage)
    }
}

/// What is known of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    cpu: Duration,
    resident: u64,
    own: u64,
}

fn pids(proc: &Path) -> Vec<u32> {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn read(proc: &Path, pid: u32) -> io::Result<Stat> {
    let of = |file| fs::read_to_string(proc.join(pid.to_string()).join(file));
    let (stat, status) = (of("stat")?, of("status")?);
    parse(&stat, &status).ok_or_else(|| io::Error::other("an unknown format"))
}

fn parse(stat: &str, status: &str) -> Option<Stat> {
    // The name of the process, in parentheses, may hold anything. Behind it the fields begin with the third.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |n: usize| fields.get(n - 3)?.parse::<u64>().ok();
    // User, system, and the same of children that were waited for. Linux counts hundredths of a second (USER_HZ).
    let ticks = number(14)? + number(15)? + number(16)? + number(17)?;
    // A process that has ended and is not yet waited for has no memory.
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    };
    Some(Stat {
        parent: u32::try_from(number(4)?).ok()?,
        cpu: Duration::from_millis(ticks * 10),
        resident: bytes("VmRSS:"),
        own: bytes("RssAnon:"),
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn stat(pid: u32, name: &str, parent: u32, ticks: [u64; 4]) -> String {
        let [user, system, child_user, child_system] = ticks;
        format!(
            "{pid} ({name}) S {parent} 1 1 0 -1 4194560 1 2 3 4 {user} {system} {child_user} {child_system} 20 0 9 0"
        )
    }

    #[test]
    fn the_fields_are_the_right_ones_whatever_a_process_is_called() {
        let parsed = parse(
            &stat(7, "a) R 1 2 (b", 3, [100, 20, 4, 1]),
            "Name:\tx\nVmRSS:\t    12 kB\nRssAnon:\t 8 kB\n",
        );
        let expected = Stat {
            parent: 3,
            cpu: Duration::from_millis(1250),
            resident: 12 * 1024,
            own: 8 * 1024,
        };
        assert_eq!(parsed, Some(expected));
        assert_eq!(parse("7 (x) S", ""), None);
    }

    #[test]
    fn a_process_is_measured_with_its_descendants_and_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        for (pid, parent) in [(10, 1), (11, 10), (12, 11), (13, 1)] {
            let path = folder.path().join(pid.to_string());
            fs::create_dir(&path).unwrap();
            fs::write(path.join("stat"), stat(pid, "x", parent, [1, 0, 0, 0])).unwrap();
            fs::write(path.join("status"), "VmRSS: 4 kB\n").unwrap();
        }
        let process = Process {
            pid: 10,
            proc: folder.path().to_owned(),
        };
        let usage = process.usage().unwrap();
        assert_eq!(usage.cpu, Duration::from_millis(30));
        assert_eq!(usage.resident, 3 * 4096);
    }

    #[test]
    fn this_process_uses_time_and_memory_and_a_child_adds_to_it() {
        let this = Process::this().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let its = Process::of(child.id()).unwrap();
        // The child works on; that its time is seen is waited for.
        while its.usage().unwrap().cpu < Duration::from_millis(100) {
            std::thread::yield_now();
        }
        let usage = this.usage().unwrap();
        assert!(usage.cpu >= Duration::from_millis(100), "{usage:?}");
        assert!(usage.resident > 1 << 20, "{usage:?}");
        let pid = child.id();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            Process::of(pid)
                .unwrap_err()
                .to_string()
                .contains(&pid.to_string())
        );
    }
}
