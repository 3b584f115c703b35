//! Threads that let the rest of the node go first: whoever writes is served before what is written can be found.
//!
//! On Linux. Elsewhere a priority is the whole process's, and stays as it is.

use std::{
    io,
    panic::resume_unwind,
    thread::{self, JoinHandle},
};

/// So much nicer than the rest of the node. Where all want a core, such a thread still has about a tenth of what another
/// one has, so that the index goes on.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Threads that are started from now on by this one are like it.
fn let_others_go_first() {
    // Only a limit of the system's could be in the way; then it works as fast as the others.
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::nice(NICER);
}

/// Starts a thread.
///
/// # Errors
///
/// There can be no more threads.
pub(crate) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(|| {
        let_others_go_first();
        work();
    })
}

/// Does something on a thread of its own, and waits for it.
///
/// # Errors
///
/// There can be no more threads.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let working = thread::Builder::new().spawn_scoped(scope, || {
            let_others_go_first();
            work()
        })?;
        Ok(working.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
