//! The limit of open files: each client is one.

use anyhow::ensure;

/// Files that a process needs beside its clients.
const OTHERS: u64 = 128;

/// Makes room for so many clients, if the system lets it.
///
/// # Errors
///
/// It doesn't; the error says what to do.
#[cfg(unix)]
pub(super) fn make_room(n_clients: usize) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = n_clients as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    ensure!(
        limit.maximum.is_none_or(|most| most >= needed),
        "{n_clients} clients need {needed} open files, and this process may have {}: raise its limit \
         (`ulimit -n {needed}`, as root or in limits.conf), and that of the node to twice as much",
        limit.maximum.unwrap_or_default(),
    );
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(needed),
            maximum: limit.maximum,
        },
    )?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::*;

    #[test]
    fn room_is_made_or_it_is_said_how() {
        let most = getrlimit(Resource::Nofile).maximum;
        let n = most.unwrap_or(1 << 20).min(1 << 20) - OTHERS;
        make_room(usize::try_from(n).unwrap()).unwrap();
        let now = getrlimit(Resource::Nofile).current;
        assert!(now.is_none_or(|now| now >= n), "{now:?}");
        if most.is_some() {
            let refused = make_room(usize::MAX / 2).unwrap_err().to_string();
            assert!(refused.contains("ulimit -n"), "{refused}");
        }
    }
}
