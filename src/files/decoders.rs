//! The threads that look at pictures. Few, and always the same ones: decoding takes memory, and what a thread has once
//! taken its allocator keeps for it. So they hold what as many pictures take, and not what each thread of a pool once took.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// They end when this is dropped and what waits is done.
#[derive(Debug)]
pub(super) struct Decoders(mpsc::Sender<Job>);

impl Decoders {
    /// Starts so many.
    pub(super) fn start(n: usize) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..n {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new().name(format!("pictures-{n}"));
            thread.spawn(move || {
                while let Some(job) = next(&waiting) {
                    // Whoever waits for it is told by its end.
                    let _panicked = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self(jobs))
    }

    /// Does something when a thread is free. `None`: it panicked. Those who wait have an upload each, of which there are
    /// so many at a time.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        let job = Box::new(move || {
            let _nobody_waits = done.send(work());
        });
        self.0.send(job).ok()?;
        result.await.ok()
    }
}

fn next(waiting: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    // Held while waiting: the others wait for it in turn.
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.recv().ok()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread::ThreadId};

    use super::*;

    #[tokio::test]
    async fn the_same_threads_do_it_all_and_outlive_what_panics() {
        let decoders = Decoders::start(2).unwrap();
        let panicked = decoders.run(|| panic!("a picture like none before")).await;
        assert_eq!(panicked, None::<()>);
        let mut threads: BTreeSet<String> = BTreeSet::new();
        for n in 0..20 {
            let work = move || (n, format!("{:?}", thread::current().id()));
            let (done, thread): (i32, String) = decoders.run(work).await.unwrap();
            assert_eq!(done, n);
            threads.insert(thread);
        }
        assert!(threads.len() <= 2, "{threads:?}");
        let here: ThreadId = thread::current().id();
        assert!(!threads.contains(&format!("{here:?}")));
    }
}
